//! The world of the functions: an account of stand-ins, and a place for answers.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ecs_task_runner::aws::cloudformation::Stacks;
use ecs_task_runner::aws::ecs::Ecs;
use ecs_task_runner::aws::kms::Kms;
use ecs_task_runner::aws::logs::Logs;
use ecs_task_runner::aws::response_url::ResponsePut;
use ecs_task_runner::aws::step_functions::StepFunctions;
use ecs_task_runner::aws::{CallRates, Connection};
use ecs_task_runner::clock::{Clock, before};
use ecs_task_runner::cloudformation::response_hosts::ResponseHosts;
use ecs_task_runner::execution::input::Workers;
use ecs_task_runner::functions::{
    RescueError, RescueLimits, Rescued, Rescuer, Responder, Seal, StartError, StartOutcome,
    Starter, Stopped, Stopper,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Injected, Span};
use stand_ins::response_url::ResponseUrls;
use stand_ins::{Service, StandIns, WallClock, sdk_config};
use template_roles::{Deployment, Roles};
use tokio::time::{Instant, advance};

use super::events::every_minute;
use super::metrics::Lines;
use super::outputs::assert_all_outputs;

pub const CLUSTER: &str = "todobackend";
pub const FAMILY: &str = "migrate";
pub const STACK: &str = "todobackend";
pub const LOGICAL_ID: &str = "MigrateTask";

pub const CLAIM_TIMEOUT: Duration = Duration::from_secs(300);

/// A clock that shows `time` now, and moves with tokio's.
pub fn clock_at(time: Timestamp) -> Clock {
    let wall = WallClock::at(system_time(time));
    Clock::from_fn(move || wall.now())
}

/// `time` to the millisecond, as the stand-ins write it.
fn system_time(time: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(time.as_millisecond().unsigned_abs())
}

#[derive(Clone)]
pub struct World {
    pub aws: StandIns,
    pub urls: ResponseUrls,
    pub state_machine: String,
    /// The time when the world began, and tokio's since. The stand-ins have the same.
    pub clock: Clock,
    pub metrics: Lines,
    began: Instant,
    /// Seals response URLs.
    pub key: Option<String>,
    /// Who works on the executions that `start` starts.
    pub workers: Workers,
}

impl World {
    /// A world without sockets, for a paused clock.
    pub fn new() -> Self {
        Self::of_age(Duration::from_secs(1))
    }

    /// A world in which events come so long after CloudFormation has sent them.
    pub fn of_age(age: Duration) -> Self {
        Self::at(Clock::system().now(), age)
    }

    /// The same, at another time.
    pub fn at(now: Timestamp, age: Duration) -> Self {
        let aws = StandIns::at(system_time(now));
        let urls =
            aws.response_urls_in_process(&before(now, age).strftime("%Y%m%dT%H%M%SZ").to_string());
        Self::with(aws, urls, clock_at(now))
    }

    /// A world that takes answers behind a real socket.
    pub async fn over_sockets() -> Self {
        let aws = StandIns::new();
        let urls = aws.response_urls("127.0.0.1:0").await.unwrap();
        Self::with(aws, urls, clock_at(Clock::system().now()))
    }

    fn with(aws: StandIns, urls: ResponseUrls, clock: Clock) -> Self {
        Roles::of(&Deployment::new()).enforce(&aws);
        let state_machine = aws.sfn().state_machine("ecs-task");
        aws.ecs().register_family(FAMILY, &["migrate"]);
        aws.cloudformation().stack(STACK, "UPDATE_IN_PROGRESS");
        Self {
            aws,
            urls,
            state_machine,
            metrics: Lines::new(&clock),
            clock,
            began: Instant::now(),
            key: None,
            workers: Workers::Fleet,
        }
    }

    /// A world in which response URLs are sealed.
    pub fn sealing() -> Self {
        Self::new().sealed()
    }

    /// This world, with sealed response URLs.
    pub fn sealed(mut self) -> Self {
        let key = self.aws.kms().key();
        Roles::of(&Deployment::new().key(&key)).enforce(&self.aws);
        self.key = Some(key);
        self
    }

    /// A connection with the role of a function.
    pub fn connection_of(&self, function: &str) -> Connection {
        Connection::from_config(sdk_config(function, self.aws.http_client()))
    }

    /// Answers may go to CloudFormation and to this world's socket. The function it is part of
    /// unseals with its own role.
    pub fn responder(&self, function: &str) -> Responder {
        let url = self.urls.url(STACK, LOGICAL_ID);
        match url.split_once("/arn").unwrap() {
            (socket, _) if socket.starts_with("http://") => self.responder_to(function, socket),
            _ => self.responder_of(function, stand_ins::REGION),
        }
    }

    /// Answers may go to the bucket of CloudFormation in this region, and arrive in this process
    /// wherever they go.
    pub fn responder_of(&self, function: &str, region: &str) -> Responder {
        let put = ResponsePut::through(self.urls.connector(), ResponseHosts::of_region(region));
        self.responder_through(put, function)
    }

    /// Answers may go to CloudFormation and to these origins.
    pub fn responder_to(&self, function: &str, origins: &str) -> Responder {
        let put = ResponsePut::new(
            ResponseHosts::of_region(stand_ins::REGION)
                .allow_origins(origins)
                .unwrap(),
        );
        self.responder_through(put, function)
    }

    fn responder_through(&self, put: ResponsePut, function: &str) -> Responder {
        let kms = Kms::new(&self.connection_of(function));
        Responder::new(put, Seal::new(kms, self.key.clone()))
            .with_metrics(self.metrics.of(function))
    }

    pub async fn start(&self, event: &Value) -> Result<StartOutcome, StartError> {
        let connection = self.connection_of("start");
        let starter = Starter::new(
            StepFunctions::new(&connection).state_machine(&self.state_machine),
            Stacks::new(&connection),
            Ecs::with_retries(&connection),
            self.responder("start"),
            self.clock.clone(),
        )
        .with_workers(self.workers);
        starter.start(event.clone()).await
    }

    /// Has `start` take an event for which nothing is to be run, and gives the reason in its answer.
    pub async fn skipped(&self, event: &Value) -> String {
        assert_eq!(self.start(event).await.unwrap(), StartOutcome::Answered);
        assert!(self.aws.sfn().executions().is_empty());
        let answer = self.answer();
        assert_eq!(answer["Status"], "SUCCESS");
        assert_all_outputs(&answer);
        assert_eq!(answer["Data"]["TaskArn"], "");
        answer["Data"]["Skipped"].as_str().unwrap().to_owned()
    }

    pub async fn respond(&self, event: &Value) -> Result<(), String> {
        self.responder("respond")
            .respond(serde_json::from_value(event.clone()).unwrap())
            .await
            .map_err(|error| error.to_string())
    }

    pub fn stopper(&self) -> Stopper {
        let connection = self.connection_of("stop");
        Stopper::new(
            Ecs::with_retries(&connection),
            StepFunctions::new(&connection),
            self.clock.clone(),
        )
    }

    /// Calls `stop` as the definition does, with an execution's state.
    pub async fn stop(&self, state: &Value) -> Stopped {
        let event = json!({"stateMachine": self.state_machine, "state": state});
        self.stopper()
            .stop(serde_json::from_value(event).unwrap())
            .await
            .unwrap()
    }

    pub async fn rescue(&self, event: &Value) -> Result<Rescued, RescueError> {
        self.rescuer().rescue(event.clone()).await
    }

    /// Has `rescue` look when this much time has passed since the world began, for a paused clock.
    pub async fn look_after(&self, time: Duration) -> Result<Rescued, RescueError> {
        advance((self.began + time).saturating_duration_since(Instant::now())).await;
        self.rescue(&every_minute()).await
    }

    /// An instance of `rescue`.
    pub fn rescuer(&self) -> Rescuer {
        let connection = self.connection_of("rescue");
        Rescuer::new(
            StepFunctions::new(&connection).state_machine(&self.state_machine),
            Ecs::with_retries(&connection),
            Logs::new(&connection, CallRates::default()),
            self.responder("rescue"),
            self.clock.clone(),
            RescueLimits {
                claim: CLAIM_TIMEOUT,
                leftovers: Duration::from_secs(4),
            },
        )
    }

    /// The body of the one answer that was given.
    pub fn answer(&self) -> Value {
        let puts = self.urls.puts();
        assert_eq!(puts.len(), 1, "exactly one answer: {puts:?}");
        serde_json::from_slice(&puts[0].body).unwrap()
    }

    /// The reason in the one answer that was given.
    pub fn reason(&self) -> String {
        self.answer()["Reason"].as_str().unwrap().to_owned()
    }

    pub fn assert_no_answer(&self) {
        assert!(self.urls.puts().is_empty(), "{:?}", self.urls.puts());
    }

    /// The input of the one execution that was started.
    pub fn execution_input(&self) -> Value {
        let executions = self.aws.sfn().executions();
        assert_eq!(executions.len(), 1, "exactly one execution: {executions:?}");
        serde_json::from_str(&executions[0].input).unwrap()
    }

    /// Has calls struck by a fault.
    pub fn inject(
        &self,
        service: Service,
        operation: &'static str,
        span: Span,
        fault: Fault,
    ) -> Injected {
        self.aws.faults().inject(service, operation, span, fault)
    }

    /// The course of the tasks of [`FAMILY`].
    pub fn script(&self, script: Script) {
        self.aws.ecs().script(FAMILY, script);
    }

    /// Launches a task as a worker would.
    pub async fn launch(&self, family: &str, started_by: &str) -> String {
        let launched = aws_sdk_ecs::Client::new(&sdk_config("TESTS", self.aws.http_client()))
            .run_task()
            .cluster(CLUSTER)
            .task_definition(family)
            .started_by(started_by)
            .send()
            .await
            .unwrap();
        launched.tasks()[0].task_arn().unwrap().to_owned()
    }

    /// The ARNs of the tasks that somebody has asked to stop.
    pub fn told_to_stop(&self) -> Vec<String> {
        self.aws
            .ecs()
            .tasks()
            .into_iter()
            .filter(|task| task.stop_requested.is_some())
            .map(|task| task.arn)
            .collect()
    }
}
