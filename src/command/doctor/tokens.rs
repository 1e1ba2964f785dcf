//! Lets each app that can log in by itself try it, for the org's words. The token is revoked, and shown nowhere.

use secrecy::SecretString;

use crate::command::load::Loaded;
use crate::command::target::Opened;
use crate::command::{Failure, trial};
use crate::doctor::told::{Outcome, Refused, Tried};
use crate::org;
use crate::org::login::{ClientCredentials, Login};
use crate::reference::Observed;
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
    let secret = match trial::read(&trial.secret).await? {
        Ok(secret) => secret,
        Err(error) => return Ok(Outcome::Untried(format!("its secret cannot be read: {error}"))),
    };
    let client_secret = SecretString::from(secret.expose());
    let credentials = ClientCredentials { client_id: trial.client_id.clone(), client_secret };
    match trial::log_in(Login::ClientCredentials(credentials), opened).await {
        Ok(tried) => Ok(Outcome::Given { is_jwt: tried.session.access_token.is_jwt() }),
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
