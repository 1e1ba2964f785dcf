//! The policy of My Domain as a retrieve tells it (SE-23). Nothing describes these settings here, so that a manifest cannot
//! have them and a deployment cannot change them: only who asks for them by name gets their file. Names and suffix are left
//! out, for the org has none.

use super::clock::Moment;
use super::people;
use super::retrieve::FileProperties;
use super::state::State;
use super::xml::{METADATA, Node};

pub(super) const PATH: &str = "settings/MyDomain.settings";

/// Whether these are the settings that somebody asks for.
pub(super) fn is_meant(type_name: &str, member: &str) -> bool {
    type_name == "Settings" && member == "MyDomain"
}

pub(super) fn file(state: &State) -> String {
    let policy = state.setup.my_domain();
    let switches = [
        ("canOnlyLoginWithMyDomainUrl", policy.can_only_login_with_my_domain_url),
        ("doesApiLoginRequireOrgDomain", policy.does_api_login_require_org_domain),
    ];
    let nodes = switches.map(|(name, on)| Node::leaf(name, if on { "true" } else { "false" }));
    Node::group("MyDomainSettings", nodes.to_vec()).with("xmlns", METADATA).to_file()
}

/// Settings without a record have no id.
pub(super) fn properties(state: &State, folder: &str) -> FileProperties {
    let admin = &people::of(&state.identity)[0];
    let created: Moment = state.identity.created;
    FileProperties {
        id: String::new(),
        type_name: "Settings".to_owned(),
        full_name: "MyDomain".to_owned(),
        file_name: format!("{folder}{PATH}"),
        created,
        modified: created,
        by_id: admin.id.clone(),
        by_name: admin.full_name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::retrieve::{RetrieveRequest, retrieve};

    /// The paths of the files that come back.
    fn files(member: &str) -> Vec<String> {
        let request = RetrieveRequest {
            version: 62,
            single_package: true,
            types: vec![("Settings".to_owned(), vec![member.to_owned()])],
            specific_files: Vec::new(),
            package_names: Vec::new(),
        };
        let retrieved = retrieve(&State::new().unwrap(), &request);
        retrieved.files.into_iter().map(|file| file.file_name).collect()
    }

    #[test]
    fn the_policy_comes_back_to_those_who_name_it() {
        assert!(files("MyDomain").contains(&"unpackaged/settings/MyDomain.settings".to_owned()));
        assert!(!files("*").iter().any(|path| path.contains("MyDomain")));
        let file = file(&State::new().unwrap());
        assert!(file.contains("<canOnlyLoginWithMyDomainUrl>false</canOnlyLoginWithMyDomainUrl>"), "{file}");
    }
}
