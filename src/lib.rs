pub mod component;
pub mod org;
