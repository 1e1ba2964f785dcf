//! What an org has told a doctor beyond its components: plain data, which others gather. What could not be asked is
//! `None`, and nothing is concluded from it.

use std::collections::{BTreeMap, BTreeSet};

use crate::component::{ComponentId, FieldPath, Fields, Scalar, Tree};
use crate::verify::authorize::{Answer, Ask};
use crate::verify::standing::Approval;

/// An org's answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Such as `Developer Edition`.
    pub edition: Option<String>,
    pub instance_url: String,
    /// Why the components could not be read, if they could not.
    pub refused: Option<Refused>,
    /// The newest API version that the org has.
    pub newest_api: Option<u16>,
    pub own: Option<Person>,
    /// Permissions of the login by their names in metadata. Those that the org does not know are absent.
    pub rights: Option<BTreeMap<String, bool>>,
    /// Those that somebody has named, by the name that was given; `None` where nobody is called so.
    pub people: BTreeMap<String, Option<Person>>,
    /// Settings, session settings of profiles and profiles, whether the manifests have them or not.
    pub settings: Option<BTreeMap<ComponentId, Fields<Scalar>>>,
    pub my_domain: Option<MyDomain>,
    pub creation: Creation,
    pub probes: Vec<(Ask, Answer)>,
    pub approvals: Option<Vec<Approval>>,
    pub logins: Option<Vec<LoginRow>>,
    pub limits: Option<Vec<Limit>>,
    /// What came of the client credentials flow, where it was tried.
    pub tokens: Vec<Tried>,
}

/// A refusal in the org's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub code: String,
    pub message: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.code, self.message)
    }
}

/// A user of the org.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    pub id: String,
    pub username: String,
    pub is_active: bool,
    /// As people see it (CA-52).
    pub profile: String,
    pub license: String,
    /// By their names in metadata; `None` where the org does not tell.
    pub permissions: Option<BTreeSet<String>>,
    /// Names, labels and ids of the permission sets they have.
    pub sets: BTreeSet<String>,
    /// What they may do with the records of objects; `None` where the org does not tell.
    pub objects: Option<BTreeMap<String, Access>>,
}

impl Person {
    /// Whether they have a permission, if the org tells.
    pub fn may(&self, permission: &str) -> Option<bool> {
        self.permissions.as_ref().map(|all| all.contains(permission))
    }
}

/// What somebody may do with the records of an object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Access {
    pub read: bool,
    pub create: bool,
    pub edit: bool,
}

/// What came of the check-only deployment of an app that is not there yet (CA-74).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Creation {
    /// The plan creates no connected app.
    #[default]
    NotNeeded,
    /// There was no asking, for this reason.
    Unasked(String),
    Allowed,
    /// The org refused the bare app; in its words.
    Refused(String),
}

/// What the login hosts may still be used for (SE-23).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MyDomain {
    /// People log in at the org's own address only.
    pub only_own_pages: bool,
    /// Programs get tokens there only.
    pub only_own_tokens: bool,
}

/// A row of the login history (6.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginRow {
    pub user_id: String,
    pub application: String,
    pub sub_type: String,
    pub status: String,
    pub source: String,
    pub time: String,
}

/// A limit of the org (SE-34).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    pub name: String,
    pub most: u64,
    pub left: u64,
}

/// An app that was to get a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    pub component: ComponentId,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Given {
        is_jwt: bool,
    },
    Refused(Refused),
    /// Nobody here could try, for this reason.
    Untried(String),
}

impl Told {
    /// Everybody that is named, and is there.
    pub fn everybody(&self) -> impl Iterator<Item = &Person> {
        self.people.values().flatten()
    }

    /// A switch of `SecuritySettings`, `ConnectedAppSettings` or `OauthOidcSettings`.
    pub fn switch(&self, type_name: &str, path: &str) -> Option<bool> {
        let found = self.settings.as_ref()?.iter().find(|(id, _)| id.kind.name == type_name)?;
        match found.1.at(&FieldPath::of(path))? {
            Tree::Leaf(Scalar::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    /// The components of a type among the settings.
    pub fn settings_of<'a>(
        &'a self,
        type_name: &'a str,
    ) -> impl Iterator<Item = (&'a ComponentId, &'a Fields<Scalar>)> {
        self.settings.iter().flatten().filter(move |(id, _)| id.kind.name == type_name)
    }
}
