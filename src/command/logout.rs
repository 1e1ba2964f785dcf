//! `logout`: ends what a browser login has kept, in the org first and then in the system's keyring.

use serde_json::{Map, Value, json};

use crate::cli;
use crate::command::{Exit, Failure, load, online, target};
use crate::org::login::revoke;
use crate::org::{Error, NoSession};
use crate::report::{self, Format, Terminal};

pub fn run(arguments: &cli::Logout, terminal: &Terminal) -> Result<Exit, Failure> {
    let loaded = load::bare()?;
    let (_, destination) = target::configured(&arguments.org, &loaded)?;
    let name = &destination.org;
    online(async {
        let entry = target::entry(&destination)?;
        let problem = |problem: crate::org::login::KeyringProblem| destination.no_session(problem.into());
        let kept = entry.read().await.map_err(problem)?;
        if let Some(refresh_token) = &kept {
            match revoke(refresh_token, &destination).await {
                // A token that the org no longer knows needs no revoking.
                Ok(()) | Err(Error::NoSession(_, NoSession::Refused(_))) => {}
                // Forgotten here, it would live on there, and nobody could end it any more.
                Err(error) => {
                    return Err(Failure::from(error).help("the keyring still has the refresh token"));
                }
            }
            entry.remove().await.map_err(problem)?;
        }
        if terminal.format == Format::Json {
            let body = Map::from_iter([
                ("format_version".to_owned(), json!(report::json::FORMAT_VERSION)),
                ("org".to_owned(), json!({ "name": name, "instance_url": destination.instance_url })),
                ("revoked".to_owned(), json!(kept.is_some())),
            ]);
            terminal.result(&report::json::text(&Value::Object(body)))?;
        } else if kept.is_some() {
            terminal
                .result(&format!("logged out of {name}; its refresh token is revoked and forgotten\n"))?;
        } else {
            terminal.result(&format!("nothing is kept for {name}\n"))?;
        }
        Ok(Exit::Done)
    })
}
