//! Finds and stops what still runs although CloudFormation no longer waits for it: earlier
//! executions of a resource, and ECS tasks.

pub(super) mod executions;
pub(super) mod tasks;
