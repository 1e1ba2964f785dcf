//! Turns components into the XML that is deployed.

mod template;

pub use template::{TemplateError, Templates};
