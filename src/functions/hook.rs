//! `hook`: runs a task for a lifecycle hook of an ECS deployment, and says how it went.
//!
//! ```text
//! ECS ─event─▶ HookCall ─┬─ the deployment is rolled back ──▶ SUCCEEDED, nothing is run
//!  ▲                     ├─ the first call ──▶ StartExecution, then as below
//!  │                     └─ the execution is known ──▶ DescribeExecution ─┬─ runs ──▶ IN_PROGRESS
//!  └──── again after callBackDelay, with what the reply passed on ◀───────┴─ ended ─▶ SUCCEEDED, FAILED
//! ```
//!
//! ECS rolls a deployment back when the function ends with an exception or is too slow, without
//! another try and without a reason that anybody sees. So the function always replies, and within
//! [`HOOK_BUDGET`]: what may pass, its own defects included, is `IN_PROGRESS` until its patience is over.
//!
//! Whatever is called twice comes to one run: the execution's name follows from the deployment, its
//! stage and the hook's configuration, and Step Functions starts no second execution of a name.

mod replies;

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use serde_json::Value;
use tokio::time::timeout;

use crate::aws::ErrorKind;
use crate::aws::ecs::Ecs;
use crate::aws::step_functions::{Started, StateMachine};
use crate::clock::Clock;
use crate::execution::direct::Prepared;
use crate::execution::hook::{HookCall, HookProgress, HookReply};
use crate::execution::input::Workers;
use crate::execution::status::ExecutionStatus;
use crate::task::error::ErrorName;
use crate::times::hook::HOOK_BUDGET;
use replies::{error_of, failed, in_progress, not_started};

pub use replies::INCIDENT_HOOK_FAILED;

/// Runs tasks for lifecycle hooks.
#[derive(Debug, Clone)]
pub struct DeploymentHook {
    state_machine: StateMachine,
    ecs: Ecs,
    clock: Clock,
    workers: Workers,
}

/// What one call comes to; what may pass is an error, in words.
type Outcome = Result<HookReply, String>;

/// What comes of starting the execution; what may pass is an error, in words.
enum Start {
    /// There is an execution of this ARN.
    Known(String),
    /// There is none, and this is the reply.
    Over(HookReply),
}

impl DeploymentHook {
    /// Starts executions of `state_machine`, on which these workers work.
    #[must_use]
    pub fn new(state_machine: StateMachine, ecs: Ecs, clock: Clock, workers: Workers) -> Self {
        Self {
            state_machine,
            ecs,
            clock,
            workers,
        }
    }

    /// Replies to one call of ECS, whatever it was called with.
    pub async fn reply(&self, event: &Value) -> HookReply {
        // Whether ECS keeps `executionId` while a hook is in progress is documented nowhere: the log shows it.
        tracing::info!(
            deployment = event["resourceArn"].as_str(),
            hook_execution = event["executionId"].as_str(),
            "ECS calls the hook"
        );
        let now = self.clock.now();
        let mut progress = HookProgress::of(event, now);
        // Boxed: the future holds those of all calls to AWS.
        let outcome = Box::pin(timeout(HOOK_BUDGET, self.follow(event, &mut progress)));
        // A panic is a defect of this function, which the next release may have mended: the deployment
        // need not be lost for it.
        // The three results, from the outside: a panic, the time limit, and what may pass.
        let why = match AssertUnwindSafe(outcome).catch_unwind().await {
            Ok(Ok(Ok(reply))) => return reply,
            Ok(Ok(Err(why))) => why,
            Ok(Err(_)) => format!("AWS did not answer within {} s", HOOK_BUDGET.as_secs()),
            Err(_) => "the function hook has a defect: it panicked".to_owned(),
        };
        if now < progress.patience_ends() {
            tracing::warn!(why, "the hook cannot go on now; it is tried again");
            return in_progress(&progress, now);
        }
        let service = HookCall::parse(event).map(|call| call.deployment.service_name().to_owned());
        let service = service.unwrap_or_default();
        let error = if progress.execution_arn().is_some() {
            format!(
                "{}: how the run ended could not be seen within its time: {why}.",
                ErrorName::DeadlineExceeded
            )
        } else {
            format!(
                "{}: the run could not be started within its time: {why}.",
                ErrorName::NotStarted
            )
        };
        failed(&service, &error, progress.execution_arn())
    }

    /// What the call comes to. `progress` keeps what was found, for the reply in case that it cannot be
    /// brought to an end.
    async fn follow(&self, event: &Value, progress: &mut HookProgress) -> Outcome {
        let call = match HookCall::parse(event) {
            Ok(call) => call,
            Err(unusable) => {
                let error = format!("{}: {unusable}.", ErrorName::InvalidRequest);
                return Ok(failed("", &error, None));
            }
        };
        // Only an execution that this function can have started is believed.
        let executions = self.state_machine.execution_arn("");
        let passed_on = progress
            .execution_arn()
            .filter(|arn| {
                let name = arn.strip_prefix(&executions);
                name.is_some_and(|name| call.is_of_this_service(name))
            })
            .map(str::to_owned);
        *progress = progress.clone().with_execution(passed_on.as_deref());
        // A run that is under way is stopped by `rescue`, which looks at the deployments of all hooks.
        if self.is_given_up(&call, passed_on.is_some()).await? {
            tracing::info!(
                deployment = call.deployment.arn,
                stage = call.deployment.stage,
                "the deployment is stopped or rolled back; nothing is run"
            );
            return Ok(HookReply::Succeeded);
        }
        let arn = match passed_on {
            Some(arn) => arn,
            None => match self.start(&call, progress).await? {
                Start::Known(arn) => arn,
                Start::Over(reply) => return Ok(reply),
            },
        };
        self.look(&call, &arn, progress).await
    }

    /// Whether the deployment has been stopped, or is rolled back.
    async fn is_given_up(&self, call: &HookCall, is_known: bool) -> Result<bool, String> {
        if call.is_rollback {
            return Ok(true);
        }
        let Some(arn) = call.deployment.described_by() else {
            return Ok(false);
        };
        match self.ecs.deployment_status(arn).await {
            Ok(status) => Ok(status.is_some_and(|status| status.is_given_up())),
            // Before anything runs it must be known whether it is still wanted.
            Err(error) if error.may_pass() && !is_known => Err(error.to_string()),
            Err(error) => {
                tracing::warn!(%error, "whether the deployment is rolled back is judged by its traffic alone");
                Ok(false)
            }
        }
    }

    /// Starts the execution, or finds that an earlier call has.
    async fn start(&self, call: &HookCall, progress: &mut HookProgress) -> Result<Start, String> {
        let service = call.deployment.service_name();
        let name = call.execution_name();
        let arn = self.state_machine.execution_arn(&name);
        // An earlier call may have started the execution without being told of it.
        if progress.is_repeated && matches!(self.state_machine.has(&name).await, Ok(true)) {
            *progress = progress.clone().with_execution(Some(&arn));
            return Ok(Start::Known(arn));
        }
        let revision = match self.ecs.service_revision(&call.target_revision).await {
            Ok(Some(revision)) => revision,
            Ok(None) => {
                return Err(format!(
                    "ECS does not show the service revision {}",
                    call.target_revision
                ));
            }
            Err(error) => return not_started(service, &error).map(Start::Over),
        };
        let prepared = call.prepare(&arn, progress, self.clock.now(), &revision, self.workers);
        let input = match prepared {
            Ok(Prepared::Run(input)) => input,
            Ok(Prepared::Nothing(output)) => {
                tracing::info!(service, reason = output.skipped, "nothing is run");
                return Ok(Start::Over(HookReply::Succeeded));
            }
            Err(failure) => {
                return Ok(Start::Over(failed(service, &failure.to_string(), None)));
            }
        };
        if call.may_recur() {
            tracing::warn!(
                service,
                stage = call.deployment.stage,
                "a deployment may reach this stage more than once, and its rollback too; the task is run the first time only. PRE_SCALE_UP is the stage for migrations"
            );
        }
        let json = serde_json::to_string(&input)
            .expect("an execution input is strings, numbers and lists");
        match self.state_machine.start(&name, &json).await {
            Ok(Started::Running) => tracing::info!(
                execution = name,
                deployment = call.deployment.arn,
                stage = call.deployment.stage,
                deadline = %input.task.deadline,
                "the run of the hook is started"
            ),
            Ok(Started::Already) => {}
            Err(error) => return not_started(service, &error).map(Start::Over),
        }
        *progress = progress.clone().with_execution(Some(&arn));
        Ok(Start::Known(arn))
    }

    /// Describes the execution.
    async fn look(&self, call: &HookCall, arn: &str, progress: &HookProgress) -> Outcome {
        let service = call.deployment.service_name();
        let execution = match self.state_machine.describe(arn).await {
            Ok(execution) => execution,
            Err(error) if error.kind == ErrorKind::AccessDenied => {
                let error = format!("{}: {error}.", ErrorName::AccessDenied);
                return Ok(failed(service, &error, Some(arn)));
            }
            // An execution that was just started may not show yet (`API_DescribeExecution`).
            Err(error) => return Err(error.to_string()),
        };
        match execution.status {
            ExecutionStatus::Running => {
                let now = self.clock.now();
                if now < progress.patience_ends() {
                    return Ok(in_progress(progress, now));
                }
                Err("the execution still runs".to_owned())
            }
            ExecutionStatus::Succeeded => {
                tracing::info!(service, execution = arn, "the run of the hook succeeded");
                Ok(HookReply::Succeeded)
            }
            ExecutionStatus::Failed | ExecutionStatus::TimedOut | ExecutionStatus::Aborted => {
                Ok(failed(service, &error_of(&execution), Some(arn)))
            }
        }
    }
}
