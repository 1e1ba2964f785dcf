//! Reads `[lint]`, `[[lint.waiver]]` and `[environment.NAME.lint]`: how strict the policies are, where, and which
//! findings somebody has answered for until when. What they do to findings is the business of `lint`.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::value::Date;

use crate::component::ComponentId;
use crate::diagnostic::{Code, Diagnostic, Located, Span, suggestion};
use crate::setting::Context;

/// How strict the policies are.
#[derive(Debug, Default, Clone)]
pub struct Lint {
    pub levels: BTreeMap<Code, Level>,
    /// What environments say of their own; it counts before `levels`.
    pub environments: BTreeMap<String, EnvironmentLint>,
    pub waivers: Vec<Waiver>,
}

/// What a table `[environment.NAME]` says about policies.
#[derive(Debug, Default, Clone)]
pub struct EnvironmentLint {
    pub production: Option<bool>,
    pub levels: BTreeMap<Code, Level>,
}

/// How a lint finding counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Allow,
    Warn,
    /// Exit code 5.
    Deny,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Allow => "allow",
            Level::Warn => "warn",
            Level::Deny => "deny",
        }
    }
}

/// A finding that somebody has answered for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    pub rule: Code,
    pub component: Located<ComponentId>,
    /// Where it counts; everywhere if it names none.
    pub environment: Option<Located<String>>,
    pub reason: String,
    /// The last day on which it counts.
    pub expires: Located<Date>,
}

impl Lint {
    /// Whether an environment is one that people work in.
    pub fn is_production(&self, environment: Option<&str>) -> bool {
        environment.is_some_and(|name| {
            let said = self.environments.get(name).and_then(|environment| environment.production);
            said.unwrap_or(matches!(name, "production" | "prod"))
        })
    }

    /// How a policy counts in an environment.
    pub fn level(&self, rule: Code, environment: Option<&str>) -> Level {
        let there = environment.and_then(|name| self.environments.get(name));
        let written = there.and_then(|there| there.levels.get(&rule)).or_else(|| self.levels.get(&rule));
        let quiet = Code::FOR_PRODUCTION.contains(&rule) && !self.is_production(environment);
        written.copied().unwrap_or(if quiet { Level::Allow } else { Level::Warn })
    }
}

/// `[lint]`, with its waivers.
pub(super) fn read(context: &mut Context<'_>, value: &Spanned<DeValue<'_>>, lint: &mut Lint) {
    let DeValue::Table(table) = value.get_ref() else {
        context.wrong_type("`lint`", value, "a table of levels", None);
        return;
    };
    for (key, value) in table {
        if key.get_ref() == "waiver" {
            lint.waivers = waivers(context, value);
        } else {
            level(context, "`lint`", key, value, &mut lint.levels);
        }
    }
}

/// The keys of `[environment.NAME]` that are about policies.
pub(super) const KEYS_OF_ENVIRONMENT: [&str; 2] = ["production", "lint"];

pub(super) fn of_environment(context: &mut Context<'_>, name: &str, table: &DeTable<'_>) -> EnvironmentLint {
    let mut read = EnvironmentLint::default();
    for (key, value) in table {
        match (&**key.get_ref(), value.get_ref()) {
            ("production", DeValue::Boolean(flag)) => read.production = Some(*flag),
            ("production", _) => {
                let what = format!("`production` of environment `{name}`");
                context.wrong_type(&what, value, "true or false", None);
            }
            ("lint", DeValue::Table(table)) => {
                let place = format!("`lint` of environment `{name}`");
                table.iter().for_each(|(key, value)| level(context, &place, key, value, &mut read.levels));
            }
            ("lint", _) => {
                let what = format!("`lint` of environment `{name}`");
                context.wrong_type(&what, value, "a table of levels", None);
            }
            _ => {}
        }
    }
    read
}

fn level(
    context: &mut Context<'_>,
    place: &str,
    key: &Spanned<std::borrow::Cow<'_, str>>,
    value: &Spanned<DeValue<'_>>,
    levels: &mut BTreeMap<Code, Level>,
) {
    let name: &str = key.get_ref();
    let Some(code) = policy(name) else {
        let at = context.span(key);
        context.error(no_such_rule(place, name, at));
        return;
    };
    let level = match value.get_ref().as_str() {
        Some("allow") => Level::Allow,
        Some("warn") => Level::Warn,
        Some("deny") => Level::Deny,
        _ => {
            let at = context.span(value);
            context.error(
                Diagnostic::error(Code::UnknownValue, format!("the level of `{name}` is not known"))
                    .label(at, "not a level")
                    .help("write \"allow\", \"warn\" or \"deny\""),
            );
            return;
        }
    };
    levels.insert(code, level);
}

fn policy(name: &str) -> Option<Code> {
    Code::named(name).filter(|code| Code::POLICIES.contains(code))
}

fn no_such_rule(place: &str, name: &str, at: Span) -> Diagnostic {
    let policies = || Code::POLICIES.iter().map(|code| code.as_str());
    let diagnostic = Diagnostic::error(Code::UnknownKey, format!("{place} has no rule `{name}`"))
        .label(at, "not a rule whose level can be set");
    match suggestion(name, policies()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("rules: {}", policies().collect::<Vec<_>>().join(", "))),
    }
}

fn waivers(context: &mut Context<'_>, value: &Spanned<DeValue<'_>>) -> Vec<Waiver> {
    let DeValue::Array(items) = value.get_ref() else {
        context.wrong_type("`waiver`", value, "a list of tables", Some("write [[lint.waiver]]".to_owned()));
        return Vec::new();
    };
    let mut waivers = Vec::new();
    for item in items {
        match item.get_ref() {
            DeValue::Table(table) => {
                let at = context.span(item);
                waivers.extend(waiver(context, at, table));
            }
            _ => context.wrong_type("a waiver", item, "a table", Some("write [[lint.waiver]]".to_owned())),
        }
    }
    waivers
}

/// What is wrong with a waiver, where it is not one of a key or a type.
fn invalid(message: String, at: Span, label: &str, help: &str) -> Diagnostic {
    Diagnostic::error(Code::InvalidWaiver, message).label(at, label).help(help)
}

fn waiver(context: &mut Context<'_>, at: Span, table: &DeTable<'_>) -> Option<Waiver> {
    let mut texts: BTreeMap<&str, Located<String>> = BTreeMap::new();
    let mut expires = None;
    let mut readable = true;
    for (key, value) in table {
        let place = context.span(value);
        let name: &str = key.get_ref();
        match (name, value.get_ref()) {
            ("rule" | "component" | "environment" | "reason", DeValue::String(text)) => {
                texts.insert(name, Located::new(text.clone().into_owned(), place));
            }
            ("expires", DeValue::Datetime(moment)) if moment.time.is_none() && moment.date.is_some() => {
                expires = moment.date.map(|date| Located::new(date, place));
            }
            ("expires", _) => {
                let help = Some("without quotes: expires = 2027-06-30".to_owned());
                context.wrong_type("`expires` of a waiver", value, "a date", help);
                readable = false;
            }
            ("rule" | "component" | "environment" | "reason", _) => {
                context.wrong_type(&format!("`{name}` of a waiver"), value, "a string", None);
                readable = false;
            }
            _ => {
                let known = ["rule", "component", "environment", "reason", "expires"];
                context.unknown_key(key, value, "a waiver", known);
                readable = false;
            }
        }
    }
    // What is missing may be what could not be read.
    if !readable {
        return None;
    }
    for (key, example) in [
        ("rule", "rule = \"full-scope\""),
        ("component", "component = \"connected-app.NAME\""),
        ("reason", "reason = \"the vendor's guide asks for it, ticket 123\""),
    ] {
        if texts.get(key).is_none_or(|text| text.value.trim().is_empty()) {
            let at = texts.get(key).map_or(at, |text| text.at);
            context.error(invalid(format!("a waiver needs a `{key}`"), at, "not complete", example));
            readable = false;
        }
    }
    let Some(expires) = expires else {
        let message = "a waiver needs a date on which it `expires`".to_owned();
        context.error(invalid(message, at, "would count for ever", "expires = 2027-06-30"));
        return None;
    };
    let (rule, component) = (texts.remove("rule")?, texts.remove("component")?);
    if !readable {
        return None;
    }
    let code = policy(&rule.value);
    if code.is_none() {
        context.error(no_such_rule("`lint`", &rule.value, rule.at));
    }
    let id = ComponentId::parse(&component.value);
    if id.is_none() {
        let message = format!("`{}` is not the address of a component", component.value);
        let help = "write its type and its name: \"connected-app.NAME\"";
        context.error(invalid(message, component.at, "no such type", help));
    }
    Some(Waiver {
        rule: code?,
        component: Located::new(id?, component.at),
        environment: texts.remove("environment"),
        reason: texts.remove("reason")?.value.trim().to_owned(),
        expires,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration;
    use crate::diagnostic::{Diagnostics, Sources};

    fn read(text: &str) -> (Lint, Vec<String>) {
        let mut sources = Sources::default();
        let id = sources.add("orgwire.toml", text);
        let mut diagnostics = Diagnostics::default();
        let configuration = configuration::read(id, sources.get(id), &mut diagnostics);
        let said = diagnostics.sorted().into_iter().map(|found| format!("{}: {}", found.code, found.message));
        (configuration.lint, said.collect())
    }

    #[test]
    fn an_environment_counts_before_the_project_and_both_before_the_default() {
        let (lint, said) = read(
            "[lint]\nrelaxed-ip = \"deny\"\nfull-scope = \"warn\"\n\
             [environment.production.lint]\nrelaxed-ip = \"allow\"\n[environment.live]\n",
        );
        assert_eq!(said, Vec::<String>::new());
        let level = |rule, environment| lint.level(rule, environment).as_str();
        assert_eq!(level(Code::RelaxedIp, None), "deny");
        assert_eq!(level(Code::RelaxedIp, Some("production")), "allow");
        assert_eq!(level(Code::RelaxedIp, Some("live")), "deny");
        assert_eq!(level(Code::FullScope, None), "warn");
        assert_eq!(level(Code::NoScopes, None), "warn");
    }

    #[test]
    fn what_is_for_production_is_told_in_production_only() {
        let (lint, _) =
            read("[environment.live]\nproduction = true\n[environment.prod]\nproduction = false\n");
        let level = |environment| lint.level(Code::FullScope, environment).as_str();
        assert_eq!(level(None), "allow");
        assert_eq!(level(Some("production")), "warn");
        assert_eq!(level(Some("live")), "warn");
        assert_eq!(level(Some("prod")), "allow");
    }

    #[test]
    fn levels_of_an_environment_are_checked_like_those_of_the_project() {
        let (_, said) = read(
            "[environment.production.lint]\nfull-scop = \"deny\"\nrelaxed-ip = \"forbid\"\n\
             [environment.uat]\nproduction = \"yes\"\nlint = 1\n",
        );
        assert_eq!(
            said,
            [
                "unknown-key: `lint` of environment `production` has no rule `full-scop`",
                "unknown-value: the level of `relaxed-ip` is not known",
                "wrong-type: `production` of environment `uat` must be true or false, not a string",
                "wrong-type: `lint` of environment `uat` must be a table of levels, not an integer",
            ]
        );
    }

    const WAIVER: &str = "[[lint.waiver]]\nrule = \"full-scope\"\ncomponent = \"connected-app.App\"\n\
                          environment = \"uat\"\nreason = \"the vendor asks for it\"\nexpires = 2027-06-30\n";

    #[test]
    fn a_waiver_says_what_where_why_and_until_when() {
        let (lint, said) = read(WAIVER);
        assert_eq!(said, Vec::<String>::new());
        let [waiver] = lint.waivers.as_slice() else { panic!("{lint:?}") };
        assert_eq!((waiver.rule, waiver.reason.as_str()), (Code::FullScope, "the vendor asks for it"));
        assert_eq!(waiver.component.value.to_string(), "connected-app.App");
        assert_eq!(waiver.environment.as_ref().map(|name| name.value.as_str()), Some("uat"));
        assert_eq!(waiver.expires.value, Date { year: 2027, month: 6, day: 30 });
    }

    #[test]
    fn a_waiver_that_is_not_complete_is_none() {
        let without = |line: &str, instead: &str| {
            let (lint, said) = read(&WAIVER.replace(line, instead));
            assert!(lint.waivers.is_empty(), "{line}");
            said.join("\n")
        };
        assert_eq!(
            without("expires = 2027-06-30", ""),
            "invalid-waiver: a waiver needs a date on which it `expires`"
        );
        assert_eq!(
            without("2027-06-30", "\"2027-06-30\""),
            "wrong-type: `expires` of a waiver must be a date, not a string"
        );
        assert_eq!(without("the vendor asks for it", " "), "invalid-waiver: a waiver needs a `reason`");
        assert_eq!(without("rule = \"full-scope\"", ""), "invalid-waiver: a waiver needs a `rule`");
        assert_eq!(without("full-scope", "plain-secret"), "unknown-key: `lint` has no rule `plain-secret`");
        assert_eq!(
            without("connected-app.App", "App"),
            "invalid-waiver: `App` is not the address of a component"
        );
        assert_eq!(without("reason", "because"), "unknown-key: a waiver has no key `because`");
    }
}
