//! What kind of org it is: its edition, and whether it is a production org or a sandbox. What follows from that is
//! asked here, so that no other module compares editions.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Editions as `OrganizationType` tells them apart (SE-32).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edition {
    Group,
    Professional,
    Enterprise,
    Performance,
    Unlimited,
    #[default]
    Developer,
}

impl Edition {
    pub const ALL: [Edition; 6] = [
        Edition::Group,
        Edition::Professional,
        Edition::Enterprise,
        Edition::Performance,
        Edition::Unlimited,
        Edition::Developer,
    ];

    /// In small letters, as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Edition::Group => "group",
            Edition::Professional => "professional",
            Edition::Enterprise => "enterprise",
            Edition::Performance => "performance",
            Edition::Unlimited => "unlimited",
            Edition::Developer => "developer",
        }
    }

    /// Team Edition is what the API calls Group Edition; Performance Edition is told as Unlimited by nobody, so it has
    /// its own name here (SE-32 lists none).
    pub(super) fn organization_type(self) -> &'static str {
        match self {
            Edition::Group => "Team Edition",
            Edition::Professional => "Professional Edition",
            Edition::Enterprise => "Enterprise Edition",
            Edition::Performance => "Performance Edition",
            Edition::Unlimited => "Unlimited Edition",
            Edition::Developer => "Developer Edition",
        }
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Nature {
    pub edition: Edition,
    /// With the stricter rules for deployments (MD-4, MD-5, MD-7).
    pub production: bool,
    pub sandbox: bool,
}

impl Nature {
    /// SE-30, SE-31: the others have none, or sell it apart.
    pub(super) fn has_api(self) -> bool {
        !matches!(self.edition, Edition::Group | Edition::Professional)
    }

    /// AP-6
    pub(super) fn has_auth_providers(self) -> bool {
        self.has_api()
    }

    /// purgeOnDelete (MD-4).
    pub(super) fn may_purge(self) -> bool {
        self.sandbox || (self.edition == Edition::Developer && !self.production)
    }
}
