//! Text on its way to people and services.

pub mod byte_limit;
pub mod lenient;
