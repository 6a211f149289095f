//! The Lambda functions around the state machine. Each is one program of `custom-resource`, chosen
//! by its configuration and never by what it is invoked with.
//!
//! ```text
//!                                       work, where there is no fleet
//!                                         │
//! CloudFormation ─event─▶ start ─▶ the execution ─┬─ done ─────────▶ respond ─PUT─▶ CloudFormation
//!                                                 ├─ failed, Delete ▶ stop (leftovers), then respond
//!                                                 └─ ended otherwise ▶ EventBridge ─▶ rescue ─PUT─▶
//!
//! ECS deployment ─its hook─▶ hook ─▶ the execution; asked again until that has ended
//!
//! a direct run ─properties─▶ the execution ─▶ prepare ─▶ ─┬─ done: the execution's output
//!                                                         └─ failed ▶ stop, then the execution's error
//!                                      (respond counts both ends, and answers nobody)
//! ```

mod hook;
mod leftovers;
mod prepare;
mod remembered;
mod rescue;
mod respond;
mod run_metrics;
mod seal;
mod skip_reason;
mod start;
mod stop;
mod work;

pub use hook::{DeploymentHook, INCIDENT_HOOK_FAILED};
pub use prepare::{PrepareEvent, PreparedState, Preparer};
pub use rescue::{
    Ended, INCIDENT_NOT_CLAIMED, INCIDENT_UNANSWERED, NotARescueEvent, RescueError, RescueEvent,
    RescueLimits, Rescued, Rescuer,
};
pub use respond::{RespondError, RespondEvent, Responder};
pub use run_metrics::RunMetrics;
pub use seal::{Seal, UnsealError, ciphertext_of};
pub use start::{StartError, StartOutcome, Starter};
pub use stop::{StopEvent, Stopped, Stopper};
pub use work::{LambdaWorker, WorkError};
