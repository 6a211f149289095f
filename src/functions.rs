//! The Lambda functions around the state machine: `start` takes CloudFormation's event, `stop` stops leftovers, `respond` answers.

mod reason;
mod respond;
mod seal;
mod skip;
mod start;
mod stop;

pub use respond::{RespondError, RespondEvent, RespondStatus, Responder};
pub use seal::Seal;
pub use start::{StartError, StartOutcome, Starter};
pub use stop::{StopEvent, Stopped, Stopper};
