//! `login`: a person logs in with the browser, and the refresh token goes into the system's keyring. Any other login
//! is tried out, and nothing is kept.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::cli;
use crate::command::credentials::{BrowserApp, Credentials};
use crate::command::{Exit, Failure, load, online, target};
use crate::org::login::{Authorization, Destination, Session};
use crate::report::{self, Format, Terminal};

pub fn run(arguments: &cli::Login, terminal: &Terminal) -> Result<Exit, Failure> {
    let loaded = load::bare()?;
    let (org, destination) = target::configured(&arguments.org, &loaded)?;
    online(async {
        let (session, kept) = match target::credentials(&arguments.org, org, &loaded).await? {
            Credentials::Browser(app) => (browser(app, &destination, arguments, terminal).await?, true),
            Credentials::Login(mut login) => {
                let session = login.session(&destination).await?;
                target::say(&session.notices, &destination.org, terminal);
                (session, false)
            }
        };
        told(&destination, &session, kept, terminal)?;
        Ok(Exit::Done)
    })
}

async fn browser(
    app: BrowserApp,
    destination: &Destination,
    arguments: &cli::Login,
    terminal: &Terminal,
) -> Result<Session, Failure> {
    let entry = target::entry(destination)?;
    let refused = |problem: crate::org::login::KeyringProblem| destination.no_session(problem.into());
    // Nobody is to log in for nothing.
    entry.check().await.map_err(refused)?;
    let authorization =
        Authorization::prepare(app.client_id, app.client_secret, app.port, destination.clone()).await?;
    let url = authorization.url();
    // Even when quiet: without it there is no way to go on.
    terminal.problem(&format!("Log in and allow the app at:\n  {url}\n"));
    if !arguments.no_browser {
        open(&url);
    }
    let within = Duration::from_secs(60 * u64::from(arguments.wait));
    let (session, refresh_token) = authorization.session(within).await?;
    entry.write(&refresh_token).await.map_err(refused)?;
    Ok(session)
}

/// Shows an address in the browser. Where that does not work, the person opens it: it has been printed.
fn open(url: &str) {
    // `start` would take an `&` for the end of the command.
    let (program, arguments): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let opened = Command::new(program)
        .args(arguments)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = opened {
        tracing::info!(program, %error, "no browser was opened");
    }
}

fn told(
    destination: &Destination,
    session: &Session,
    kept: bool,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let name = &destination.org;
    let kept_in = kept.then_some("keyring");
    if terminal.format == Format::Json {
        let org = json!({
            "name": name,
            "id": session.organization_id,
            "instance_url": session.instance_url,
        });
        let body = Map::from_iter([
            ("format_version".to_owned(), json!(report::json::FORMAT_VERSION)),
            ("org".to_owned(), org),
            ("user_id".to_owned(), json!(session.user_id)),
            ("kept_in".to_owned(), json!(kept_in)),
        ]);
        terminal.result(&report::json::text(&Value::Object(body)))?;
        return Ok(());
    }
    let user = session.user_id.as_ref().map(|id| format!(" as user {id}")).unwrap_or_default();
    let kept =
        if kept { "; the keyring of this system keeps the refresh token" } else { "; nothing is kept" };
    terminal.result(&format!("logged in to {name} ({}){user}{kept}\n", session.instance_url))?;
    Ok(())
}
