//! `invalid-email`: `contact-email` must look like an e-mail address.

use crate::component::FieldPath;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired};

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    let Some(address) = component.text("contactEmail") else { return };
    let plausible = address.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty()
            && host.contains('.')
            && !host.starts_with('.')
            && !host.ends_with('.')
            && !host.contains('@')
    }) && !address.contains(char::is_whitespace);
    if !plausible {
        let at = component.key_at(&FieldPath::of("contactEmail"));
        diagnostics.push(
            Diagnostic::error(
                Code::InvalidEmail,
                format!("`contact-email` of `{}` is `{address}`", component.id),
            )
            .label(at, "does not look like an e-mail address")
            .help("write one address, for example \"ops@example.com\""),
        );
    }
}
