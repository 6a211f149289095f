//! Amazon ECS: one file per call.
//!
//! Kinds of calls for which an account has a low quota have a budget. No attempt goes past it: the
//! SDK's own retries are off, and every attempt takes a permit and reports its outcome to the
//! budget. Some methods take the permit as an argument, because their callers decide something
//! between getting the permit and making the call.

mod describe_services;
mod describe_task_definition;
mod describe_tasks;
mod list_tasks;
mod parameters;
mod placement;
mod run_task;
mod service_deployments;
mod service_revisions;
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

/// How often a client with retries attempts a call, and the pauses between the attempts: about what
/// the SDK does by default (`RetryConfig::standard`).
const ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Calls ECS. The SDK's futures are several KB each; those of calls that a run makes are boxed,
/// since a waiting run would otherwise reserve room for all of them.
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
    /// `DescribeTasks`, including the calls with which `list_tasks` looks up the tasks whose ARNs
    /// `ListTasks` gave.
    pub describe_tasks: ApiBudget,
    /// `ListTasks`; each page of a list is a call.
    pub list_tasks: ApiBudget,
    /// `RunTask` and `StartTask`.
    pub run_task: ApiBudget,
    /// `StopTask`.
    pub stop_task: ApiBudget,
}

impl Ecs {
    /// For callers that repeat failed calls themselves: this client repeats none.
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

    /// For a Lambda function, which makes a few calls and ends: a call that fails with an error
    /// that may pass is repeated twice. That does not apply to launches, which only a worker makes.
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

    /// The budgets of this client's calls.
    #[must_use]
    pub fn budgets(&self) -> &EcsBudgets {
        &self.budgets
    }

    /// Makes a call that has a budget: each attempt waits for a permit of its own.
    async fn call<T, F>(&self, budget: &ApiBudget, attempt: impl Fn() -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        self.repeat(|| async { budget.acquire().await.call(attempt()).await })
            .await
    }

    /// Makes a call, and repeats it while the error may pass and attempts are left.
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
