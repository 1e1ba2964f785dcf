//! `relaxed-ip`: an app that may be used from any address although the org restricts addresses. Some vendors
//! ask for it (001-R6, 002-R3); without login ranges it changes nothing (CA-41). A project that does not
//! want it sets `relaxed-ip = "deny"`.

use crate::component::FieldPath;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired};

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    if component.text("oauthPolicy.ipRelaxation") != Some("BYPASS") {
        return;
    }
    let at = component.key_at(&FieldPath::of("oauthPolicy.ipRelaxation"));
    diagnostics.push(
        Diagnostic::warning(Code::RelaxedIp, format!("`{}` may be used from any address", component.id))
            .label(at, "sets the org's login ranges aside for this app")
            .help("keep it if the vendor's guide asks for it; stricter: \"ENFORCE\" with the vendor's addresses as login ranges"),
    );
}
