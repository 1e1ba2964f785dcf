//! Reads the secrets that a plan needs, all of them before anything is sent, and judges them.

use std::collections::BTreeMap;

use crate::component::Generate;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::NeededSecret;
use crate::secret::{self, Flaw, SecretSource, Secrets};

/// Reads every needed secret once. Those that cannot be had or used are reported, each at the field that
/// asks for it.
pub fn read(needed: &[NeededSecret], diagnostics: &mut Diagnostics) -> Secrets {
    let mut secrets = Secrets::default();
    let mut by_source: BTreeMap<&SecretSource, Vec<&NeededSecret>> = BTreeMap::new();
    for one in needed {
        by_source.entry(&one.source).or_default().push(one);
    }
    for (source, fields) in by_source {
        let first = fields[0];
        match secret::read(source) {
            Ok(text) => {
                let before = diagnostics.len();
                judge(text.expose(), source, &fields, diagnostics);
                if diagnostics.len() == before {
                    secrets.insert(source.clone(), text);
                }
            }
            Err(error) => {
                let help = match source {
                    SecretSource::Environment(name) => {
                        format!("set it where this command runs, for example: read -rs {name} && export {name}")
                    }
                    SecretSource::File(_) => {
                        "name a file that holds the secret and nothing else; its path starts at the manifest's folder"
                            .to_owned()
                    }
                    SecretSource::Command(_) => "run the command by itself to see what it says".to_owned(),
                    SecretSource::Generated(_) => "run this again".to_owned(),
                };
                let mut diagnostic = Diagnostic::error(
                    Code::UnsetSecret,
                    format!("`{}` of `{}` cannot be read", first.path, first.component),
                )
                .label(first.at, error.to_string())
                .help(help);
                if let Some(cause) = std::error::Error::source(&error) {
                    diagnostic = diagnostic.cause(cause.to_string());
                }
                diagnostics.push(diagnostic);
            }
        }
    }
    secrets
}

/// Checks a secret against all fields it goes to. Says what is wrong without showing any of it.
fn judge(text: &str, source: &SecretSource, fields: &[&NeededSecret], diagnostics: &mut Diagnostics) {
    if matches!(source, SecretSource::Generated(_)) {
        return;
    }
    let shared = fields.len() > 1;
    for field in fields {
        let mut flaw = secret::flaw(text);
        // Rules for consumer secrets hold for the app's own, which a provider may share (AP-4, CA-13).
        let mut longest = field.field.max_length.unwrap_or(usize::MAX);
        if flaw.is_none() && field.field.generate == Some(Generate::ConsumerSecret) {
            longest = if shared { SHORTEST_COLUMN } else { longest };
            flaw = secret::consumer_secret_flaw(text, longest);
        }
        let length = text.chars().count();
        if flaw.is_none() && length > longest {
            flaw = Some(Flaw::TooLong(length));
        }
        let Some(flaw) = flaw else { continue };
        let (code, what, help) = words(flaw, source, longest);
        diagnostics.push(
            Diagnostic::error(code, format!("`{}` of `{}` {what}", field.path, field.component))
                .label(field.at, format!("read from the {source}"))
                .help(help),
        );
    }
}

/// What a provider takes of a secret that it shares with an app (AP-4).
const SHORTEST_COLUMN: usize = 100;

fn words(flaw: Flaw, source: &SecretSource, longest: usize) -> (Code, String, String) {
    match flaw {
        Flaw::Empty => (
            Code::UnsetSecret,
            "is empty".to_owned(),
            match source {
                SecretSource::Command(_) => "run the command by itself to see what it prints".to_owned(),
                _ => format!("put the secret into the {source}"),
            },
        ),
        Flaw::Placeholder => (
            Code::PlaceholderSecret,
            "is a placeholder, not a secret".to_owned(),
            "a tool left this where the secret was; it would deploy and fail at the first login, so put the real one there".to_owned(),
        ),
        Flaw::TrailingNewline => (
            Code::UnusableSecret,
            "ends with a line break".to_owned(),
            match source {
                SecretSource::File(path) => {
                    let path = path.display();
                    format!("remove it, for example: printf %s \"$(cat {path})\" > {path}.new && mv {path}.new {path}")
                }
                _ => "remove it from the value, of which it is not likely a part".to_owned(),
            },
        ),
        Flaw::TooShort(length) => (
            Code::UnusableSecret,
            format!("has {length} characters, and an org may refuse fewer than 32"),
            "use a longer one, or let it be made: { generate = true }".to_owned(),
        ),
        Flaw::TooLong(length) => (
            Code::UnusableSecret,
            format!("has {length} characters, and at most {longest} fit"),
            "check that it is the secret and nothing else, or use a shorter one".to_owned(),
        ),
        Flaw::Character(position) => (
            Code::UnusableSecret,
            format!("has a character other than a letter or digit at position {position}"),
            "the platform takes letters and digits only; let it be made: { generate = true }".to_owned(),
        ),
    }
}
