//! An account of stand-ins on a socket, with one activity, and the runs that are scheduled there.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde_json::json;
use stand_ins::ecs::TaskView;
use stand_ins::sfn::{EventKind, Outcome, Schedule, Scheduled};
use stand_ins::{Recording, Served, StandIns};

/// `HeartbeatSeconds` of the definition.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(60);
const CLUSTER: &str = "load";

pub(crate) struct Account {
    pub(crate) aws: StandIns,
    pub(crate) activity: String,
    served: Served,
}

/// A run of an ECS task, as the definition's activity state schedules it.
pub(crate) struct ScheduledRun {
    /// Its `startedBy` and its client token.
    name: String,
    scheduled: Scheduled,
}

/// What became of runs.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    pub(crate) succeeded: u32,
    pub(crate) failed: u32,
    pub(crate) heartbeats_missed: u32,
    pub(crate) unanswered: u32,
    /// From the moment at which ECS shows that a task's containers have exited to the worker's
    /// answer, of every run that succeeded; sorted.
    pub(crate) detection: Vec<Duration>,
}

impl Account {
    pub(crate) async fn open() -> Self {
        let aws = StandIns::new();
        aws.calls().record(Recording::Off);
        let activity = aws.sfn().activity("load");
        let served = aws.listen("127.0.0.1:0").await.unwrap();
        Self {
            aws,
            activity,
            served,
        }
    }

    pub(crate) fn url(&self) -> String {
        self.served.url()
    }

    /// Schedules a task for a handler that has nothing to do.
    pub(crate) fn schedule_nothing(&self) {
        // Other people's workers look for "task".
        self.aws.sfn().schedule(
            &self.activity,
            &json!({"heartbeatSeconds": HEARTBEAT.as_secs(), "task": {}}),
            Schedule::once(),
        );
    }

    /// Schedules a run of the family under a name of its own.
    pub(crate) fn schedule_run(&self, family: &str, number: u32) -> ScheduledRun {
        let name = format!("{family}-1a2b3c4d-create-{number:012x}");
        let input = json!({
            "execution": format!("arn:aws:states:us-east-1:123456789012:execution:ecs-task:{name}"),
            "heartbeatSeconds": HEARTBEAT.as_secs(),
            "task": {
                "cluster": CLUSTER,
                "taskDefinition": family,
                "count": 1,
                "overrides": {"containerOverrides": [{"name": "app", "command": ["python3", "manage.py", "migrate", "--no-input"]}]},
                "startedBy": name,
                "clientToken": name,
                "deadline": (jiff::Timestamp::now() + jiff::SignedDuration::from_mins(50)).to_string(),
            },
        });
        let scheduled = self.aws.sfn().schedule(
            &self.activity,
            &input,
            Schedule::once().heartbeat(HEARTBEAT),
        );
        ScheduledRun { name, scheduled }
    }

    /// Calls of an operation that the stand-ins answered.
    pub(crate) fn answered(&self, operation: &str) -> u64 {
        self.aws.calls().count(operation).answered
    }

    /// Calls that were throttled, over all operations.
    pub(crate) fn throttled(&self) -> u64 {
        self.aws
            .calls()
            .counts()
            .values()
            .map(|count| count.throttled)
            .sum()
    }

    /// Calls of an operation that arrived.
    pub(crate) fn arrived(&self, operation: &str) -> u64 {
        self.aws.calls().count(operation).arrived
    }

    /// ECS tasks that were launched and whose end was not answered yet.
    pub(crate) fn in_flight(&self) -> u64 {
        self.answered("RunTask")
            .saturating_sub(self.answered("SendTaskSuccess") + self.answered("SendTaskFailure"))
    }

    /// Tasks launched beyond one for each run.
    pub(crate) fn duplicates(&self) -> usize {
        let tasks = self.aws.ecs().tasks();
        let names: HashSet<_> = tasks.iter().map(run_of).collect();
        tasks.len() - names.len()
    }

    /// Looks at runs once they are over, or waits no longer.
    pub(crate) fn outcomes(&self, runs: &[ScheduledRun]) -> Outcomes {
        let exited: HashMap<_, _> = self
            .aws
            .ecs()
            .tasks()
            .iter()
            .filter_map(|task| Some((run_of(task)?.to_owned(), task.last_container_end()?)))
            .collect();
        let mut outcomes = Outcomes::default();
        for run in runs {
            match run.scheduled.outcome_so_far() {
                Some(Outcome::Succeeded(_)) => outcomes.succeeded += 1,
                Some(Outcome::HeartbeatTimedOut) => outcomes.heartbeats_missed += 1,
                Some(_) => outcomes.failed += 1,
                None => outcomes.unanswered += 1,
            }
            let told = run
                .scheduled
                .events()
                .into_iter()
                .find(|event| matches!(event.kind, EventKind::Succeeded { .. }));
            if let (Some(told), Some(exited)) = (told, exited.get(&run.name)) {
                outcomes.detection.push(told.at.saturating_sub(*exited));
            }
        }
        outcomes.detection.sort_unstable();
        outcomes
    }
}

/// The name of the run that launched a task. Other people's workers pass its client token and
/// nothing else.
fn run_of(task: &TaskView) -> Option<&str> {
    task.started_by.as_deref().or(task.client_token.as_deref())
}

/// Waits until all runs have ended, at most for `patience`.
pub(crate) async fn ended(runs: &[ScheduledRun], patience: Duration) {
    let all = async {
        for run in runs {
            run.scheduled.outcome().await;
        }
    };
    // Whoever waited looks at the outcomes, which say what is missing.
    let _ = tokio::time::timeout(patience, all).await;
}
