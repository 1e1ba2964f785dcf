//! Refresh tokens, tried: whether one that a system holds still gets a session. Only whoever has one can ask, so it is
//! given; one that would be replaced by being used is left alone.

use super::{App, Check, apps, beside, key_path};
use crate::component::ComponentId;
use crate::reference::Observed;
use crate::resolve::{Desired, Wanted};
use crate::secret::SecretSource;

const ID: &str = "refresh";
const FACTS: &[&str] = &["CA-66", "OA-10", "OA-30"];
const ASKED: &str = "does its refresh token get a session?";

/// A refresh token of an app, and where it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    pub component: ComponentId,
    pub token: SecretSource,
}

/// An app whose refresh token can be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    pub component: ComponentId,
    pub client_id: String,
    /// `None` where nobody here knows it: an app may not ask for it.
    pub secret: Option<SecretSource>,
    pub token: SecretSource,
}

/// What to try, and what cannot be tried with its reason: every app that gives out refresh tokens.
pub fn trials(desired: &Desired, observed: &Observed, given: &[Given]) -> (Vec<Trial>, Vec<Check>) {
    let (mut trials, mut untried) = (Vec::new(), Vec::new());
    for app in apps(desired, observed) {
        let of_app = given.iter().find(|given| given.component == app.wanted.id);
        let check = || Check::new(ID, FACTS, &app.wanted.id, ASKED);
        let Some(given) = of_app else {
            if super::token::has_scope(app, observed, "refresh_token") {
                let how = format!("--refresh-token {}=env:NAME, or =file:PATH", app.wanted.id);
                untried.push(check().skipped("none was given to try").help(how));
            }
            continue;
        };
        if app.flag("isRefreshTokenRotationEnabled") {
            untried.push(check().skipped("the app replaces a refresh token that is used, so it was not"));
            continue;
        }
        if secret(app).is_none() && app.flag("isSecretRequiredForRefreshToken") {
            untried.push(check().skipped("it takes the app's secret, which nobody here knows"));
            continue;
        }
        match app.key() {
            Some(key) => trials.push(Trial {
                component: app.wanted.id.clone(),
                client_id: key.to_owned(),
                secret: secret(app),
                token: given.token.clone(),
            }),
            None => untried.push(check().skipped("the org does not tell its consumer key")),
        }
    }
    (trials, untried)
}

/// A generated one is known to nobody here.
fn secret(app: App<'_>) -> Option<SecretSource> {
    let path = beside(key_path(&app.wanted.id)?, "consumerSecret");
    match &app.wanted.get(&path)?.as_leaf()?.wanted {
        Wanted::Secret(SecretSource::Generated(_)) => None,
        Wanted::Secret(source) => Some(source.clone()),
        _ => None,
    }
}

impl Trial {
    fn check(&self) -> Check {
        Check::new(ID, FACTS, &self.component, ASKED)
    }

    /// What is needed cannot be read.
    pub fn unreadable(&self, what: &str, why: &str) -> Check {
        self.check().skipped(format!("its {what} cannot be read: {why}"))
    }

    /// The endpoint gave no session, and said this.
    pub fn refused(&self, why: &str) -> Check {
        let check = self.check().failed(why);
        check.help("ask for the cause: orgwire doctor --symptom \"expired access/refresh token\"")
    }

    pub fn granted(&self) -> Check {
        self.check().passed("a session of this org, ended again")
    }
}
