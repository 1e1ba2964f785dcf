//! Faults from a file: TOML with a table for each, checked as a whole before any of them counts.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

use super::{Act, Aim, Canned, Fault, Lock, Moment, OnRequest};

/// Faults with the seed that decides where those with a chance strike.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Script {
    pub seed: Option<u64>,
    pub faults: Vec<Fault>,
}

/// Why a script cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("line {line}: {why}")]
pub struct Unreadable {
    pub line: usize,
    pub why: String,
}

impl From<Fault> for Script {
    fn from(fault: Fault) -> Script {
        Script { seed: None, faults: vec![fault] }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    seed: Option<u64>,
    #[serde(default)]
    fault: Vec<Spanned<Written>>,
}

/// A fault as written: every key that any of them has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    r#do: Do,
    /// Only in the org of this name.
    org: Option<String>,
    method: Option<String>,
    path: Option<String>,
    call: Option<String>,
    skip: Option<u32>,
    times: Option<Times>,
    chance: Option<f64>,
    moment: Option<When>,
    status: Option<u16>,
    headers: Option<BTreeMap<String, String>>,
    body: Option<String>,
    by: Option<String>,
    keep: Option<usize>,
    content_type: Option<String>,
    bytes: Option<usize>,
    component: Option<String>,
    problem: Option<String>,
    code: Option<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Do {
    Drop,
    Answer,
    Delay,
    Truncate,
    Retype,
    Drip,
    ExpireSession,
    Reject,
    Lock,
    Hold,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum When {
    Request,
    Answer,
}

#[derive(Clone, Copy)]
enum Times {
    Always,
    Often(u32),
}

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Times, D::Error> {
        struct Reader;

        impl serde::de::Visitor<'_> for Reader {
            type Value = Times;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a number, or \"always\"")
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Times, E> {
                let often = u32::try_from(number).ok();
                often
                    .map(Times::Often)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Times, E> {
                match text {
                    "always" => Ok(Times::Always),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

impl Script {
    /// Reads a script for the org of this name: what it says of other orgs is checked and left out.
    pub fn read(text: &str, org: &str) -> Result<Script, Unreadable> {
        let line_of = |offset: usize| text.get(..offset).unwrap_or(text).matches('\n').count() + 1;
        let file: File = toml::from_str(text).map_err(|error| Unreadable {
            line: line_of(error.span().map_or(0, |span| span.start)),
            why: error.message().trim().replace('\n', ", "),
        })?;
        let mut faults = Vec::new();
        for written in file.fault {
            let line = line_of(written.span().start);
            let written = written.into_inner();
            let is_here = written.org.as_deref().is_none_or(|name| name == org);
            let fault = written.fault().map_err(|why| Unreadable { line, why })?;
            faults.extend(is_here.then_some(fault));
        }
        Ok(Script { seed: file.seed, faults })
    }
}

impl Written {
    fn fault(self) -> Result<Fault, String> {
        self.check_keys()?;
        let times = match self.times {
            None => Some(1),
            Some(Times::Often(times)) => Some(times),
            Some(Times::Always) => None,
        };
        let chance = self.chance.unwrap_or(1.0);
        if !(0.0..=1.0).contains(&chance) {
            return Err("chance is a number from 0 to 1".to_owned());
        }
        let moment = match self.moment {
            None | Some(When::Request) => Moment::Request,
            Some(When::Answer) => Moment::Answer,
        };
        let by = self.by.as_deref().map(duration).transpose()?;
        let act = match self.r#do {
            Do::Drop => Act::Drop(moment),
            Do::Answer => {
                let status = self.status.unwrap_or(503);
                if !(200..=599).contains(&status) {
                    return Err(format!("status is a number from 200 to 599, not {status}"));
                }
                let headers: Vec<(String, String)> = self.headers.unwrap_or_default().into_iter().collect();
                if let Some((name, _)) = headers.iter().find(|(name, value)| !is_header(name, value)) {
                    return Err(format!("`{name}` is no header that can be sent"));
                }
                Act::Answer(moment, Canned { status, headers, body: self.body.unwrap_or_default() })
            }
            Do::Delay => Act::Delay(moment, by.ok_or("delay needs a time: by = \"2s\"")?),
            Do::Truncate => Act::Truncate(self.keep),
            Do::Retype => {
                let kind = self.content_type.ok_or("retype needs content-type = \"text/html\"")?;
                if !is_header("content-type", &kind) {
                    return Err(format!("`{kind}` is no content type"));
                }
                Act::Retype(kind)
            }
            Do::Drip => Act::Drip {
                bytes: self.bytes.unwrap_or(16).max(1),
                pause: by.unwrap_or(Duration::from_millis(100)),
            },
            Do::ExpireSession => Act::ExpireSession,
            Do::Hold => return Ok(Fault::Hold),
            Do::Lock => {
                let code = match self.code.as_deref() {
                    None => Lock::AlreadyInProcess,
                    Some(code) => {
                        let found = Lock::ALL.into_iter().find(|lock| lock.code() == code);
                        found.ok_or("code is ALREADY_IN_PROCESS or UNABLE_TO_LOCK_ROW")?
                    }
                };
                return Ok(Fault::Lock { times: times.unwrap_or(u32::MAX), code });
            }
            Do::Reject => {
                return Ok(Fault::Reject {
                    component: self
                        .component
                        .ok_or("reject needs component = \"connected-app.AxsyApexAPI\"")?,
                    problem: self.problem.ok_or("reject needs problem = \"what the org says\"")?,
                });
            }
        };
        let aim = Aim { method: self.method, path: self.path, call: self.call };
        Ok(Fault::Request(OnRequest { aim, skip: self.skip.unwrap_or(0), times, chance, act }))
    }

    /// A key that says nothing about what is done was meant for something else.
    fn check_keys(&self) -> Result<(), String> {
        use Do::{Answer, Delay, Drip, Drop, ExpireSession, Lock, Reject, Retype, Truncate};
        const REQUESTS: &[Do] = &[Drop, Answer, Delay, Truncate, Retype, Drip, ExpireSession];
        let keys: [(&str, bool, &[Do]); 15] = [
            ("method", self.method.is_some(), REQUESTS),
            ("path", self.path.is_some(), REQUESTS),
            ("call", self.call.is_some(), REQUESTS),
            ("skip", self.skip.is_some(), REQUESTS),
            ("chance", self.chance.is_some(), REQUESTS),
            (
                "times",
                self.times.is_some(),
                &[Drop, Answer, Delay, Truncate, Retype, Drip, ExpireSession, Lock],
            ),
            ("moment", self.moment.is_some(), &[Drop, Answer, Delay]),
            ("status", self.status.is_some(), &[Answer]),
            ("headers", self.headers.is_some(), &[Answer]),
            ("body", self.body.is_some(), &[Answer]),
            ("by", self.by.is_some(), &[Delay, Drip]),
            ("keep", self.keep.is_some(), &[Truncate]),
            ("content-type", self.content_type.is_some(), &[Retype]),
            ("bytes", self.bytes.is_some(), &[Drip]),
            ("code", self.code.is_some(), &[Lock]),
        ];
        let of_reject = self.component.is_some() || self.problem.is_some();
        if of_reject && self.r#do != Reject {
            return Err("component and problem go with do = \"reject\" only".to_owned());
        }
        match keys.iter().find(|(_, is_there, fits)| *is_there && !fits.contains(&self.r#do)) {
            Some((key, ..)) => Err(format!("`{key}` has no meaning for what is done here")),
            None => Ok(()),
        }
    }
}

fn is_header(name: &str, value: &str) -> bool {
    axum::http::HeaderName::try_from(name).is_ok() && axum::http::HeaderValue::try_from(value).is_ok()
}

/// Nobody waits longer for a test.
const LONGEST: Duration = Duration::from_secs(3600);

fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).ok().filter(|duration| *duration <= LONGEST);
    duration.ok_or_else(|| format!("`{text}` is no time up to an hour, such as 500ms or 2s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Script::read(text, "local").unwrap_err().to_string()
    }

    #[test]
    fn a_script_becomes_faults() {
        let text = r#"
            seed = 7
            [[fault]]
            do = "answer"
            method = "POST"
            path = "/services/data/*/metadata/deployRequest"
            moment = "answer"
            status = 429
            headers = { Retry-After = "1" }
            [[fault]]
            do = "drip"
            call = "retrieve"
            by = "5ms"
            skip = 2
            times = "always"
            chance = 0.5
            [[fault]]
            do = "lock"
            code = "UNABLE_TO_LOCK_ROW"
            [[fault]]
            do = "hold"
            org = "uat"
        "#;
        let script = Script::read(text, "local").unwrap();
        let busy = Act::Answer(Moment::Answer, Canned::new(429, "").header("Retry-After", "1"));
        let drip = Act::Drip { bytes: 16, pause: Duration::from_millis(5) };
        let expected = Script {
            seed: Some(7),
            faults: vec![
                OnRequest::to("/services/data/*/metadata/deployRequest", busy).by("POST").into(),
                OnRequest { times: None, chance: 0.5, ..OnRequest::calling("retrieve", drip).skipping(2) }
                    .into(),
                Fault::Lock { times: 1, code: Lock::UnableToLockRow },
            ],
        };
        assert_eq!(script, expected);
        assert_eq!(Script::read(text, "uat").unwrap().faults.len(), 4);
        assert_eq!(Script::read("", "local").unwrap(), Script::default());
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_line() {
        assert_eq!(
            refused("[[fault]]\ndo = \"drop\"\nstatus = 500"),
            "line 1: `status` has no meaning for what is done here"
        );
        assert_eq!(
            refused("\n[[fault]]\ndo = \"delay\"\nby = \"2 weeks\""),
            "line 2: `2 weeks` is no time up to an hour, such as 500ms or 2s"
        );
        assert_eq!(refused("[[fault]]\ndo = \"delay\""), "line 1: delay needs a time: by = \"2s\"");
        assert_eq!(
            refused("[[fault]]\ndo = \"lock\"\ncode = \"X\""),
            "line 1: code is ALREADY_IN_PROCESS or UNABLE_TO_LOCK_ROW"
        );
        assert!(refused("[[fault]]\ndo = \"explode\"").starts_with("line 2: unknown variant `explode`"));
        assert!(refused("[[fault]]\ndo = \"drop\"\nfoo = 1").starts_with("line 3: unknown field `foo`"));
        assert!(refused("[[fault]]\ndo = \"drop\"\ntimes = \"often\"").contains("a number, or \"always\""));
        assert_eq!(
            refused("[[fault]]\ndo = \"answer\"\nstatus = 20"),
            "line 1: status is a number from 200 to 599, not 20"
        );
        assert_eq!(
            refused("[[fault]]\ndo = \"answer\"\nheaders = { \"a b\" = \"x\" }"),
            "line 1: `a b` is no header that can be sent"
        );
    }
}
