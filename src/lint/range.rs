//! `value-out-of-range`: a number outside what the org takes.

use crate::component::{Scalar, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired, Leaf, Wanted};

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    component.each_value(&mut |path, field, value| {
        let Tree::Leaf(Leaf { wanted: Wanted::Known(Scalar::Number(number)), at }) = value else { return };
        // xsd:int, where the description knows no narrower bounds.
        let (lowest, highest) = field.range.unwrap_or((i64::from(i32::MIN), i64::from(i32::MAX)));
        if !(lowest..=highest).contains(number) {
            diagnostics.push(
                Diagnostic::error(
                    Code::ValueOutOfRange,
                    format!("`{path}` of `{}` is {number}", component.id),
                )
                .label(*at, format!("must be from {lowest} to {highest}"))
                .help(format!("write {}", (*number).clamp(lowest, highest))),
            );
        }
    });
}
