//! `compare`: two environments of one project beside each other, with what their orgs hold if that is asked. Reads only.

use serde_json::Value;

use crate::cli;
use crate::command::load::{self, Loaded, Purpose};
use crate::command::{Exit, Failure, Trouble, online, plan as planning, target};
use crate::compare::{OrgSide, Side, compare};
use crate::plan::Plan;
use crate::reference::Observed;
use crate::report::compare::{Named, Report, human, json, markdown};
use crate::report::{self, Format, Terminal};
use crate::resolve::Origins;

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("`{first}` and `{second}` lead to the same org {id}")]
    SameOrg { first: String, second: String, id: String },
}

/// One environment, as far as it was read.
struct Environment {
    loaded: Loaded,
    origins: Origins,
    org: Option<Read>,
}

/// What an org told.
struct Read {
    observed: Observed,
    plan: Plan,
    described: String,
}

pub fn run(arguments: &cli::Compare, terminal: &Terminal) -> Result<Exit, Failure> {
    let (mut first, mut second) =
        (environment(arguments, &arguments.first)?, environment(arguments, &arguments.second)?);
    if arguments.orgs {
        online(async {
            first.org = Some(read(&mut first.loaded, terminal).await?);
            second.org = Some(read(&mut second.loaded, terminal).await?);
            Ok(())
        })?;
        refuse_the_same_org(arguments, &first, &second)?;
    }
    let found = compare(&first.side(), &second.side());
    let (one, other) = (first.named(&arguments.first), second.named(&arguments.second));
    let report = Report { first: one, second: other, found: &found };
    match terminal.format {
        Format::Json => terminal.result(&report::json::text(&Value::Object(json(&report))))?,
        Format::Markdown => terminal.result(&markdown(&report))?,
        _ => terminal.result(&human(&report, terminal.colour_out))?,
    }
    let is_accidental = found.iter().any(|one| one.is_accidental());
    Ok(if arguments.exit_code && is_accidental { Exit::Changes } else { Exit::Done })
}

fn environment(arguments: &cli::Compare, name: &str) -> Result<Environment, Failure> {
    let choice = cli::Choice {
        env: Some(name.to_owned()),
        var: arguments.var.clone(),
        target: arguments.target.clone(),
    };
    let project = cli::Project { paths: arguments.paths.clone(), choice };
    // What is to be compared with an org is what would be sent to it.
    let purpose = if arguments.orgs { Purpose::Sending } else { Purpose::Comparing };
    let loaded = load::load(&project, purpose)?;
    let origins = loaded.origins(&project.choice);
    Ok(Environment { loaded, origins, org: None })
}

async fn read(loaded: &mut Loaded, terminal: &Terminal) -> Result<Read, Failure> {
    let mut opened = target::open(None, loaded, false, terminal).await?;
    let made = planning::make(loaded, &mut opened).await;
    let described = opened.described();
    opened.close().await;
    let (mut plan, mut observed) = made?;
    // Each org has another name for what it names itself; what they have in common is that of the manifest.
    for (there, written) in loaded.desired.written_as.clone() {
        loaded.desired.rename(&there, &written);
        if let Some(held) = observed.components.remove(&there) {
            observed.components.insert(written.clone(), held);
        }
        plan.changes
            .iter_mut()
            .filter(|change| change.id == there)
            .for_each(|change| change.id = written.clone());
    }
    Ok(Read { observed, plan, described })
}

fn refuse_the_same_org(
    arguments: &cli::Compare,
    first: &Environment,
    second: &Environment,
) -> Result<(), Failure> {
    let id = |environment: &Environment| Some(environment.org.as_ref()?.observed.org.as_ref()?.id.clone());
    match (id(first), id(second)) {
        (Some(id), Some(other)) if id == other => {
            let (first, second) = (arguments.first.clone(), arguments.second.clone());
            Err(Failure::new(Trouble::Usage, Problem::SameOrg { first, second, id }).help(
                "give each environment an org of its own in orgwire.toml, or compare them without --orgs",
            ))
        }
        _ => Ok(()),
    }
}

impl Environment {
    fn side(&self) -> Side<'_> {
        let org = self.org.as_ref().map(|read| OrgSide { observed: &read.observed, plan: &read.plan });
        let told = org.and_then(|org| org.observed.org.as_ref()).map(|org| org.instance_url.as_str());
        Side {
            desired: &self.loaded.desired,
            origins: &self.origins,
            instance_url: told.or_else(|| self.configured()),
            org,
        }
    }

    /// The address that orgwire.toml has for its org.
    fn configured(&self) -> Option<&str> {
        let org = self.loaded.configuration.orgs.get(&self.loaded.environment_org.as_ref()?.value)?;
        Some(org.instance_url.as_ref()?.value.as_str())
    }

    fn named<'a>(&'a self, environment: &'a str) -> Named<'a> {
        let org = self.org.as_ref().map(|read| read.described.as_str());
        Named { environment, org, sources: &self.loaded.sources }
    }
}
