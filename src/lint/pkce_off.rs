//! `pkce-off`: whoever gets hold of a code on its way can use it, because the app asks for no proof that it was meant
//! for them. Connected apps start without it (CA-65), external client apps with it (EC-8).

use super::app::{is_for_people, is_off};
use crate::component::FieldPath;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired};

pub fn check(desired: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    let switch = match component.id.kind.name.as_str() {
        // Older versions have no such field.
        "ConnectedApp" if is_for_people(component) && desired.api_version >= 59 => {
            "oauthConfig.isPkceRequired"
        }
        "ExtlClntAppGlobalOauthSettings" if component.flag("isPkceRequired").is_some() => "isPkceRequired",
        _ => return,
    };
    if is_off(component, switch) {
        diagnostics.push(
            Diagnostic::warning(Code::PkceOff, format!("`{}` asks for no PKCE", component.id))
                .label(component.key_at(&FieldPath::of(switch)), "a stolen code is enough to log in")
                .help("is-pkce-required = true; an auth provider sends the proof with is-pkce-enabled = true, other clients must be able to"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::lint::testing::{app, found_by};

    #[test]
    fn an_app_that_asks_for_no_proof_is_found() {
        let manifest = |more: &str| {
            let config = format!("callback-url = \"https://a.example/cb\"\nscopes = [\"Api\"]\n{more}");
            app(&config, "")
        };
        let found = |more: &str| found_by(Code::PkceOff, &manifest(more));
        assert_eq!(found(""), ["`connected-app.App` asks for no PKCE"]);
        assert_eq!(found("is-pkce-required = false").len(), 1);
        assert!(found("is-pkce-required = true").is_empty());
        assert!(found("is-client-credential-enabled = true").is_empty());
        assert!(found_by(Code::PkceOff, &manifest("").replace("62.0", "58.0")).is_empty());
    }

    #[test]
    fn an_external_client_app_starts_with_it() {
        let found = |more: &str| {
            let settings = "[extl-clnt-app-global-oauth-settings.S]\nlabel = \"S\"\n\
                            external-client-application = \"App\"\ncallback-url = \"https://a.example/cb\"\n";
            found_by(Code::PkceOff, &format!("{settings}{more}\n"))
        };
        assert!(found("").is_empty());
        assert_eq!(found("is-pkce-required = false").len(), 1);
    }
}
