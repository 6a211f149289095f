//! Runs an ECS task as a CloudFormation custom resource, and always tells CloudFormation how it
//! went.
pub mod activity;
pub mod api_budget;
pub mod aws;
pub mod backoff;
pub mod byte_limit;
pub mod check;
pub mod clock;
pub mod console;
pub mod deadline;
pub mod error_name;
pub mod event;
pub mod execution_history;
pub mod execution_input;
pub mod explain;
pub mod functions;
pub mod identity;
pub mod judgement;
pub mod logging;
pub mod outcome;
pub mod properties;
pub mod response;
pub mod response_hosts;
pub mod task_run;
pub mod task_spec;
pub mod task_status;
pub mod version;
