pub mod component;
pub mod render;
