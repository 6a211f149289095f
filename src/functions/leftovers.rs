//! What still runs although CloudFormation does not wait for it any more, and how it is stopped:
//! earlier executions of a resource, and ECS tasks.

pub(super) mod executions;
pub(super) mod tasks;
