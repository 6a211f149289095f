//! Runs all of ecs-task-runner on this machine, without an AWS account: the real templates, the
//! real definition and the real programs on an emulator and the stand-ins. The program `local`
//! shows it; the tests of whole lifecycles drive it.

pub mod child_process;
pub mod directories;
pub mod endpoints;
pub mod executions;
pub mod history;
pub mod local_aws;
pub mod ministack;
pub mod python;
pub mod recording;
pub mod stacks;
pub mod task_runner;
pub mod todobackend;
pub mod worker;

mod artifacts;
mod loopback_http;
