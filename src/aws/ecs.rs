//! Amazon ECS: one file per call.

mod describe_services;
mod describe_task_definition;
mod describe_tasks;
mod list_tasks;
mod parameters;
mod run_task;
mod stop_task;

use aws_sdk_ecs::Client;
use aws_sdk_ecs::config::retry::RetryConfig;

use super::Connection;

pub use describe_services::ServiceNetwork;
pub use describe_task_definition::{ContainerDefinition, LogStreamPlace, TaskDefinition};
pub use describe_tasks::{MAX_TASKS_PER_CALL, Sighting};
pub use list_tasks::{ListedTask, WhichTasks};
pub use run_task::{Placement, PlacementFailure, RunTaskError};

/// Calls ECS. The SDK's futures are several KB each; those of calls that a run makes are boxed,
/// since a run that waits would otherwise keep room for all of them.
#[derive(Debug, Clone)]
pub struct Ecs {
    client: Client,
}

impl Ecs {
    /// For callers with a budget and a back-off of their own: no call is repeated behind their
    /// back.
    #[must_use]
    pub fn without_retries(connection: &Connection) -> Self {
        let config = aws_sdk_ecs::config::Builder::from(connection.config())
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            client: Client::from_conf(config),
        }
    }

    /// For callers that make a few calls and end: the SDK's own retries.
    #[must_use]
    pub fn with_retries(connection: &Connection) -> Self {
        Self {
            client: Client::new(connection.config()),
        }
    }
}
