//! What a trust stands on besides its values: that somebody has authenticated a credential, which no API tells, and that
//! people's approvals of an app are not used up.

use std::collections::BTreeMap;

use super::{Check, apps};
use crate::component::{ComponentId, FieldPath};
use crate::reference::Observed;
use crate::resolve::Desired;

/// Live approvals of one user and one app; one more revokes the oldest (OA-9).
const MOST_APPROVALS: usize = 5;

/// An approval: the app's label, and who gave it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Approval {
    pub app: String,
    pub user_id: String,
}

/// Steps that a person has to do and no API tells whether they are done (NC-20, NC-28). `records` are the ids of
/// components, where they are known.
pub fn manual(desired: &Desired, observed: &Observed, records: &BTreeMap<ComponentId, String>) -> Vec<Check> {
    let mut checks = Vec::new();
    for component in desired.components.values().filter(|component| observed.has(&component.id)) {
        for step in &component.id.kind.manual_steps {
            if !step.when.iter().all(|(field, value)| component.text(field) == Some(value)) {
                continue;
            }
            let host = observed.org.as_ref().map_or("", |org| org.instance_url.as_str());
            let at = match records.get(&component.id) {
                Some(record) => format!("{host}{}", step.path.replace("{id}", record)),
                None => format!("{host}/lightning/setup/SetupOneHome/home"),
            };
            let facts: &[&str] = &["NC-20", "NC-28"];
            let check =
                Check::new("credential-status", facts, &component.id, "has somebody authenticated it?");
            checks.push(check.open("no API tells").help(format!("look, and if need be {}: {at}", step.what)));
        }
    }
    checks
}

/// How many approvals people have left (003-R5, OA-9). `None` where the org does not tell.
pub fn approvals(desired: &Desired, observed: &Observed, given: Option<&[Approval]>) -> Vec<Check> {
    let one = |app: super::App<'_>| {
        let facts: &[&str] = &["OA-9", "CA-85"];
        let check = Check::new("approvals", facts, &app.wanted.id, "are approvals left to its users?");
        let Some(given) = given else {
            return Some(check.skipped("this login may not see approvals (OauthToken)"));
        };
        let label = app_label(app, observed)?;
        let mut of_user: BTreeMap<&str, usize> = BTreeMap::new();
        for approval in given.iter().filter(|approval| approval.app == label) {
            *of_user.entry(&approval.user_id).or_default() += 1;
        }
        let most = of_user.iter().max_by_key(|(_, count)| **count);
        let Some((user, count)) = most else { return Some(check.passed("nobody has approved it yet")) };
        let found = format!("at most {count} of {MOST_APPROVALS}, by user {user}");
        let check = check.passed(found);
        Some(if *count + 1 < MOST_APPROVALS {
            check
        } else {
            check.help(
                "close to the limit: one approval more than five revokes the oldest, and its refresh token ends; revoke \
                 those that are not used, or give each system a user of its own",
            )
        })
    };
    apps(desired, observed).filter_map(one).collect()
}

/// What people call the app. The label of what holds an external client app's key is that of the settings.
fn app_label<'a>(app: super::App<'a>, observed: &'a Observed) -> Option<&'a str> {
    let label = FieldPath::of("label");
    if app.wanted.id.kind.name == "ConnectedApp" {
        return app.wanted.text("label").or_else(|| app.held.text_at(&label));
    }
    let name = app.text("externalClientApplication")?;
    let is_header = |id: &ComponentId| id.kind.name == "ExternalClientApplication" && id.name == name;
    let (_, header) = observed.components.iter().find(|(id, _)| is_header(id))?;
    header.fields.text_at(&label).or(Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Configuration;
    use crate::diagnostic::{Diagnostics, Sources};
    use crate::reference::Existing;
    use crate::resolve::{Inputs, resolve};

    const MANIFEST: &str = "[connected-app.Orders]\nlabel = \"Orders\"\ncontact-email = \"a@example.com\"\n\
                            [connected-app.Orders.oauth-config]\ncallback-url = \"https://a.example\"\n\
                            scopes = [\"Api\"]\n";

    /// Verdict, what was found, and whether there is a warning.
    fn told(given: Option<&[Approval]>) -> (&'static str, String, bool) {
        let mut sources = Sources::default();
        let id = sources.add("manifest.toml", MANIFEST);
        let mut diagnostics = Diagnostics::default();
        let manifest = crate::manifest::read(id, sources.get(id), &mut diagnostics);
        let desired = resolve(&Inputs::new(&[manifest], &Configuration::default()), &mut diagnostics);
        let mut observed = Observed::default();
        for id in desired.components.keys() {
            let xml = "<ConnectedApp><label>Orders</label></ConnectedApp>";
            let fields = crate::retrieved::read(id.kind, xml).unwrap();
            observed.components.insert(id.clone(), Existing { id: None, fields });
        }
        let check = approvals(&desired, &observed, given).remove(0);
        (check.verdict.name(), check.found, check.help.is_some())
    }

    fn given(app: &str, user_id: &str, times: usize) -> Vec<Approval> {
        vec![Approval { app: app.to_owned(), user_id: user_id.to_owned() }; times]
    }

    #[test]
    fn rule_003_r5_warns_from_the_fourth_approval_of_one_user_and_app() {
        let three =
            [given("Orders", "005A", 3), given("Orders", "005B", 1), given("Others", "005A", 5)].concat();
        let found = |found: &str| found.to_owned();
        assert_eq!(told(Some(&three)), ("passed", found("at most 3 of 5, by user 005A"), false));
        let four = given("Orders", "005A", 4);
        assert_eq!(told(Some(&four)), ("passed", found("at most 4 of 5, by user 005A"), true));
        assert_eq!(told(Some(&[])), ("passed", found("nobody has approved it yet"), false));
        assert_eq!(told(None), ("skipped", found("this login may not see approvals (OauthToken)"), false));
    }
}
