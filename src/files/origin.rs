//! What was typed as the source of an import or a side of a comparison -> [`Origin`].

use std::path::PathBuf;

/// Something that holds components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `git:REVISION` or `git:REVISION:PATH`, relative to the current folder; the path is empty if it was left out.
    Revision { revision: String, path: String },
    /// `org:NAME`.
    Org(String),
    /// `env:NAME`: the project as it is for that environment.
    Environment(String),
    /// Anything else: a folder, a file or a zip. A file whose name begins with `git:` is `./git:...`.
    Path(PathBuf),
}

/// Tells by the prefix what is meant; whether it exists is found out when it is opened.
pub fn origin(text: &str) -> Origin {
    if let Some(rest) = text.strip_prefix("git:") {
        let (revision, path) = split(rest);
        return Origin::Revision { revision: revision.to_owned(), path: path.to_owned() };
    }
    if let Some(name) = text.strip_prefix("org:") {
        return Origin::Org(name.to_owned());
    }
    if let Some(name) = text.strip_prefix("env:") {
        return Origin::Environment(name.to_owned());
    }
    Origin::Path(PathBuf::from(text))
}

/// Splits as git splits `REVISION:PATH`: at the first colon that is not inside braces. Names of branches and
/// tags cannot have a colon, a time in `main@{2026-01-31 12:00}` can; a path may have as many as it likes.
fn split(text: &str) -> (&str, &str) {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ':' if depth == 0 => return (&text[..at], &text[at + 1..]),
            _ => {}
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_tells_what_is_meant() {
        let revision = |revision: &str, path: &str| Origin::Revision {
            revision: revision.to_owned(),
            path: path.to_owned(),
        };
        for (typed, meant) in [
            ("git:origin/main", revision("origin/main", "")),
            ("git:v1.2:", revision("v1.2", "")),
            ("git:HEAD~3:manifests/axsy.toml", revision("HEAD~3", "manifests/axsy.toml")),
            ("git:HEAD:a:b", revision("HEAD", "a:b")),
            ("git:main@{2026-01-31 12:00}:a", revision("main@{2026-01-31 12:00}", "a")),
            ("git:", revision("", "")),
            ("org:uat", Origin::Org("uat".to_owned())),
            ("env:production", Origin::Environment("production".to_owned())),
            ("manifests", Origin::Path("manifests".into())),
            ("./git:main", Origin::Path("./git:main".into())),
            ("C:\\manifests", Origin::Path("C:\\manifests".into())),
            ("organisation", Origin::Path("organisation".into())),
        ] {
            assert_eq!(origin(typed), meant, "{typed}");
        }
    }
}
