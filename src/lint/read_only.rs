//! `read-only-field`: a field that only the org writes.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired};

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    component.each_value(&mut |path, field, _| {
        if field.read_only {
            diagnostics.push(
                Diagnostic::error(
                    Code::ReadOnlyField,
                    format!("`{path}` of `{}` is computed by the org", component.id),
                )
                .label(component.key_at(path), "cannot be deployed")
                .help("remove the line"),
            );
        }
    });
}
