//! `verify`: does the trust work? Asks the org over the wire and changes nothing.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use serde_json::Value;

use crate::cli;
use crate::command::asked::{approvals, assignments, token_minutes};
use crate::command::load::{self, Loaded, Purpose};
use crate::command::target::{self, Opened};
use crate::command::trial::{self, Tried};
use crate::command::{Exit, Failure, Trouble, by_hand, online, plan as planning};
use crate::component::ComponentId;
use crate::diagnostic::suggestion;
use crate::manifest::DoneWhen;
use crate::org::login::{self, ClientCredentials, Login};
use crate::org::{self, Reader};
use crate::reference::Observed;
use crate::report::{self, Format, Terminal};
use crate::secret::Secret;
use crate::verify::authorize::{self, Ask};
use crate::verify::principal::{self, Answer};
use crate::verify::standing::{self, Evidence};
use crate::verify::token::{self, Given, Trial};
use crate::verify::{Check, Verdict, count, refresh, wired};
use crate::wire;

/// The longest pause between two questions.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("there is no manual step `{0}`")]
    NoSuchStep(String),
}

pub fn run(arguments: &cli::Verify, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut loaded = load::load(&arguments.project, Purpose::Sending)?;
    online(async {
        let mut opened = target::open(arguments.org.org.as_deref(), &loaded, false, terminal).await?;
        let outcome = with_org(arguments, &mut loaded, &mut opened, terminal).await;
        opened.close().await;
        outcome
    })
}

async fn with_org(
    arguments: &cli::Verify,
    loaded: &mut Loaded,
    opened: &mut Opened,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let (_, mut observed) = planning::make(loaded, opened).await?;
    let reader = opened.org.reader();
    let mut checks = wired(loaded, opened, &mut observed).await?;
    checks.extend(probes(loaded, &observed, reader, arguments.wait, terminal).await?);
    let mut minutes = Vec::new();
    checks.extend(tokens(loaded, &observed, opened, &mut minutes).await?);
    checks.extend(refreshes(arguments, loaded, &observed, opened).await?);
    let principals = principals(loaded, &observed, reader).await?;
    let standing = standing(arguments, loaded, &mut observed, reader, &minutes, terminal).await?;
    // What an API tells nobody has to look at.
    let is_left =
        |check: &Check| check.id != "credential-status" || !principal::is_told(&principals, &check.component);
    checks.extend(standing.into_iter().filter(is_left));
    note_authenticated(&principals, &observed, terminal);
    checks.extend(principals);
    // Stable: the checks of a component stay in the order of their worth.
    checks.sort_by(|one, other| one.component.cmp(&other.component));
    show(&checks, loaded, &observed, opened, terminal)?;
    Ok(if count(&checks, Verdict::Failed) > 0 {
        Exit::Error
    } else if count(&checks, Verdict::Open) > 0 {
        Exit::ManualStep
    } else {
        Exit::Done
    })
}

/// What can be seen from what the org holds; `promote` wants that to be right as well.
pub async fn wired(loaded: &Loaded, opened: &Opened, observed: &mut Observed) -> Result<Vec<Check>, Failure> {
    let untold: BTreeSet<_> =
        wired::references(&loaded.desired).filter(|reference| observed.value(reference).is_none()).collect();
    wire::read_back(&untold, opened.org.reader(), observed).await?;
    Ok(wired::checks(&loaded.desired, observed))
}

/// Asks the authorize endpoint, again and again while an answer may only be too early.
async fn probes(
    loaded: &Loaded,
    observed: &Observed,
    reader: Reader<'_>,
    minutes: u32,
    terminal: &Terminal,
) -> Result<Vec<Check>, Failure> {
    let (asks, mut checks) = authorize::asks(&loaded.desired, observed);
    let until = Instant::now() + Duration::from_secs(u64::from(minutes) * 60);
    for ask in &asks {
        checks.push(probe(ask, reader, until, terminal).await?);
    }
    Ok(checks)
}

async fn probe(ask: &Ask, reader: Reader<'_>, until: Instant, terminal: &Terminal) -> Result<Check, Failure> {
    let mut pause = Duration::from_secs(1);
    loop {
        let page = reader.authorize(&ask.client_id, &ask.redirect_uri).await?;
        let answer = authorize::read(page.status, page.location.as_deref(), &page.text);
        let left = until.saturating_duration_since(Instant::now());
        let why = match ask.may_change(&answer) {
            Some(why) if !left.is_zero() => why,
            _ => return Ok(ask.judge(&answer)),
        };
        terminal.talk(&format!("{} {why}; asking again, for up to {} s\n", ask.component, left.as_secs()));
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Lets each app that can log in as it would, and ends the session again.
async fn tokens(
    loaded: &Loaded,
    observed: &Observed,
    opened: &Opened,
    minutes: &mut Vec<(ComponentId, i64)>,
) -> Result<Vec<Check>, Failure> {
    let (trials, mut checks) = token::trials(&loaded.desired, observed);
    for trial in &trials {
        match trial::read(&trial.secret).await? {
            Ok(secret) => checks.extend(log_in(trial, &secret, opened, minutes).await?),
            Err(error) => checks.push(trial.without_secret(&error.to_string())),
        }
    }
    Ok(checks)
}

async fn log_in(
    trial: &Trial,
    secret: &Secret,
    opened: &Opened,
    minutes: &mut Vec<(ComponentId, i64)>,
) -> Result<Vec<Check>, Failure> {
    let client_secret = SecretString::from(secret.expose());
    let login =
        Login::ClientCredentials(ClientCredentials { client_id: trial.client_id.clone(), client_secret });
    let Tried { session, was_revoked } = match trial::log_in(login, opened).await {
        Ok(tried) => tried,
        Err(org::Error::NoSession(_, why)) => return Ok(vec![trial.refused(&why.to_string())]),
        Err(error) => return Err(error.into()),
    };
    let token = session.access_token.expose();
    let instance_url = opened.org.instance_url();
    let now = opened.org.time();
    let given = Given { token, scope: session.scope.as_deref(), instance_url, now, revoked: was_revoked };
    minutes.extend(given.minutes().map(|minutes| (trial.component.clone(), minutes)));
    Ok(trial.judge(&given))
}

/// Tries the refresh tokens that were given, and ends the sessions that they bring.
async fn refreshes(
    arguments: &cli::Verify,
    loaded: &Loaded,
    observed: &Observed,
    opened: &Opened,
) -> Result<Vec<Check>, Failure> {
    let (trials, mut checks) = refresh::trials(&loaded.desired, observed, &arguments.refresh_token);
    for trial in &trials {
        let token = trial::read(&trial.token).await?;
        let secret = match &trial.secret {
            Some(source) => Some(trial::read(source).await?),
            None => None,
        };
        checks.push(match (token, secret) {
            (Err(error), _) => trial.unreadable("refresh token", &error.to_string()),
            (_, Some(Err(error))) => trial.unreadable("secret", &error.to_string()),
            (Ok(token), None) => refresh(trial, &token, None, opened).await?,
            (Ok(token), Some(Ok(secret))) => refresh(trial, &token, Some(&secret), opened).await?,
        });
    }
    Ok(checks)
}

async fn refresh(
    trial: &refresh::Trial,
    token: &Secret,
    secret: Option<&Secret>,
    opened: &Opened,
) -> Result<Check, Failure> {
    let login = Login::RefreshToken(login::RefreshToken {
        client_id: trial.client_id.clone(),
        client_secret: secret.map(|secret| SecretString::from(secret.expose())),
        refresh_token: SecretString::from(token.expose()),
        kept: login::Kept::Elsewhere,
    });
    match trial::log_in(login, opened).await {
        // The session alone was ended: the refresh token stays with whoever holds it.
        Ok(_) => Ok(trial.granted()),
        Err(org::Error::NoSession(_, why)) => Ok(trial.refused(&why.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// Asks how the principals of external credentials stand, and who may take them.
async fn principals(loaded: &Loaded, observed: &Observed, reader: Reader<'_>) -> Result<Vec<Check>, Failure> {
    let mut checks = Vec::new();
    for ask in principal::asks(&loaded.desired, observed) {
        let answer = principal_answer(&ask, reader).await?;
        checks.push(ask.judge(&answer));
    }
    let sets = principal::permission_sets(&loaded.desired, observed);
    let given = assignments(&sets, reader).await;
    checks.extend(principal::access(&loaded.desired, observed, given.as_deref()));
    Ok(checks)
}

/// What an API tells to be authenticated, nobody has to be reminded of.
fn note_authenticated(principals: &[Check], observed: &Observed, terminal: &Terminal) {
    let all_passed = |id: &ComponentId| {
        let mut of_one =
            principals.iter().filter(|check| check.component == *id && principal::is_status(check));
        of_one.all(|check| check.verdict == Verdict::Passed)
    };
    let told: BTreeSet<&ComponentId> =
        principals.iter().filter(|check| principal::is_status(check)).map(|check| &check.component).collect();
    let (done, open): (Vec<&ComponentId>, Vec<&ComponentId>) =
        told.into_iter().partition(|id| all_passed(id));
    let steps = |ids: Vec<&ComponentId>| ids.into_iter().map(ToString::to_string).collect::<Vec<_>>();
    by_hand::seen(steps(done).iter().map(String::as_str), observed, terminal);
    by_hand::reopen(steps(open).iter().map(String::as_str), observed, terminal);
}

async fn principal_answer(ask: &principal::Ask, reader: Reader<'_>) -> Result<Answer, Failure> {
    let asked = org::Principal { external_credential: &ask.component.name, name: &ask.name, kind: &ask.kind };
    let status = match reader.principal_status(&asked).await {
        Ok(status) => status,
        Err(error) => {
            return match error.refusal() {
                Some(refusal) if refusal.status == 404 => Ok(Answer::NoResource),
                Some(refusal) => Ok(Answer::Refused(refusal.to_string())),
                None => Err(error.into()),
            };
        }
    };
    // Only for whoever has to go there.
    let page = match status.as_str() {
        "NotConfigured" => reader.authentication_url(&asked).await.ok(),
        _ => None,
    };
    Ok(Answer::Status { status, page })
}

async fn standing(
    arguments: &cli::Verify,
    loaded: &Loaded,
    observed: &mut Observed,
    reader: Reader<'_>,
    minutes: &[(ComponentId, i64)],
    terminal: &Terminal,
) -> Result<Vec<Check>, Failure> {
    let approvals = approvals(reader).await;
    let mut checks = standing::approvals(&loaded.desired, observed, approvals.as_deref());
    add_records(loaded, observed, reader).await;
    say_done(&arguments.done, loaded, observed, terminal)?;
    let (steps, known) = by_hand::steps(&loaded.desired, observed, terminal);
    let sets: Vec<String> = steps
        .iter()
        .filter(|step| step.done_when == DoneWhen::Assigned)
        .map(|step| step.component.name.clone())
        .collect();
    let assignments = assignments(&sets, reader).await;
    let mut minutes = minutes.to_vec();
    if steps.iter().any(|step| matches!(step.done_when, DoneWhen::TokenMinutes(_))) {
        // After those of tokens themselves, which come first.
        let told = token_minutes(reader).await;
        minutes.extend(steps.iter().filter_map(|step| {
            let label = loaded.desired.components.get(&step.component)?.text("label")?;
            let (_, number) = told.iter().find(|(app, _)| *app == label || *app == step.component.name)?;
            Some((step.component.clone(), *number))
        }));
    }
    let evidence = Evidence {
        known,
        approvals: approvals.as_deref(),
        assignments: assignments.as_deref(),
        minutes: &minutes,
    };
    let judged = standing::manual(&steps, &loaded.desired, &evidence);
    let seen = judged
        .iter()
        .filter(|(check, id)| check.verdict == Verdict::Passed && !evidence.known.contains_key(id));
    by_hand::seen(seen.map(|(_, id)| id.as_str()), observed, terminal);
    // Said to be done, and the org tells otherwise.
    let contradicted =
        judged.iter().filter(|(check, id)| check.verdict == Verdict::Open && evidence.known.contains_key(id));
    by_hand::reopen(contradicted.map(|(_, id)| id.as_str()), observed, terminal);
    checks.extend(judged.into_iter().map(|(check, _)| check));
    Ok(checks)
}

/// Notes what somebody says to have done.
fn say_done(
    ids: &[String],
    loaded: &Loaded,
    observed: &Observed,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let (steps, _) = match ids {
        [] => return Ok(()),
        _ => by_hand::steps(&loaded.desired, observed, terminal),
    };
    for id in ids {
        if steps.iter().any(|step| step.id == *id) {
            continue;
        }
        let known: Vec<&str> = steps.iter().map(|step| step.id.as_str()).collect();
        let failure = Failure::new(Trouble::Usage, Problem::NoSuchStep(id.clone()));
        return Err(match suggestion(id, known.iter().copied()) {
            Some(near) => failure.help(format!("did you mean {near}?")),
            None if known.is_empty() => failure.help("nothing that the org has takes a person"),
            None => failure.help(format!("steps: {}", known.join(", "))),
        });
    }
    Ok(by_hand::said(ids.iter().map(String::as_str), observed)?)
}

/// The record ids of what has manual steps, for links; without them there is no link, and that is all.
async fn add_records(loaded: &Loaded, observed: &mut Observed, reader: Reader<'_>) {
    let with_steps = loaded.desired.components.keys().filter(|id| !id.kind.manual_steps.is_empty());
    for id in with_steps {
        let Some(existing) = observed.components.get_mut(id).filter(|existing| existing.id.is_none()) else {
            continue;
        };
        let name = org::soql_text(&id.name);
        let soql = format!("SELECT Id FROM {} WHERE DeveloperName = {name}", id.kind.name);
        let rows = reader.query(&soql).await.unwrap_or_default();
        existing.id = rows.first().and_then(|row| row.get("Id")).and_then(Value::as_str).map(str::to_owned);
    }
}

fn show(
    checks: &[Check],
    loaded: &Loaded,
    observed: &Observed,
    opened: &Opened,
    terminal: &Terminal,
) -> Result<(), Failure> {
    terminal.diagnostics(&loaded.sources, &loaded.diagnostics);
    match terminal.format {
        Format::Json => {
            let mut body = planning::head(loaded, observed, opened);
            body.extend(report::verify::json(checks));
            body.insert("requests".to_owned(), opened.org.requests().into());
            terminal.result(&report::json::text(&Value::Object(body)))?;
        }
        Format::Junit => terminal.result(&report::verify::junit(checks))?,
        _ => {
            let text = report::verify::human(checks, &opened.described(), terminal.colour_out);
            terminal.result(&text)?;
        }
    }
    Ok(())
}
