//! Runs an ECS task as a CloudFormation custom resource, and always tells CloudFormation how it
//! went.
pub mod activity;
pub mod arn;
pub mod aws;
pub mod check;
pub mod clock;
pub mod cloudformation;
pub mod execution;
pub mod explain;
pub mod functions;
pub mod logging;
pub mod properties;
pub mod task;
pub mod task_run;
pub mod text;
pub mod times;
pub mod version;
