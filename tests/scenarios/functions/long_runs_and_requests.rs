//! `rescue` on its schedule, where more direct runs go on than a sweep can read: stacks wait for
//! requests, and nobody waits for the others.

use std::time::Duration;

use ecs_task_runner::aws::step_functions::StepFunctions;
use ecs_task_runner::functions::Rescued;
use serde_json::json;
use stand_ins::log_capture::{capture_log, logged};
use tokio::time::advance;

use super::direct;
use crate::worlds::events::{every_minute, properties, with};
use crate::worlds::execution::Execution;
use crate::worlds::functions::{CLAIM_TIMEOUT, World};

const MINUTE: Duration = Duration::from_secs(60);

/// Begins so many direct runs of up to 23 hours.
async fn begin(world: &World, names: &str, count: usize) {
    let machine =
        StepFunctions::new(&world.connection_of("start")).state_machine(&world.state_machine);
    let input = with(direct::properties(), &json!({"Timeout": 82_800})).to_string();
    for number in 0..count {
        let name = format!("{names}-{number}");
        machine.start(&name, &input).await.unwrap();
    }
}

/// The same, and workers have them.
async fn begin_taken(world: &World, names: &str, count: usize) {
    begin(world, names, count).await;
    for number in 0..count {
        let arn = world.aws.sfn().execution(&format!("{names}-{number}")).arn;
        let started = json!({"type": "ActivityStarted", "activityStartedEventDetails": {"workerName": "i-0abc"}});
        world.aws.sfn().history_event(&arn, started);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_is_ended_at_its_answer_by_however_many_direct_runs_go_on() {
    let world = World::new();
    begin(&world, "long", 400).await;
    let event = world.event("Create", &with(properties(), &json!({"Timeout": "60"})));
    let execution = Execution::of_event(&world, &event).await;
    execution.taken();
    let looked = world.look_after(3 * MINUTE).await.unwrap();
    assert!(
        matches!(looked, Rescued::Swept { overdue: 1, .. }),
        "{looked:?}"
    );
    let ended = world.aws.sfn().execution(&execution.name).ended;
    assert!(ended.is_some());
}

#[tokio::test(start_paused = true)]
async fn requests_that_no_worker_takes_are_given_up_however_many_direct_runs_go_on() {
    let world = World::new();
    for part in ["first", "second", "third"] {
        begin_taken(&world, part, 300).await;
        Execution::of(&world, "Create").await.scheduled();
    }
    let looked = world.look_after(CLAIM_TIMEOUT + MINUTE).await.unwrap();
    assert!(
        matches!(
            looked,
            Rescued::Swept {
                checked: 300,
                stopped: 3,
                ..
            }
        ),
        "{looked:?}"
    );
}

/// It cannot have waited for another worker for `ClaimTimeout` before.
#[tokio::test(start_paused = true)]
async fn a_run_that_a_worker_has_is_looked_at_again_after_the_claim_timeout() {
    let world = World::new();
    // An Update would not run beside the Create.
    let execution = Execution::of(&world, "Update").await;
    execution.taken();
    let given = Execution::of(&world, "Create").await;
    given.given();
    let rescuer = world.rescuer();
    let looked = async |minutes: u32| {
        advance(minutes * MINUTE).await;
        match rescuer.rescue(every_minute()).await.unwrap() {
            Rescued::Swept {
                checked, stopped, ..
            } => (checked, stopped),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(looked(1).await, (2, 0));
    assert_eq!(looked(1).await, (0, 0));
    // The worker lets go of it at once.
    execution
        .activity("Failed", MINUTE)
        .activity("Scheduled", MINUTE);
    assert_eq!(looked(2).await, (0, 0));
    assert_eq!(looked(3).await, (2, 1));
    assert!(world.aws.sfn().execution(&execution.name).ended.is_some());
}

/// An alarm counts the line.
#[ignore = "takes a minute, for beginning 20,001 executions"]
#[tokio::test(start_paused = true)]
async fn more_executions_than_can_be_listed_are_an_incident() {
    let world = World::new();
    begin(&world, "long", 20_001).await;
    capture_log();
    world.look_after(MINUTE).await.unwrap();
    let log = logged();
    let incidents = log.lines().filter(|line| line.contains("NotListed"));
    assert_eq!(incidents.count(), 1, "{log}");
}
