//! Secrets: named early, read late, never printed.
//!
//! A manifest holds a [`SecretSource`], which says where a secret lives. Its text exists only in
//! [`Secrets`], from just before a deployment until after it, in memory that is wiped.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use secrecy::{ExposeSecret, SecretString};
use zeroize::{Zeroize, Zeroizing};

use crate::component::{ComponentId, Field, FieldPath, Generate, Kind};

/// Where a secret lives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretSource {
    /// A process variable.
    Environment(String),
    /// A file; relative paths start at the manifest's folder.
    File(PathBuf),
    /// A program and its arguments, run without a shell; its standard output is the secret.
    Command(Vec<String>),
    /// Made by us when the component is created.
    Generated(Box<Generated>),
}

/// A key or secret that orgwire makes, known by the field that asks for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generated {
    pub owner: ComponentId,
    pub field: FieldPath,
    pub shape: Generate,
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretSource::Environment(name) => write!(f, "variable {name}"),
            SecretSource::File(path) => write!(f, "file {}", path.display()),
            // Arguments may themselves be telling, so the program alone is named.
            SecretSource::Command(words) => {
                write!(f, "command {}", words.first().map_or("", String::as_str))
            }
            SecretSource::Generated(_) => f.write_str("generated"),
        }
    }
}

/// The text of a secret. Cannot be printed or compared, and is wiped when dropped.
#[derive(Debug, Clone)]
pub struct Secret(SecretString);

impl Secret {
    pub fn new(text: String) -> Self {
        Secret(SecretString::from(text))
    }

    /// The text itself. Called where it must become part of a package, and nowhere else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Why a secret could not be had. Says where it was looked for, never what was found.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the process variable {0} is not set")]
    VariableUnset(String),
    #[error("the process variable {0} is not valid UTF-8")]
    VariableNotUtf8(String),
    #[error("cannot read the file {}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the file {} is not valid UTF-8", .0.display())]
    FileNotUtf8(PathBuf),
    #[error("the file {} is larger than {MAX_SECRET_BYTES} bytes", .0.display())]
    FileTooLarge(PathBuf),
    #[error("cannot run the command {program}")]
    Command { program: String, source: io::Error },
    #[error("the command {program} ended with {status}")]
    CommandFailed { program: String, status: std::process::ExitStatus },
    #[error("the command {0} did not print UTF-8")]
    CommandNotUtf8(String),
    #[error("the operating system gave no random bytes")]
    Random,
}

/// No key or certificate of an org is larger.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// Reads one secret from where it lives, or makes it. Blocks while a command runs.
pub fn read(source: &SecretSource) -> Result<Secret, Error> {
    match source {
        SecretSource::Environment(name) => match std::env::var(name) {
            Ok(text) => Ok(Secret::new(text)),
            Err(std::env::VarError::NotPresent) => Err(Error::VariableUnset(name.clone())),
            Err(std::env::VarError::NotUnicode(_)) => Err(Error::VariableNotUtf8(name.clone())),
        },
        SecretSource::File(path) => read_file(path),
        SecretSource::Command(words) => run(words),
        SecretSource::Generated(generated) => generate(generated.shape),
    }
}

fn read_file(path: &Path) -> Result<Secret, Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let mut bytes = Zeroizing::new(Vec::new());
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_SECRET_BYTES + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_SECRET_BYTES {
        return Err(Error::FileTooLarge(path.to_owned()));
    }
    text(&mut bytes).ok_or_else(|| Error::FileNotUtf8(path.to_owned()))
}

fn run(words: &[String]) -> Result<Secret, Error> {
    let (program, arguments) = words.split_first().expect("a command has a program: checked when read");
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Error::Command { program: program.clone(), source })?;
    let mut bytes = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(Error::CommandFailed { program: program.clone(), status: output.status });
    }
    // Programs end their output with a line break that is not part of the secret, as `$(...)` knows.
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    text(&mut bytes).ok_or_else(|| Error::CommandNotUtf8(program.clone()))
}

/// Moves the bytes into a string without leaving a copy behind.
fn text(bytes: &mut Zeroizing<Vec<u8>>) -> Option<Secret> {
    match String::from_utf8(std::mem::take(&mut **bytes)) {
        Ok(text) => Some(Secret::new(text)),
        Err(error) => {
            error.into_bytes().zeroize();
            None
        }
    }
}

/// Letters and digits: what the platform documents for keys and secrets (CA-11, CA-12).
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

fn generate(shape: Generate) -> Result<Secret, Error> {
    let length = match shape {
        Generate::ConsumerKey => 85,
        Generate::ConsumerSecret => 64,
    };
    let mut made = String::with_capacity(length);
    let mut random = Zeroizing::new([0_u8; 64]);
    while made.len() < length {
        getrandom::fill(&mut *random).map_err(|_| Error::Random)?;
        // Bytes of 248 and above are dropped: with them the first letters would come up more often.
        let usable = random.iter().filter(|byte| **byte < 248);
        made.extend(usable.take(length - made.len()).map(|byte| ALPHABET[usize::from(byte % 62)] as char));
    }
    Ok(Secret::new(made))
}

/// The secrets of one deployment, by where they live.
#[derive(Debug, Default)]
pub struct Secrets(BTreeMap<SecretSource, Secret>);

impl Secrets {
    pub fn insert(&mut self, source: SecretSource, secret: Secret) {
        self.0.insert(source, secret);
    }

    pub fn get(&self, source: &SecretSource) -> Option<&Secret> {
        self.0.get(source)
    }

    /// The generated ones, for `--secret-out`.
    pub fn generated(&self) -> impl Iterator<Item = (&Generated, &Secret)> {
        self.0.iter().filter_map(|(source, secret)| match source {
            SecretSource::Generated(generated) => Some((&**generated, secret)),
            _ => None,
        })
    }
}

/// What is wrong with a text that should be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    Empty,
    /// A word that some tool put there in place of the secret.
    Placeholder,
    TrailingNewline,
    /// Shorter than 32 characters (CA-13).
    TooShort(usize),
    /// Longer than this many characters.
    TooLong(usize),
    /// Not a letter or digit, at this position from 1.
    Character(usize),
}

/// Words that tools leave where a secret was: retrieve's mask (AP-22), scrubbers, unfilled templates.
pub fn is_placeholder(text: &str) -> bool {
    let trimmed = text.trim();
    let upper = trimmed.to_ascii_uppercase();
    let wrapped = |open: &str, close: &str| {
        trimmed.len() > open.len() + close.len() && trimmed.starts_with(open) && trimmed.ends_with(close)
    };
    ["PLACEHOLDER_VALUE", "PLACEHOLDER", "REDACTED", "CHANGEME", "CHANGE_ME", "TODO", "XXX"]
        .contains(&upper.as_str())
        || upper.starts_with("[REDACTED]")
        || upper.starts_with("HIDDEN_BY_")
        || upper.starts_with("YOUR_")
        || upper.starts_with("YOUR-")
        || upper.starts_with("REPLACE_WITH")
        || upper.starts_with("REPLACE-WITH")
        || upper.starts_with("<YOUR")
        || wrapped("${", "}")
        || wrapped("{{", "}}")
        || wrapped("%%", "%%")
        || wrapped("<", ">")
        || (trimmed.len() >= 6 && trimmed.bytes().all(|byte| byte == b'*' || byte == b'-'))
        // A PEM block begins and ends like this as well, over many lines.
        || (wrapped("----", "----") && !trimmed.contains('\n'))
}

/// A long word that nobody chose, in a field where secrets are often kept, is taken for one, and so is what
/// follows the name of an authentication scheme: `Bearer ...`.
pub fn looks_like_one(field: &Field, text: &str) -> bool {
    let is_word =
        |text: &str| text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.+/=".contains(letter));
    let follows_scheme = text.trim().split_once(' ').is_some_and(|(scheme, rest)| {
        let is_scheme =
            ["bearer", "basic", "token", "apikey"].contains(&scheme.to_ascii_lowercase().as_str());
        is_scheme && rest.len() >= 8 && is_word(rest)
    });
    !field.org_bound
        && !is_consumer_key(text)
        && field.generate.is_none()
        && matches!(field.kind, Kind::Text)
        && field.names.is_none()
        && !field.name.to_ascii_lowercase().ends_with("key")
        && (follows_scheme || is_word(text) && is_random(text))
}

/// Whether a word reads like one that nobody chose: letters of both sizes and digits, or many hexadecimal digits, as
/// in the UUIDs that services hand out as keys.
/// Names in small letters, such as those of hosts and projects, do not.
fn is_random(word: &str) -> bool {
    let has = |of: fn(&u8) -> bool| word.bytes().any(|byte| of(&byte));
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    let is_hexadecimal =
        has(u8::is_ascii_digit) && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    word.len() >= 20 && is_mixed || word.len() >= 32 && is_hexadecimal
}

/// A key that Salesforce made for an app, wherever it stands (CA-12).
pub fn is_consumer_key(text: &str) -> bool {
    text.starts_with("3MVG9")
        && text.len() >= 20
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "._".contains(letter))
}

/// Checks what is true of every secret; `None` means usable.
pub fn flaw(text: &str) -> Option<Flaw> {
    if text.trim().is_empty() {
        Some(Flaw::Empty)
    } else if is_placeholder(text) {
        Some(Flaw::Placeholder)
    } else if text.ends_with(['\n', '\r']) {
        Some(Flaw::TrailingNewline)
    } else {
        None
    }
}

/// Checks a consumer secret: letters and digits, from 32 (CA-13), up to `longest` characters.
pub fn consumer_secret_flaw(text: &str, longest: usize) -> Option<Flaw> {
    let length = text.chars().count();
    if let Some(position) = text.chars().position(|letter| !letter.is_ascii_alphanumeric()) {
        Some(Flaw::Character(position + 1))
    } else if length < 32 {
        Some(Flaw::TooShort(length))
    } else if length > longest {
        Some(Flaw::TooLong(length))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_nobody_chose_are_told_from_names() {
        for random in [
            "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5",
            "0123456789abcdef0123456789abcdef",
            "01234567-89ab-4cde-8f01-23456789abcd",
            "A1b2C3d4E5f6G7h8I9j0",
        ] {
            assert!(is_random(random), "{random}");
        }
        for name in [
            "oauth2.googleapis.example",
            "salesforce_sandbox_2026_integration",
            "Short1",
            "ClientCredentialsJwtAssertion",
        ] {
            assert!(!is_random(name), "{name}");
        }
    }

    #[test]
    fn a_secret_cannot_be_printed() {
        let secret = Secret::new("canary".to_owned());
        assert!(!format!("{secret:?}").contains("canary"));
        let mut secrets = Secrets::default();
        secrets.insert(SecretSource::Environment("X".to_owned()), secret);
        assert!(!format!("{secrets:?}").contains("canary"));
    }

    #[test]
    fn generated_values_have_the_platforms_length_and_alphabet() {
        for (shape, length) in [(Generate::ConsumerKey, 85), (Generate::ConsumerSecret, 64)] {
            let (one, two) = (generate(shape).unwrap(), generate(shape).unwrap());
            assert_eq!(one.expose().len(), length);
            assert!(one.expose().bytes().all(|byte| byte.is_ascii_alphanumeric()));
            assert_ne!(one.expose(), two.expose());
        }
    }

    #[test]
    fn words_that_tools_leave_behind_are_placeholders() {
        for word in [
            "Placeholder_Value",
            "REDACTED",
            "HIDDEN_BY_SFDX_HARDIS",
            "${SECRET}",
            "{{SECRET}}",
            "%%SECRET%%",
            "YOUR_CLIENT_SECRET",
            "REPLACE-WITH-SECRET",
            "----CONSUMER KEY----",
            "********",
        ] {
            assert_eq!(flaw(word), Some(Flaw::Placeholder), "{word}");
        }
        let pem = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n".trim_end();
        for word in ["a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6", "${a}b", "yourself", pem] {
            assert_eq!(flaw(word), None, "{word}");
        }
    }

    #[test]
    fn flaws_of_consumer_secrets_are_told_apart() {
        let good = "a".repeat(32);
        assert_eq!(flaw(&format!("{good}\n")), Some(Flaw::TrailingNewline));
        assert_eq!(flaw("  "), Some(Flaw::Empty));
        assert_eq!(consumer_secret_flaw(&good, 100), None);
        assert_eq!(consumer_secret_flaw(&"a".repeat(31), 100), Some(Flaw::TooShort(31)));
        assert_eq!(consumer_secret_flaw(&"a".repeat(101), 100), Some(Flaw::TooLong(101)));
        assert_eq!(consumer_secret_flaw("abc-def", 100), Some(Flaw::Character(4)));
    }

    #[test]
    fn a_commands_final_line_break_is_not_part_of_the_secret() {
        let command = |script: &str| vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()];
        assert_eq!(run(&command("echo abc")).unwrap().expose(), "abc");
        assert_eq!(run(&command("printf 'abc\\n\\n'")).unwrap().expose(), "abc\n");
        let failed = run(&command("echo abc; exit 3")).unwrap_err().to_string();
        assert_eq!(failed, "the command sh ended with exit status: 3");
    }
}
