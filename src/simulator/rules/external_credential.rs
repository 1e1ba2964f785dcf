//! Rules of external credentials. What they name must be there (EC-43), which is checked with all references; what
//! they hold is never a secret (EC-44), because no element is described for one.

use super::{Accepted, Incoming, Problem, items, leaf, text};
use crate::component::{Fields, Scalar, Tree};
use crate::simulator::state::Holdings;

/// Types of parameters that stand for somebody who logs in.
const PRINCIPALS: [&str; 3] = ["NamedPrincipal", "PerUserPrincipal", "AwsStsPrincipal"];
const PARAMETERS: &str = "externalCredentialParameters";

pub(super) fn check(_incoming: &Incoming, accepted: &mut Accepted) -> Result<(), Problem> {
    for parameter in items(&accepted.fields, PARAMETERS) {
        // EC-43: without the provider a parameter of this type says nothing.
        let (kind, needed) = match text(parameter, "parameterType") {
            Some("AuthProvider") => ("AuthProvider", "authProvider"),
            Some("ExternalAuthIdentityProvider") => {
                ("ExternalAuthIdentityProvider", "externalAuthIdentityProvider")
            }
            _ => continue,
        };
        if text(parameter, needed).is_none() {
            return Err(Problem::error(format!(
                "{PARAMETERS}: a parameter of type {kind} needs {needed} (rehearsal wording, EC-43)"
            )));
        }
    }
    if let Some(Tree::List(parameters)) = accepted.fields.get_mut(PARAMETERS) {
        for parameter in parameters {
            if let Tree::Group(parameter) = parameter {
                add_group(parameter);
            }
        }
    }
    Ok(())
}

/// EC-42: a principal is in the group of its own name, everything else in the default one.
fn add_group(parameter: &mut Fields<Scalar>) {
    if text(parameter, "parameterGroup").is_some() {
        return;
    }
    let is_principal = text(parameter, "parameterType").is_some_and(|kind| PRINCIPALS.contains(&kind));
    let name = text(parameter, "parameterName").filter(|_| is_principal).unwrap_or("DefaultGroup");
    let name = leaf(name);
    parameter.insert("parameterGroup".into(), name);
}

/// Whether there is this principal, written as permission sets write it: `Credential-Principal` (EC-41). Names of
/// credentials have no hyphen.
pub(super) fn has_principal(holdings: &Holdings, written: &str) -> bool {
    let Some((credential, principal)) = written.split_once('-') else { return false };
    holdings.get("ExternalCredential", credential).is_some_and(|credential| {
        items(&credential.fields, PARAMETERS).any(|parameter| {
            text(parameter, "parameterName") == Some(principal)
                && text(parameter, "parameterType").is_some_and(|kind| PRINCIPALS.contains(&kind))
        })
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::Org;
    use super::*;

    pub(in crate::simulator::rules) fn credential(parameters: &str) -> String {
        format!("<authenticationProtocol>Oauth</authenticationProtocol>{parameters}<label>Orders</label>")
    }

    pub(in crate::simulator::rules) const PRINCIPAL: &str = "<externalCredentialParameters><parameterName>Sync User</parameterName>\
         <parameterType>NamedPrincipal</parameterType></externalCredentialParameters>";

    const PROVIDER: &str = "<externalCredentialParameters><authProvider>P</authProvider><parameterName>AuthProvider</parameterName>\
         <parameterType>AuthProvider</parameterType></externalCredentialParameters>";

    #[test]
    fn the_provider_must_be_there() {
        let mut org = Org::new();
        assert_eq!(
            org.save("ExternalCredential", "Orders", &credential(PROVIDER)),
            Err("In field: authProvider - no AuthProvider named P found".to_owned())
        );
        let provider = "<friendlyName>P</friendlyName><providerType>Salesforce</providerType>";
        org.save("AuthProvider", "P", provider).unwrap();
        assert_eq!(org.save("ExternalCredential", "Orders", &credential(PROVIDER)), Ok(vec![]));
        let nameless = PROVIDER.replace("<authProvider>P</authProvider>", "");
        let error = org.save("ExternalCredential", "Other", &credential(&nameless)).unwrap_err();
        assert!(error.contains("needs authProvider"), "{error}");
    }

    #[test]
    fn groups_are_filled_in_and_principals_are_found_by_their_long_name() {
        let mut org = Org::new();
        let scope = "<externalCredentialParameters><parameterName>Scope</parameterName><parameterType>AuthParameter\
                     </parameterType></externalCredentialParameters>";
        org.save("ExternalCredential", "Orders", &credential(&format!("{scope}{PRINCIPAL}"))).unwrap();
        let groups: Vec<_> = items(org.fields("ExternalCredential", "Orders"), PARAMETERS)
            .map(|parameter| text(parameter, "parameterGroup").unwrap().to_owned())
            .collect();
        assert_eq!(groups, ["DefaultGroup", "Sync User"]);
        assert!(has_principal(&org.holdings, "Orders-Sync User"));
        for absent in ["Orders-Scope", "Orders", "Other-Sync User"] {
            assert!(!has_principal(&org.holdings, absent), "{absent}");
        }
    }
}
