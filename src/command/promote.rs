//! `promote`: carries to one environment what another has proven. `from` has to be just what the manifests say; then `to` is
//! planned, confirmed and deployed like by `deploy`, and what was carried is written down for the team.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli;
use crate::command::deploy::{self, Manner, WAIT, Way, planned_org};
use crate::command::load::{self, Loaded, Purpose};
use crate::command::{Exit, Failure, Trouble, by_hand, file, online, plan as planning, target, verify};
use crate::component::{ComponentId, Scalar};
use crate::fingerprint;
use crate::history;
use crate::org::Interrupt;
use crate::plan::{Action, Plan};
use crate::reference::Observed;
use crate::report::{self, Format, Terminal};
use crate::saved_plan::PlannedOrg;
use crate::verify::{Check, Verdict};

/// Where records go that nobody named a file for.
const FOLDER: &str = ".orgwire/promotions";

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("`{0}` cannot be promoted to itself")]
    Itself(String),
    #[error("`{from}` is not what the manifests say: {}", what.join(", "))]
    NotProven { from: String, what: Vec<String> },
    #[error("`{from}` and `{to}` lead to the same org {id}")]
    SameOrg { from: String, to: String, id: String },
    #[error("{} of `{from}` would be in `{to}` as well", what.join(", "))]
    KeyReused { from: String, to: String, what: Vec<String> },
}

/// What `from` has proven.
struct Proven {
    org: PlannedOrg,
    /// Consumer keys in its org, by component.
    keys: BTreeMap<ComponentId, String>,
    loaded: Loaded,
}

pub fn run(arguments: &cli::Promote, terminal: &Terminal) -> Result<Exit, Failure> {
    if arguments.from == arguments.to {
        return Err(Failure::new(Trouble::Usage, Problem::Itself(arguments.from.clone())).help(
            "name the environment that has proven it with --from, and the one that gets it with --to",
        ));
    }
    let from = load::load(&project(arguments, &arguments.from), Purpose::Sending)?;
    let mut to = load::load(&project(arguments, &arguments.to), Purpose::Sending)?;
    let proven = prove(arguments, from, terminal)?;
    terminal.talk(&format!("`{}` is what the manifests say.\n", arguments.from));
    deploy::changing(Way::default(), &mut to, terminal, async |loaded, opened, interrupt| {
        deploy::finish(None, WAIT, loaded, opened, interrupt, terminal).await?;
        let (mut plan, observed) = planning::make(loaded, opened).await?;
        let org = planned_org(&observed, opened);
        if org.id == proven.org.id {
            let (from, to) = (arguments.from.clone(), arguments.to.clone());
            return Err(Failure::new(Trouble::Usage, Problem::SameOrg { from, to, id: org.id })
                .help("give each environment an org of its own in orgwire.toml; nothing was sent"));
        }
        planning::explain(&mut plan, &observed, terminal);
        if arguments.no_key_reuse {
            check_keys(arguments, &proven, loaded, &observed)?;
        }
        if arguments.dry_run {
            planning::show(loaded, &plan, &observed, opened, terminal)?;
            return Ok(if plan.is_applyable() { Exit::Done } else { Exit::Error });
        }
        let who = opened.org.reader().username().await?;
        let done = carry(arguments, &plan, &observed, loaded, opened, interrupt, terminal).await?;
        let record = json!({
            "format_version": report::json::FORMAT_VERSION,
            "promoted_at": humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string(),
            "promoted_by": who,
            "orgwire": env!("CARGO_PKG_VERSION"),
            "from": { "environment": arguments.from, "org": proven.org },
            "to": { "environment": arguments.to, "org": org },
            "manifest": { "from": manifest(&proven.loaded), "to": manifest(loaded) },
            "plan": digest(&plan),
            "deployments": done.passes.iter().map(|pass| pass.deploy_id.as_str()).collect::<Vec<_>>(),
            "components": loaded.desired.components.keys().map(ToString::to_string).collect::<Vec<_>>(),
        });
        let path = keep(arguments, &record)?;
        let steps = by_hand::open(&loaded.desired, &done.observed, terminal);
        let (described, requests) = (opened.described(), opened.org.requests());
        match terminal.format {
            Format::Json => {
                let mut body = planning::head(loaded, &done.observed, opened);
                body.extend(report::json::done(&done, &steps));
                body.insert("promotion".to_owned(), record);
                body.insert("requests".to_owned(), requests.into());
                terminal.result(&report::json::text(&Value::Object(body)))?;
            }
            Format::Markdown => terminal.result(&report::markdown::deployed(&done, &steps, &described))?,
            _ => terminal
                .result(&report::human::deployed(&done, &plan, &steps, &described, false, requests))?,
        }
        terminal.talk(&format!("What was promoted is in `{}`.\n", path.display()));
        Ok(Exit::Done)
    })
}

fn project(arguments: &cli::Promote, environment: &str) -> cli::Project {
    let choice =
        cli::Choice { env: Some(environment.to_owned()), var: arguments.var.clone(), target: Vec::new() };
    cli::Project { paths: arguments.paths.clone(), choice }
}

/// Whether the org of `from` is just what the manifests say: nothing to create, to change, to wire or to remove.
fn prove(arguments: &cli::Promote, mut from: Loaded, terminal: &Terminal) -> Result<Proven, Failure> {
    online(async {
        let mut opened = target::open(None, &from, false, terminal).await?;
        let seen =
            look(&mut from, &mut opened).await.map(|seen| (planned_org(&seen.observed, &opened), seen));
        opened.close().await;
        let (org, Seen { plan, observed, checks }) = seen?;
        let mut what = unproven(&plan);
        if what.is_empty() {
            what.extend(broken(&checks));
        }
        if !what.is_empty() || !plan.is_applyable() {
            let problem = Problem::NotProven { from: arguments.from.clone(), what };
            return Err(Failure::new(Trouble::NotProven, problem).help(format!(
                "see `orgwire plan -e {0}` and `orgwire verify -e {0}`, deploy it there and try it out first; nothing was \
                 sent",
                arguments.from
            )));
        }
        let keys = from.desired.components.keys().filter_map(|id| Some((id.clone(), key(id, &observed)?)));
        let keys = keys.collect();
        Ok(Proven { org, keys, loaded: from })
    })
}

/// What the org of `from` has, and whether the halves of each trust in it fit.
struct Seen {
    plan: Plan,
    observed: Observed,
    checks: Vec<Check>,
}

async fn look(from: &mut Loaded, opened: &mut target::Opened) -> Result<Seen, Failure> {
    let (plan, mut observed) = planning::make(from, opened).await?;
    let checks = verify::wired(from, opened, &mut observed).await?;
    Ok(Seen { plan, observed, checks })
}

/// What does not work where everything is as the manifests say.
fn broken(checks: &[Check]) -> impl Iterator<Item = String> {
    let failed = checks.iter().filter(|check| check.verdict == Verdict::Failed);
    failed.map(|check| format!("`{}` fails {}: {}", check.component, check.id, check.found))
}

/// What would have to be deployed to `from`, in words.
fn unproven(plan: &Plan) -> Vec<String> {
    let told = plan.changes.iter().filter_map(|change| {
        let what = match change.action {
            Action::Keep => return None,
            Action::Create => "is not there",
            Action::Delete => "is still there",
            Action::Update => "differs",
            Action::Cannot => "cannot be deployed",
        };
        Some(format!("`{}` {what}", change.id))
    });
    told.collect()
}

/// The consumer key of an app, as its org tells it.
fn key(id: &ComponentId, observed: &Observed) -> Option<String> {
    let path = id.kind.attribute_field("consumer-key")?;
    observed.components.get(id)?.fields.text_at(path).map(str::to_owned)
}

/// Consumer keys never travel (CA-14): a key that both orgs have, or that both environments read from the same place, is one
/// that somebody copied.
fn check_keys(
    arguments: &cli::Promote,
    proven: &Proven,
    to: &Loaded,
    observed: &Observed,
) -> Result<(), Failure> {
    let mut what = Vec::new();
    for (id, then) in &proven.keys {
        let is_there = key(id, observed).as_ref() == Some(then);
        let is_sent = written(to, id).is_some_and(|source| written(&proven.loaded, id) == Some(source));
        if is_there || is_sent {
            what.push(format!("the consumer key of `{id}`"));
        }
    }
    if what.is_empty() {
        return Ok(());
    }
    let (from, to) = (arguments.from.clone(), arguments.to.clone());
    Err(Failure::new(Trouble::KeyReused, Problem::KeyReused { from, to, what }).help(
        "let each org make its own, consumer-key = { generate = true }, or give the environments different sources; \
         nothing was sent",
    ))
}

/// Where the key of an app comes from, if it is not made for each org: two that are written alike are one key.
fn written(loaded: &Loaded, id: &ComponentId) -> Option<String> {
    use crate::resolve::Wanted;
    use crate::secret::SecretSource;
    let component = loaded.desired.components.get(id)?;
    let path = id.kind.attribute_field("consumer-key")?;
    match &component.get(path)?.as_leaf()?.wanted {
        Wanted::Known(Scalar::Text(text)) => Some(format!("text {text}")),
        Wanted::Secret(SecretSource::Generated(_)) => None,
        Wanted::Secret(source) => Some(source.to_string()),
        _ => None,
    }
}

async fn carry(
    arguments: &cli::Promote,
    plan: &Plan,
    observed: &Observed,
    loaded: &Loaded,
    opened: &target::Opened,
    interrupt: &Interrupt,
    terminal: &Terminal,
) -> Result<crate::deploy::Done, Failure> {
    let mut manner = Manner {
        yes: arguments.yes,
        hand_over: deploy::HandOver::of(&arguments.hand_over)?,
        ..Manner::new(history::Action::Promote, interrupt, terminal)
    };
    manner.options.test_level = arguments.test_level.map(cli::TestLevel::name);
    let done = deploy::apply(plan, observed, loaded, opened, &manner).await?;
    deploy::kept(done, loaded, opened)
}

/// Of everything that the manifests ask for in one environment.
fn manifest(loaded: &Loaded) -> String {
    let all = fingerprint::of_desired(&loaded.desired);
    fingerprint::of_text(&serde_json::to_string(&all).unwrap_or_default())
}

fn digest(plan: &Plan) -> String {
    fingerprint::of_text(&Value::Object(report::json::plan(plan)).to_string())
}

/// Writes the record down. The deployment stands whatever becomes of it, and that is said.
fn keep(arguments: &cli::Promote, record: &Value) -> Result<PathBuf, Failure> {
    let path = arguments.record.clone().unwrap_or_else(|| {
        let moment = record["promoted_at"].as_str().unwrap_or_default().replace([':', '-'], "");
        let name = |number: u32| format!("{moment}-{}-{}-{number}.json", arguments.from, arguments.to);
        // Two may be of one second, and none is written over.
        let free = (1..).map(|number| Path::new(FOLDER).join(name(number))).find(|path| !path.exists());
        free.unwrap_or_else(|| Path::new(FOLDER).join(name(0)))
    });
    file::write(&path, report::json::text(record).as_bytes(), false).map_err(|failure| {
        failure.help("the promotion itself is done; its record is in the output of --json")
    })?;
    Ok(path)
}
