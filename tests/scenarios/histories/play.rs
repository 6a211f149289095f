//! Plays a history: the definition from the execution's start to the answer, with workers and
//! `stop`, on the stand-ins.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ecs_task_runner::clock::Clock;
use serde_json::json;
use stand_ins::ecs::{Placement, TaskView};
use stand_ins::sfn::ExecutionEnd;
use stand_ins::{Call, StandIns, own_region};
use tokio::time::{sleep, timeout};

use super::schedule::History;

use super::account::Account;
use super::invocations::Invocations;

const FAMILY: &str = "migrate";
const CREATE: &str = "MigrateTask-1a2b3c4d-create-0123456789ab";
pub const DELETE: &str = "MigrateTask-1a2b3c4d-delete-ba9876543210";
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
    /// When the last worker came; without a fleet, when Lambda had a place for one.
    pub fleet_is_back: Duration,
    /// Workers that did not end when they were told to.
    pub stuck: usize,
    /// Calls that were struck, by operation.
    pub struck: Vec<(&'static str, u64)>,
}

impl Played {
    /// How each request ended, as text. Not with its cause, which tells the time of day.
    pub fn ends(&self) -> Vec<String> {
        let end = |request: &Request| {
            format!(
                "{:?} {} {:?}",
                request.ended,
                request.told_end(),
                request.answers
            )
        };
        self.requests.iter().map(end).collect()
    }

    /// What is counted of it.
    pub fn counted(&self) -> Vec<String> {
        let mut counted = Vec::new();
        for request in &self.requests {
            let request_type = if request.is_delete {
                "Delete"
            } else {
                "Create"
            };
            counted.push(format!("{request_type} {}", request.told_end()));
            if request.knows_of_leftovers {
                counted.push("answers that know of leftovers".to_owned());
            }
        }
        counted
    }
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

pub fn seconds(seconds: impl Into<u64>) -> Duration {
    Duration::from_secs(seconds.into())
}

/// Plays a history under a paused clock. All jitter comes from the seed: the same seed and history
/// bring the same calls.
pub fn play(seed: u64, history: &History) -> Played {
    stand_ins::jitter::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(play_paused(seed, history))
}

/// Has the stand-ins end tasks, place them and page their logs as the history says.
fn script_services(aws: &StandIns, seed: u64, history: &History) {
    let logs = |prefix: &str| json!({"logDriver": "awslogs", "options": {"awslogs-group": "/todobackend", "awslogs-region": "us-east-1", "awslogs-stream-prefix": prefix}});
    aws.ecs().register(&json!({
        "family": FAMILY,
        "containerDefinitions": [
            {"name": "migrate", "image": "x", "logConfiguration": logs("migrate")},
            {"name": "sidecar", "essential": false, "image": "x", "stopTimeout": 120}
        ]
    }));
    let scripts = history.courses.iter().map(|course| {
        let deprovisioning = seconds(history.deprovisioning);
        course.script().deprovisioning(deprovisioning)
    });
    aws.ecs().scripts(FAMILY, scripts);
    aws.ecs().placements(
        FAMILY,
        history.placements.iter().cloned().chain([Placement::All]),
    );
    aws.ecs().describe_lag(seconds(history.lag));
    // Logs come in pages of all kinds.
    let pages = usize::try_from(seed % 12).unwrap();
    let (largest, empty) = ([1, 2, 10_000][pages % 3], pages % 4);
    aws.logs().pages(largest, empty);
    aws.sfn().set_dead_polls_swallow(history.dead_polls_swallow);
}

async fn play_paused(seed: u64, history: &History) -> Played {
    let aws = StandIns::new();
    let wall = aws.clock().wall();
    let clock = Clock::from_fn(move || wall.now());
    let (activity, state_machine) = (
        aws.sfn().activity("ecs-task"),
        aws.sfn().state_machine("ecs-task"),
    );
    script_services(&aws, seed, history);
    let struck = Arc::new(Mutex::new(Vec::new()));
    for strike in history.strikes.clone() {
        let (aws, struck) = (aws.clone(), Arc::clone(&struck));
        let from = strike.from;
        let inject = move || {
            let injected =
                aws.faults()
                    .inject(strike.service, strike.operation, strike.span, strike.fault);
            struck.lock().unwrap().push((strike.operation, injected));
        };
        // A timer would come later than the calls with which a run begins.
        if from == 0 {
            inject();
        } else {
            tokio::spawn(async move {
                sleep(seconds(from)).await;
                inject();
            });
        }
    }
    let account = Account {
        aws,
        clock,
        activity,
        state_machine,
        region: own_region(),
        invocations: Arc::new(Invocations::of(history)),
    };
    let deadline =
        (account.clock.now() + jiff::SignedDuration::from_secs(history.limit.into())).to_string();
    let mut task = json!({"cluster": "todobackend", "taskDefinition": FAMILY, "count": history.count, "deadline": deadline});
    for (name, value) in [("startedBy", CREATE), ("clientToken", "f00dfeedf00dfeed")] {
        task[name] = value.into();
    }

    let (last, fleet_is_back) = tokio::sync::oneshot::channel();
    let create = account.request(history, CREATE, task.clone());
    let delete = async {
        let after = history.delete?;
        sleep(seconds(after)).await;
        let deadline = (account.clock.now() + jiff::SignedDuration::from_mins(55)).to_string();
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
    let invocations = &account.invocations;
    let mut left_over = invocations.under_way();
    for worker in there {
        left_over += usize::from(!worker.worker.ends_within(DRAIN).await);
    }
    // Nobody tells when there is no fleet.
    let fleet_is_back = fleet_is_back
        .await
        .unwrap_or_else(|_| invocations.free_again());
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
