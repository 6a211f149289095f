//! Plays a history: the definition from the execution's start to the answer, with workers and
//! `stop`, on the stand-ins.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::Region;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use ecs_task_runner::activity::Options;
use ecs_task_runner::aws::Connection;
use ecs_task_runner::aws::ecs::Ecs;
use ecs_task_runner::aws::step_functions::StepFunctions;
use ecs_task_runner::clock::Clock;
use ecs_task_runner::functions::{StopEvent, Stopper};
use serde_json::{Value, json};
use stand_ins::ecs::{Placement, TaskView};
use stand_ins::sfn::ExecutionEnd;
use stand_ins::{Call, StandIns, sdk_config};
use tokio::time::{sleep, timeout};

use super::network::Network;
use super::schedule::{Ends, History, Invocation};
use crate::worlds::worker::{Worker, number};
use stand_ins::sfn::interpreter::{Failed, definition, execute};

const FAMILY: &str = "migrate";
const CREATE: &str = "MigrateTask-1a2b3c4d-create-0123456789ab";
const DELETE: &str = "MigrateTask-1a2b3c4d-delete-ba9876543210";
/// CloudFormation waits an hour, the definition a little less.
const HOUR: Duration = Duration::from_secs(3_600);
/// After the last answer, until everything that was told to stop has stopped.
const AFTERWARDS: Duration = Duration::from_secs(180);
/// A worker that shuts down waits for its polls, which take a minute.
const DRAIN: Duration = Duration::from_secs(130);

/// What came of a history.
pub struct Played {
    /// The tasks, and the time, as all is over: outside of the runtime its clock shows something
    /// else.
    pub tasks: Vec<TaskView>,
    pub lasted: Duration,
    pub calls: Vec<Call>,
    /// Of the Create, and of the Delete where there was one.
    pub requests: Vec<Request>,
    /// When the last worker came.
    pub fleet_is_back: Duration,
    /// Workers that did not end when they were told to.
    pub stuck: usize,
    /// Calls that were struck, by operation.
    pub struck: Vec<(&'static str, u64)>,
}

/// A request of CloudFormation.
pub struct Request {
    pub is_delete: bool,
    pub began: Duration,
    pub ended: Duration,
    /// `None`: it was stopped, because the resource is deleted.
    pub end: Option<ExecutionEnd>,
    /// The answers that arrived, and when.
    pub answers: Vec<(Duration, String)>,
    /// Whether it was answered with the knowledge that something may be left: `stop` could not
    /// look, or ran out of time.
    pub knows_of_leftovers: bool,
}

impl Request {
    /// How the execution ended, in a word.
    pub fn told_end(&self) -> String {
        match &self.end {
            None => "stopped".to_owned(),
            Some(ExecutionEnd::Failed { error, .. }) => error.clone(),
            Some(ExecutionEnd::Succeeded(_)) => "succeeded".to_owned(),
            Some(end) => format!("{end:?}"),
        }
    }
}

/// A worker, and the network between it and AWS.
struct NetworkedWorker {
    network: Network,
    worker: Worker,
}

struct Account {
    aws: StandIns,
    clock: Clock,
    activity: String,
    state_machine: String,
    /// The SDK shares the tokens for its retries among all clients of a process that call the same
    /// service in the same region.
    region: String,
}

impl Account {
    fn connection(&self, client: SharedHttpClient) -> Connection {
        let config = sdk_config("AKID", client).into_builder();
        Connection::from_config(config.region(Region::new(self.region.clone())).build())
    }

    fn worker(&self) -> NetworkedWorker {
        let (network, client) = Network::over(self.aws.http_client());
        let options = Options {
            max_tasks: number(4),
            pollers: number(2),
            ..Options::default()
        };
        let connection = self.connection(client);
        let worker = Worker::start(&connection, &self.activity, self.clock, options);
        NetworkedWorker { network, worker }
    }

    /// Workers come and go. Gives those that are still there at the end, all of them told to stop.
    async fn fleet(
        &self,
        history: &History,
        last: tokio::sync::oneshot::Sender<Duration>,
    ) -> Vec<NetworkedWorker> {
        let mut there = Vec::new();
        for shift in &history.shifts {
            let worker = self.worker();
            sleep(seconds(shift.lasts)).await;
            match shift.ends {
                Ends::HandsOver => worker.worker.request_shutdown(),
                Ends::IsKilled => {
                    worker.network.close();
                    // Nothing of it is heard any more; this only ends its tasks.
                    worker.worker.request_shutdown();
                }
                Ends::IsCutOff(time) => {
                    worker.network.cut();
                    let network = worker.network.clone();
                    tokio::spawn(async move {
                        sleep(seconds(time)).await;
                        network.restore();
                    });
                }
            }
            if !matches!(shift.ends, Ends::IsKilled) {
                there.push(worker);
            }
            sleep(seconds(shift.gap)).await;
        }
        there.push(self.worker());
        let _ = last.send(self.aws.clock().now());
        there
    }

    /// Plays the definition for one request.
    async fn request(&self, history: &History, name: &str, task: Value) -> Request {
        let is_delete = name == DELETE;
        let began = self.aws.clock().now();
        let request_type = if is_delete { "Delete" } else { "Create" };
        let input = json!({"request": {"RequestType": request_type}, "task": task});
        let steps = StepFunctions::new(&self.connection(self.aws.http_client()));
        steps
            .state_machine(&self.state_machine)
            .start(name, &input.to_string())
            .await
            .unwrap();
        let execution = self
            .aws
            .sfn()
            .executions()
            .into_iter()
            .find(|execution| execution.name == name)
            .unwrap();

        let answers = Arc::new(Mutex::new(Vec::new()));
        let knows_of_leftovers = Arc::new(AtomicBool::new(false));
        let fates = Arc::new(Mutex::new((
            history.stop.clone().into_iter(),
            history.respond.clone().into_iter(),
        )));
        let connection = self.connection(self.aws.http_client());
        let stopper = Stopper::new(
            Ecs::with_retries(&connection),
            StepFunctions::new(&connection),
            self.clock,
        );
        let invoke = |function: String, payload: Value| {
            let responds = function == "RespondFunctionArn";
            let fate = {
                let mut fates = fates.lock().unwrap();
                if responds {
                    fates.1.next()
                } else {
                    fates.0.next()
                }
            };
            let (aws, answers, stopper) = (self.aws.clone(), Arc::clone(&answers), stopper.clone());
            if responds {
                let state = &payload["state"];
                let knows = state["leftovers"]["running"].as_u64().unwrap_or_default() > 0
                    || !state["stopError"].is_null();
                knows_of_leftovers.store(knows, Ordering::Relaxed);
            }
            async move {
                let crash = |what: &str| Failed {
                    error: "Lambda.Unknown".to_owned(),
                    cause: what.to_owned(),
                };
                if matches!(fate, Some(Invocation::Fails)) {
                    return Err(crash("at its beginning"));
                }
                let done = if responds {
                    answers.lock().unwrap().push((
                        aws.clock().now(),
                        payload["status"].as_str().unwrap().to_owned(),
                    ));
                    json!({})
                } else {
                    let event: StopEvent = serde_json::from_value(payload).unwrap();
                    let left = stopper.stop(event).await;
                    serde_json::to_value(left.map_err(|error| crash(&error.to_string()))?).unwrap()
                };
                if matches!(fate, Some(Invocation::FailsAtTheEnd)) {
                    Err(crash("at its end"))
                } else {
                    Ok(done)
                }
            }
        };
        let end = match execute(&definition(), &self.aws, &self.activity, &execution, invoke).await
        {
            ExecutionEnd::Aborted { .. } => None,
            end => Some(end),
        };
        let answers = answers.lock().unwrap().clone();
        let knows_of_leftovers = knows_of_leftovers.load(Ordering::Relaxed);
        Request {
            is_delete,
            began,
            ended: self.aws.clock().now(),
            end,
            answers,
            knows_of_leftovers,
        }
    }
}

fn seconds(seconds: impl Into<u64>) -> Duration {
    Duration::from_secs(seconds.into())
}

/// Plays a history under a paused clock. All jitter comes from the seed: the same seed and history
/// bring the same calls.
pub fn play(seed: u64, history: &History) -> Played {
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(play_paused(seed, history))
}

async fn play_paused(seed: u64, history: &History) -> Played {
    let aws = StandIns::new();
    // Both clocks show the same, to the millisecond.
    let clock = Clock::following_tokio(
        jiff::Timestamp::from_millisecond(aws.clock().epoch_millis(Duration::ZERO)).unwrap(),
    );
    let (activity, state_machine) = (
        aws.sfn().activity("ecs-task"),
        aws.sfn().state_machine("ecs-task"),
    );
    let logs = |prefix: &str| json!({"logDriver": "awslogs", "options": {"awslogs-group": "/todobackend", "awslogs-region": "us-east-1", "awslogs-stream-prefix": prefix}});
    aws.ecs().register(&json!({
        "family": FAMILY,
        "containerDefinitions": [
            {"name": "migrate", "image": "x", "logConfiguration": logs("migrate")},
            {"name": "sidecar", "essential": false, "image": "x"}
        ]
    }));
    aws.ecs()
        .scripts(FAMILY, history.courses.iter().map(|course| course.script()));
    aws.ecs().placements(
        FAMILY,
        history.placements.iter().cloned().chain([Placement::All]),
    );
    aws.ecs().describe_lag(seconds(history.lag));
    aws.sfn().set_dead_polls_swallow(history.dead_polls_swallow);
    let struck = Arc::new(Mutex::new(Vec::new()));
    for strike in history.strikes.clone() {
        let (aws, struck) = (aws.clone(), Arc::clone(&struck));
        tokio::spawn(async move {
            sleep(seconds(strike.from)).await;
            let injected =
                aws.faults()
                    .inject(strike.service, strike.operation, strike.span, strike.fault);
            struck.lock().unwrap().push((strike.operation, injected));
        });
    }
    let account = Account {
        aws,
        clock,
        activity,
        state_machine,
        region: format!("us-east-1-{seed}"),
    };
    let deadline =
        (clock.now() + jiff::SignedDuration::from_secs(history.limit.into())).to_string();
    let mut task = json!({"cluster": "todobackend", "taskDefinition": FAMILY, "count": history.count, "deadline": deadline});
    for (name, value) in [("startedBy", CREATE), ("clientToken", "f00dfeedf00dfeed")] {
        task[name] = value.into();
    }

    let (last, fleet_is_back) = tokio::sync::oneshot::channel();
    let create = account.request(history, CREATE, task.clone());
    let delete = async {
        let after = history.delete?;
        sleep(seconds(after)).await;
        let deadline = (clock.now() + jiff::SignedDuration::from_mins(55)).to_string();
        let mut task = task.clone();
        for (name, value) in [
            ("startedBy", DELETE),
            ("deadline", &deadline),
            ("clientToken", "cafecafecafecafe"),
        ] {
            task[name] = value.into();
        }
        Some(account.request(history, DELETE, task).await)
    };
    let play = async { tokio::join!(account.fleet(history, last), create, delete) };
    let (there, create, delete) = Box::pin(timeout(2 * HOUR, play))
        .await
        .expect("an end of everything");
    sleep(AFTERWARDS).await;
    for worker in &there {
        worker.network.restore();
        worker.worker.request_shutdown();
    }
    let mut left_over = 0;
    for worker in there {
        left_over += usize::from(!worker.worker.ends_within(DRAIN).await);
    }
    let fleet_is_back = fleet_is_back.await.unwrap();
    let struck = struck
        .lock()
        .unwrap()
        .iter()
        .map(|(operation, injected)| (*operation, injected.struck()))
        .collect();
    let requests = std::iter::once(create).chain(delete).collect();
    let aws = &account.aws;
    let (tasks, lasted, calls) = (aws.ecs().tasks(), aws.clock().now(), aws.calls().all());
    Played {
        tasks,
        lasted,
        calls,
        requests,
        fleet_is_back,
        stuck: left_over,
        struck,
    }
}
