//! Looks at the execution until it has ended.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use ecs_task_runner::aws::step_functions::{StateMachine, StepFunctions};
use ecs_task_runner::execution::status::Execution;
use ecs_task_runner::explain::{ExecutionArn, Explanation, RunResult};
use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::Event;
use super::caller::{Caller, is_expired};
use crate::explain::execution::{Unexplained, describe, in_words, read_history};
use crate::explain::patience::{PATIENCE, patiently};

/// Pause between two looks at an execution, while its run is young and later. A look takes one call
/// or a few, and the account's executions share 20 `GetExecutionHistory` a second (`service-quotas`).
const PERIOD: Duration = Duration::from_millis(500);
const LATER_PERIOD: Duration = Duration::from_secs(2);
/// Age of a run that is not young any more.
const YOUNG: Duration = Duration::from_mins(5);

/// Looks at one execution.
pub(super) struct Reader {
    pub(super) caller: Caller,
    pub(super) state_machine: StateMachine,
    pub(super) execution: ExecutionArn,
    /// What the first look has described, which holds for all: the input stays, and an end stands
    /// in the history.
    pub(super) described: Option<Execution>,
}

impl Reader {
    /// Reports each look, and why there can be no more.
    pub(super) async fn follow(self, events: mpsc::UnboundedSender<Event>) {
        let looking = AssertUnwindSafe(self.look_to_the_end(&events));
        if looking.catch_unwind().await.is_err() {
            let why = "following the run failed by a defect of this program";
            // Nobody receives it any more once the program ends.
            let _ = events.send(Event::CannotFollow(why.to_owned()));
        }
    }

    async fn look_to_the_end(mut self, events: &mpsc::UnboundedSender<Event>) {
        let began = Instant::now();
        loop {
            let looked = match self.look().await {
                Ok(explanation) => Event::Looked(Box::new(explanation)),
                Err(error) => Event::CannotFollow(in_words(error, &self.execution).to_string()),
            };
            let goes_on = matches!(&looked, Event::Looked(explanation) if explanation.conclusion.result == RunResult::Running);
            if events.send(looked).is_err() || !goes_on {
                return;
            }
            let is_young = began.elapsed() < YOUNG;
            sleep(if is_young { PERIOD } else { LATER_PERIOD }).await;
        }
    }

    /// Looks once, patiently. With expired credentials it looks once more with those that are to be
    /// had now.
    async fn look(&mut self) -> Result<Explanation, Unexplained> {
        let is_about_credentials =
            |error: &Unexplained| matches!(error, Unexplained::Api(error) if is_expired(error));
        match self.look_patiently().await {
            Err(error) if is_about_credentials(&error) => {
                let connection = self.caller.connection().await;
                self.state_machine =
                    StepFunctions::new(&connection).state_machine(self.execution.state_machine());
                self.look_patiently().await
            }
            looked => looked,
        }
    }

    async fn look_patiently(&mut self) -> Result<Explanation, Unexplained> {
        // The execution was started; that Step Functions does not show it yet passes
        // (`API_DescribeExecution`: eventually consistent).
        let may_pass = |error: &Unexplained| {
            matches!(error, Unexplained::Api(error) if !is_expired(error)
                && (error.may_pass() || error.code.as_deref() == Some("ExecutionDoesNotExist")))
        };
        let execution = if let Some(execution) = &self.described {
            execution.clone()
        } else {
            let describe = async || describe(&self.state_machine, &self.execution).await;
            let described = patiently(PATIENCE, may_pass, describe).await?;
            self.described.insert(described).clone()
        };
        patiently(PATIENCE, may_pass, async || {
            read_history(&self.state_machine, &self.execution, execution.clone()).await
        })
        .await
    }
}
