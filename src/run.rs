//! `ecs-task-runner run`: starts a direct run and follows it to its end.
//!
//! ```text
//! command line, file ─▶ RunOptions ─▶ problems (all at once), or DirectRun ─▶ StartExecution
//! a container's log events ─▶ DirectRun: lines without secrets ─▶ printed beside the timeline
//! Explanation ─▶ phase: what the run does now
//!            └─▶ exit_code: with what the program ends
//! ```
//!
//! It calls nothing. The timeline and the conclusion are those of [`crate::explain`].

mod duration;
mod end;
mod name;
mod options;
mod phase;
mod request;
mod stopped;

pub use end::exit_code;
pub use name::new_name;
pub use options::RunOptions;
pub use phase::phase;
pub use request::DirectRun;
pub use stopped::{has_settled, what_became_of};
