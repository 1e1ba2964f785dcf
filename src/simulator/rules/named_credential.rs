//! Rules of named credentials: what a legacy one cannot do without. A reference to an auth provider is checked
//! with all other references.

use super::{Accepted, Incoming, Problem, leaf, text};

pub(super) fn check(_incoming: &Incoming, accepted: &mut Accepted) -> Result<(), Problem> {
    accepted.fields.get_or_insert_with("calloutStatus".into(), || leaf("Enabled")); // section 3.3
    let fields = &accepted.fields;
    if text(fields, "namedCredentialType").is_some_and(|kind| kind != "Legacy") {
        return Ok(()); // NC-4: the newer model has parameters in place of these fields
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
    fn the_newer_model_needs_none_of_it() {
        assert_eq!(create("<namedCredentialType>SecuredEndpoint</namedCredentialType>"), Ok(vec![]));
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
