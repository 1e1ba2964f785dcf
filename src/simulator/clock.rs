//! The time: the org's clock, which tests move, and the spellings the platform uses.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The org's clock: real time, and what tests have put it forward by. Its copies are one clock.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub fn now(&self) -> Moment {
        Moment(Moment::now().0.saturating_add(self.0.load(Ordering::Relaxed)))
    }

    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(by, Ordering::Relaxed);
    }
}

/// Milliseconds since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Moment(i64);

impl Moment {
    pub fn now() -> Moment {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    pub fn days_before(self, days: i64) -> Moment {
        Moment(self.0 - days * 86_400_000)
    }

    pub fn days_after(self, days: i64) -> Moment {
        self.days_before(-days)
    }

    pub fn minutes_after(self, minutes: i64) -> Moment {
        self.milliseconds_after(minutes.saturating_mul(60_000))
    }

    pub fn milliseconds_after(self, milliseconds: i64) -> Moment {
        Moment(self.0.saturating_add(milliseconds))
    }

    /// Days since 1970.
    pub fn day(self) -> i64 {
        self.0.div_euclid(86_400_000)
    }

    pub fn milliseconds(self) -> i64 {
        self.0
    }

    /// `2026-01-01T08:00:00.000Z`, as SOAP answers have it.
    pub fn soap(self) -> String {
        self.text("Z")
    }

    /// `2026-01-01T08:00:00.000+0000`, as JSON answers have it.
    pub fn json(self) -> String {
        self.text("+0000")
    }

    fn text(self, zone: &str) -> String {
        let (days, millis) = (self.0.div_euclid(86_400_000), self.0.rem_euclid(86_400_000));
        let (year, month, day) = date(days);
        let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
        let (seconds, rest) = (millis / 1000 % 60, millis % 1000);
        format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{rest:03}{zone}")
    }
}

/// Reads a SOQL literal, or what [`Moment::json`] and [`Moment::soap`] write: `2026-01-01T08:00:00Z`, with or without
/// parts of a second, `Z` or an offset.
pub(super) fn read(text: &str) -> Option<Moment> {
    let (day, time) = text.split_once(['T', 't'])?;
    let mut day = day.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (day.next()??, day.next()??, day.next()??);
    if !(0..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (time, offset) = match time.find(['Z', 'z', '+', '-']) {
        Some(at) => time.split_at(at),
        None => return None,
    };
    let offset = match offset.strip_prefix(['Z', 'z']) {
        Some("") => 0,
        Some(_) => return None,
        None => {
            let digits = offset.get(1..)?.replace(':', "");
            let (hours, minutes) =
                (digits.get(..2)?.parse::<i64>().ok()?, digits.get(2..)?.parse::<i64>().ok()?);
            let minutes = hours * 60 + minutes;
            if offset.starts_with('-') { -minutes } else { minutes }
        }
    };
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut clock = clock.splitn(3, ':').map(|part| part.parse::<i64>().ok());
    let (hours, minutes, seconds) = (clock.next()??, clock.next()??, clock.next()??);
    if !(0..24).contains(&hours) || !(0..60).contains(&minutes) || !(0..=60).contains(&seconds) {
        return None;
    }
    let millis: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let minutes = (days(year, month, day) * 24 + hours) * 60 + minutes - offset;
    Some(Moment((minutes * 60 + seconds) * 1000 + millis))
}

/// The other way round than [`date`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The date that is so many days after 1970-01-01, in the Gregorian calendar. Years are counted from March,
/// which puts the leap day last and lets one formula give every month its length.
fn date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_they_are_written_and_as_soql_has_them() {
        for millis in [0, 951_782_400_123, 1_767_254_400_000, 4_102_444_799_999] {
            assert_eq!(read(&Moment(millis).soap()), Some(Moment(millis)));
            assert_eq!(read(&Moment(millis).json()), Some(Moment(millis)));
        }
        assert_eq!(read("2026-01-01T08:00:00Z"), Some(Moment(1_767_254_400_000)));
        assert_eq!(read("2026-01-01T09:30:00+01:30"), Some(Moment(1_767_254_400_000)));
        for text in ["2026-01-01", "2026-13-01T00:00:00Z", "2026-01-01T08:00Z", "x", "2026-01-01T08:00:00"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn moments_are_written_as_each_protocol_wants_them() {
        assert_eq!(Moment(0).soap(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Moment(951_782_400_123).json(), "2000-02-29T00:00:00.123+0000");
        assert_eq!(Moment(1_767_254_400_000).json(), "2026-01-01T08:00:00.000+0000");
    }
}
