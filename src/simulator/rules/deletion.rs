//! Deleting components: what stays because the org cannot be without it or something names it, and what goes along.

use super::{Problem, external_client_app, references};
use crate::component::{self, Type};
use crate::simulator::first_day;
use crate::simulator::state::{Component, Holdings};

/// What a deletion did.
#[derive(Debug)]
pub(in crate::simulator) struct Deleted {
    pub id: String,
    /// Types and names of everything that is gone.
    pub touched: Vec<(String, String)>,
}

/// Why nothing was deleted.
#[derive(Debug)]
pub(in crate::simulator) enum Refusal {
    /// There is no such component.
    Absent,
    /// These refer to it (MD-40, last clause).
    InUse(Vec<String>),
    Refused(Problem),
}

pub(in crate::simulator) fn delete(
    holdings: &mut Holdings,
    kind: &Type,
    name: &str,
) -> Result<Deleted, Refusal> {
    let Some(component) = holdings.get(&kind.name, name) else { return Err(Refusal::Absent) };
    let id = component.id.clone();
    if kind.member.fixed.is_some() {
        let text =
            format!("{} {name} exists once in every org and can't be deleted (rehearsal wording)", kind.name);
        return Err(Refusal::Refused(Problem::error(text)));
    }
    if kind.name == "Profile" && first_day::is_standard_profile(name) {
        let text = format!("{name} is a standard profile and can't be deleted (rehearsal wording)");
        return Err(Refusal::Refused(Problem::error(text)));
    }
    let mut touched = external_client_app::satellites(holdings, kind, name);
    let mut used = referrers(holdings, kind, name);
    used.retain(|referrer| !touched.contains(referrer));
    if !used.is_empty() {
        let told = used.iter().map(|(type_name, name)| format!("{type_name} {name}"));
        return Err(Refusal::InUse(told.collect()));
    }
    touched.push((kind.name.clone(), name.to_owned()));
    for (type_name, name) in &touched {
        let burn = component::type_named(type_name).is_some_and(|kind| kind.member.burnt_after_deletion); // AP-5
        holdings.remove(type_name, name, burn);
    }
    Ok(Deleted { id, touched })
}

/// Types and names of the components that refer to this one.
fn referrers(holdings: &Holdings, kind: &Type, name: &str) -> Vec<(String, String)> {
    let refers = |other: &'static Type, component: &Component| {
        let mut found = false;
        references::each_name(&other.fields, &component.fields, &mut |_, named, named_name| {
            found |= named.name == kind.name && named_name == name;
        });
        found
    };
    component::types()
        .iter()
        .flat_map(|other| {
            let components = holdings.of_type(&other.name);
            let referring = components.filter(|(_, component)| refers(other, component));
            referring.map(|(full_name, _)| (other.name.clone(), full_name.to_owned())).collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::Org;
    use super::*;
    use crate::component::type_named;

    fn refused(org: &mut Org, type_name: &str, name: &str) -> String {
        format!("{:?}", delete(&mut org.holdings, type_named(type_name).unwrap(), name).unwrap_err())
    }

    #[test]
    fn an_auth_provider_in_use_has_referrers() {
        let mut org = Org::new();
        org.save(
            "AuthProvider",
            "P",
            "<friendlyName>P</friendlyName><providerType>Salesforce</providerType>",
        )
        .unwrap();
        let credential = "<authProvider>P</authProvider><endpoint>https://a.b</endpoint><label>N</label>\
                          <principalType>NamedUser</principalType><protocol>Oauth</protocol>";
        org.save("NamedCredential", "N", credential).unwrap();
        assert_eq!(refused(&mut org, "AuthProvider", "P"), "InUse([\"NamedCredential N\"])");
        assert_eq!(refused(&mut org, "AuthProvider", "Q"), "Absent");
        let kind = type_named("NamedCredential").unwrap();
        delete(&mut org.holdings, kind, "N").unwrap();
        delete(&mut org.holdings, type_named("AuthProvider").unwrap(), "P").unwrap();
    }

    #[test]
    fn a_provider_that_a_parameter_names_is_in_use() {
        let mut org = Org::new();
        let provider = "<friendlyName>P</friendlyName><providerType>Salesforce</providerType>";
        org.save("AuthProvider", "P", provider).unwrap();
        let credential = "<authenticationProtocol>Oauth</authenticationProtocol><externalCredentialParameters>\
                          <authProvider>P</authProvider><parameterName>AuthProvider</parameterName>\
                          <parameterType>AuthProvider</parameterType></externalCredentialParameters><label>E</label>";
        org.save("ExternalCredential", "E", credential).unwrap();
        assert_eq!(refused(&mut org, "AuthProvider", "P"), "InUse([\"ExternalCredential E\"])");
    }

    #[test]
    fn settings_and_standard_profiles_stay() {
        let mut org = Org::new();
        assert!(refused(&mut org, "SecuritySettings", "Security").contains("can't be deleted"));
        assert!(refused(&mut org, "Profile", "Admin").contains("can't be deleted"));
    }
}
