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
                        format!("set it for this command: {name}=... orgwire deploy")
                    }
                    SecretSource::File(path) => {
                        format!("write the secret to {}, readable by you alone", path.display())
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
        if flaw.is_none() && field.field.generate == Some(Generate::ConsumerSecret) {
            let longest = if shared { 100 } else { field.field.max_length.unwrap_or(256) };
            flaw = secret::consumer_secret_flaw(text, longest);
        }
        if flaw.is_none()
            && let Some(longest) = field.field.max_length
            && text.chars().count() > longest
        {
            flaw = Some(Flaw::TooLong(text.chars().count()));
        }
        let Some(flaw) = flaw else { continue };
        let (code, what, help) = words(flaw, source, field);
        diagnostics.push(
            Diagnostic::error(code, format!("`{}` of `{}` {what}", field.path, field.component))
                .label(field.at, format!("read from {source}"))
                .help(help),
        );
    }
}

fn words(flaw: Flaw, source: &SecretSource, field: &NeededSecret) -> (Code, String, String) {
    match flaw {
        Flaw::Empty => (Code::UnsetSecret, "is empty".to_owned(), format!("put the secret into {source}")),
        Flaw::Placeholder => (
            Code::PlaceholderSecret,
            "is a placeholder, not a secret".to_owned(),
            "some tool left a word where the secret was; it would deploy and fail at the first login. Get the real one".to_owned(),
        ),
        Flaw::TrailingNewline => (
            Code::UnusableSecret,
            "ends with a line break".to_owned(),
            "remove it, for example by writing the file with: printf %s \"$SECRET\" > FILE".to_owned(),
        ),
        Flaw::TooShort(length) => (
            Code::UnusableSecret,
            format!("has {length} characters, and an org may refuse fewer than 32"),
            "use a longer one, or let it be made: { generate = true }".to_owned(),
        ),
        Flaw::TooLong(length) => (
            Code::UnusableSecret,
            format!("has {length} characters, more than fit"),
            format!("use at most {} characters", field.field.max_length.unwrap_or(100).min(100)),
        ),
        Flaw::Character(position) => (
            Code::UnusableSecret,
            format!("has something else than a letter or digit at position {position}"),
            "the platform takes letters and digits only; let it be made: { generate = true }".to_owned(),
        ),
    }
}
