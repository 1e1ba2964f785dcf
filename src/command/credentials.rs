//! From the login that orgwire.toml describes to one that can be made: reads its secrets, late, and judges them.
//! Only the keyring is left to whoever logs in.

use secrecy::SecretString;

use crate::configuration::{self, Value, Way};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Located, Span};
use crate::org::AccessToken;
use crate::org::login::{ClientCredentials, Jwt, Kept, Login, RefreshToken, Sf, SfdxAuthUrl};
use crate::secret::{self, Flaw, Secret, SecretSource};

/// How to get into an org.
pub enum Credentials {
    Login(Login),
    /// A person did, or has to: with this app.
    Browser(BrowserApp),
}

pub struct BrowserApp {
    pub client_id: String,
    pub client_secret: Option<SecretString>,
    pub port: Option<u16>,
}

/// Reads what a login needs. Blocks while a command runs. What cannot be had or used is reported, all of it at
/// once; then there is nothing to log in with.
pub fn read(org: &str, login: &configuration::Login, diagnostics: &mut Diagnostics) -> Option<Credentials> {
    let mut reading = Reading { org, diagnostics };
    let login = match &login.way {
        Way::AccessToken(token) => {
            Login::AccessToken(AccessToken::new(reading.secret("access-token", token)?.expose()))
        }
        Way::Jwt { client_id, username, key, audience } => {
            let client_id = reading.value("client-id", client_id);
            let username = reading.value("username", username);
            let pem = reading.secret("key", key)?;
            match Jwt::new(client_id?, username?, pem.expose(), audience.clone()) {
                Ok(jwt) => Login::Jwt(jwt),
                Err(problem) => {
                    reading.unusable("key", key.at, &key.value, &problem.to_string(), problem.help());
                    return None;
                }
            }
        }
        Way::ClientCredentials { client_id, client_secret } => {
            let client_id = reading.value("client-id", client_id);
            let client_secret = reading.secret("client-secret", client_secret);
            let (client_id, client_secret) = (client_id?, owned(&client_secret?));
            Login::ClientCredentials(ClientCredentials { client_id, client_secret })
        }
        Way::RefreshToken { client_id, client_secret, refresh_token } => {
            let client_id = reading.value("client-id", client_id);
            let client_secret = reading.optional("client-secret", client_secret.as_ref());
            let refresh_token = reading.secret("refresh-token", refresh_token);
            Login::RefreshToken(RefreshToken {
                client_id: client_id?,
                client_secret: client_secret?,
                refresh_token: owned(&refresh_token?),
                kept: Kept::Elsewhere,
            })
        }
        Way::SfdxAuthUrl(url) => match SfdxAuthUrl::parse(reading.secret("sfdx-auth-url", url)?.expose()) {
            Ok(parsed) => Login::SfdxAuthUrl(parsed),
            Err(problem) => {
                let help = "get it with: sf org auth show-sfdx-auth-url --target-org ALIAS --json";
                reading.unusable("sfdx-auth-url", url.at, &url.value, &problem.to_string(), help);
                return None;
            }
        },
        Way::Sf(alias) => Login::Sf(Sf::new(alias.as_str())),
        Way::Browser { client_id, client_secret, port } => {
            let client_id = reading.value("client-id", client_id);
            let client_secret = reading.optional("client-secret", client_secret.as_ref());
            return Some(Credentials::Browser(BrowserApp {
                client_id: client_id?,
                client_secret: client_secret?,
                port: *port,
            }));
        }
    };
    Some(Credentials::Login(login))
}

/// What was read, without the line break that files and programs end with.
fn owned(secret: &Secret) -> SecretString {
    SecretString::from(secret.expose().trim())
}

struct Reading<'a> {
    org: &'a str,
    diagnostics: &'a mut Diagnostics,
}

impl Reading<'_> {
    fn value(&mut self, name: &str, value: &Located<Value>) -> Option<String> {
        match &value.value {
            Value::Written(text) => Some(text.clone()),
            Value::Kept(source) => {
                let source = Located::new(source.clone(), value.at);
                self.secret(name, &source).map(|text| text.expose().trim().to_owned())
            }
        }
    }

    fn optional(
        &mut self,
        name: &str,
        source: Option<&Located<SecretSource>>,
    ) -> Option<Option<SecretString>> {
        match source {
            Some(source) => self.secret(name, source).map(|secret| Some(owned(&secret))),
            None => Some(None),
        }
    }

    fn secret(&mut self, name: &str, source: &Located<SecretSource>) -> Option<Secret> {
        let secret = match secret::read(&source.value) {
            Ok(secret) => secret,
            Err(error) => {
                let help = match &source.value {
                    SecretSource::Environment(name) => {
                        format!(
                            "set it where this command runs, for example: read -rs {name} && export {name}"
                        )
                    }
                    SecretSource::File(_) => {
                        "correct the path, which starts at the folder of orgwire.toml".into()
                    }
                    _ => "run the command by itself to see what it says".into(),
                };
                let mut diagnostic = self
                    .problem(Code::UnsetSecret, name, "cannot be read")
                    .label(source.at, error.to_string())
                    .help(help);
                if let Some(cause) = std::error::Error::source(&error) {
                    diagnostic = diagnostic.cause(cause.to_string());
                }
                self.diagnostics.push(diagnostic);
                return None;
            }
        };
        let diagnostic = match secret::flaw(secret.expose()) {
            Some(Flaw::Empty) => self
                .problem(Code::UnsetSecret, name, "is empty")
                .label(source.at, format!("read from the {}", source.value))
                .help("put the secret there"),
            // The Salesforce CLI hides tokens so, and tells the command that shows them.
            Some(Flaw::Placeholder) => self
                .problem(Code::PlaceholderSecret, name, "is a placeholder, not a secret")
                .label(source.at, format!("read from the {}", source.value))
                .help("a tool left this where the secret was; put the real one there"),
            _ => return Some(secret),
        };
        self.diagnostics.push(diagnostic);
        None
    }

    fn unusable(&mut self, name: &str, at: Span, source: &SecretSource, problem: &str, help: &str) {
        let diagnostic = self
            .problem(Code::UnusableSecret, name, problem)
            .label(at, format!("read from the {source}"))
            .help(help);
        self.diagnostics.push(diagnostic);
    }

    fn problem(&self, code: Code, name: &str, what: &str) -> Diagnostic {
        Diagnostic::error(code, format!("`{name}` in the login of org `{}` {what}", self.org))
    }
}
