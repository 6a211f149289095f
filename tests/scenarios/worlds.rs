//! The worlds that scenarios play in, and the programs that are started into them.

pub mod deployments;
pub mod events;
pub mod execution;
pub mod functions;
pub mod lambda;
pub mod metrics;
pub mod outputs;
pub mod program;
pub mod running;
pub mod runtime_api;
pub mod sign_in;
pub mod task_runner;
pub mod worker;
