//! `guide = "axsy"`: the vendor's guide that a manifest follows. What it asks for is in the module `guide`.

use std::fmt;

/// A guide that orgwire knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guide {
    Axsy,
    Logik,
    Ampersand,
    Cyclr,
    Agilepoint,
}

impl Guide {
    pub const ALL: [Guide; 5] =
        [Guide::Axsy, Guide::Logik, Guide::Ampersand, Guide::Cyclr, Guide::Agilepoint];

    /// As manifests spell it.
    pub fn key(self) -> &'static str {
        match self {
            Guide::Axsy => "axsy",
            Guide::Logik => "logik",
            Guide::Ampersand => "ampersand",
            Guide::Cyclr => "cyclr",
            Guide::Agilepoint => "agilepoint",
        }
    }

    pub fn find(key: &str) -> Option<Guide> {
        Guide::ALL.into_iter().find(|guide| guide.key() == key)
    }
}

impl fmt::Display for Guide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}
