//! Rules of auth providers: suffixes that burn, and what each kind of provider cannot do without.

use super::{Accepted, Incoming, Problem, check_person, flag, text};
use crate::component::{Fields, Scalar, Tree};

/// Kinds for which Salesforce can supply its own app when all six elements are left out (AP-11).
const MANAGED: [&str; 9] =
    ["Salesforce", "Google", "Facebook", "GitHub", "LinkedIn", "Microsoft", "Slack", "Apple", "Bitbucket"];
/// The six: giving any of them makes key and secret mandatory (AP-11).
const OWN_APP: [&str; 6] =
    ["consumerKey", "consumerSecret", "authorizeUrl", "tokenUrl", "userInfoUrl", "defaultScopes"];
/// Kinds that know PKCE (section 2.2).
const PKCE: [&str; 6] = ["Custom", "Facebook", "Google", "Microsoft", "OpenIdConnect", "Salesforce"];

/// AP-5
pub(super) const BURNT: &str =
    "This URL Suffix already exists or has been previously used. Please choose a different name.";
/// AP-12
const MISSING: &str = "You must enter a value";

pub(super) fn check(incoming: &Incoming, accepted: &mut Accepted) -> Result<(), Problem> {
    if !incoming.org.nature.has_auth_providers() {
        return Err(Problem::error("Not available for deploy for this organization")); // AP-6, MD-15
    }
    if incoming.stored.is_none() && incoming.holdings.is_burnt(&incoming.kind.name, incoming.name) {
        // AP-5: a suffix stays reserved when its provider is deleted
        return Err(Problem::error(BURNT));
    }
    let fields = &accepted.fields;
    let provider_type = text(fields, "providerType").unwrap_or_default().to_owned();
    for needed in required(&provider_type, fields) {
        if text(fields, needed).is_none() {
            return Err(Problem::error(MISSING));
        }
    }
    check_person(incoming, "executionUser", fields)?; // AP-14
    let turned_off = flag(incoming.sent, "includeOrgIdInIdentifier") == Some(false)
        && incoming
            .stored
            .is_some_and(|stored| flag(&stored.fields, "includeOrgIdInIdentifier") == Some(true));
    if turned_off {
        return Err(Problem::error(
            "includeOrgIdInIdentifier: can't be disabled once it is enabled (rehearsal wording, AP-31)",
        ));
    }
    fill(&provider_type, &mut accepted.fields);
    Ok(())
}

/// What a provider of this kind must have, by section 2.2. A secret that is stored counts as given.
fn required(provider_type: &str, fields: &Fields<Scalar>) -> Vec<&'static str> {
    let mut needed = match provider_type {
        "OpenIdConnect" | "MicrosoftACS" => vec!["consumerKey", "consumerSecret", "authorizeUrl", "tokenUrl"],
        "Custom" => vec!["plugin", "customMetadataTypeRecord"],
        "Apple" => vec!["appleTeam", "ecKey"],
        "MuleSoft" => vec!["controlPlane"],
        managed if MANAGED.contains(&managed) => Vec::new(),
        _ => vec!["consumerKey", "consumerSecret"],
    };
    let own_app = OWN_APP.iter().any(|name| text(fields, name).is_some());
    if MANAGED.contains(&provider_type) && own_app {
        needed.extend(["consumerKey", "consumerSecret"]); // AP-11
    }
    if text(fields, "registrationHandler").is_some() || text(fields, "flow").is_some() {
        needed.push("executionUser"); // section 2.2, last row
    }
    needed
}

/// What the org assumes and the description cannot say, because it depends on the kind of provider.
fn fill(provider_type: &str, fields: &mut Fields<Scalar>) {
    let mut assume = |name: &str, value: bool| {
        fields.get_or_insert_with(name.to_owned().into(), || Tree::Leaf(Scalar::Flag(value)));
    };
    assume("includeOrgIdInIdentifier", provider_type == "Salesforce"); // AP-30
    assume("sendAccessTokenInHeader", false);
    assume("sendClientCredentialsInHeader", false);
    if PKCE.contains(&provider_type) {
        assume("isPkceEnabled", true); // AP-51
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Org;
    use super::*;

    fn provider(kind: &str, more: &str) -> String {
        format!("<friendlyName>P</friendlyName><providerType>{kind}</providerType>{more}")
    }

    fn create(kind: &str, more: &str) -> Result<Vec<String>, String> {
        Org::new().save("AuthProvider", "P", &provider(kind, more))
    }

    const PAIR: &str = "<consumerKey>k</consumerKey><consumerSecret>s</consumerSecret>";

    #[test]
    fn a_managed_provider_needs_nothing_or_key_and_secret() {
        assert_eq!(create("Salesforce", ""), Ok(vec![]));
        assert_eq!(create("Salesforce", "<defaultScopes>full</defaultScopes>"), Err(MISSING.to_owned()));
        assert_eq!(create("Salesforce", "<consumerKey>k</consumerKey>"), Err(MISSING.to_owned()));
        assert_eq!(create("Salesforce", PAIR), Ok(vec![]));
    }

    #[test]
    fn each_kind_has_its_own_needs() {
        let urls = "<authorizeUrl>https://a.b</authorizeUrl><tokenUrl>https://a.b</tokenUrl>";
        assert_eq!(create("OpenIdConnect", PAIR), Err(MISSING.to_owned()));
        assert_eq!(create("OpenIdConnect", &format!("{urls}{PAIR}")), Ok(vec![]));
        assert_eq!(create("MuleSoft", ""), Err(MISSING.to_owned()));
        assert_eq!(create("Twitter", ""), Err(MISSING.to_owned()));
        assert_eq!(
            create("Salesforce", "<registrationHandler>H</registrationHandler>"),
            Err(MISSING.to_owned())
        );
        assert_eq!(
            create("Salesforce", "<executionUser>x@y.z</executionUser>"),
            Err("In field: executionUser - no User named x@y.z found".to_owned())
        );
        assert!(create("Nonsense", "").unwrap_err().ends_with("for the enum 'AuthProviderType'"));
    }

    #[test]
    fn a_stored_secret_counts_on_update_and_a_placeholder_overwrites_it() {
        let mut org = Org::new();
        org.save("AuthProvider", "P", &provider("Salesforce", PAIR)).unwrap();
        org.save("AuthProvider", "P", &provider("Salesforce", "<consumerKey>other</consumerKey>")).unwrap();
        assert_eq!(text(org.fields("AuthProvider", "P"), "consumerSecret"), Some("s"));
        let placeholder = "<consumerSecret>Placeholder_Value</consumerSecret>"; // AP-23, the worst case
        org.save("AuthProvider", "P", &provider("Salesforce", placeholder)).unwrap();
        assert_eq!(text(org.fields("AuthProvider", "P"), "consumerSecret"), Some("Placeholder_Value"));
    }

    #[test]
    fn a_suffix_stays_burnt() {
        let mut org = Org::new();
        org.save("AuthProvider", "P", &provider("Salesforce", "")).unwrap();
        org.holdings.remove("AuthProvider", "P", true);
        let error = org.save("AuthProvider", "P", &provider("Salesforce", "")).unwrap_err();
        assert!(error.starts_with("This URL Suffix already exists or has been previously used"));
    }

    #[test]
    fn the_org_id_in_the_identifier_cannot_be_taken_out_again() {
        let mut org = Org::new();
        org.save("AuthProvider", "P", &provider("Salesforce", "")).unwrap();
        let off = provider("Salesforce", "<includeOrgIdInIdentifier>false</includeOrgIdInIdentifier>");
        assert!(org.save("AuthProvider", "P", &off).unwrap_err().contains("AP-31"));
    }

    #[test]
    fn kickoff_urls_are_the_orgs_to_say() {
        let mut org = Org::new();
        let sent = provider("Salesforce", "<oauthKickoffUrl>https://evil.example</oauthKickoffUrl>");
        org.save("AuthProvider", "P", &sent).unwrap();
        assert!(!org.fields("AuthProvider", "P").contains_key("oauthKickoffUrl"));
    }
}
