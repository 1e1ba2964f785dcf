//! `vendor-guide`: something is not as the guide has it that the manifest says to follow.

use crate::component::FieldPath;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::guide;
use crate::resolve::Desired;

pub fn check(desired: &Desired, diagnostics: &mut Diagnostics) {
    for breach in guide::of_desired(desired) {
        let Some(component) = desired.components.get(&breach.component) else { continue };
        let before = diagnostics.len();
        let what = match &breach.field {
            Some(field) => format!("`{field}` of `{}` {}", breach.component, breach.what),
            None => format!("`{}` {}", breach.component, breach.what),
        };
        let at = written_at(component, breach.field.as_ref());
        diagnostics.push(
            Diagnostic::warning(Code::VendorGuide, what)
                .label(at, format!("not as the guide has it ({})", breach.rule))
                .help(breach.help),
        );
        diagnostics.note_about(&breach.component, before);
    }
}

/// The field's key, or that of the innermost table around it.
fn written_at(component: &crate::resolve::Component, field: Option<&FieldPath>) -> crate::diagnostic::Span {
    let mut path = field.cloned().unwrap_or_else(FieldPath::root);
    while !path.0.is_empty() {
        if let Some(at) = component.keys.get(&path) {
            return at;
        }
        path.0.pop();
    }
    component.at
}
