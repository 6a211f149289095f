//! `start` on the event of a rollback that is delivered more than once, while calls take too long or show
//! what was a moment ago.

use std::time::Duration;

use ecs_task_runner::functions::StartOutcome;
use serde_json::{Value, json};
use stand_ins::Service;
use stand_ins::faults::{Fault, Injected, Span};
use tokio::time::advance;

use super::rollback_runs::{failing, succeeded};
use crate::worlds::events::{identity, properties, with};
use crate::worlds::execution::Execution;
use crate::worlds::functions::World;

const MINUTE: Duration = Duration::from_secs(60);
/// How long what is read is out of date.
const LAG: Duration = Duration::from_secs(30);

impl World {
    /// An update whose run goes on and was taken by no worker.
    async fn fails_untaken(&self, properties: &Value) -> Value {
        let update = self.fails(properties, None).await;
        let arn = self.aws.sfn().execution(&identity(&update).name).arn;
        let scheduled = json!({"type": "ActivityScheduled", "activityScheduledEventDetails": {"resource": "a", "input": "{}"}});
        self.aws.sfn().history_event(&arn, scheduled);
        advance(LAG).await;
        update
    }
}

/// `start` has stopped the run a moment ago, and its description does not show that yet.
#[tokio::test(start_paused = true)]
async fn a_run_that_no_worker_took_is_not_rolled_back_though_it_is_described_as_running() {
    let world = World::new();
    world.fails_untaken(&failing()).await;
    world.aws.sfn().read_lag(LAG, Duration::ZERO);
    world.start(&world.rollback_of(&failing())).await.unwrap();
    assert!(world.later_executions().is_empty());
    let answer = world.answer();
    assert_eq!(answer["Status"], "SUCCESS");
    let skipped = answer["Data"]["Skipped"].as_str().unwrap();
    assert!(skipped.contains("no worker had taken the run"), "{skipped}");
}

#[tokio::test(start_paused = true)]
async fn what_the_first_delivery_started_answers_though_the_next_would_start_nothing() {
    let world = World::new();
    world.fails_untaken(&failing()).await;
    world.aws.sfn().read_lag(LAG, LAG);
    let rollback = world.rollback_of(&failing());
    let first = world.start(&rollback).await.unwrap();
    assert!(matches!(first, StartOutcome::Execution(_)), "{first:?}");
    advance(2 * MINUTE).await;
    assert_eq!(world.start(&rollback).await.unwrap(), first);
    world.assert_no_answer();
    assert!(world.later_executions()[0].ended.is_none());
}

/// Each call is answered, just before `start` gives it up, and all of them together take too long.
#[tokio::test(start_paused = true)]
async fn calls_that_take_too_long_leave_the_rollback_to_the_next_delivery() {
    let old_task = json!({"RunOnRollback": "true"});
    for (failed, end, updates, come_back) in [
        (properties(), None, 5, old_task),
        (failing(), Some(succeeded()), 1, json!({})),
    ] {
        let world = World::new();
        for _ in 0..updates {
            let update = world.fails(&failed, end.clone()).await;
            // The next update comes after the reply.
            let run = Execution::of_event(&world, &update).await;
            run.returned("RespondSuccess", &json!({}));
        }
        advance(MINUTE).await;
        let mut rollback = world.rollback_of(&failed);
        rollback["ResourceProperties"] = with(properties(), &come_back);
        let calls = ["ListExecutions", "DescribeExecution", "StopExecution"];
        let slow = calls.map(|operation| {
            let fault = Fault::Delay(Duration::from_secs(9));
            world.inject(Service::Sfn, operation, Span::Forever, fault)
        });
        let came = world.start(&rollback).await;
        assert!(came.is_err(), "{updates}: {came:?}");
        world.assert_no_answer();
        slow.iter().for_each(Injected::lift);
        let started = world.start(&rollback).await.unwrap();
        assert!(matches!(started, StartOutcome::Execution(_)), "{started:?}");
        world.assert_no_answer();
    }
}

/// The first delivery has started the old task. The next cannot see what else runs.
#[tokio::test(start_paused = true)]
async fn the_old_task_that_runs_answers_though_the_next_delivery_cannot_list_runs() {
    let world = World::new();
    world.fails(&properties(), Some(succeeded())).await;
    let mut rollback = world.rollback_of(&properties());
    rollback["ResourceProperties"] = with(properties(), &json!({"RunOnRollback": "true"}));
    let first = world.start(&rollback).await.unwrap();
    advance(3 * MINUTE).await;
    world.inject(
        Service::Sfn,
        "ListExecutions",
        Span::Forever,
        Fault::Throttle,
    );
    assert_eq!(world.start(&rollback).await.unwrap(), first);
    world.assert_no_answer();
}

/// It comes once more when the stack is rolled back already. The release before had `RollbackOverrides` too.
#[tokio::test(start_paused = true)]
async fn the_event_of_the_update_itself_is_left_to_its_execution() {
    let world = World::new();
    let mut update = world.sent_now("Update", &failing());
    update["OldResourceProperties"] = failing();
    let first = world.start(&update).await.unwrap();
    advance(LAG).await;
    let update = world.in_stack("UPDATE_ROLLBACK_IN_PROGRESS", update);
    assert_eq!(world.start(&update).await.unwrap(), first);
    world.assert_no_answer();
    assert_eq!(world.aws.sfn().executions().len(), 1);
}

/// The rollback has succeeded a moment ago, and its description does not show that yet.
#[tokio::test(start_paused = true)]
async fn an_update_that_was_rolled_back_a_moment_ago_is_not_rolled_back_again() {
    let world = World::new();
    world.fails(&failing(), Some(succeeded())).await;
    world.start(&world.rollback_of(&failing())).await.unwrap();
    advance(MINUTE).await;
    let arn = world.later_executions()[0].arn.clone();
    let entered = json!({"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "RespondSuccess", "input": "{}"}});
    world.aws.sfn().history_event(&arn, entered);
    world.aws.sfn().end_execution(&arn, succeeded());
    world.aws.sfn().read_lag(LAG, Duration::ZERO);
    world.start(&world.rollback_of(&failing())).await.unwrap();
    assert_eq!(world.later_executions().len(), 1);
    let reply = world.last_reply();
    assert_eq!(reply["Status"], "SUCCESS");
    let skipped = reply["Data"]["Skipped"].as_str().unwrap();
    assert!(
        skipped.contains("has rolled the update back before"),
        "{skipped}"
    );
}
