//! `Retry-After`: how long a server asks us to stay away (RFC 9110, 10.2.3). How much of it is waited for is `pace`'s
//! business.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// The pause that an answer asks for, in either form: seconds, or a date. A date is by the server's clock, which need not
/// be ours, so the answer's own `Date` is counted from where there is one. A date that is past is no pause.
pub(super) fn pause(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let date = |text: &str| httpdate::parse_http_date(text).ok();
    let asked = text(RETRY_AFTER)?;
    if !asked.is_empty() && asked.bytes().all(|byte| byte.is_ascii_digit()) {
        // a number too large for us is a pause too long for us
        return Some(Duration::from_secs(asked.parse().unwrap_or(u64::MAX)));
    }
    let until = date(asked)?;
    let from = text(DATE).and_then(date).unwrap_or(now);
    Some(until.duration_since(from).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    /// 2026-01-01T08:00:00Z
    const NOW: Duration = Duration::from_secs(1_767_254_400);

    fn asks(retry_after: &'static str, date: Option<&'static str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static(retry_after));
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_static(date));
        }
        pause(&headers, SystemTime::UNIX_EPOCH + NOW).map(|pause| pause.as_secs())
    }

    #[test]
    fn a_pause_in_seconds_is_taken_as_it_is() {
        assert_eq!(asks("7", None), Some(7));
        assert_eq!(asks(" 120 ", Some("Thu, 01 Jan 2026 09:00:00 GMT")), Some(120));
        assert_eq!(asks("99999999999999999999999", None), Some(u64::MAX));
    }

    #[test]
    fn a_date_counts_from_the_date_of_the_answer() {
        // the server is an hour ahead of us
        let servers = Some("Thu, 01 Jan 2026 09:00:00 GMT");
        assert_eq!(asks("Thu, 01 Jan 2026 09:00:30 GMT", servers), Some(30));
        assert_eq!(asks("Thursday, 01-Jan-26 09:00:30 GMT", servers), Some(30));
        assert_eq!(asks("Thu Jan  1 09:00:30 2026", servers), Some(30));
    }

    #[test]
    fn without_a_date_of_the_answer_our_clock_has_to_do() {
        assert_eq!(asks("Thu, 01 Jan 2026 08:00:30 GMT", None), Some(30));
        assert_eq!(asks("Thu, 01 Jan 2026 08:00:30 GMT", Some("today")), Some(30));
    }

    #[test]
    fn a_date_that_is_past_asks_for_no_pause() {
        assert_eq!(asks("Thu, 01 Jan 2026 07:00:00 GMT", None), Some(0));
    }

    #[test]
    fn what_is_neither_form_asks_for_nothing() {
        for text in ["", "soon", "-1", "1.5", "+3", "Thu, 32 Jan 2026 08:00:30 GMT"] {
            assert_eq!(asks(text, None), None, "{text}");
        }
        assert_eq!(pause(&HeaderMap::new(), SystemTime::UNIX_EPOCH), None);
    }
}
