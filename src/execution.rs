//! An execution of the state machine: its input, what its history says, and the words for how it
//! ended.

pub mod error;
pub mod history;
pub mod input;
pub mod reason;
pub mod status;
pub mod unanswered;
