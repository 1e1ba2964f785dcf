//! Rules of named credentials: what a legacy one cannot do without, and what one of the newer model is made of. A
//! reference to an auth provider is checked with all other references.

use super::{Accepted, Problem, items, leaf, text};
use crate::component::{Fields, Scalar};

const PARAMETERS: &str = "namedCredentialParameters";
/// Elements of the legacy model, which the newer one must not have.
const LEGACY: [&str; 5] = ["authProvider", "endpoint", "oauthScope", "principalType", "protocol"];

pub(super) fn check(accepted: &mut Accepted) -> Result<(), Problem> {
    accepted.fields.get_or_insert_with("calloutStatus".into(), || leaf("Enabled")); // section 3.3
    let fields = &accepted.fields;
    // NC-4: the newer model has parameters in place of these fields
    if let Some(kind) = text(fields, "namedCredentialType").filter(|kind| *kind != "Legacy") {
        return check_parameters(kind, fields);
    }
    // NC-7: which gaps a deploy refuses is not public; these two are the stance
    let Some(endpoint) = text(fields, "endpoint") else {
        return Err(Problem::error("Required field is missing: endpoint"));
    };
    let oauth = text(fields, "protocol") == Some("Oauth");
    if oauth && text(fields, "authProvider").is_none() {
        return Err(Problem::error("Required field is missing: authProvider"));
    }
    // NC-10
    let lower = endpoint.trim().to_ascii_lowercase();
    let absolute = ["https://", "http://"]
        .iter()
        .any(|scheme| lower.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
    if !absolute {
        return Err(Problem::error(format!(
            "Invalid endpoint: {endpoint} is not a full URL (rehearsal wording, NC-10)"
        )));
    }
    // NC-5: these two protocols belong to external credentials
    if let Some(protocol @ ("Basic" | "Custom")) = text(fields, "protocol") {
        return Err(Problem::error(format!(
            "{protocol} is not a protocol of legacy named credentials (rehearsal wording, NC-5)"
        )));
    }
    Ok(())
}

/// NC-4 and "Two models" of the type reference: one address, one external credential, and nothing of
/// the legacy model.
fn check_parameters(kind: &str, fields: &Fields<Scalar>) -> Result<(), Problem> {
    if let Some(legacy) = LEGACY.iter().find(|name| text(fields, name).is_some()) {
        return Err(Problem::error(format!("{legacy}: does not go with {kind} (rehearsal wording, NC-4)")));
    }
    let of_type = |wanted: &'static str| {
        items(fields, PARAMETERS).filter(move |parameter| text(parameter, "parameterType") == Some(wanted))
    };
    for (wanted, needed) in [("Url", "parameterValue"), ("Authentication", "externalCredential")] {
        let values: Vec<_> = of_type(wanted).map(|parameter| text(parameter, needed)).collect();
        if !matches!(values[..], [Some(_)]) {
            return Err(Problem::error(format!(
                "{PARAMETERS}: {kind} needs one parameter of type {wanted} with {needed} (rehearsal wording, NC-4)"
            )));
        }
    }
    if kind == "PrivateEndpoint" && of_type("OutboundNetworkConnection").next().is_none() {
        return Err(Problem::error(format!(
            "{PARAMETERS}: {kind} needs a parameter of type OutboundNetworkConnection (rehearsal wording, NC-4)"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::Org;

    fn create(inside: &str) -> Result<Vec<String>, String> {
        Org::new().save("NamedCredential", "N", &format!("<label>L</label>{inside}"))
    }

    #[test]
    fn a_legacy_credential_needs_an_endpoint_and_for_oauth_a_provider() {
        assert_eq!(create(""), Err("Required field is missing: endpoint".to_owned()));
        assert_eq!(create("<endpoint>https://a.b</endpoint>"), Ok(vec![]));
        assert_eq!(
            create("<endpoint>https://a.b</endpoint><protocol>Oauth</protocol>"),
            Err("Required field is missing: authProvider".to_owned())
        );
        assert_eq!(
            create(
                "<authProvider>X</authProvider><endpoint>https://a.b</endpoint><protocol>Oauth</protocol>"
            ),
            Err("In field: authProvider - no AuthProvider named X found".to_owned())
        );
        assert!(create("<endpoint>a.b</endpoint>").unwrap_err().contains("NC-10"));
        assert!(
            create("<endpoint>https://a.b</endpoint><protocol>Basic</protocol>")
                .unwrap_err()
                .contains("NC-5")
        );
    }

    #[test]
    fn the_newer_model_needs_an_address_and_an_external_credential() {
        let mut org = Org::new();
        let parameter = |name: &str, value: &str| {
            format!(
                "<namedCredentialParameters>{value}<parameterName>{name}</parameterName><parameterType>{name}</parameterType></namedCredentialParameters>"
            )
        };
        let login = parameter("Authentication", "<externalCredential>E</externalCredential>");
        let url = parameter("Url", "<parameterValue>https://orders.example</parameterValue>");
        let mut save = |parameters: &str, more: &str| {
            let inside = format!(
                "<label>L</label>{parameters}<namedCredentialType>SecuredEndpoint</namedCredentialType>{more}"
            );
            org.save("NamedCredential", "N", &inside)
        };
        assert!(save("", "").unwrap_err().contains("one parameter of type Url"));
        assert!(save(&url, "").unwrap_err().contains("one parameter of type Authentication"));
        assert!(save(&format!("{login}{url}{url}"), "").unwrap_err().contains("one parameter of type Url"));
        let both = login + &url;
        assert_eq!(
            save(&both, ""),
            Err("In field: externalCredential - no ExternalCredential named E found".to_owned())
        );
        let legacy = "<endpoint>https://orders.example</endpoint>";
        assert!(save(&both, legacy).unwrap_err().starts_with("endpoint: does not go with"));
        let credential = "<authenticationProtocol>Basic</authenticationProtocol><label>E</label>";
        org.save("ExternalCredential", "E", credential).unwrap();
        let inside =
            format!("<label>L</label>{both}<namedCredentialType>SecuredEndpoint</namedCredentialType>");
        assert_eq!(org.save("NamedCredential", "N", &inside), Ok(vec![]));
    }

    #[test]
    fn callout_options_are_flat() {
        let error = create(
            "<calloutOptions><generateAuthorizationHeader>true</generateAuthorizationHeader></calloutOptions>",
        );
        assert!(
            error.unwrap_err().ends_with("}calloutOptions invalid at this location in type NamedCredential")
        );
    }
}
