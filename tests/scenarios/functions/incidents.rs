//! What `rescue` logs, as the metric filters of `infra/task-runner.yaml` read it.

use std::time::Duration;

use ecs_task_runner::functions::Rescued;
use serde_json::{Value, json};
use stand_ins::log_capture::{capture_log, logged};
use stand_ins::sfn::ExecutionEnd;

use crate::deployment::templates::Template;
use crate::worlds::execution::Execution;
use crate::worlds::functions::{CLAIM_TIMEOUT, World};

/// A metric filter's pattern of the form `{ $.field = "value" }`, and what it takes as the metric's
/// value.
struct MetricFilter {
    field: String,
    value: String,
    metric_value: String,
}

impl MetricFilter {
    fn of(logical_id: &str) -> Self {
        let template = Template::task_runner();
        let filter = template.properties(logical_id);
        let pattern = filter["FilterPattern"].as_str().unwrap();
        let metric = &filter["MetricTransformations"][0];
        let (field, value) = pattern
            .strip_prefix("{ $.")
            .and_then(|rest| rest.strip_suffix("\" }"))
            .unwrap()
            .split_once(" = \"")
            .unwrap();
        Self {
            field: field.to_owned(),
            value: value.to_owned(),
            metric_value: metric["MetricValue"].as_str().unwrap().to_owned(),
        }
    }

    /// The metric's values that these lines make.
    fn values(&self, lines: &str) -> Vec<f64> {
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let matching = lines.filter(|line| line[&self.field] == self.value.as_str());
        let value = |line: Value| match self.metric_value.strip_prefix("$.") {
            Some(field) => line[field].as_f64().unwrap(),
            None => self.metric_value.parse().unwrap(),
        };
        matching.map(value).collect()
    }
}

fn unanswered(lines: &str) -> usize {
    MetricFilter::of("UnansweredMetric").values(lines).len()
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_had_not_answered_is_counted_and_one_that_had_is_not() {
    let ends = [
        (
            ExecutionEnd::Aborted {
                error: None,
                cause: Some("wrong release".to_owned()),
            },
            false,
            1,
        ),
        (ExecutionEnd::TimedOut, false, 1),
        (
            ExecutionEnd::Failed {
                error: "States.Runtime".to_owned(),
                cause: "Activity Does Not Exist".to_owned(),
            },
            false,
            1,
        ),
        (
            ExecutionEnd::Failed {
                error: "EcsTask.Failed".to_owned(),
                cause: "It failed.".to_owned(),
            },
            true,
            0,
        ),
    ];
    for (end, has_answered, expected) in ends {
        let world = World::new();
        let execution = Execution::of(&world, "Create").await;
        execution.scheduled();
        if has_answered {
            execution.returned("RespondFailure", &json!({}));
        }
        capture_log();
        world.rescue(&execution.ends(end)).await.unwrap();
        let logged = logged();
        assert_eq!(unanswered(&logged), expected, "{logged}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_begun_and_not_delivered_is_counted() {
    let world = World::sealing();
    let execution = Execution::of(&world, "Create").await;
    execution
        .entered("RespondSuccess", &json!({"output": {}}))
        .invoked("Scheduled")
        .invoked("Failed");
    capture_log();
    let end = ExecutionEnd::Failed {
        error: "CustomResource.AnswerNotSent".to_owned(),
        cause: "it could not be reached".to_owned(),
    };
    assert_eq!(
        world.rescue(&execution.ends(end)).await.unwrap(),
        Rescued::Answered
    );
    assert_eq!(unanswered(&logged()), 1);
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_a_delete_has_stopped_is_not_counted() {
    let world = World::new();
    let created = Execution::of(&world, "Create").await;
    created.taken();
    let deleted = Execution::of(&world, "Delete").await;
    let stopped = world.stop(&deleted.input).await;
    assert_eq!(stopped.executions, 1);
    capture_log();
    assert_eq!(
        world.rescue(&created.event("ABORTED")).await.unwrap(),
        Rescued::Answered
    );
    let logged = logged();
    assert_eq!(unanswered(&logged), 0, "{logged}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_no_worker_takes_is_counted_with_the_seconds_it_was_waited_for() {
    let world = World::new();
    let execution = Execution::of(&world, "Create").await;
    execution.scheduled();
    capture_log();
    world
        .look_after(CLAIM_TIMEOUT + Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(
        MetricFilter::of("NotClaimedMetric").values(&logged()),
        [CLAIM_TIMEOUT.as_secs_f64()]
    );
    // Its execution has been stopped, and is answered by the event of that.
    capture_log();
    world.rescue(&execution.event("ABORTED")).await.unwrap();
    assert_eq!(unanswered(&logged()), 1);
}
