//! `rescue` on its schedule: runs that no worker takes.

use std::time::Duration;

use ecs_task_runner::functions::Rescued;
use serde_json::json;
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::ExecutionEnd;

use crate::worlds::events::{properties, with};
use crate::worlds::execution::{Execution, NOW};
use crate::worlds::functions::{CLAIM_TIMEOUT, World};

const MINUTE: Duration = Duration::from_secs(60);

/// What `rescue` says of an invocation that answered nobody.
fn looked(checked: usize, stopped: usize) -> Rescued {
    Rescued::Swept {
        checked,
        overdue: 0,
        stopped,
        answered: 0,
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_no_worker_takes_is_given_up_and_answered() {
    let world = World::sealing();
    let execution = Execution::of(&world, "Create").await;
    execution.scheduled();
    assert_eq!(world.look_after(MINUTE / 6).await.unwrap(), looked(0, 0));
    assert_eq!(
        world.look_after(CLAIM_TIMEOUT / 2).await.unwrap(),
        looked(1, 0)
    );
    assert_eq!(
        world.look_after(CLAIM_TIMEOUT + MINUTE).await.unwrap(),
        looked(1, 1)
    );
    world.assert_no_answer();
    assert_eq!(
        world.rescue(&execution.event("ABORTED")).await.unwrap(),
        Rescued::Answered
    );
    assert_eq!(
        world.answer()["Reason"],
        "Worker.NotClaimed: No worker polled the activity for 300 s: is the fleet running? ECS showed no task of the run.\nMore: ecs-task-runner explain todobackend/MigrateTask"
    );
    // The execution has ended: `rescue` has nothing to check.
    assert_eq!(
        world.look_after(CLAIM_TIMEOUT + 2 * MINUTE).await.unwrap(),
        looked(0, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_that_a_worker_has_is_left_to_it() {
    let world = World::new();
    let taken = Execution::of(&world, "Create").await;
    taken.scheduled().activity("Started", MINUTE);
    let deleting = Execution::of(&world, "Delete").await;
    deleting
        .entered("StopTasks", &json!({}))
        .invoked("Scheduled");
    let emulated = Execution::of(&world, "Create").await;
    let details = json!({"resourceType": "states", "resource": "arn:aws:states:us-east-1:123456789012:activity:ecs-task"});
    let details = with(details, &json!({"region": "us-east-1", "parameters": "{}"}));
    emulated
        .entered("RunTask", &json!({}))
        .happened(json!({"type": "TaskScheduled", "taskScheduledEventDetails": details}));
    assert_eq!(
        world.look_after(10 * CLAIM_TIMEOUT).await.unwrap(),
        looked(3, 0)
    );
}

/// Nothing claims such a run, and its event is given again every minute. After a stack has changed
/// from a fleet to Lambda, runs of both kinds are there.
#[tokio::test(start_paused = true)]
async fn a_run_that_a_function_was_given_is_never_given_up_and_one_of_the_fleet_still_is() {
    let world = World::new();
    let given = Execution::of(&world, "Create").await;
    given.given();
    let waiting = Execution::of(&world, "Create").await;
    waiting.scheduled();
    assert_eq!(
        world.look_after(CLAIM_TIMEOUT + MINUTE).await.unwrap(),
        looked(2, 1)
    );
    let ended = |execution: &Execution| world.aws.sfn().execution(&execution.name).ended;
    assert!(ended(&given).is_none() && ended(&waiting).is_some());
    assert_eq!(
        world.look_after(10 * CLAIM_TIMEOUT).await.unwrap(),
        looked(1, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_its_own_time_to_be_taken() {
    let world = World::new();
    let execution = Execution::of(&world, "Create").await;
    execution.taken();
    execution
        .activity("Failed", 10 * MINUTE)
        .activity("Scheduled", 10 * MINUTE);
    assert_eq!(world.look_after(12 * MINUTE).await.unwrap(), looked(1, 0));
    assert_eq!(world.look_after(16 * MINUTE).await.unwrap(), looked(1, 1));
}

/// CloudFormation would answer by itself before `ClaimTimeout`, and nobody would read that the
/// fleet is down.
#[tokio::test(start_paused = true)]
async fn a_run_whose_deadline_comes_before_the_claim_timeout_is_given_up_at_its_deadline() {
    let world = World::new();
    let event = world.event(
        "Create",
        &with(properties(), &json!({"ServiceTimeout": "240"})),
    );
    let execution = Execution::of_event(&world, &event).await;
    execution.scheduled();
    // 95 s of the 240 are kept for what comes after.
    assert_eq!(world.look_after(2 * MINUTE).await.unwrap(), looked(1, 0));
    assert_eq!(world.look_after(3 * MINUTE).await.unwrap(), looked(1, 1));
    world.rescue(&execution.event("ABORTED")).await.unwrap();
    let reason = world.reason();
    assert!(
        reason.starts_with("Worker.NotClaimed: No worker polled the activity for 1")
            && reason.contains("fleet"),
        "{reason}"
    );
}

/// A worker that is there takes a run also after its deadline, and says how it went. It has until
/// `answerBy` for that, 80 s after the deadline.
#[tokio::test(start_paused = true)]
async fn a_run_that_is_scheduled_again_after_its_deadline_has_time_to_be_taken() {
    let world = World::new();
    let event = world.event("Create", &with(properties(), &json!({"Timeout": "60"})));
    let execution = Execution::of_event(&world, &event).await;
    execution.taken();
    let again = 2 * MINUTE;
    execution
        .activity("Failed", again)
        .activity("Scheduled", again);
    let began = world.clock.now();
    let ended_late = Rescued::Swept {
        checked: 1,
        stopped: 0,
        overdue: 1,
        answered: 0,
    };
    assert_eq!(
        world.look_after(again + MINUTE / 6).await.unwrap(),
        ended_late
    );
    let waited = world.clock.since(began).as_secs();
    assert!((138..145).contains(&waited), "{waited} s");
    let ended = world.aws.sfn().execution(&execution.name).ended;
    let Some((_, ExecutionEnd::Aborted { error, .. })) = ended else {
        panic!("{ended:?}")
    };
    assert_eq!(error.as_deref(), Some("Worker.NotClaimed"));
}

#[tokio::test(start_paused = true)]
async fn one_execution_that_cannot_be_read_does_not_keep_the_others_waiting() {
    let world = World::new();
    for _ in 0..3 {
        Execution::of(&world, "Create").await.scheduled();
    }
    let cut = world.inject(
        Service::Sfn,
        "GetExecutionHistory",
        Span::Next(1),
        Fault::AccessDenied,
    );
    assert_eq!(
        world.look_after(2 * CLAIM_TIMEOUT).await.unwrap(),
        looked(2, 2)
    );
    cut.lift();
    world.inject(
        Service::Sfn,
        "GetExecutionHistory",
        Span::Forever,
        Fault::AccessDenied,
    );
    assert!(
        world.look_after(2 * CLAIM_TIMEOUT).await.is_err(),
        "nothing could be looked at"
    );
}

#[tokio::test(start_paused = true)]
async fn an_invocation_is_bounded_and_the_next_ones_reach_the_rest() {
    let world = World::new();
    for _ in 0..400 {
        Execution::of(&world, "Create")
            .await
            .activity("Scheduled", NOW);
    }
    assert_eq!(
        world.look_after(2 * CLAIM_TIMEOUT).await.unwrap(),
        looked(300, 300)
    );
    assert_eq!(
        world.look_after(2 * CLAIM_TIMEOUT + MINUTE).await.unwrap(),
        looked(100, 100)
    );
}
