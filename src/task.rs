//! An ECS task: what is run, what ECS says of it, and what that means.
//!
//! ```text
//! spec ──▶ (ECS) ──▶ status ──▶ judgement ──▶ Verdict ──▶ outcome: Output or Failure (error, cause)
//! ```
//!
//! It calls nothing: [`crate::aws::ecs`] carries out the calls, and [`crate::task_run`] decides
//! when.

pub mod console;
pub mod ecs_says;
pub mod error;
pub mod judgement;
pub mod outcome;
pub mod redaction;
pub mod spec;
pub mod status;
