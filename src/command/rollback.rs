//! `rollback`: plans the way back to what a deployment has found, from the history, and goes it like any other plan.
//!
//! What no org tells cannot be brought back: secrets, and components that lived by them. It is said before anything is sent.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cli;
use crate::command::deploy::{self, Way};
use crate::command::destroy::{Changing, change};
use crate::command::load::{self, Loaded};
use crate::command::target;
use crate::command::{Exit, Failure, Trouble, plan as planning};
use crate::component::{ComponentId, Fields, Kind, Scalar, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceId, Span};
use crate::diff;
use crate::history::{self, History, Record};
use crate::org::is_same_id;
use crate::reference::Observed;
use crate::report::{self, Format, Terminal};
use crate::resolve::{Component, Desired, Keys, Leaf, Wanted};

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("nothing was deployed from here that could be rolled back")]
    Nothing,
    #[error("the history has no record and no deployment `{0}`")]
    Unknown(String),
    #[error("the record {id} is of org {then}, and this is {now}")]
    AnotherOrg { id: String, then: String, now: String },
}

pub fn run(arguments: &cli::Rollback, terminal: &Terminal) -> Result<Exit, Failure> {
    let records = History::new(history::FOLDER).records()?;
    if arguments.list {
        list(&records, terminal)?;
        return Ok(Exit::Done);
    }
    let (path, record) = choose(arguments.id.as_deref(), records)?;
    let mut loaded = load::bare()?;
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let source = loaded.sources.add(path.display().to_string(), &text);
    loaded.desired = desired(&record, source);
    loaded.desired.environment.clone_from(&record.environment);
    let of_record = Some(record.org.name.as_str()).filter(|name| target::is_named(name, &loaded));
    let way = Way { named: arguments.org.org.as_deref().or(of_record), ..Way::default() };
    let named = way.named.map(str::to_owned);
    let way = Way { named: named.as_deref(), ..Way::default() };
    deploy::changing(way, &mut loaded, terminal, async |loaded, opened, interrupt| {
        let (mut plan, observed) = planning::make(loaded, opened).await?;
        let now = observed.org.as_ref().map(|org| org.id.clone()).unwrap_or_default();
        if now != record.org.id {
            let then = format!("{} ({})", record.org.id, record.org.name);
            let problem = Problem::AnotherOrg { id: record.id.clone(), then, now };
            return Err(Failure::new(Trouble::PlanOfAnotherOrg, problem)
                .help("name the org with --org; nothing was sent")
                .exit(Exit::Stale));
        }
        plan.findings.merge(not_restorable(&record, loaded, &observed));
        if !plan.is_applyable() {
            plan.passes.clear();
        }
        if arguments.dry_run {
            planning::show(loaded, &plan, &observed, opened, terminal)?;
            return Ok(if plan.is_applyable() { Exit::Done } else { Exit::Error });
        }
        let manner = Changing { action: history::Action::Rollback, yes: arguments.yes, interrupt, terminal };
        change(&plan, &observed, loaded, opened, &manner).await
    })
}

fn choose(id: Option<&str>, mut records: Vec<(PathBuf, Record)>) -> Result<(PathBuf, Record), Failure> {
    let found = match id {
        // What was rolled back is not rolled forward again by saying it twice.
        None => records.iter().rposition(|(_, record)| record.action != history::Action::Rollback),
        Some(id) => records.iter().position(|(_, record)| {
            record.id == id || record.deployments.iter().any(|deployment| is_same_id(deployment, id))
        }),
    };
    match (found, id) {
        (Some(at), _) => Ok(records.swap_remove(at)),
        (None, None) => Err(Failure::new(Trouble::NothingToRollBack, Problem::Nothing)
            .help("the history is in .orgwire/history, on the machine that deployed")),
        (None, Some(id)) => Err(Failure::new(Trouble::NothingToRollBack, Problem::Unknown(id.to_owned()))
            .help("see what there is with: orgwire rollback --list")),
    }
}

/// What a record asks for: everything as it was. What was not there is removed.
fn desired(record: &Record, source: SourceId) -> Desired {
    let at = Span::new(source, 0..0);
    let leaf = |scalar: &Scalar| Leaf { wanted: Wanted::Known(scalar.clone()), at };
    let mut desired = Desired::empty(record.api_version);
    for (id, _, fields) in record.components() {
        let Some(id) = id else { continue };
        match fields {
            None => drop(desired.removals.insert(id)),
            Some(fields) => {
                let fields = diff::mapped(&fields, &leaf);
                let component = Component { id: id.clone(), at, fields, keys: Keys::default() };
                desired.components.insert(id, component);
            }
        }
    }
    desired
}

/// What the way back does not lead to.
fn not_restorable(record: &Record, loaded: &Loaded, observed: &Observed) -> Diagnostics {
    let mut found = Diagnostics::default();
    for component in loaded.desired.components.values() {
        match observed.components.get(&component.id) {
            None if record.secrets.contains_key(&component.id.to_string())
                || is_made_with_secret(&component.id) =>
            {
                found.push(
                    Diagnostic::error(
                        Code::NotRestorable,
                        format!("`{}` is gone, and its secrets cannot be brought back", component.id),
                    )
                    .label(component.at, "as it was")
                    .help("deploy the manifest of that time, which says where they live"),
                )
            }
            None => {}
            Some(existing) => {
                let left = added(&component.fields, &existing.fields, &component.id);
                if !left.is_empty() {
                    found.push(
                        Diagnostic::warning(
                            Code::NotRestorable,
                            format!(
                                "`{}` had no value then for {}, and keeps what it has",
                                component.id,
                                left.join(", ")
                            ),
                        )
                        .label(component.at, "as it was")
                        .help("clear it in Setup if it must go"),
                    );
                }
            }
        }
    }
    found
}

/// Whether components of the type get a secret when they are created, and at no other time.
fn is_made_with_secret(id: &ComponentId) -> bool {
    fn any(group: &crate::component::Group) -> bool {
        group.fields.iter().any(|field| {
            field.secret && field.create_only || matches!(&field.kind, Kind::Group(inner) if any(inner))
        })
    }
    any(&id.kind.fields)
}

/// The fields that an org has now and had not then, without secrets and what only an org writes.
fn added(then: &Fields<Leaf>, now: &Fields<Scalar>, id: &ComponentId) -> Vec<String> {
    let known: BTreeSet<&str> = then.keys().map(AsRef::as_ref).collect();
    let field = |name: &str| id.kind.fields.field(name);
    let is_ours = |name: &str| field(name).is_some_and(|field| !field.secret && !field.read_only);
    now.iter()
        .filter(|(name, tree)| {
            !known.contains(name.as_ref()) && is_ours(name) && !matches!(tree, Tree::Group(_))
        })
        .map(|(name, _)| format!("`{}`", crate::component::kebab(name)))
        .collect()
}

fn list(records: &[(PathBuf, Record)], terminal: &Terminal) -> Result<(), Failure> {
    let text = match terminal.format {
        Format::Json => {
            let rows: Vec<Value> = records
                .iter()
                .map(|(_, record)| {
                    json!({
                        "id": record.id,
                        "at": record.at,
                        "action": record.action,
                        "org": record.org,
                        "environment": record.environment,
                        "deployments": record.deployments,
                        "components": record.before.keys().collect::<Vec<_>>(),
                    })
                })
                .collect();
            report::json::text(&json!({ "format_version": report::json::FORMAT_VERSION, "records": rows }))
        }
        _ => records
            .iter()
            .map(|(_, record)| {
                let components: Vec<&str> = record.before.keys().map(String::as_str).collect();
                let action = serde_json::to_value(record.action).unwrap_or_default();
                format!(
                    "{}  {}  {}  {}\n",
                    record.id,
                    action.as_str().unwrap_or_default(),
                    record.org.name,
                    components.join(", ")
                )
            })
            .collect(),
    };
    terminal.result(&text)?;
    Ok(())
}
