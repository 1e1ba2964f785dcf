//! `no-scopes`: an OAuth app without scopes deploys, and works for almost nothing (CA-37, unconfirmed).

use crate::component::{FieldPath, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired};

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    let config = FieldPath::of("oauthConfig");
    if component.id.kind.name != "ConnectedApp" || component.get(&config).is_none() {
        return;
    }
    let scopes = component.get(&config.element("scopes"));
    let path = config.element("scopes");
    let is_missing = match scopes {
        Some(scopes) => matches!(scopes, Tree::List(items) if items.is_empty()),
        None => !component.has(&path),
    };
    if is_missing {
        let at = if component.has(&path) { &path } else { &config };
        diagnostics.push(
            Diagnostic::warning(Code::NoScopes, format!("`{}` has no scopes", component.id))
                .label(component.key_at(at), "clients get no access")
                .help("for example scopes = [\"Api\", \"RefreshToken\"]"),
        );
    }
}
