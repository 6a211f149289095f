//! What happens in a cell when nothing goes wrong with calls.

use std::sync::Arc;
use std::time::Duration;

use ecs_task_runner::execution::error::NOT_CLAIMED;
use ecs_task_runner::task::error::ErrorName;
use serde_json::{Value, json};
use stand_ins::ecs::{OnSigterm, Script};
use tokio::time::sleep;

use crate::deployment::Deployment;

const SECOND: Duration = Duration::from_secs(1);
/// The run's own limit.
pub const LIMIT: Duration = Duration::from_secs(600);
/// The value of a variable that the properties set.
pub const PASSWORD: &str = "correct-horse-battery";
/// While the task runs.
const MEANWHILE: Duration = Duration::from_secs(70);

/// The course of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    Succeeds,
    Fails,
    RunsPastItsDeadline,
    /// Somebody stops the execution while the task runs.
    IsAborted,
    /// The time for the whole execution is over while the task runs.
    TimesOut,
    /// No worker polls.
    IsNeverTaken,
    /// An Update, which succeeds.
    Updates,
    /// It runs where a service runs, and succeeds.
    TakesANetwork,
    /// It runs on an instance that the properties name, and succeeds.
    RunsOnAnInstance,
    /// The resource is deleted while the task runs.
    IsDeleted,
    /// The update is rolled back while its task runs, which ignores the request to stop. The rollback
    /// runs the task definition once more, with `RollbackOverrides`, and succeeds.
    IsRolledBack,
    /// An execution whose input is the properties, for which no stack waits. It succeeds.
    RunsDirectly,
    /// The same, and the task fails.
    FailsDirectly,
    /// The same, and somebody stops the execution while the task runs.
    IsAbortedDirectly,
    /// A deployment of a service waits for the run, which its lifecycle hook starts. It succeeds, and
    /// the deployment goes on.
    RunsInADeployment,
    /// The same, but the task fails, and the deployment is rolled back.
    FailsInADeployment,
    /// The same, but somebody stops the deployment while the task runs.
    LosesItsDeployment,
    /// A wait condition waits for the run, which succeeds.
    SucceedsForACondition,
    /// The same, and the task fails.
    FailsForACondition,
    /// The same, and somebody stops the execution while the task runs.
    IsAbortedForACondition,
}

impl Course {
    /// What the request that counts is answered with: `None` is SUCCESS, else the error that the
    /// Reason begins with. Of a direct run it is the execution's own end; of a deployment, its end,
    /// with the Reason in the log of the hook's function.
    pub fn error(self) -> Option<&'static str> {
        match self {
            Self::Succeeds
            | Self::Updates
            | Self::TakesANetwork
            | Self::RunsOnAnInstance
            | Self::RunsDirectly
            | Self::RunsInADeployment
            | Self::SucceedsForACondition
            | Self::IsRolledBack
            | Self::IsDeleted => None,
            Self::Fails
            | Self::FailsDirectly
            | Self::FailsInADeployment
            | Self::FailsForACondition => Some(ErrorName::Failed.as_str()),
            Self::RunsPastItsDeadline | Self::TimesOut => {
                Some(ErrorName::DeadlineExceeded.as_str())
            }
            Self::IsAborted | Self::LosesItsDeployment | Self::IsAbortedForACondition => {
                Some(ErrorName::Interrupted.as_str())
            }
            Self::IsNeverTaken => Some(NOT_CLAIMED),
            Self::IsAbortedDirectly => Some("ABORTED"),
        }
    }

    /// How many requests there are. The last one counts: CloudFormation has given up those before
    /// it.
    pub fn requests(self) -> usize {
        match self {
            _ if self.is_direct() => 0,
            Self::IsDeleted | Self::IsRolledBack => 2,
            _ => 1,
        }
    }

    /// The course that is the same for a stack.
    pub fn of_a_stack(self) -> Self {
        match self {
            Self::RunsDirectly | Self::RunsInADeployment | Self::SucceedsForACondition => {
                Self::Succeeds
            }
            Self::FailsDirectly | Self::FailsInADeployment | Self::FailsForACondition => {
                Self::Fails
            }
            Self::IsAbortedDirectly | Self::IsAbortedForACondition => Self::IsAborted,
            other => other,
        }
    }

    /// Whether no stack waits for the run.
    pub fn is_direct(self) -> bool {
        matches!(
            self,
            Self::RunsDirectly | Self::FailsDirectly | Self::IsAbortedDirectly
        ) || self.is_hooked()
    }

    /// Whether a deployment of a service waits for the run.
    pub fn is_hooked(self) -> bool {
        matches!(
            self,
            Self::RunsInADeployment | Self::FailsInADeployment | Self::LosesItsDeployment
        )
    }

    /// Whether a wait condition waits for the run.
    pub fn is_for_a_condition(self) -> bool {
        matches!(
            self,
            Self::SucceedsForACondition | Self::FailsForACondition | Self::IsAbortedForACondition
        )
    }

    pub fn has_worker(self) -> bool {
        self != Self::IsNeverTaken
    }

    /// How long an execution may last, where that is not what the definition says.
    pub fn execution_limit(self) -> Option<Duration> {
        (self == Self::TimesOut).then_some(2 * MEANWHILE)
    }

    pub fn prepare(self, deployment: &Deployment) {
        let ecs = deployment.aws.ecs();
        ecs.register_family("migrate", &["migrate"]);
        if self == Self::IsRolledBack {
            let forward = Script::runs_forever().on_sigterm(OnSigterm::Ignored);
            let back = Script::exits(0).running(90 * SECOND);
            let log = |script: Script| script.log(SECOND, format!("connecting with {PASSWORD}"));
            return ecs.scripts("migrate", [log(forward), log(back)]);
        }
        let script = match self {
            Self::Fails
            | Self::FailsDirectly
            | Self::FailsInADeployment
            | Self::FailsForACondition => Script::exits(1).running(90 * SECOND),
            Self::RunsPastItsDeadline => Script::runs_forever().on_sigterm(OnSigterm::Ignored),
            Self::IsAborted
            | Self::TimesOut
            | Self::IsDeleted
            | Self::IsAbortedDirectly
            | Self::IsAbortedForACondition
            | Self::LosesItsDeployment => Script::runs_forever(),
            Self::Succeeds
            | Self::IsNeverTaken
            | Self::Updates
            | Self::TakesANetwork
            | Self::RunsDirectly
            | Self::RunsInADeployment
            | Self::IsRolledBack
            | Self::SucceedsForACondition
            | Self::RunsOnAnInstance => Script::exits(0).running(90 * SECOND),
        };
        // What a container writes into its log stands in the Reason of a run that fails.
        let script = script.log(SECOND, format!("connecting with {PASSWORD}"));
        ecs.script("migrate", script);
        let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
        ecs.service(
            "production",
            "web",
            &json!({"launchType": "FARGATE", "networkConfiguration": network}),
        );
    }

    fn properties(self) -> Value {
        let mut properties = json!({
            "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:start",
            "Cluster": "production",
            "TaskDefinition": "migrate",
            "Timeout": LIMIT.as_secs().to_string(),
            "Overrides": {"ContainerOverrides": [{"Name": "migrate", "Environment": [{"Name": "DATABASE_PASSWORD", "Value": PASSWORD}]}]}
        });
        match self {
            Self::TakesANetwork => properties["NetworkFrom"] = json!("web"),
            Self::RunsOnAnInstance => {
                properties["Instances"] = json!([
                    "arn:aws:ecs:us-east-1:123456789012:container-instance/production/4f1c"
                ]);
            }
            Self::IsRolledBack => {
                properties["RollbackOverrides"] = properties["Overrides"].clone();
            }
            // What else there is has its defaults from the service that is deployed.
            _ if self.is_hooked() => {
                let properties = properties.as_object_mut().unwrap();
                properties.retain(|name, _| ["Timeout", "Overrides"].contains(&name.as_str()));
            }
            _ => {}
        }
        properties
    }

    /// Plays the course. Calls `strike`, which injects the fault, at the beginning, or after so long
    /// when a fault would strike nothing before.
    pub async fn play(self, deployment: &Arc<Deployment>, after: Duration, strike: impl FnOnce()) {
        let mut properties = self.properties();
        if self.is_for_a_condition() {
            properties["WaitConditionHandle"] = deployment.handle().url().into();
        }
        let request = if matches!(self, Self::Updates | Self::IsRolledBack) {
            "Update"
        } else {
            "Create"
        };
        let ask = || {
            if self.is_hooked() {
                deployment.deploy_service(&properties);
            } else if self.is_direct() {
                deployment.start_directly(&properties);
            } else {
                deployment.ask(request, &properties);
            }
        };
        if after.is_zero() {
            strike();
            ask();
        } else {
            ask();
            sleep(after).await;
            strike();
        }
        match self {
            Self::IsAborted | Self::IsAbortedDirectly | Self::IsAbortedForACondition => {
                sleep(MEANWHILE.saturating_sub(after)).await;
                deployment.abort_executions();
            }
            Self::LosesItsDeployment => {
                sleep(MEANWHILE.saturating_sub(after)).await;
                deployment.stop_service_deployment().await;
            }
            Self::IsDeleted => {
                sleep(MEANWHILE.saturating_sub(after)).await;
                deployment.ask("Delete", &properties);
            }
            Self::IsRolledBack => {
                sleep(MEANWHILE.saturating_sub(after)).await;
                deployment.roll_back(&Self::Succeeds.properties(), &properties);
            }
            _ => {}
        }
    }
}
