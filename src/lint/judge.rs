//! Decides what becomes of findings that are policies: dropped, told, denied, or waived until a day. What day it is
//! comes from outside, so that the same findings are judged the same way.

use std::collections::BTreeSet;

use toml::value::Date;

use crate::configuration::{Level, Lint, Waiver};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Located, Severity};
use crate::resolve::Desired;

/// What findings are judged by.
#[derive(Debug, Clone, Copy)]
pub struct Policy<'a> {
    pub lint: &'a Lint,
    pub environment: Option<&'a str>,
    pub today: Date,
}

/// What came of it, besides the findings that are left.
#[derive(Debug, Default)]
pub struct Judgement {
    /// Whether something is denied, or a waiver has expired.
    pub denied: bool,
    pub waived: Vec<Waived>,
    /// Waivers that something was found for, by their place in `[[lint.waiver]]`.
    used: BTreeSet<usize>,
}

/// A finding that somebody has answered for.
#[derive(Debug, Clone)]
pub struct Waived {
    pub finding: Diagnostic,
    pub reason: String,
    pub expires: Date,
}

impl Policy<'_> {
    fn counts_here(&self, waiver: &Waiver) -> bool {
        waiver.environment.as_ref().is_none_or(|there| Some(there.value.as_str()) == self.environment)
    }

    /// Waivers for a finding, by number.
    fn waivers(&self, finding: &Diagnostic) -> impl Iterator<Item = (usize, &Waiver)> {
        self.lint.waivers.iter().enumerate().filter(move |(_, waiver)| {
            waiver.rule == finding.code
                && finding.about.as_ref() == Some(&waiver.component.value)
                && self.counts_here(waiver)
        })
    }
}

/// Drops what is allowed or waived, makes errors of what is denied.
pub fn judge(policy: &Policy<'_>, diagnostics: &mut Diagnostics) -> Judgement {
    let mut judgement = Judgement::default();
    diagnostics.retain(|finding| {
        if !Code::POLICIES.contains(&finding.code) {
            return true;
        }
        let level = policy.lint.level(finding.code, policy.environment);
        judgement.used.extend(policy.waivers(finding).map(|(number, _)| number));
        if level == Level::Allow {
            return false;
        }
        // A waived one is told as what it would be.
        if level == Level::Deny {
            finding.severity = Severity::Error;
        }
        let live = policy.waivers(finding).find(|(_, waiver)| waiver.expires.value >= policy.today);
        if let Some((_, waiver)) = live {
            judgement.waived.push(Waived {
                finding: finding.clone(),
                reason: waiver.reason.clone(),
                expires: waiver.expires.value,
            });
            return false;
        }
        judgement.denied |= level == Level::Deny;
        true
    });
    judgement
}

/// Says which waivers have expired. An expired one is an error even if nothing is found for it any more, because
/// whoever wrote it promised to look again.
pub fn check_expiry(policy: &Policy<'_>, judgement: &mut Judgement, diagnostics: &mut Diagnostics) {
    for waiver in &policy.lint.waivers {
        if policy.counts_here(waiver) && waiver.expires.value < policy.today {
            judgement.denied = true;
            diagnostics.push(
                Diagnostic::error(
                    Code::ExpiredWaiver,
                    format!("the waiver of `{}` for `{}` has expired", waiver.rule, waiver.component.value),
                )
                .label(waiver.expires.at, "the last day on which it counted")
                .help(format!(
                    "look again whether its reason still holds ({}): mend the finding and remove the waiver, or give it a new date",
                    waiver.reason
                )),
            );
        }
    }
}

/// Warns of waivers that nothing was found for, in this environment or, if they name none, in any of `others`. A
/// component that is not `desired` may be of another project with the same orgwire.toml, unless all of it was read.
pub fn check_use(
    policy: &Policy<'_>,
    judgement: &Judgement,
    desired: &Desired,
    others: &[Desired],
    reads_all: bool,
    diagnostics: &mut Diagnostics,
) {
    let found_elsewhere = |waiver: &Waiver| {
        waiver.environment.is_none()
            && others.iter().any(|other| {
                let mut found = Diagnostics::default();
                super::lint(other, &mut found);
                let beside =
                    others.iter().chain([desired]).filter(|one| one.environment != other.environment);
                super::lint_beside(other, &beside.collect::<Vec<_>>(), &mut found);
                found.sorted().iter().any(|found| {
                    found.code == waiver.rule && found.about.as_ref() == Some(&waiver.component.value)
                })
            })
    };
    for (number, waiver) in policy.lint.waivers.iter().enumerate() {
        let is_judged = policy.counts_here(waiver)
            && waiver.expires.value >= policy.today
            && !Code::FOUND_LATER.contains(&waiver.rule)
            && (reads_all || desired.components.contains_key(&waiver.component.value));
        if let Some(environment) = unknown_environment(waiver, desired, others).filter(|_| reads_all) {
            diagnostics.push(
                Diagnostic::warning(
                    Code::UnusedWaiver,
                    format!("a waiver is for the environment `{}`, which is not declared", environment.value),
                )
                .label(environment.at, "no environment has this name")
                .help("correct the name, or remove the waiver"),
            );
        }
        if is_judged && !judgement.used.contains(&number) && !found_elsewhere(waiver) {
            diagnostics.push(
                Diagnostic::warning(
                    Code::UnusedWaiver,
                    format!("nothing is waived by the waiver of `{}`", waiver.rule),
                )
                .label(waiver.component.at, "the rule finds nothing here")
                .help("remove the waiver, or correct the address: they are case-sensitive"),
            );
        }
    }
}

fn unknown_environment<'a>(
    waiver: &'a Waiver,
    desired: &Desired,
    others: &[Desired],
) -> Option<&'a Located<String>> {
    let name = waiver.environment.as_ref()?;
    let mut known = std::iter::once(desired).chain(others).filter_map(|known| known.environment.as_ref());
    (!known.any(|known| *known == name.value)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::{self, Configuration};
    use crate::diagnostic::Sources;
    use crate::lint::testing::{app, in_environment};

    const TODAY: Date = Date { year: 2027, month: 6, day: 30 };

    fn waiver(environment: &str, expires: &str) -> String {
        format!(
            "[[lint.waiver]]\nrule = \"full-scope\"\ncomponent = \"connected-app.App\"\n{environment}\n\
             reason = \"the vendor asks for it\"\nexpires = {expires}\n"
        )
    }

    /// What is left of a manifest's findings and what is waived, a line each.
    fn told(orgwire: &str, environment: &str) -> Vec<String> {
        let mut sources = Sources::default();
        let id = sources.add("orgwire.toml", orgwire);
        let mut diagnostics = Diagnostics::default();
        let configuration: Configuration = configuration::read(id, sources.get(id), &mut diagnostics);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let config = "callback-url = \"https://a.example/cb\"\nscopes = [\"Full\", \"RefreshToken\"]\n\
                      is-admin-approved = true\nis-pkce-required = true";
        let manifest = app(config, "[connected-app.App.oauth-policy]\nip-relaxation = \"ENFORCE\"\nrefresh-token-policy = \"zero\"\n[environment.uat]\n[environment.production]")
            .replace("label = \"App\"", "label = \"App\"\nprofile-name = \"Integration\"");
        let desired = in_environment(&mut sources, &manifest, &configuration, Some(environment));
        let policy = Policy { lint: &configuration.lint, environment: Some(environment), today: TODAY };
        crate::lint::lint(&desired, &mut diagnostics);
        let mut judgement = judge(&policy, &mut diagnostics);
        check_expiry(&policy, &mut judgement, &mut diagnostics);
        let others = ["uat", "production"]
            .map(|other| in_environment(&mut sources, &manifest, &configuration, Some(other)));
        check_use(&policy, &judgement, &desired, &others, true, &mut diagnostics);
        let mut told: Vec<String> = diagnostics
            .sorted()
            .iter()
            .map(|found| format!("{} {}", found.severity.as_str(), found.code))
            .collect();
        let waived = judgement.waived.iter();
        told.extend(waived.map(|waived| {
            format!("waived {} until {}: {}", waived.finding.code, waived.expires, waived.reason)
        }));
        if judgement.denied {
            told.push("denied".to_owned());
        }
        told
    }

    const DENIED: &str = "[environment.production.lint]\nfull-scope = \"deny\"\n";

    #[test]
    fn a_level_of_an_environment_counts_there_and_nowhere_else() {
        assert_eq!(told("", "uat"), Vec::<String>::new());
        assert_eq!(told("", "production"), ["warning full-scope"]);
        assert_eq!(told(DENIED, "production"), ["error full-scope", "denied"]);
        assert_eq!(told(DENIED, "uat"), Vec::<String>::new());
    }

    #[test]
    fn a_waiver_counts_up_to_its_last_day() {
        let orgwire = |expires: &str| format!("{}{DENIED}", waiver("", expires));
        assert_eq!(
            told(&orgwire("2027-06-30"), "production"),
            ["waived full-scope until 2027-06-30: the vendor asks for it"]
        );
        assert_eq!(
            told(&orgwire("2027-06-29"), "production"),
            ["error expired-waiver", "error full-scope", "denied"]
        );
    }

    #[test]
    fn a_waiver_of_another_environment_is_none_here() {
        let orgwire = format!("{}{DENIED}", waiver("environment = \"uat\"", "2020-01-01"));
        assert_eq!(told(&orgwire, "production"), ["error full-scope", "denied"]);
        assert_eq!(told(&orgwire, "uat"), ["error expired-waiver", "denied"]);
    }

    #[test]
    fn a_newer_waiver_stands_in_for_an_expired_one_that_still_has_to_go() {
        let orgwire = waiver("", "2020-01-01") + &waiver("environment = \"production\"", "2028-01-01");
        assert_eq!(
            told(&orgwire, "production"),
            ["error expired-waiver", "waived full-scope until 2028-01-01: the vendor asks for it", "denied"]
        );
    }

    #[test]
    fn a_waiver_of_nothing_is_told_and_one_of_what_is_allowed_is_not() {
        let orgwire = waiver("", "2028-01-01");
        assert_eq!(told(&orgwire.replace("full-scope", "relaxed-ip"), "uat"), ["warning unused-waiver"]);
        assert_eq!(told(&orgwire, "uat"), Vec::<String>::new());
    }
}
