//! The operating system's keyring, where the refresh token of a browser login is kept: never in a file of ours.
//! macOS and Windows have one each; elsewhere it is the Secret Service, spoken to by the program `secret-tool`, which
//! takes the secret on its standard input.

use secrecy::SecretString;

/// One secret in the keyring: the refresh token for one org.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The address of the org: two projects may give one name to different orgs.
    pub(super) account: String,
    /// What the keyring's own windows show.
    pub(super) label: String,
}

/// Why the keyring could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringProblem {
    #[error("there is no keyring: the program `secret-tool` is not in PATH")]
    Missing,
    #[error("the keyring refused: {0}")]
    Refused(String),
    #[error("the keyring did not answer within {seconds} seconds")]
    Silent { seconds: u64 },
}

impl KeyringProblem {
    /// Something to do.
    pub fn help(&self) -> &'static str {
        match self {
            KeyringProblem::Missing => {
                "install it (Debian: libsecret-tools, with gnome-keyring or KWallet to keep the secrets); on a \
                 machine without a desktop use `jwt`, `client-credentials` or `sf` as login; nothing was kept"
            }
            KeyringProblem::Refused(_) | KeyringProblem::Silent { .. } => {
                "unlock the keyring and run this again; on a machine without a desktop use `jwt`, \
                 `client-credentials` or `sf` as login; nothing was kept"
            }
        }
    }
}

impl Entry {
    /// The entry of an org that the user calls `org`.
    pub fn new(org: &str, instance_url: &str) -> Entry {
        let account = instance_url.trim().trim_end_matches('/').to_ascii_lowercase();
        Entry { label: format!("orgwire: org {org} at {account}"), account }
    }

    /// `None` if there is nothing under this name.
    pub async fn read(&self) -> Result<Option<SecretString>, KeyringProblem> {
        system::read(self).await
    }

    pub async fn write(&self, secret: &SecretString) -> Result<(), KeyringProblem> {
        system::write(self, secret).await
    }

    /// Whether there is a keyring that can be asked. Better known before a person has logged in than after.
    pub async fn check(&self) -> Result<(), KeyringProblem> {
        self.read().await.map(|_| ())
    }

    pub async fn remove(&self) -> Result<(), KeyringProblem> {
        system::remove(self).await
    }
}

/// Secrets of ours, among those of other programs.
const SERVICE: &str = "orgwire";

#[cfg(not(any(target_os = "macos", windows)))]
mod system {
    use std::io;
    use std::process::{Output, Stdio};
    use std::time::Duration;

    use secrecy::{ExposeSecret, SecretString};
    use tokio::io::AsyncWriteExt as _;
    use tokio::process::Command;
    use zeroize::Zeroizing;

    use super::{Entry, KeyringProblem, SERVICE};

    /// Somebody may have to type the password of the keyring.
    const ANSWER_WITHIN: Duration = Duration::from_secs(120);

    pub async fn read(entry: &Entry) -> Result<Option<SecretString>, KeyringProblem> {
        let output = run("lookup", entry, None).await?;
        let stdout = Zeroizing::new(output.stdout);
        if output.status.success() {
            let text = std::str::from_utf8(&stdout).map(str::trim_end).unwrap_or_default();
            return Ok((!text.is_empty()).then(|| SecretString::from(text)));
        }
        // It says nothing when there is nothing, and something when there is no keyring.
        match said(&output.stderr) {
            Some(said) => Err(KeyringProblem::Refused(said)),
            None => Ok(None),
        }
    }

    pub async fn write(entry: &Entry, secret: &SecretString) -> Result<(), KeyringProblem> {
        successful(run("store", entry, Some(secret)).await?)
    }

    pub async fn remove(entry: &Entry) -> Result<(), KeyringProblem> {
        let output = run("clear", entry, None).await?;
        if said(&output.stderr).is_none() {
            // Nothing was there, which is what was wanted.
            return Ok(());
        }
        successful(output)
    }

    fn successful(output: Output) -> Result<(), KeyringProblem> {
        if output.status.success() {
            return Ok(());
        }
        let said = said(&output.stderr);
        Err(KeyringProblem::Refused(said.unwrap_or_else(|| "secret-tool gives no reason".to_owned())))
    }

    async fn run(verb: &str, entry: &Entry, secret: Option<&SecretString>) -> Result<Output, KeyringProblem> {
        let mut command = Command::new("secret-tool");
        command.arg(verb);
        if secret.is_some() {
            command.arg(format!("--label={}", entry.label));
        }
        command
            .args(["service", SERVICE, "account", &entry.account])
            .stdin(if secret.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let failed = |cause: io::Error| KeyringProblem::Refused(cause.to_string());
        let mut child = command.spawn().map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => KeyringProblem::Missing,
            _ => failed(cause),
        })?;
        if let (Some(secret), Some(mut stdin)) = (secret, child.stdin.take()) {
            // A program that ends without reading says why on its way out.
            let _ = stdin.write_all(secret.expose_secret().as_bytes()).await;
        }
        match tokio::time::timeout(ANSWER_WITHIN, child.wait_with_output()).await {
            Ok(output) => output.map_err(failed),
            Err(_) => Err(KeyringProblem::Silent { seconds: ANSWER_WITHIN.as_secs() }),
        }
    }

    fn said(stderr: &[u8]) -> Option<String> {
        let text = String::from_utf8_lossy(stderr);
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        let line = line.strip_prefix("secret-tool: ").unwrap_or(line);
        Some(line.chars().filter(|c| !c.is_control()).take(200).collect())
    }
}

#[cfg(any(target_os = "macos", windows))]
mod system {
    use keyring::Error;
    use secrecy::{ExposeSecret, SecretString};

    use super::{Entry, KeyringProblem, SERVICE};

    pub async fn read(entry: &Entry) -> Result<Option<SecretString>, KeyringProblem> {
        let found = on(entry, |kept| match kept.get_password() {
            Ok(text) => Ok(Some(SecretString::from(text))),
            Err(Error::NoEntry) => Ok(None),
            Err(problem) => Err(problem),
        });
        found.await
    }

    pub async fn write(entry: &Entry, secret: &SecretString) -> Result<(), KeyringProblem> {
        let secret = secret.clone();
        on(entry, move |kept| kept.set_password(secret.expose_secret())).await
    }

    pub async fn remove(entry: &Entry) -> Result<(), KeyringProblem> {
        let removed = on(entry, |kept| match kept.delete_credential() {
            Err(Error::NoEntry) => Ok(()),
            other => other,
        });
        removed.await
    }

    /// The system may ask a person, so this waits on a thread of its own.
    async fn on<T: Send + 'static>(
        entry: &Entry,
        work: impl FnOnce(&keyring::Entry) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, KeyringProblem> {
        let account = entry.account.clone();
        let done = tokio::task::spawn_blocking(move || {
            keyring::Entry::new(SERVICE, &account).and_then(|kept| work(&kept))
        });
        match done.await {
            Ok(result) => result.map_err(|problem| KeyringProblem::Refused(problem.to_string())),
            Err(_) => Err(KeyringProblem::Refused("its thread ended".to_owned())),
        }
    }
}
