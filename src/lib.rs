pub mod component;
pub mod simulator;
