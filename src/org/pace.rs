//! How long to wait: before asking again after a trouble, and between two looks at something that is running.

use std::time::Duration;

/// The waits of the client. Tests take them out.
#[derive(Debug, Clone)]
pub struct Pace {
    /// One wait before each further try of a request that may be repeated.
    pub retries: Vec<Duration>,
    /// Between the first and the second look at a deployment or retrieve; grows from there.
    pub first_look: Duration,
    /// Failed looks in a row after which a running job is given up (it goes on in the org).
    pub patience: u32,
    /// How long a retrieve may take.
    pub retrieve_within: Duration,
    /// One wait before each further try while another change holds the org's setup.
    pub locked: Vec<Duration>,
    /// Spread waits by up to a fifth, so that many clients do not ask in step.
    pub jitter: bool,
}

/// A server that asks for a longer pause than this is told to the user instead.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_AFTER_FAILED_LOOK: Duration = Duration::from_secs(15);
const GROWTH: f64 = 1.5;

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            retries: [500, 1000, 2000, 4000].map(Duration::from_millis).to_vec(),
            first_look: Duration::from_millis(50),
            patience: 14,
            retrieve_within: Duration::from_secs(30 * 60),
            locked: [5, 10, 20, 30, 60, 60].map(Duration::from_secs).to_vec(),
            jitter: true,
        }
    }
}

impl Pace {
    /// The same counts without any waiting.
    pub fn at_once() -> Pace {
        Pace {
            retries: vec![Duration::ZERO; 4],
            first_look: Duration::ZERO,
            patience: 3,
            locked: vec![Duration::ZERO; 2],
            jitter: false,
            ..Pace::default()
        }
    }

    /// The wait before the next try after `failed` failed ones, or `None` when it is time to give up.
    pub(super) fn before_retry(&self, failed: usize, asked: Option<Duration>) -> Option<Duration> {
        let wait = *self.retries.get(failed.checked_sub(1)?)?;
        match asked {
            Some(asked) if asked > LONGEST_PAUSE => None,
            Some(asked) => Some(asked.max(self.spread(wait))),
            None => Some(self.spread(wait)),
        }
    }

    /// The wait after `tries` deployments that met a lock, or `None` when it is time to give up.
    pub fn while_locked(&self, tries: usize) -> Option<Duration> {
        self.locked.get(tries.checked_sub(1)?).map(|wait| self.spread(*wait))
    }

    /// The wait after look number `looks` (from 1) at a deployment of a zip of this size. Small packages are done
    /// within a second or two, so the first looks come quickly; the steps for big ones are those of other clients.
    pub(super) fn between_looks(&self, looks: u32, zip_bytes: usize) -> Duration {
        const MB: usize = 1_000_000;
        let longest = Duration::from_secs(match zip_bytes {
            size if size > 15 * MB => 10,
            size if size > 5 * MB => 5,
            size if size > MB => 2,
            _ => 1,
        });
        let grown = self.first_look.as_secs_f64() * GROWTH.powi(looks.clamp(1, 60) as i32 - 1);
        self.spread(Duration::from_secs_f64(grown.min(longest.as_secs_f64())))
    }

    /// The wait after `failed` looks in a row that brought no answer.
    pub(super) fn after_failed_look(&self, failed: u32, asked: Option<Duration>) -> Duration {
        let grown = self.first_look.saturating_mul(10).saturating_mul(1 << failed.min(10));
        let wait = self.spread(grown.min(LONGEST_AFTER_FAILED_LOOK));
        asked.map_or(wait, |asked| asked.min(LONGEST_PAUSE).max(wait))
    }

    fn spread(&self, wait: Duration) -> Duration {
        if !self.jitter || wait.is_zero() {
            return wait;
        }
        let random = getrandom::u32().unwrap_or(u32::MAX / 2);
        wait.mul_f64(0.8 + 0.4 * f64::from(random) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    fn steady() -> Pace {
        Pace { jitter: false, ..Pace::default() }
    }

    #[test]
    fn tries_come_to_an_end() {
        let waits: Vec<_> = (1..=5).map(|failed| steady().before_retry(failed, None)).collect();
        assert_eq!(waits, [Some(ms(500)), Some(ms(1000)), Some(ms(2000)), Some(ms(4000)), None]);
    }

    #[test]
    fn a_server_may_ask_for_a_longer_pause_but_not_for_any() {
        assert_eq!(steady().before_retry(1, Some(ms(7000))), Some(ms(7000)));
        assert_eq!(steady().before_retry(1, Some(ms(1))), Some(ms(500)));
        assert_eq!(steady().before_retry(1, Some(Duration::from_secs(3600))), None);
    }

    #[test]
    fn looks_come_quickly_at_first_and_slower_for_big_zips() {
        assert_eq!(steady().between_looks(1, 10), ms(50));
        assert_eq!(steady().between_looks(2, 10), ms(75));
        assert_eq!(steady().between_looks(50, 10), ms(1000));
        assert_eq!(steady().between_looks(50, 2_000_000), ms(2000));
        assert_eq!(steady().between_looks(u32::MAX, 20_000_000), ms(10_000));
    }

    #[test]
    fn failed_looks_wait_longer() {
        assert_eq!(steady().after_failed_look(1, None), ms(1000));
        assert_eq!(steady().after_failed_look(40, None), ms(15_000));
        assert_eq!(steady().after_failed_look(1, Some(ms(3000))), ms(3000));
    }

    #[test]
    fn jitter_stays_within_a_fifth() {
        for _ in 0..100 {
            let wait = Pace::default().between_looks(50, 0);
            assert!(wait >= ms(800) && wait <= ms(1200), "{wait:?}");
        }
    }
}
