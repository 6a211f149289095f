//! The world a scenario plays in: an account of stand-ins in this process, a worker, and time that
//! only waiting moves.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ecs_task_runner::activity::{ActivityTask, Options, TaskFailure};
use ecs_task_runner::aws::{CallRates, Connection};
use ecs_task_runner::clock::Clock;
use ecs_task_runner::task_run::TaskRunner;
use serde_json::{Value, json};
use stand_ins::ecs::{Placement, Script};
use stand_ins::faults::{Fault, Injected, Span};
use stand_ins::sfn::{Outcome, Schedule, Scheduled};
use stand_ins::{Service, StandIns, WallClock, sdk_config};
use template_roles::{Deployment, Roles, WORKER};
use tokio::time::timeout;

use super::running::{Worker, number, task_runner};

pub const FAMILY: &str = "migrate";
pub const CLUSTER: &str = "todobackend";
pub const NAME: &str = "MigrateTask-1a2b3c4d-create-0123456789ab";
pub const TOKEN: &str = "f00dfeedf00dfeed";
pub const HEARTBEAT: Duration = Duration::from_secs(60);
/// Container instances of the cluster.
pub const INSTANCES: [&str; 2] = [
    "0123456789abcdef0123456789abcde0",
    "0123456789abcdef0123456789abcde1",
];
/// No run here takes so long.
pub const LONGEST: Duration = Duration::from_secs(7_200);

#[derive(Clone)]
pub struct World {
    pub aws: StandIns,
    pub clock: Clock,
    /// What `clock` shows.
    pub wall: WallClock,
    pub activity: String,
}

impl World {
    /// An account with one activity and one task definition.
    pub fn new() -> Self {
        let aws = StandIns::new();
        Roles::of(&Deployment::new()).enforce(&aws);
        let activity = aws.sfn().activity("ecs-task");
        aws.ecs().register(&json!({
            "family": FAMILY,
            "containerDefinitions": [{
                "name": "migrate",
                "essential": true,
                "image": "todobackend",
                "environment": [{"name": "FROM_DEFINITION", "value": "1"}],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {"awslogs-group": "/todobackend", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "migrate"}
                }
            }]
        }));
        let wall = WallClock::at(SystemTime::now());
        let shown = wall.clone();
        Self {
            aws,
            clock: Clock::from_fn(move || shown.now()),
            wall,
            activity,
        }
    }

    /// A connection with the worker's role.
    pub fn connection(&self) -> Connection {
        self.connection_of(WORKER)
    }

    /// A connection with the role of a program.
    pub fn connection_of(&self, program: &str) -> Connection {
        Connection::from_config(sdk_config(program, self.aws.http_client()))
    }

    /// The `task` of an activity input whose run may take an hour less a few minutes.
    pub fn task(&self) -> Value {
        json!({
            "cluster": CLUSTER,
            "taskDefinition": FAMILY,
            "count": 1,
            "overrides": {"containerOverrides": []},
            "startedBy": NAME,
            "clientToken": TOKEN,
            "deadline": self.deadline_in(55 * 60)
        })
    }

    /// The `deadline` of a task: so many seconds from now.
    pub fn deadline_in(&self, seconds: i64) -> Value {
        (self.clock.now() + jiff::SignedDuration::from_secs(seconds))
            .to_string()
            .into()
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

    /// The courses of the tasks of [`FAMILY`], one after the other.
    pub fn scripts(&self, scripts: impl IntoIterator<Item = Script>) {
        self.aws.ecs().scripts(FAMILY, scripts);
    }

    /// What ECS answers launches of [`FAMILY`].
    pub fn placement(&self, placement: Placement) {
        self.aws.ecs().placement(FAMILY, placement);
    }

    /// What ECS answers launches of [`FAMILY`], one after the other.
    pub fn placements(&self, placements: impl IntoIterator<Item = Placement>) {
        self.aws.ecs().placements(FAMILY, placements);
    }

    /// Schedules work for the activity, once, with an input of the test's own.
    pub fn schedule_input(&self, input: &Value) -> Scheduled {
        self.aws
            .sfn()
            .schedule(&self.activity, input, Schedule::once())
    }

    /// Schedules work for the activity, once; whoever does it is given up after [`HEARTBEAT`].
    pub fn schedule_once(&self) -> Scheduled {
        let input = json!({"heartbeatSeconds": HEARTBEAT.as_secs()});
        let schedule = Schedule::once().heartbeat(HEARTBEAT);
        self.aws.sfn().schedule(&self.activity, &input, schedule)
    }

    /// Schedules a run as the definition's RunTask state does.
    pub fn schedule(&self, task: &Value) -> Scheduled {
        let input = json!({"execution": "arn:aws:states:us-east-1:123456789012:execution:ecs-task:x", "heartbeatSeconds": HEARTBEAT.as_secs(), "task": task});
        self.aws.sfn().schedule(
            &self.activity,
            &input,
            Schedule::retrying().heartbeat(HEARTBEAT),
        )
    }

    /// Schedules a run whose task has these changes.
    pub fn schedule_with(&self, changes: &Value) -> Scheduled {
        self.schedule(&with(self.task(), changes))
    }

    /// Schedules a run and waits for its end.
    pub async fn run(&self, task: &Value) -> Outcome {
        outcome(&self.schedule(task)).await
    }

    /// Schedules a run whose task has these changes, and waits for its end.
    pub async fn run_with(&self, changes: &Value) -> Outcome {
        outcome(&self.schedule_with(changes)).await
    }

    /// Runs ECS tasks for a worker.
    pub fn runner(&self) -> Arc<TaskRunner> {
        self.runner_with(CallRates::default())
    }

    /// Runs ECS tasks for a worker, at rates of the test's own.
    pub fn runner_with(&self, rates: CallRates) -> Arc<TaskRunner> {
        task_runner(&self.connection(), self.clock.clone(), rates)
    }

    /// Starts a worker that runs ECS tasks.
    pub fn worker(&self) -> Worker {
        let runner = self.runner();
        self.worker_with(10, move |task| Arc::clone(&runner).handle(task))
    }

    /// Starts a worker with a handler of the test's own.
    pub fn worker_with<H, F>(&self, max_tasks: u32, handler: H) -> Worker
    where
        H: Fn(ActivityTask) -> F + Send + Sync + 'static,
        F: Future<Output = Result<String, TaskFailure>> + Send + 'static,
    {
        let options = Options {
            max_tasks: number(max_tasks),
            pollers: number(4),
            default_heartbeat: HEARTBEAT,
            ..Options::default()
        };
        Worker::serve(&self.connection(), &self.activity, options, handler)
    }

    /// How many tasks were launched by RunTask or StartTask.
    pub fn launched(&self) -> usize {
        self.aws.ecs().tasks().len()
    }
}

/// Waits for what must come: what does not come fails the test and does not hang it.
pub async fn within<F: Future>(limit: Duration, awaited: F) -> F::Output {
    timeout(limit, awaited)
        .await
        .unwrap_or_else(|_| panic!("what was waited for did not come within {limit:?}"))
}

/// How a run ended, after all its retries.
pub async fn outcome(scheduled: &Scheduled) -> Outcome {
    within(LONGEST, scheduled.outcome()).await
}

/// The error and cause of a run that failed.
pub fn failure(outcome: Outcome) -> (String, String) {
    match outcome {
        Outcome::Failed { error, cause } => (error, cause),
        other => panic!("the run was to fail, and ended as {other:?}"),
    }
}

/// The output of a run that succeeded.
pub fn success(outcome: Outcome) -> Value {
    match outcome {
        Outcome::Succeeded(output) => output,
        other => panic!("the run was to succeed, and ended as {other:?}"),
    }
}

/// `task` with some of its fields changed.
pub fn with(mut task: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        task[name] = value.clone();
    }
    task
}
