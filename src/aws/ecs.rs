//! Amazon ECS: one file per call.
//!
//! Calls of which an account has few a second are made through the budget of their kind, and none
//! goes past it: the SDK's own retries are off, and every attempt takes a permit and tells the
//! budget how it ended. Some methods take the permit as an argument, because their callers have
//! something to decide between getting it and making the call.

mod describe_services;
mod describe_task_definition;
mod describe_tasks;
mod list_tasks;
mod parameters;
mod run_task;
mod stop_task;

use std::future::Future;
use std::time::Duration;

use aws_sdk_ecs::Client;
use aws_sdk_ecs::config::retry::RetryConfig;
use tokio::time::sleep;

use super::backoff::Backoff;
use super::budget::ApiBudget;
use super::{ApiError, CallRates, Connection};

pub use describe_services::{NamedService, ServiceNetwork};
pub use describe_task_definition::{ContainerDefinition, LogStreamPlace, TaskDefinition};
pub use describe_tasks::MAX_TASKS_PER_CALL;
pub use list_tasks::{ListedTask, WhichTasks};
pub use run_task::{Placement, PlacementFailure, RunTaskError};

/// Attempts at a call of a client that repeats calls, and the pauses between them: about what the
/// SDK does by default (`RetryConfig::standard`).
const ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Calls ECS. The SDK's futures are several KB each; those of calls that a run makes are boxed,
/// since a run that waits would otherwise keep room for all of them.
///
/// Clones share their budgets.
#[derive(Debug, Clone)]
pub struct Ecs {
    client: Client,
    attempts: u32,
    budgets: EcsBudgets,
}

/// The budget of each kind of call that has one.
#[derive(Debug, Clone)]
pub struct EcsBudgets {
    /// `DescribeTasks`, also those calls that complete a list.
    pub describe_tasks: ApiBudget,
    /// `ListTasks`; each page of a list is a call.
    pub list_tasks: ApiBudget,
    /// `RunTask` and `StartTask`.
    pub run_task: ApiBudget,
    /// `StopTask`.
    pub stop_task: ApiBudget,
}

impl Ecs {
    /// For callers with a back-off of their own: no call is repeated.
    #[must_use]
    pub fn without_retries(connection: &Connection, rates: CallRates) -> Self {
        Self::new(connection, 1, rates, ApiBudget::new)
    }

    /// For the function `work`, many of which run at once, each for one run: as
    /// [`without_retries`](Self::without_retries), with budgets that share the account's quotas evenly.
    #[must_use]
    pub fn for_one_run(connection: &Connection) -> Self {
        Self::new(connection, 1, CallRates::default(), ApiBudget::of_many)
    }

    /// For a Lambda function, which makes a few calls and ends: a call that fails for what may pass
    /// is repeated twice, except for launches, which only a worker makes.
    #[must_use]
    pub fn with_retries(connection: &Connection) -> Self {
        Self::new(
            connection,
            ATTEMPTS,
            CallRates::of_function(),
            ApiBudget::new,
        )
    }

    fn new(
        connection: &Connection,
        attempts: u32,
        rates: CallRates,
        budget: impl Fn(f64) -> ApiBudget,
    ) -> Self {
        let config = aws_sdk_ecs::config::Builder::from(connection.config())
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            client: Client::from_conf(config),
            attempts,
            budgets: EcsBudgets {
                describe_tasks: budget(rates.describe_tasks),
                list_tasks: budget(rates.list_tasks),
                run_task: budget(rates.run_task),
                stop_task: budget(rates.stop_task),
            },
        }
    }

    /// What this client's calls are paced by.
    #[must_use]
    pub fn budgets(&self) -> &EcsBudgets {
        &self.budgets
    }

    /// Makes a call of a kind that has a budget: each attempt waits for a permit of its own.
    async fn call<T, F>(&self, budget: &ApiBudget, attempt: impl Fn() -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        self.repeat(|| async { budget.acquire().await.call(attempt()).await })
            .await
    }

    /// Makes a call again while it fails for what may pass and attempts are left.
    async fn repeat<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        for _ in 1..self.attempts {
            match attempt().await {
                Err(error) if error.may_pass() => sleep(backoff.pause()).await,
                outcome => return outcome,
            }
        }
        attempt().await
    }
}
