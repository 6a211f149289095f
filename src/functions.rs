//! The Lambda functions around the state machine: `start` takes CloudFormation's event, `stop`
//! stops leftovers, `respond` answers, and `rescue` answers for executions that cannot.

mod leftovers;
mod rescue;
mod respond;
mod seal;
mod skip_reason;
mod start;
mod stop;

pub use rescue::{
    Ended, INCIDENT_NOT_CLAIMED, INCIDENT_UNANSWERED, NotARescueEvent, RescueError, RescueEvent,
    RescueLimits, Rescued, Rescuer,
};
pub use respond::{RespondError, RespondEvent, Responder};
pub use seal::{Seal, UnsealError, ciphertext_of};
pub use start::{StartError, StartOutcome, Starter};
pub use stop::{StopEvent, Stopped, Stopper};
