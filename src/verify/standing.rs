//! What a trust stands on besides its values: that somebody has authenticated a credential, which no API tells, and that
//! people's approvals of an app are not used up.

use std::collections::BTreeMap;

use super::{Check, apps};
use crate::component::{ComponentId, FieldPath};
use crate::ledger::ManualStep;
use crate::ledger::record::Known;
use crate::manifest::DoneWhen;
use crate::reference::{Observed, Reference};
use crate::resolve::{Desired, Wanted};
use crate::secret::SecretSource;
use crate::verify::principal::Assignment;

/// Live approvals of one user and one app; one more revokes the oldest (OA-9).
const MOST_APPROVALS: usize = 5;

/// An approval: the app's label, and who gave it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Approval {
    pub app: String,
    pub user_id: String,
}

/// What tells whether manual steps are done.
#[derive(Default)]
pub struct Evidence<'a> {
    /// What people have said, and what was seen before.
    pub known: Known,
    /// `None` where the org does not tell.
    pub approvals: Option<&'a [Approval]>,
    /// Who has the permission sets of steps; `None` where the org does not tell.
    pub assignments: Option<&'a [Assignment]>,
    /// How long the tokens of apps count.
    pub minutes: &'a [(ComponentId, i64)],
}

/// Steps that a person has to do: whether they are done, as far as anything tells.
pub fn manual(steps: &[ManualStep], desired: &Desired, evidence: &Evidence<'_>) -> Vec<(Check, String)> {
    let check = |step: &ManualStep| (judge(step, desired, evidence), step.id.clone());
    steps.iter().map(check).collect()
}

fn judge(step: &ManualStep, desired: &Desired, evidence: &Evidence<'_>) -> Check {
    let (id, facts, asked): (_, &'static [&'static str], _) = match step.done_when {
        DoneWhen::Told if step.id == step.component.to_string() => {
            ("credential-status", &["NC-20", "NC-28"], "has somebody authenticated it?".to_owned())
        }
        DoneWhen::Told => ("manual-step", &[], format!("is {} done?", step.id)),
        DoneWhen::Approved => ("manual-step", &["CA-85"], format!("is {} done?", step.id)),
        DoneWhen::Assigned => ("manual-step", &[], format!("is {} done?", step.id)),
        DoneWhen::TokenMinutes(_) => ("manual-step", &["CA-64"], format!("is {} done?", step.id)),
    };
    let check = Check::new(id, facts, &step.component, &asked);
    let check = match seen(step, desired, evidence) {
        Seen::Done(what) => return check.passed(what),
        Seen::Otherwise(what) => check.open(what),
        Seen::Nothing(why) => match evidence.known.get(&step.id) {
            Some(done) => return check.passed(format!("{} to be done at {}", done.how, done.at)),
            None => check.open(why),
        },
    };
    let who = step.who.as_ref().map(|who| format!("{who}: ")).unwrap_or_default();
    let at = step.url.as_ref().map(|url| format!(": {url}")).unwrap_or_default();
    let told = match step.done_when {
        DoneWhen::Told => format!("; done already? orgwire verify --done {}", step.id),
        _ => String::new(),
    };
    check.help(format!("{who}{}{at}{told}", step.what))
}

enum Seen {
    Done(String),
    /// It is not as the step leaves it, whatever was said.
    Otherwise(String),
    Nothing(&'static str),
}

fn seen(step: &ManualStep, desired: &Desired, evidence: &Evidence<'_>) -> Seen {
    match step.done_when {
        DoneWhen::Told => Seen::Nothing(match let_in(step, desired, evidence) {
            Some(0) => "no API tells; nobody whom this login sees has let its app in",
            Some(_) => "no API tells; somebody has let its app in",
            None => "no API tells",
        }),
        DoneWhen::Approved => {
            let Some(given) = evidence.approvals else {
                return Seen::Nothing("this login may not see approvals (OauthToken)");
            };
            let label = desired.components.get(&step.component).and_then(|app| app.text("label"));
            match given.iter().filter(|one| Some(one.app.as_str()) == label).count() {
                0 => Seen::Otherwise("nobody has let the app in".to_owned()),
                count => Seen::Done(format!("let in {count} times")),
            }
        }
        DoneWhen::Assigned => {
            let Some(given) = evidence.assignments else {
                return Seen::Nothing("this login may not see who has permission sets");
            };
            let set = step.component.name.as_str();
            match given.iter().filter(|one| one.permission_set == set).count() {
                0 => Seen::Otherwise("nobody who is active has it".to_owned()),
                1 => Seen::Done("one user has it".to_owned()),
                count => Seen::Done(format!("{count} users have it")),
            }
        }
        DoneWhen::TokenMinutes(wanted) => {
            match evidence.minutes.iter().find(|(id, _)| *id == step.component) {
                Some((_, minutes)) if *minutes == wanted => {
                    Seen::Done(format!("tokens count {minutes} minutes"))
                }
                Some((_, minutes)) => {
                    Seen::Otherwise(format!("tokens count {minutes} minutes, not {wanted}"))
                }
                None => Seen::Nothing("no token could be had that would tell"),
            }
        }
    }
}

/// How often the app has been let in through which a credential logs in: a hint, and no proof, because others use the
/// app as well, and some approvals are not seen (CA-85).
fn let_in(step: &ManualStep, desired: &Desired, evidence: &Evidence<'_>) -> Option<usize> {
    let provider = desired.components.get(&step.component)?.text("authProvider")?;
    let provider = desired
        .components
        .values()
        .find(|component| component.id.kind.name == "AuthProvider" && component.id.name == provider)?;
    let app = match &provider.get(&FieldPath::of("consumerKey"))?.as_leaf()?.wanted {
        Wanted::Secret(SecretSource::Generated(made)) => &made.owner,
        Wanted::Formula(formula) => formula.references().find_map(|reference| match reference {
            Reference::Attribute { of, .. } => Some(of),
            _ => None,
        })?,
        _ => return None,
    };
    let label = desired.components.get(app)?.text("label")?;
    Some(evidence.approvals?.iter().filter(|approval| approval.app == label).count())
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
