pub const POLICIES: &[crate::diagnostic::Code] = &[];
