//! An ECS task: what is run, what ECS says of it, and what that means.

pub mod console;
pub mod error;
pub mod judgement;
pub mod outcome;
pub mod redaction;
pub mod spec;
pub mod status;
