//! Rules of settings, which exist once per org: what is left out stays, and nothing is ever created or deleted.

use super::{Accepted, Incoming, Problem, Severity, group};
use crate::component::{FieldPath, Fields, Group, Kind, Scalar, Step, Tree};

/// SE-22: elements that an org has only after Support enabled API Access Control.
pub(in crate::simulator) const API_ACCESS_CONTROL: [&str; 2] =
    ["enableAdminApprovedAppsOnly", "enableAdminApprovedAppsOnlyForExternalUser"];

/// An element marked as having no value is read as left out ("XML form" of the type reference).
pub(super) fn without_nils(fields: &Fields<Scalar>) -> Fields<Scalar> {
    let mut kept = Fields::new();
    for (name, value) in fields {
        match value {
            Tree::Leaf(Scalar::Nil) => {}
            Tree::Group(inner) => drop(kept.insert(name.clone(), Tree::Group(without_nils(inner)))),
            value => drop(kept.insert(name.clone(), value.clone())),
        }
    }
    kept
}

pub(super) fn check(incoming: &Incoming, accepted: &mut Accepted) -> Result<(), Problem> {
    // SE-6: the list of networks replaces the one that was there, and an empty element empties it.
    if let Some(network @ Tree::Group(_)) = incoming.sent.get("networkAccess") {
        accepted.fields.insert("networkAccess".into(), network.clone());
    }
    for name in API_ACCESS_CONTROL.iter().filter(|name| incoming.sent.contains_key(name)) {
        accepted.remarks.push(Problem {
            severity: Severity::Info,
            text: format!(
                "{name}: an org has this element only after Support enabled API Access Control \
                 (rehearsal note, SE-22)"
            ),
            at: None,
        });
    }
    match incoming.stored {
        Some(stored) => {
            check_irreversible(&incoming.kind.fields, &FieldPath::root(), &stored.fields, &accepted.fields)
        }
        None => Ok(()),
    }
}

/// What can be turned on and never off again, by the description.
fn check_irreversible(
    described: &Group,
    at: &FieldPath,
    stored: &Fields<Scalar>,
    accepted: &Fields<Scalar>,
) -> Result<(), Problem> {
    let told = |fields: &Fields<Scalar>, name: &str| {
        fields.get(name).and_then(Tree::as_leaf).map(ToString::to_string)
    };
    for field in &described.fields {
        let path = at.element(field.name.clone());
        if let Kind::Group(inner) = &field.kind {
            if let (Some(stored), Some(accepted)) = (group(stored, &field.name), group(accepted, &field.name))
            {
                check_irreversible(inner, &path, stored, accepted)?;
            }
        } else if field.irreversible.is_some()
            && told(stored, &field.name) == field.irreversible
            && told(accepted, &field.name) != field.irreversible
        {
            let steps = path.0.iter().filter_map(|step| match step {
                Step::Element(name) => Some(name.as_ref()),
                _ => None,
            });
            let name = steps.collect::<Vec<_>>().join(".");
            return Err(Problem::error(format!("{name}: can't be taken back (rehearsal wording)")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::Org;
    use super::super::{flag, text};
    use super::*;

    fn security(org: &Org) -> &Fields<Scalar> {
        org.fields("SecuritySettings", "Security")
    }

    #[test]
    fn what_is_left_out_of_settings_stays() {
        let mut org = Org::new();
        let lock = "<sessionSettings><lockSessionsToIp>true</lockSessionsToIp></sessionSettings>";
        org.save("SecuritySettings", "Security", lock).unwrap();
        let session = group(security(&org), "sessionSettings").unwrap();
        assert_eq!(flag(session, "lockSessionsToIp"), Some(true));
        assert_eq!(text(session, "sessionTimeout"), Some("TwoHours"));
    }

    #[test]
    fn the_list_of_networks_replaces_the_whole_list_and_an_empty_one_empties_it() {
        let mut org = Org::new();
        let range = |start: &str| {
            format!(
                "<networkAccess><ipRanges><end>{start}</end><start>{start}</start></ipRanges></networkAccess>"
            )
        };
        let count = |org: &Org| {
            let network = group(security(org), "networkAccess").unwrap();
            network.get("ipRanges").map_or(0, |ranges| match ranges {
                Tree::List(items) => items.len(),
                _ => 1,
            })
        };
        org.save("SecuritySettings", "Security", &range("10.0.0.1")).unwrap();
        org.save("SecuritySettings", "Security", &range("10.0.0.2")).unwrap();
        assert_eq!(count(&org), 1);
        org.save("SecuritySettings", "Security", "<enableCoepHeader>true</enableCoepHeader>").unwrap();
        assert_eq!(count(&org), 1);
        org.save("SecuritySettings", "Security", "<networkAccess/>").unwrap();
        assert_eq!(count(&org), 0);
    }

    #[test]
    fn an_element_without_value_is_as_if_it_were_left_out() {
        let mut org = Org::new();
        let nil = "<canUsersGrantLoginAccess xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"/>";
        org.save("SecuritySettings", "Security", nil).unwrap();
        assert_eq!(flag(security(&org), "canUsersGrantLoginAccess"), Some(true));
    }

    #[test]
    fn access_control_is_taken_with_a_note() {
        let mut org = Org::new();
        let on = "<enableAdminApprovedAppsOnly>true</enableAdminApprovedAppsOnly>";
        let notes = org.save("ConnectedAppSettings", "ConnectedApp", on).unwrap();
        assert!(notes[0].starts_with("Info: ") && notes[0].contains("SE-22"), "{notes:?}");
    }

    #[test]
    fn settings_have_one_name() {
        let error = Org::new().save("SecuritySettings", "Other", "").unwrap_err();
        assert_eq!(
            error,
            "settings/Other.settings is not a valid metadata object. Check the name and casing of the file."
        );
    }
}
