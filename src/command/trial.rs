//! A login as an app makes it, tried once: its secret is read where it lives, and the session is ended again.

use secrecy::SecretString;

use super::target::Opened;
use super::{Attempt, Failure, Trouble};
use crate::org;
use crate::org::login::{self, Destination, Login, Session};
use crate::secret::{self, Secret, SecretSource};

/// A session that was given, and that its org was asked to end.
pub struct Tried {
    pub session: Session,
    /// The org said that it did. Otherwise the session ends with the app's policy.
    pub was_revoked: bool,
}

/// # Errors
/// The inner one is that of the source; the outer one is a runtime that cannot run it.
pub async fn read(source: &SecretSource) -> Result<Result<Secret, secret::Error>, Failure> {
    let source = source.clone();
    // A source may be a command that takes its time.
    tokio::task::spawn_blocking(move || secret::read(&source))
        .await
        .map_err(|error| Failure::new(Trouble::Runtime, Attempt::new("cannot read a secret", error)))
}

/// Asks for a session beside the one that the command works in, at the same pace.
///
/// # Errors
/// `NoSession` where the org refuses, and whatever else keeps its token endpoint from answering.
pub async fn log_in(mut login: Login, opened: &Opened) -> Result<Tried, org::Error> {
    let mut destination = Destination::new(opened.org.name(), Some(opened.org.instance_url().to_owned()));
    destination.pace = opened.org.pace().clone();
    let session = login.session(&destination).await?;
    let token = SecretString::from(session.access_token.expose());
    let was_revoked = login::revoke(&token, &destination).await.is_ok();
    Ok(Tried { session, was_revoked })
}
