//! `misnamed-callback`: a callback URL that ends in the name of another auth provider than the one that uses the app.
//! The name of a provider is the last word of its callback URL (AP-1, AP-40, AP-41), and a login must come back to a
//! registered URL letter for letter (CA-29).

use super::app::{app_of, callbacks};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired};

pub fn check(desired: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    let Some((lines, at)) = callbacks(component) else { return };
    let providers: Vec<&Component> = desired
        .components
        .values()
        .filter(|provider| app_of(desired, provider).is_some_and(|app| app.id == component.id))
        .collect();
    let Some(first) = providers.first() else { return };
    let suffixes: Vec<&str> = lines.iter().filter_map(|line| suffix(line)).collect();
    for suffix in &suffixes {
        if providers.iter().any(|provider| provider.id.name == *suffix) {
            continue;
        }
        diagnostics.push(
            Diagnostic::warning(
                Code::MisnamedCallback,
                format!("`{}` sends logins back to a provider called `{suffix}`", component.id),
            )
            .label(at, format!("`{}` uses the app, and its logins end in `{}`", first.id, first.id.name))
            .help(format!("let the org tell the URL: \"${{{}.callback-url}}\"", first.id)),
        );
    }
}

/// The name of the provider in a callback URL of an org, with or without the org's id before it.
fn suffix(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("/services/authcallback/")?;
    rest.split(['?', '#']).next()?.rsplit('/').next().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::lint::testing::{app, found_by};

    #[test]
    fn a_name_that_no_provider_of_the_app_has_is_found() {
        let found = |callback: &str| {
            let config = format!(
                "callback-url = \"{callback}\"\nscopes = [\"Api\"]\nconsumer-key = {{ generate = true }}\n\
                 consumer-secret = {{ generate = true }}"
            );
            let provider = "[auth-provider.Orders]\nfriendly-name = \"Orders\"\nprovider-type = \"Salesforce\"\n\
                            consumer-key = \"${connected-app.App.consumer-key}\"\n\
                            consumer-secret = \"${connected-app.App.consumer-secret}\"\n";
            found_by(Code::MisnamedCallback, &app(&config, provider))
        };
        for wrong in [
            "https://acme.my.salesforce.com/services/authcallback/orders",
            "${org.instance-url}/services/authcallback/orders",
            "https://login.salesforce.com/services/authcallback/${org.id}/orders",
        ] {
            assert_eq!(found(wrong), ["`connected-app.App` sends logins back to a provider called `orders`"]);
        }
        for right in [
            "${auth-provider.Orders.callback-url}",
            "https://acme.my.salesforce.com/services/authcallback/Orders",
            "https://login.salesforce.com/services/authcallback/00D000000000000EAA/Orders",
            "https://a.example/cb",
        ] {
            assert!(found(right).is_empty(), "{right}");
        }
    }
}
