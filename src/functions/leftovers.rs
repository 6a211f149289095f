//! What runs that nobody waits for any more: executions that CloudFormation has given up, and ECS
//! tasks.

pub(super) mod executions;
pub(super) mod tasks;
