//! The requests of a day: counted as the platform counts them, told with every answer, and refused beyond a limit where
//! the org was given one. A day is one of the org's clock, in UTC.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::clock::Moment;

/// The daily allowance of a Developer Edition org.
const OF_A_DEVELOPER_ORG: u64 = 15_000;

/// What a request beyond the limit is told.
pub(super) const USED_UP: (&str, &str) = ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.");

pub(super) struct Allowance {
    /// What the org was told to refuse beyond. Without it requests are counted against the usual allowance, and go on.
    limit: Option<u64>,
    today: Mutex<Today>,
}

#[derive(Default)]
struct Today {
    /// Since 1970.
    day: i64,
    used: u64,
}

/// There are no requests left today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UsedUp;

impl Allowance {
    pub fn new(limit: Option<u64>) -> Allowance {
        Allowance { limit, today: Mutex::default() }
    }

    pub fn most(&self) -> u64 {
        self.limit.unwrap_or(OF_A_DEVELOPER_ORG)
    }

    pub fn used(&self, now: Moment) -> u64 {
        self.today(now).used
    }

    /// Takes one request, if there is one left. A request that is refused counts for nothing.
    pub fn take(&self, now: Moment) -> Result<(), UsedUp> {
        let mut today = self.today(now);
        if self.limit.is_some_and(|limit| today.used >= limit) {
            return Err(UsedUp);
        }
        today.used += 1;
        Ok(())
    }

    fn today(&self, now: Moment) -> MutexGuard<'_, Today> {
        let mut today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
        if today.day != now.day() {
            *today = Today { day: now.day(), used: 0 };
        }
        today
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::clock;

    #[test]
    fn each_day_begins_anew_and_ends_with_the_limit() {
        let allowance = Allowance::new(Some(2));
        let evening = clock::read("2026-01-01T23:59:59Z").unwrap();
        let taken = [(); 3].map(|()| allowance.take(evening));
        assert_eq!(taken, [Ok(()), Ok(()), Err(UsedUp)]);
        assert_eq!((allowance.used(evening), allowance.most()), (2, 2));
        let night = clock::read("2026-01-02T00:00:00Z").unwrap();
        assert_eq!(allowance.used(night), 0);
        assert_eq!(allowance.take(night), Ok(()));
    }

    #[test]
    fn without_a_limit_of_its_own_an_org_counts_and_refuses_nothing() {
        let allowance = Allowance::new(None);
        let now = clock::read("2026-01-01T08:00:00Z").unwrap();
        for _ in 0..=OF_A_DEVELOPER_ORG {
            assert_eq!(allowance.take(now), Ok(()));
        }
        assert_eq!(allowance.used(now), OF_A_DEVELOPER_ORG + 1);
    }
}
