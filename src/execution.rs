//! An execution of the state machine: its input, what its history says, and the words for how it
//! ended.
//!
//! ```text
//! start ──▶ input ──▶ state machine ──▶ history, status ──▶ error ──▶ reason: what people read
//!                                                      unanswered ──┘
//! ```
//!
//! It calls nothing: [`crate::aws::step_functions`] reads and starts executions.

pub mod deployment;
pub mod direct;
pub mod ended_unanswered;
pub mod error;
pub mod history;
pub mod hook;
pub mod input;
pub mod reason;
pub(crate) mod rollback;
pub mod status;
