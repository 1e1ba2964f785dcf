//! Which of several local orgs starts as a sandbox copied from which other, and in what order they can start.

use std::collections::BTreeMap;

use crate::cli::{OrgToCopy, OrgToServe};
use crate::command::{Failure, Trouble};

/// The source of each copy, by the copy's name.
pub struct Copies<'a>(BTreeMap<&'a str, &'a str>);

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Wrong {
    #[error("`--copy {copy}` names the org `{name}`, which is not served")]
    NotServed { copy: String, name: String },
    #[error("`{0}` cannot be a copy of two orgs")]
    TwoSources(String),
    #[error("`{0}` cannot be a copy of itself")]
    Circle(String),
    #[error("`{0}` is a copy, so it is a sandbox and has the edition of the org it is copied from")]
    KindIsGiven(String),
}

impl Wrong {
    fn help(&self) -> String {
        match self {
            Wrong::NotServed { name, .. } => format!("serve it as well: --org {name}"),
            Wrong::TwoSources(name) => format!("keep one --copy SOURCE:{name}"),
            Wrong::Circle(_) => "begin with an org that is no copy".to_owned(),
            Wrong::KindIsGiven(name) => {
                format!("leave `edition`, `production` and `sandbox` out of --org {name}")
            }
        }
    }
}

impl<'a> Copies<'a> {
    pub fn of(typed: &'a [OrgToCopy], served: &[OrgToServe]) -> Result<Copies<'a>, Failure> {
        check(typed, served).map_err(|wrong| {
            let help = wrong.help();
            Failure::new(Trouble::Usage, wrong).help(help)
        })
    }

    pub fn source(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).copied()
    }

    /// How many orgs have to be there before this one; `None` where that never ends.
    pub fn depth(&self, name: &str) -> Option<usize> {
        let mut depth = 0;
        let mut name = name;
        while let Some(source) = self.source(name) {
            depth += 1;
            name = source;
            if depth > self.0.len() {
                return None;
            }
        }
        Some(depth)
    }
}

fn check<'a>(typed: &'a [OrgToCopy], served: &[OrgToServe]) -> Result<Copies<'a>, Wrong> {
    let mut copies = Copies(BTreeMap::new());
    for OrgToCopy { source, name } in typed {
        let is_missing = |name: &&String| !served.iter().any(|org| org.name == **name);
        if let Some(missing) = [source, name].into_iter().find(is_missing) {
            return Err(Wrong::NotServed { copy: format!("{source}:{name}"), name: missing.clone() });
        }
        if copies.0.insert(name, source).is_some_and(|other| other != source) {
            return Err(Wrong::TwoSources(name.clone()));
        }
    }
    for org in served.iter().filter(|org| copies.source(&org.name).is_some()) {
        if copies.depth(&org.name).is_none() {
            return Err(Wrong::Circle(org.name.clone()));
        }
        if org.edition.is_some() || org.production.is_some() || org.sandbox == Some(false) {
            return Err(Wrong::KindIsGiven(org.name.clone()));
        }
    }
    Ok(copies)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn org(name: &str) -> OrgToServe {
        OrgToServe { name: name.to_owned(), ..OrgToServe::default() }
    }

    fn copy(source: &str, name: &str) -> OrgToCopy {
        OrgToCopy { source: source.to_owned(), name: name.to_owned() }
    }

    #[test]
    fn a_copy_of_a_copy_comes_last() {
        let typed = [copy("uat", "dev"), copy("production", "uat")];
        let copies = check(&typed, &[org("dev"), org("production"), org("uat")]).unwrap_or_else(|_| panic!());
        let depths = ["production", "uat", "dev"].map(|name| copies.depth(name));
        assert_eq!(depths, [Some(0), Some(1), Some(2)]);
        assert_eq!((copies.source("dev"), copies.source("production")), (Some("uat"), None));
    }

    #[test]
    fn copies_that_cannot_be_are_told_why() {
        let served = [org("a"), org("b"), OrgToServe { production: Some(true), ..org("c") }];
        let wrong = |typed: &[OrgToCopy]| check(typed, &served).err().unwrap();
        let missing = Wrong::NotServed { copy: "x:a".to_owned(), name: "x".to_owned() };
        assert_eq!(wrong(&[copy("x", "a")]), missing);
        assert_eq!(wrong(&[copy("a", "a")]), Wrong::Circle("a".to_owned()));
        assert_eq!(wrong(&[copy("a", "b"), copy("b", "a")]), Wrong::Circle("a".to_owned()));
        assert_eq!(wrong(&[copy("a", "b"), copy("c", "b")]), Wrong::TwoSources("b".to_owned()));
        assert_eq!(wrong(&[copy("a", "c")]), Wrong::KindIsGiven("c".to_owned()));
    }
}
