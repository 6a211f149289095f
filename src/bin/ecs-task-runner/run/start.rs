//! The start of a run: under a name that is known before, so that a start can be repeated and a run be
//! stopped whose start was not answered.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{anyhow, bail};
use ecs_task_runner::aws::step_functions::{Started, StateMachine};
use ecs_task_runner::aws::{ApiError, Connection, ErrorKind};
use ecs_task_runner::clock::Clock;
use ecs_task_runner::explain::ExecutionArn;
use ecs_task_runner::run::{DirectRun, new_name};

use super::caller::Caller;
use crate::explain::patience::patiently;
use crate::explain::rights;

/// For how long a start that gets no answer is repeated, which starts no second run: the name is the
/// same.
const START_PATIENCE: Duration = Duration::from_mins(1);

/// A run that can be started.
pub(super) struct Start {
    pub(super) run: Arc<DirectRun>,
    pub(super) caller: Caller,
    pub(super) connection: Connection,
    pub(super) state_machine: StateMachine,
    pub(super) execution: ExecutionArn,
    name: String,
    /// Whether nobody else can have started an execution of this name: it was made here, or there
    /// was none a moment ago.
    is_new: bool,
    /// Whether Step Functions has said that the run was started.
    pub(super) is_answered: bool,
}

impl Start {
    /// The run, under this name or a new one.
    pub(super) fn new(
        run: DirectRun,
        caller: Caller,
        connection: Connection,
        state_machine: StateMachine,
        name: Option<String>,
    ) -> anyhow::Result<Self> {
        let is_new = name.is_none();
        let name = name.unwrap_or_else(|| {
            // The number keeps names of the same second apart.
            let number = fastrand::u32(..);
            new_name(run.task_definition(), Clock::system().now(), number)
        });
        Ok(Self {
            execution: ExecutionArn::parse(&state_machine.execution_arn(&name))?,
            run: Arc::new(run),
            caller,
            connection,
            state_machine,
            name,
            is_new,
            is_answered: false,
        })
    }

    /// Looks for the execution that is not there yet, since a run whose end cannot be seen is better
    /// not started. IAM decides before Step Functions looks whether the execution exists.
    pub(super) async fn check_that_it_can_be_followed(&mut self) -> anyhow::Result<()> {
        let arn = self.execution.to_string();
        let (described, read) = tokio::join!(
            self.state_machine.describe(&arn),
            self.state_machine.each_event(&arn, |_| {})
        );
        for error in [described.as_ref().err(), read.as_ref().err()]
            .into_iter()
            .flatten()
        {
            if error.kind == ErrorKind::AccessDenied {
                let otherwise = Some("start it with --detach, without following it");
                let error = rights::in_words(error, "to follow the run", otherwise);
                bail!("{error}. Nothing was started");
            }
        }
        match described {
            Ok(execution) if execution.stopped.is_some() => Err(self.exists_already()),
            Ok(_) => Ok(()),
            Err(error) => {
                self.is_new |= error.code.as_deref() == Some("ExecutionDoesNotExist");
                Ok(())
            }
        }
    }

    /// Starts the run. The same properties under the name of a run that goes on are that run.
    pub(super) async fn start(&self) -> anyhow::Result<()> {
        let input = self.run.input();
        let started = patiently(START_PATIENCE, ApiError::may_pass, || {
            self.state_machine.start(&self.name, &input)
        });
        match started.await {
            Ok(Started::Running) => Ok(()),
            // An answer was lost, and the run had ended before the start was repeated.
            Ok(Started::Already) if self.is_new => match self.has_this_input(&input).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(self.exists_already()),
                Err(error) => Err(self.may_be_started(&error)),
            },
            Ok(Started::Already) => Err(self.exists_already()),
            Err(error) if error.may_pass() => Err(self.may_be_started(&error)),
            Err(error) => Err(rights::in_words(&error, "to start the run", None)),
        }
    }

    async fn has_this_input(&self, input: &str) -> Result<bool, ApiError> {
        let arn = self.execution.to_string();
        let described = self.state_machine.describe(&arn).await?;
        Ok(described.input == input)
    }

    fn may_be_started(&self, error: &ApiError) -> anyhow::Error {
        anyhow!(
            "{error}. Whether the run was started is not known; this shows it: ecs-task-runner explain {}",
            self.execution
        )
    }

    fn exists_already(&self) -> anyhow::Error {
        anyhow!(
            "there is an execution {} already, which has ended or was started with other properties, so nothing was started. Choose another --name. What came of that one: ecs-task-runner explain {}",
            self.name,
            self.execution
        )
    }
}
