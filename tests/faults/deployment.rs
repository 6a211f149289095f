//! Everything around a worker, in this process and under a paused clock: CloudFormation's events
//! and the places for its answers, the functions as Lambda and EventBridge invoke them, executions
//! as Step Functions plays them.

mod direct;
mod fleet;
mod hook;
mod invocations;
mod stack;
mod work;

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use aws_config::Region;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use ecs_task_runner::aws::cloudformation::Stacks;
use ecs_task_runner::aws::ecs::Ecs;
use ecs_task_runner::aws::kms::Kms;
use ecs_task_runner::aws::logs::Logs;
use ecs_task_runner::aws::response_url::ResponsePut;
use ecs_task_runner::aws::step_functions::StepFunctions;
use ecs_task_runner::aws::{CallRates, Connection};
use ecs_task_runner::clock::Clock;
use ecs_task_runner::cloudformation::response_hosts::ResponseHosts;
use ecs_task_runner::execution::input::Workers;
use ecs_task_runner::functions::{
    DeploymentHook, Preparer, RescueLimits, Rescuer, Responder, Seal, Starter, Stopper,
};
use serde_json::{Value, json};
use stand_ins::lambda::Lambda;
use stand_ins::response_url::{Handle, Put, ResponseUrls};
use stand_ins::sfn::ExecutionEnd;
use stand_ins::sfn::interpreter::definition;
use stand_ins::{StandIns, own_region, sdk_config};
use template_roles::Roles;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::requests::{Answer, Request};
pub use fleet::Worker;
use invocations::LONG_LIMIT;
use work::Death;

const MINUTE: Duration = Duration::from_secs(60);
/// How soon an execution begins after its start.
const LOOK: Duration = Duration::from_secs(2);
/// The template's default.
pub const CLAIM_TIMEOUT: Duration = Duration::from_secs(300);
/// Long enough for two of the looks, one a minute, at what ended three minutes before.
const QUIET: Duration = Duration::from_secs(5 * 60);
/// What Lambda gives new accounts: more than the one run of a deployment needs.
const CONCURRENCY: usize = 10;

/// A task runner stack, and a stack with a resource of its.
pub struct Deployment {
    pub aws: StandIns,
    activity: String,
    state_machine: String,
    clock: Clock,
    region: Region,
    /// Where the function `work` gets to run.
    lambda: Lambda,
    next_death: Mutex<Option<Death>>,
    works: AtomicUsize,
    definition: Value,
    urls: ResponseUrls,
    starter: Starter,
    preparer: Preparer,
    hook: DeploymentHook,
    responder: Responder,
    stopper: Stopper,
    rescuer: Rescuer,
    requests: Mutex<Vec<Request>>,
    dead_letters: Mutex<Vec<String>>,
    /// The deployment of a service that waits for the run.
    of_service: OnceLock<Arc<stand_ins::ecs::Deployment>>,
    /// What the programs have logged, where a test keeps it.
    log: OnceLock<String>,
    /// Functions and executions that run.
    under_way: AtomicUsize,
}

impl Deployment {
    /// An execution may last for `limit`, or as long as the definition says. Its runs are for
    /// `workers`.
    pub fn new(limit: Option<Duration>, workers: Workers) -> Arc<Self> {
        let aws = StandIns::new();
        let activity = aws.sfn().activity("ecs-task");
        let state_machine = aws.sfn().state_machine("ecs-task");
        let key = aws.kms().key();
        let wall = aws.clock().wall();
        let clock = Clock::from_fn(move || wall.now());
        let urls =
            aws.response_urls_in_process(&clock.now().strftime("%Y%m%dT%H%M%SZ").to_string());
        Roles::of(&template_roles::Deployment::new().key(&key)).enforce(&aws);
        let region = own_region();
        let connection_of = |program: &str| connection(&aws, &region, program);
        let responder = |connection: &Connection| {
            let put = ResponsePut::through(
                urls.connector(),
                ResponseHosts::of_region(stand_ins::REGION),
            );
            Responder::new(put, Seal::new(Kms::new(connection), Some(key.clone())))
        };
        let machine =
            |connection: &Connection| StepFunctions::new(connection).state_machine(&state_machine);
        let [start, hook, stop, rescue] = ["start", "hook", "stop", "rescue"].map(connection_of);
        let mut definition = definition();
        if let Some(limit) = limit {
            definition["TimeoutSeconds"] = limit.as_secs().into();
        }
        Arc::new(Self {
            starter: Starter::new(
                machine(&start),
                Stacks::new(&start),
                Ecs::with_retries(&start),
                responder(&start),
                clock.clone(),
            )
            .with_workers(workers),
            preparer: Preparer::new(workers),
            hook: DeploymentHook::new(
                machine(&hook),
                Ecs::with_retries(&hook),
                clock.clone(),
                workers,
            ),
            stopper: Stopper::new(
                Ecs::with_retries(&stop),
                StepFunctions::new(&stop),
                clock.clone(),
            ),
            rescuer: Rescuer::new(
                machine(&rescue),
                Ecs::with_retries(&rescue),
                Logs::new(&rescue, CallRates::default()),
                responder(&rescue),
                clock.clone(),
                RescueLimits::new(CLAIM_TIMEOUT),
            ),
            responder: responder(&connection_of("respond")),
            region,
            lambda: Lambda::with_concurrency(CONCURRENCY),
            next_death: Mutex::default(),
            works: AtomicUsize::new(0),
            aws,
            activity,
            state_machine,
            clock,
            definition,
            urls,
            requests: Mutex::default(),
            dead_letters: Mutex::default(),
            of_service: OnceLock::new(),
            log: OnceLock::new(),
            under_way: AtomicUsize::new(0),
        })
    }

    /// A connection with the role of a program.
    fn connection_of(&self, program: &str) -> Connection {
        connection(&self.aws, &self.region, program)
    }

    /// CloudFormation asks for the resource to be created, updated or deleted.
    pub fn ask(self: &Arc<Self>, request_type: &str, properties: &Value) {
        let status = format!("{}_IN_PROGRESS", request_type.to_uppercase());
        self.operation_begins(&status);
        let url = self.urls.url("todobackend", "MigrateTask");
        self.ask_at(&url, request_type, &status, properties, properties);
    }

    /// CloudFormation rolls back an update from the properties `old` to `failed`.
    pub fn roll_back(self: &Arc<Self>, old: &Value, failed: &Value) {
        self.operation_begins("UPDATE_ROLLBACK_IN_PROGRESS");
        let url = self.url_signed_now();
        self.ask_at(&url, "Update", "UPDATE_ROLLBACK_IN_PROGRESS", old, failed);
    }

    /// A stack of this status asks, and waits at this URL.
    fn ask_at(
        self: &Arc<Self>,
        url: &str,
        request_type: &str,
        status: &str,
        properties: &Value,
        before: &Value,
    ) {
        let stack = self.aws.cloudformation().stack("todobackend", status);
        let request = Request::new(
            request_type,
            self.aws.clock().now(),
            &stack,
            url,
            properties,
            before,
        );
        let number = {
            let mut requests = self.requests.lock().unwrap();
            requests.push(request);
            requests.len() - 1
        };
        self.deliver(number, Duration::ZERO);
    }

    /// Goes on until all is over and nothing more has come for a while.
    pub async fn until_all_is_over(self: &Arc<Self>) {
        let mut known = 0;
        let mut schedule = interval(MINUTE);
        schedule.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut over_since = None;
        loop {
            tokio::select! {
                () = sleep(LOOK) => {}
                _ = schedule.tick() => {
                    let this = Arc::clone(self);
                    // A look that fails is followed by the next one.
                    self.begin(async move {
                        let _ = timeout(LONG_LIMIT, this.rescuer.rescue(json!({"detail-type": "Scheduled Event", "detail": {}}))).await;
                    });
                }
            }
            let executions = self.aws.sfn().executions();
            for execution in &executions[known..] {
                let (this, execution) = (Arc::clone(self), execution.clone());
                self.begin(async move { this.execution(&execution).await });
            }
            known = executions.len();
            let is_over = self.under_way.load(Ordering::Relaxed) == 0
                && executions.iter().all(|execution| execution.ended.is_some());
            let now = self.aws.clock().now();
            if is_over && self.is_told() && now >= *over_since.get_or_insert(now) + QUIET {
                return;
            }
        }
    }

    /// Runs to its end, whether anybody waits for it or not, and is waited for at the end of all.
    pub fn begin<T: Send + 'static>(
        self: &Arc<Self>,
        what: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let result = what.await;
            this.under_way.fetch_sub(1, Ordering::Relaxed);
            result
        })
    }

    /// Whether each request was answered or given up.
    fn is_told(&self) -> bool {
        let requests = self.requests.lock().unwrap().len();
        !self.dead_letters().is_empty()
            || (0..requests).all(|number| !self.answers(number).is_empty())
    }

    /// Somebody stops the executions that run.
    pub fn abort_executions(&self) {
        for execution in self.aws.sfn().executions() {
            self.aws.sfn().end_execution(
                &execution.arn,
                ExecutionEnd::Aborted {
                    error: None,
                    cause: Some("wrong release".to_owned()),
                },
            );
        }
    }

    /// The request of this number, counted from 0.
    pub fn request(&self, number: usize) -> Request {
        self.requests.lock().unwrap()[number].clone()
    }

    /// What CloudFormation takes for answers to a request, in order. It acts on the first.
    pub fn answers(&self, number: usize) -> Vec<Answer> {
        let request = self.request(number);
        self.urls
            .puts()
            .iter()
            .filter(|put| put.is_stored())
            .filter_map(|put| request.answer(put))
            .collect()
    }

    /// The handle of the stack's wait condition.
    pub fn handle(&self) -> Handle {
        self.urls.handle("todobackend", "MigrateHandle")
    }

    /// How the run ended for the stack whose wait condition waits for it, as answers. CloudFormation
    /// comes to the condition when the request was answered SUCCESS, and the first answer counts.
    pub fn ends_for_the_condition(&self) -> Vec<Answer> {
        let answers = self.answers(0);
        match answers.first() {
            Some(first) if first.status == "SUCCESS" => self.signals(),
            _ => answers,
        }
    }

    /// What was signalled, in the form of answers.
    pub fn signals(&self) -> Vec<Answer> {
        // All of them can be read.
        self.handle().signals();
        let puts = self.handle().puts().into_iter();
        puts.filter(Put::is_stored)
            .map(|put| {
                let signal: Value = serde_json::from_slice(&put.body).unwrap();
                let text = |name: &str| signal[name].as_str().unwrap().to_owned();
                Answer {
                    at: put.at,
                    status: text("Status").replace("FAILURE", "FAILED"),
                    reason: text("Reason"),
                    body: String::from_utf8_lossy(&put.body).into_owned(),
                }
            })
            .collect()
    }

    /// How many things were stored, answers or not.
    pub fn stored(&self) -> usize {
        self.urls
            .puts()
            .iter()
            .filter(|put| put.is_stored())
            .count()
    }

    /// Why events were given up.
    pub fn dead_letters(&self) -> Vec<String> {
        self.dead_letters.lock().unwrap().clone()
    }
}

fn connection(aws: &StandIns, region: &Region, program: &str) -> Connection {
    connection_over(aws.http_client(), region, program)
}

fn connection_over(client: SharedHttpClient, region: &Region, program: &str) -> Connection {
    let config = sdk_config(program, client).into_builder();
    Connection::from_config(config.region(region.clone()).build())
}
