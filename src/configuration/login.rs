//! Reads `login` of an org in `orgwire.toml`: which way in, and where its secrets live. The secrets themselves are
//! read by whoever logs in.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Code, Diagnostic, Located, Span, suggestion};
use crate::secret::SecretSource;
use crate::setting::Context;

/// How to get into an org, as written.
#[derive(Debug, Clone)]
pub struct Login {
    /// The key `login`.
    pub at: Span,
    pub way: Way,
}

#[derive(Debug, Clone)]
pub enum Way {
    AccessToken(Located<SecretSource>),
    Jwt {
        client_id: Located<Value>,
        username: Located<Value>,
        key: Located<SecretSource>,
        audience: Option<String>,
    },
    ClientCredentials {
        client_id: Located<Value>,
        client_secret: Located<SecretSource>,
    },
    RefreshToken {
        client_id: Located<Value>,
        client_secret: Option<Located<SecretSource>>,
        refresh_token: Located<SecretSource>,
    },
    SfdxAuthUrl(Located<SecretSource>),
    /// An alias or user name that the Salesforce CLI knows.
    Sf(String),
    Browser {
        client_id: Located<Value>,
        client_secret: Option<Located<SecretSource>>,
        port: Option<u16>,
    },
}

/// Something that is no secret, and may be kept like one.
#[derive(Debug, Clone)]
pub enum Value {
    Written(String),
    Kept(SecretSource),
}

/// The ways in, as they are spelled.
pub const WAYS: [&str; 7] =
    ["access-token", "jwt", "client-credentials", "refresh-token", "sfdx-auth-url", "sf", "browser"];

/// How a message writes each way, for copying.
const EXAMPLES: &str = "write exactly one of:\n\
    login = { sf = \"ALIAS\" }\n\
    login = { jwt = { client-id = \"...\", username = \"...\", key-file = \"server.key\" } }\n\
    login = { client-credentials = { client-id = \"...\", client-secret = { env = \"NAME\" } } }\n\
    login = { browser = { client-id = \"...\" } }\n\
    login = { refresh-token = { client-id = \"...\", refresh-token = { env = \"NAME\" } } }\n\
    login = { sfdx-auth-url = { env = \"NAME\" } }\n\
    login = { access-token = { env = \"NAME\" } }";

/// Reads the value of `login`. Everything wrong with it is reported; `None` means that it cannot be used.
pub fn read(context: &mut Context<'_>, org: &str, at: Span, value: &Spanned<DeValue<'_>>) -> Option<Login> {
    let place = format!("the login of org `{org}`");
    let DeValue::Table(table) = value.get_ref() else {
        context.hide_texts(value);
        context.wrong_type(&place, value, "a table", Some(EXAMPLES.to_owned()));
        return None;
    };
    let mut ways = Vec::new();
    for (key, value) in table {
        if WAYS.contains(&&**key.get_ref()) {
            ways.push((key, value));
        } else {
            context.unknown_key(key, value, &place, WAYS);
        }
    }
    let (first, rest) = match ways.split_first() {
        Some((first, rest)) => (first, rest),
        // An unknown key has been reported already, and is most likely the way.
        None if !table.is_empty() => return None,
        None => {
            context.error(
                Diagnostic::error(Code::IncompleteLogin, format!("{place} names no way in"))
                    .label(at, "which one?")
                    .help(EXAMPLES),
            );
            return None;
        }
    };
    for (key, _) in rest {
        context.error(
            Diagnostic::error(
                Code::IncompleteLogin,
                format!("{place} is both `{}` and `{}`", first.0.get_ref(), key.get_ref()),
            )
            .label(context.span(first.0), "one way in")
            .label(context.span(key), "and another")
            .help("keep the one that is meant"),
        );
    }
    let mut read =
        ways.iter().map(|(key, value)| way(context, &place, key.get_ref(), value)).collect::<Vec<_>>();
    match (read.pop()?, rest.is_empty()) {
        (Some(way), true) => Some(Login { at, way }),
        _ => None,
    }
}

fn way(context: &mut Context<'_>, place: &str, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Way> {
    let keys = |keys: &'static [&'static str]| Keys { place: format!("`{name}` in {place}"), known: keys };
    match name {
        "access-token" => source(context, &format!("`{name}` in {place}"), value).map(Way::AccessToken),
        "sfdx-auth-url" => source(context, &format!("`{name}` in {place}"), value).map(Way::SfdxAuthUrl),
        "sf" => match value.get_ref() {
            // A name that begins with a dash would be taken for a flag.
            DeValue::String(alias) if !alias.trim().is_empty() && !alias.starts_with('-') => {
                Some(Way::Sf(alias.trim().to_owned()))
            }
            DeValue::String(_) => {
                context.error(
                    Diagnostic::error(
                        Code::UnknownValue,
                        format!("`sf` in {place} is not the name of an org"),
                    )
                    .label(context.span(value), "neither an alias nor a user name")
                    .help("`sf org list` shows the aliases and user names that the Salesforce CLI knows"),
                );
                None
            }
            _ => {
                context.wrong_type(&format!("`sf` in {place}"), value, "an alias or user name", None);
                None
            }
        },
        "jwt" => {
            let table =
                keys(&["client-id", "username", "key-file", "key", "audience"]).table(context, value)?;
            let client_id = table.value(context, "client-id");
            let username = table.value(context, "username");
            let key = table.key(context);
            let audience = table.text(context, "audience");
            Some(Way::Jwt { client_id: client_id?, username: username?, key: key?, audience: audience? })
        }
        "client-credentials" => {
            let table = keys(&["client-id", "client-secret"]).table(context, value)?;
            let client_id = table.value(context, "client-id");
            let client_secret = table.secret(context, "client-secret");
            Some(Way::ClientCredentials { client_id: client_id?, client_secret: client_secret? })
        }
        "refresh-token" => {
            let table = keys(&["client-id", "client-secret", "refresh-token"]).table(context, value)?;
            let client_id = table.value(context, "client-id");
            let client_secret = table.optional_secret(context, "client-secret");
            let refresh_token = table.secret(context, "refresh-token");
            Some(Way::RefreshToken {
                client_id: client_id?,
                client_secret: client_secret?,
                refresh_token: refresh_token?,
            })
        }
        _ => {
            let table = keys(&["client-id", "client-secret", "port"]).table(context, value)?;
            let client_id = table.value(context, "client-id");
            let client_secret = table.optional_secret(context, "client-secret");
            let port = table.port(context);
            Some(Way::Browser { client_id: client_id?, client_secret: client_secret?, port: port? })
        }
    }
}

/// Where a secret lives; its text in the file is refused, and not shown.
fn source(
    context: &mut Context<'_>,
    what: &str,
    value: &Spanned<DeValue<'_>>,
) -> Option<Located<SecretSource>> {
    let at = context.span(value);
    match value.get_ref() {
        DeValue::Table(table) => context
            .source(what, table, at, &["env", "file", "command"])
            .map(|source| Located::new(source, at)),
        _ => {
            context.hide_texts(value);
            context.error(
                Diagnostic::error(Code::PlainSecret, format!("{what} is written in orgwire.toml"))
                    .label(at, "committing this file would publish the secret")
                    .help("say where the secret lives instead: { env = \"NAME\" }, { file = \"path\" } or { command = [\"...\"] }"),
            );
            None
        }
    }
}

/// Which keys one way in has.
struct Keys {
    place: String,
    known: &'static [&'static str],
}

/// The table of one way in. Values are `None` after a problem was reported; a value that may be missing is then an
/// option in an option.
struct Table<'a> {
    place: String,
    known: &'static [&'static str],
    at: Span,
    table: &'a DeTable<'a>,
}

impl Keys {
    fn table<'a>(self, context: &mut Context<'_>, value: &'a Spanned<DeValue<'a>>) -> Option<Table<'a>> {
        let DeValue::Table(table) = value.get_ref() else {
            context.hide_texts(value);
            context.wrong_type(
                &self.place,
                value,
                "a table",
                Some(format!("it has the keys {}", self.known.join(", "))),
            );
            return None;
        };
        for (key, value) in table {
            if !self.known.contains(&&**key.get_ref()) {
                context.unknown_key(key, value, &self.place, self.known.iter().copied());
            }
        }
        Some(Table { place: self.place, known: self.known, at: context.span(value), table })
    }
}

impl<'a> Table<'a> {
    fn get(&self, name: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table.iter().find(|(key, _)| &**key.get_ref() == name).map(|(_, value)| value)
    }

    fn what(&self, name: &str) -> String {
        format!("`{name}` of {}", self.place)
    }

    fn missing(&self, context: &mut Context<'_>, name: &str, example: &str) {
        // Misspelt, it has been reported as unknown.
        let means = |key: &str| suggestion(key, self.known.iter().copied()) == Some(name);
        let mut written = self.table.iter().map(|(key, _)| &**key.get_ref());
        if written.any(|key| !self.known.contains(&key) && means(key)) {
            return;
        }
        context.error(
            Diagnostic::error(Code::IncompleteLogin, format!("{} has no `{name}`", self.place))
                .label(self.at, "is not complete")
                .help(format!("add it: {example}")),
        );
    }

    fn value(&self, context: &mut Context<'_>, name: &str) -> Option<Located<Value>> {
        let Some(value) = self.get(name) else {
            self.missing(context, name, &format!("{name} = \"...\", or {name} = {{ env = \"NAME\" }}"));
            return None;
        };
        let at = context.span(value);
        let read = match value.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => Value::Written(text.trim().to_owned()),
            DeValue::Table(table) => {
                Value::Kept(context.source(&self.what(name), table, at, &["env", "file", "command"])?)
            }
            _ => {
                context.wrong_type(&self.what(name), value, "a text, or { env = \"NAME\" }", None);
                return None;
            }
        };
        Some(Located::new(read, at))
    }

    fn secret(&self, context: &mut Context<'_>, name: &str) -> Option<Located<SecretSource>> {
        if self.get(name).is_none() {
            self.missing(context, name, &format!("{name} = {{ env = \"NAME\" }}"));
        }
        self.optional_secret(context, name)?
    }

    fn optional_secret(
        &self,
        context: &mut Context<'_>,
        name: &str,
    ) -> Option<Option<Located<SecretSource>>> {
        match self.get(name) {
            Some(value) => source(context, &self.what(name), value).map(Some),
            None => Some(None),
        }
    }

    fn text(&self, context: &mut Context<'_>, name: &str) -> Option<Option<String>> {
        match self.get(name).map(|value| (value, value.get_ref())) {
            Some((_, DeValue::String(text))) if !text.trim().is_empty() => Some(Some(text.trim().to_owned())),
            Some((value, _)) => {
                context.wrong_type(&self.what(name), value, "a text that is not empty", None);
                None
            }
            None => Some(None),
        }
    }

    /// `key-file = "path"` or `key = { env = "NAME" }`.
    fn key(&self, context: &mut Context<'_>) -> Option<Located<SecretSource>> {
        match (self.get("key-file"), self.get("key")) {
            (Some(value), None) => match value.get_ref() {
                DeValue::String(path) if !path.is_empty() => {
                    let file = SecretSource::File(context.folder.join(&**path));
                    Some(Located::new(file, context.span(value)))
                }
                _ => {
                    context.hide_texts(value);
                    context.wrong_type(&self.what("key-file"), value, "a path", None);
                    None
                }
            },
            (None, Some(value)) => source(context, &self.what("key"), value),
            (Some(file), Some(key)) => {
                context.error(
                    Diagnostic::error(
                        Code::IncompleteLogin,
                        format!("{} has both `key-file` and `key`", self.place),
                    )
                    .label(context.span(file), "one key")
                    .label(context.span(key), "and another")
                    .help("keep the one that is meant"),
                );
                None
            }
            (None, None) => {
                self.missing(context, "key-file", "key-file = \"server.key\", or key = { env = \"NAME\" }");
                None
            }
        }
    }

    fn port(&self, context: &mut Context<'_>) -> Option<Option<u16>> {
        let Some(value) = self.get("port") else { return Some(None) };
        let port = match value.get_ref() {
            DeValue::Integer(number) => u16::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        if port.is_none_or(|port| port == 0) {
            context.error(
                Diagnostic::error(Code::UnknownValue, format!("{} is no port", self.what("port")))
                    .label(context.span(value), "not a port")
                    .help("write a number from 1 to 65535"),
            );
            return None;
        }
        Some(port)
    }
}
