//! Everything around a worker, in this process and under a paused clock: CloudFormation's event and the place for its answer, the
//! functions as Lambda and EventBridge invoke them, executions as Step Functions plays them.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use ecs_task_runner::aws::Connection;
use ecs_task_runner::aws::cloudformation::Stacks;
use ecs_task_runner::aws::ecs::Ecs;
use ecs_task_runner::aws::kms::Kms;
use ecs_task_runner::aws::response_url::ResponsePut;
use ecs_task_runner::aws::step_functions::StepFunctions;
use ecs_task_runner::clock::Clock;
use ecs_task_runner::functions::{Patience, Rescuer, Responder, Seal, Starter, Stopper};
use ecs_task_runner::response_hosts::ResponseHosts;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use stand_ins::StandIns;
use stand_ins::response_url::ResponseUrls;
use stand_ins::sfn::{ExecutionEnd, ExecutionView};
use template_roles::{Roles, WORKER};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::interpreter::{Failed, definition, execute};

const MINUTE: Duration = Duration::from_secs(60);
/// How soon an execution begins after its start.
const LOOK: Duration = Duration::from_secs(2);
/// The functions' own time limits, as in the template.
const START_LIMIT: Duration = Duration::from_secs(240);
const RESPOND_LIMIT: Duration = Duration::from_secs(60);
/// What Lambda waits before the second and the third attempt of an asynchronous invocation.
const BETWEEN_ATTEMPTS: [Duration; 2] = [MINUTE, Duration::from_secs(120)];
/// The template's default.
const CLAIM_TIMEOUT: Duration = Duration::from_secs(300);

/// A task runner stack, and a stack with a resource of its.
pub struct Deployment {
    pub aws: StandIns,
    pub activity: String,
    pub clock: Clock,
    /// The worker's.
    pub connection: Connection,
    urls: ResponseUrls,
    starter: Starter,
    responder: Responder,
    stopper: Stopper,
    rescuer: Rescuer,
    dead_letters: Mutex<Vec<String>>,
}

/// An answer that CloudFormation can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub at: Duration,
    pub status: String,
    pub reason: String,
}

impl Deployment {
    pub fn new() -> Arc<Self> {
        let aws = StandIns::new();
        let activity = aws.sfn().activity("ecs-task");
        let state_machine = aws.sfn().state_machine("ecs-task");
        let key = aws.kms().key();
        let clock = Clock::following_tokio(Clock::system().now());
        let urls = aws.response_urls_in_process(&clock.now().strftime("%Y%m%dT%H%M%SZ").to_string());
        Roles::of(&template_roles::Deployment::new().key(&key)).enforce(&aws);
        let connection_of = |program: &str| {
            let config = SdkConfig::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new(stand_ins::REGION))
                .credentials_provider(SharedCredentialsProvider::new(Credentials::new(program, "secret", None, None, "tests")))
                .http_client(aws.http_client())
                .build();
            Connection::from_config(config)
        };
        let responder = |connection: &Connection| {
            let put = ResponsePut::through(urls.connector(), ResponseHosts::of_region(stand_ins::REGION));
            Responder::new(put, Seal::new(Kms::new(connection), Some(key.clone())))
        };
        let machine = |connection: &Connection| StepFunctions::new(connection).state_machine(&state_machine);
        let [start, stop, rescue] = ["start", "stop", "rescue"].map(connection_of);
        Arc::new(Self {
            starter: Starter::new(machine(&start), Stacks::new(&start), Ecs::with_retries(&start), responder(&start), clock),
            stopper: Stopper::new(Ecs::with_retries(&stop), StepFunctions::new(&stop), clock),
            rescuer: Rescuer::new(
                machine(&rescue),
                Ecs::with_retries(&rescue),
                responder(&rescue),
                clock,
                Patience::with_claim(CLAIM_TIMEOUT),
            ),
            responder: responder(&connection_of("respond")),
            connection: connection_of(WORKER),
            aws,
            activity,
            clock,
            urls,
            dead_letters: Mutex::default(),
        })
    }

    /// Creates the resource, and goes on until all is over and nothing more has come for a while. `then` happens beside it.
    pub async fn create(self: &Arc<Self>, properties: &Value, then: impl Future<Output = ()>) {
        let event = json!({
            "RequestType": "Create",
            "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:start",
            "ResponseURL": self.urls.url("todobackend", "MigrateTask"),
            "StackId": self.aws.cloudformation().stack("todobackend", "CREATE_IN_PROGRESS"),
            "RequestId": "2f2b6f2d-6f2d-4c55-9d55-2f2b6f2d6f2d",
            "LogicalResourceId": "MigrateTask",
            "ResourceType": "Custom::EcsTask",
            "ResourceProperties": properties,
        });
        let mut invocations = JoinSet::new();
        let this = Arc::clone(self);
        invocations.spawn(async move {
            this.asynchronously(|| async { this.starter.start(event.clone()).await.map(drop).map_err(|error| error.to_string()) }).await;
        });
        let all_over = async {
            let mut known = 0;
            let mut schedule = interval(MINUTE);
            schedule.set_missed_tick_behavior(MissedTickBehavior::Delay);
            // Long enough for the schedule's looks at what has ended.
            let mut quiet_until = None;
            loop {
                tokio::select! {
                    () = sleep(LOOK) => {}
                    _ = schedule.tick() => {
                        let this = Arc::clone(self);
                        // A look that fails is followed by the next one.
                        invocations.spawn(async move {
                            let _ = timeout(START_LIMIT, this.rescuer.rescue(json!({"detail-type": "Scheduled Event", "detail": {}}))).await;
                        });
                    }
                    Some(ended) = invocations.join_next() => ended.unwrap(),
                }
                let executions = self.aws.sfn().executions();
                for execution in &executions[known..] {
                    let (this, execution) = (Arc::clone(self), execution.clone());
                    invocations.spawn(async move { this.execution(&execution).await });
                }
                known = executions.len();
                let is_over = invocations.is_empty() && executions.iter().all(|execution| execution.ended.is_some());
                let is_told = !self.answers().is_empty() || !self.dead_letters().is_empty();
                let now = self.aws.clock().now();
                if is_over && is_told && now >= *quiet_until.get_or_insert(now + 8 * MINUTE) {
                    return;
                }
            }
        };
        tokio::join!(all_over, then);
    }

    /// Somebody stops the executions that run.
    pub fn abort_executions(&self) {
        for execution in self.aws.sfn().executions() {
            self.aws.sfn().end_execution(&execution.arn, ExecutionEnd::Aborted { error: None, cause: Some("wrong release".to_owned()) });
        }
    }

    /// The answers that were stored, in order. CloudFormation acts on the first.
    pub fn answers(&self) -> Vec<Answer> {
        let puts = self.urls.puts();
        let stored = puts.iter().filter(|put| put.is_stored());
        stored
            .map(|put| {
                let body: Value = serde_json::from_slice(&put.body).unwrap();
                let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
                Answer { at: put.at, status: text("Status"), reason: text("Reason") }
            })
            .collect()
    }

    /// Why events were given up.
    pub fn dead_letters(&self) -> Vec<String> {
        self.dead_letters.lock().unwrap().clone()
    }

    async fn execution(&self, execution: &ExecutionView) {
        let end = execute(&definition(), &self.aws, &self.activity, execution, |function, payload| self.invoke(function, payload)).await;
        let status = match end {
            ExecutionEnd::Succeeded(_) => return,
            ExecutionEnd::Failed { .. } => "FAILED",
            ExecutionEnd::TimedOut => "TIMED_OUT",
            ExecutionEnd::Aborted { .. } => "ABORTED",
        };
        let (machine, _) = execution.arn.rsplit_once(':').unwrap();
        let event = json!({
            "detail-type": "Step Functions Execution Status Change",
            "detail": {"executionArn": execution.arn, "stateMachineArn": machine.replace(":execution:", ":stateMachine:"), "status": status}
        });
        self.asynchronously(|| async { self.rescuer.rescue(event.clone()).await.map(drop).map_err(|error| error.to_string()) }).await;
    }

    async fn invoke(&self, function: String, payload: Value) -> Result<Value, Failed> {
        let failed = |error: &str, cause: String| Failed { error: error.to_owned(), cause };
        let invoked = async {
            if function == "RespondFunctionArn" {
                let responded = self.responder.respond(read(payload)).await;
                responded.map(|()| json!({})).map_err(|error| failed("CustomResource.RespondFailed", error.to_string()))
            } else {
                let stopped = self.stopper.stop(read(payload)).await;
                stopped
                    .map(|stopped| serde_json::to_value(stopped).unwrap())
                    .map_err(|error| failed("CustomResource.StopFailed", error.to_string()))
            }
        };
        timeout(RESPOND_LIMIT, invoked).await.unwrap_or_else(|_| Err(failed("Sandbox.Timedout", "Task timed out".to_owned())))
    }

    /// An asynchronous invocation: up to three attempts, then the dead-letter queue.
    async fn asynchronously<I, F>(&self, invoke: I)
    where
        I: Fn() -> F,
        F: Future<Output = Result<(), String>>,
    {
        let mut pauses = BETWEEN_ATTEMPTS.into_iter();
        loop {
            let error = match timeout(START_LIMIT, invoke()).await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error,
                Err(_) => "Task timed out".to_owned(),
            };
            let Some(pause) = pauses.next() else {
                self.dead_letters.lock().unwrap().push(error);
                return;
            };
            sleep(pause).await;
        }
    }
}

fn read<T: DeserializeOwned>(payload: Value) -> T {
    serde_json::from_value(payload).unwrap()
}
