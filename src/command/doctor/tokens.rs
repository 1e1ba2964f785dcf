//! Lets each app that can log in by itself try it, for the org's words. The token is revoked, and shown nowhere.

use secrecy::SecretString;

use crate::command::load::Loaded;
use crate::command::target::Opened;
use crate::command::{Attempt, Failure, Trouble};
use crate::doctor::told::{Outcome, Refused, Tried};
use crate::org::login::{self, ClientCredentials, Destination, Login};
use crate::org::{self, AccessToken};
use crate::reference::Observed;
use crate::secret;
use crate::verify::token::{self, Trial};

pub async fn tried(loaded: &Loaded, observed: &Observed, opened: &Opened) -> Result<Vec<Tried>, Failure> {
    let (trials, untried) = token::trials(&loaded.desired, observed);
    let mut all: Vec<Tried> = untried
        .into_iter()
        .map(|check| Tried { component: check.component, outcome: Outcome::Untried(check.found) })
        .collect();
    for trial in &trials {
        let outcome = try_one(trial, opened).await?;
        all.push(Tried { component: trial.component.clone(), outcome });
    }
    Ok(all)
}

async fn try_one(trial: &Trial, opened: &Opened) -> Result<Outcome, Failure> {
    let source = trial.secret.clone();
    // A source may be a command that takes its time.
    let read = tokio::task::spawn_blocking(move || secret::read(&source)).await;
    let read =
        read.map_err(|error| Failure::new(Trouble::Runtime, Attempt::new("cannot read a secret", error)))?;
    let secret = match read {
        Ok(secret) => secret,
        Err(error) => return Ok(Outcome::Untried(format!("its secret cannot be read: {error}"))),
    };
    let mut destination = Destination::new(opened.org.name(), Some(opened.org.instance_url().to_owned()));
    destination.pace = opened.org.pace().clone();
    let client_secret = SecretString::from(secret.expose());
    let credentials = ClientCredentials { client_id: trial.client_id.clone(), client_secret };
    match Login::ClientCredentials(credentials).session(&destination).await {
        Ok(session) => {
            let token: &AccessToken = &session.access_token;
            let is_jwt = token.is_jwt();
            // What is left of it ends with the app's session policy.
            let _ = login::revoke(&SecretString::from(token.expose()), &destination).await;
            Ok(Outcome::Given { is_jwt })
        }
        Err(error @ org::Error::NoSession(..)) => Ok(match error.refusal() {
            Some(said) => {
                Outcome::Refused(Refused { code: said.code.clone(), message: said.message.clone() })
            }
            None => Outcome::Untried(
                std::error::Error::source(&error).map_or_else(String::new, ToString::to_string),
            ),
        }),
        Err(error) => Err(error.into()),
    }
}
