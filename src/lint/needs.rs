//! `missing-field`: what a field's value makes necessary. The schema does not say so; the org does, or the
//! first login fails.

use crate::component::FieldPath;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired};

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    match component.id.kind.name.as_str() {
        "AuthProvider" => provider(component, diagnostics),
        "NamedCredential" => credential(component, diagnostics),
        "ConnectedApp" => app(component, diagnostics),
        _ => {}
    }
}

fn provider(component: &Component, diagnostics: &mut Diagnostics) {
    let Some(kind) = component.text("providerType") else { return };
    match kind {
        "OpenIdConnect" => {
            for field in ["authorizeUrl", "tokenUrl", "consumerKey", "consumerSecret"] {
                need(
                    component,
                    field,
                    "an OpenIdConnect provider has no endpoints and no client of its own",
                    "providerType",
                    diagnostics,
                );
            }
        }
        "Custom" => {
            for field in ["plugin", "customMetadataTypeRecord"] {
                need(
                    component,
                    field,
                    "a Custom provider is an Apex class with a settings record",
                    "providerType",
                    diagnostics,
                );
            }
        }
        "Apple" => {
            for field in ["appleTeam", "ecKey"] {
                need(component, field, "Apple asks for both", "providerType", diagnostics);
            }
        }
        "MuleSoft" => need(component, "controlPlane", "MuleSoft has several", "providerType", diagnostics),
        _ => {
            // Salesforce supplies its own client only if all six are left out (AP-11).
            const OWN_CLIENT: [&str; 6] =
                ["authorizeUrl", "consumerKey", "consumerSecret", "defaultScopes", "tokenUrl", "userInfoUrl"];
            if let Some(given) = OWN_CLIENT.iter().find(|field| has(component, field)) {
                for field in ["consumerKey", "consumerSecret"] {
                    need(
                        component,
                        field,
                        "with a client of your own, both key and secret are needed",
                        given,
                        diagnostics,
                    );
                }
            }
        }
    }
    for handler in ["registrationHandler", "flow"] {
        if has(component, handler) {
            need(component, "executionUser", "the handler runs as this user", handler, diagnostics);
        }
    }
    // The other direction of both is a question of the org's settings; this one can never work.
    if has(component, "registrationHandler") && has(component, "flow") {
        diagnostics.push(
            Diagnostic::error(
                Code::MissingField,
                format!("`{}` has both `registration-handler` and `flow`", component.id),
            )
            .label(component.key_at(&FieldPath::of("flow")), "only one of them can make users")
            .help("remove one of the two"),
        );
    }
}

/// Legacy credentials: `endpoint`, and for Oauth a provider (NC-7: what exactly an org refuses is not
/// confirmed; without these the credential cannot work).
fn credential(component: &Component, diagnostics: &mut Diagnostics) {
    if component.text("namedCredentialType").is_some_and(|kind| kind != "Legacy") {
        return;
    }
    need(component, "endpoint", "a legacy credential calls a URL", "endpoint", diagnostics);
    let Some(protocol) = component.text("protocol") else { return };
    let fields: &[&str] = match protocol {
        "Oauth" => &["authProvider", "principalType"],
        "Password" if component.text("principalType") == Some("NamedUser") => &["username", "password"],
        "Jwt" => &["jwtIssuer", "jwtAudience", "jwtSigningCertificate", "jwtValidityPeriodSeconds"],
        "JwtExchange" => &[
            "authTokenEndpointUrl",
            "jwtIssuer",
            "jwtAudience",
            "jwtSigningCertificate",
            "jwtValidityPeriodSeconds",
        ],
        "AwsSv4" => &["awsAccessKey", "awsAccessSecret", "awsRegion", "awsService"],
        _ => &[],
    };
    for field in fields {
        need(component, field, &format!("the protocol {protocol} needs it"), "protocol", diagnostics);
    }
}

/// Client credentials: a run-as user, and a key in the same file (CA-60).
fn app(component: &Component, diagnostics: &mut Diagnostics) {
    if component.flag("oauthConfig.isClientCredentialEnabled") == Some(true) {
        let switch = "oauthConfig.isClientCredentialEnabled";
        need(
            component,
            "oauthConfig.oauthClientCredentialUser",
            "tokens of this flow run as this user",
            switch,
            diagnostics,
        );
    }
    if has(component, "oauthConfig.oauthClientCredentialUser") {
        let user = "oauthConfig.oauthClientCredentialUser";
        need(
            component,
            "oauthConfig.isClientCredentialEnabled",
            "a run-as user belongs to this flow",
            user,
            diagnostics,
        );
        need(
            component,
            "oauthConfig.consumerKey",
            "a run-as user is accepted only together with a key",
            user,
            diagnostics,
        );
    }
}

fn has(component: &Component, field: &str) -> bool {
    component.has(&FieldPath::of(field))
}

fn need(component: &Component, field: &str, why: &str, because: &str, diagnostics: &mut Diagnostics) {
    if has(component, field) {
        return;
    }
    let path = FieldPath::of(field);
    let key = path.to_string().rsplit('.').next().unwrap_or_default().to_owned();
    // The client of another system is registered there.
    let of_salesforce = component.text("providerType").is_none_or(|kind| kind == "Salesforce");
    let example = match key.as_str() {
        "consumer-key" if component.id.kind.name == "ConnectedApp" => "{ generate = true }".to_owned(),
        "consumer-secret" if !of_salesforce => "{ env = \"NAME\" }".to_owned(),
        "consumer-key" if of_salesforce => "\"${connected-app.NAME.consumer-key}\"".to_owned(),
        "consumer-secret" => "\"${connected-app.NAME.consumer-secret}\"".to_owned(),
        "is-client-credential-enabled" => "true".to_owned(),
        "password" | "aws-access-secret" | "ec-key" => "{ env = \"NAME\" }".to_owned(),
        "jwt-validity-period-seconds" => "300".to_owned(),
        _ => "\"...\"".to_owned(),
    };
    diagnostics.push(
        Diagnostic::error(Code::MissingField, format!("`{}` needs `{path}`", component.id))
            .label(component.key_at(&FieldPath::of(because)), why)
            .help(format!("{key} = {example}")),
    );
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{app, findings};

    #[test]
    fn a_provider_with_any_of_six_fields_needs_key_and_secret() {
        let provider = |more: &str| {
            findings(&format!(
                "[auth-provider.P]\nfriendly-name = \"P\"\nprovider-type = \"Salesforce\"\n{more}\n"
            ))
        };
        assert!(provider("").is_empty());
        assert_eq!(
            provider("default-scopes = \"full refresh_token\""),
            [
                "missing-field: `auth-provider.P` needs `consumer-key`",
                "missing-field: `auth-provider.P` needs `consumer-secret`",
            ]
        );
    }

    #[test]
    fn a_legacy_credential_needs_an_endpoint_and_for_oauth_a_provider() {
        assert_eq!(
            findings(
                "[named-credential.C]\nlabel = \"C\"\nprotocol = \"Oauth\"\nprincipal-type = \"NamedUser\"\n"
            ),
            [
                "missing-field: `named-credential.C` needs `endpoint`",
                "missing-field: `named-credential.C` needs `auth-provider`",
            ]
        );
    }

    #[test]
    fn client_credentials_need_a_user_and_a_key() {
        let config = "callback-url = \"https://a.example/cb\"\nscopes = [\"Api\"]\nis-client-credential-enabled = true";
        assert_eq!(
            findings(&app(config, "")),
            ["missing-field: `connected-app.App` needs `oauth-config.oauth-client-credential-user`"]
        );
    }
}
