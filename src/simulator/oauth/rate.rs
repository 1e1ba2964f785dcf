//! How often one user may log in within an hour, by whichever door (OA-14).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::simulator::clock::Moment;

const MOST_AN_HOUR: u32 = 3600;
const HOUR: i64 = 3_600_000;

/// An hour begins with the first login after the last one was over.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::simulator) struct Rates(BTreeMap<String, Hour>);

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Hour {
    began: Moment,
    logins: u32,
}

impl Rates {
    /// Counts a login, unless the user has none left.
    pub fn take(&mut self, user_id: &str, now: Moment) -> bool {
        let hour = self.0.entry(user_id.to_owned()).or_insert(Hour { began: now, logins: 0 });
        if hour.began.milliseconds_after(HOUR) <= now {
            *hour = Hour { began: now, logins: 0 };
        }
        let has_left = hour.logins < MOST_AN_HOUR;
        hour.logins += u32::from(has_left);
        has_left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_has_3600_logins_for_each_user() {
        let (mut rates, now) = (Rates::default(), Moment::now());
        assert!((0..MOST_AN_HOUR).all(|_| rates.take("005A", now)));
        assert!(!rates.take("005A", now.minutes_after(59)));
        assert!(rates.take("005B", now));
        assert!(rates.take("005A", now.minutes_after(60)));
    }
}
