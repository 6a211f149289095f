//! The answer that a run has begun whose end goes to a wait condition. Without it, CloudFormation gives the
//! resource up after an hour, and does not come to the condition.

use std::time::Duration;

use serde_json::{Value, json};
use stand_ins::response_url::{Condition, Handle, Reaction};
use tokio::time::{Instant, sleep_until};

use super::handle::{answers, create};
use super::rescue::aborted;
use crate::worlds::events::{every_minute, with};
use crate::worlds::functions::{STACK, World};

/// The condition takes the report, and CloudFormation's answer does not get through.
fn the_answer_is_lost() -> Vec<Reaction> {
    let mut reactions = vec![Reaction::Status(500); 40];
    reactions[0] = Reaction::Accept;
    reactions
}

const MINUTE: Duration = Duration::from_secs(60);

fn statuses(world: &World, handle: &Handle) -> Vec<Value> {
    let answers = answers(world, handle);
    answers
        .iter()
        .map(|answer| answer["Status"].clone())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn without_the_mark_that_it_was_given_it_is_given_at_the_end() {
    let failed = json!({"startedError": {"Error": "Lambda.Unknown", "Cause": "it was not there"}});
    // The second is that of a definition of an earlier release.
    for changes in [failed, json!({})] {
        let world = World::new();
        let handle = world.urls.handle(STACK, "Handle");
        let execution = create(&world, &handle).await;
        let state = with(execution.input.clone(), &changes);
        world
            .respond(&json!({"status": "FAILED", "state": state}))
            .await
            .unwrap();
        assert!(matches!(handle.condition(), Condition::Failed(_)));
        assert_eq!(statuses(&world, &handle), ["SUCCESS"]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_is_reported_again_until_it_was_given() {
    let world = World::new();
    let handle = world.urls.handle(STACK, "Handle");
    let execution = create(&world, &handle).await;
    let event = json!({"status": "SUCCESS", "state": execution.input});
    world.urls.react(the_answer_is_lost());
    let failed = world.respond(&event).await.unwrap_err();
    assert!(
        failed.contains("the response URL of the request could not be reached"),
        "{failed}"
    );
    world.urls.react_always(Reaction::Accept);
    world.respond(&event).await.unwrap();
    assert!(matches!(handle.condition(), Condition::Complete(_)));
    assert_eq!(handle.signals().len(), 1);
    assert_eq!(statuses(&world, &handle).last().unwrap(), "SUCCESS");
}

#[tokio::test(start_paused = true)]
async fn a_response_url_that_has_expired_does_not_fail_the_report_of_the_end() {
    let world = World::new();
    let handle = world.urls.handle(STACK, "Handle");
    let execution = create(&world, &handle).await;
    world.urls.react([Reaction::Accept, Reaction::Status(403)]);
    world
        .respond(&json!({"status": "SUCCESS", "state": execution.input}))
        .await
        .unwrap();
    assert!(matches!(handle.condition(), Condition::Complete(_)));
}

#[tokio::test(start_paused = true)]
async fn rescue_fails_while_it_cannot_give_it_for_a_run_that_ended() {
    let world = World::new();
    let handle = world.urls.handle(STACK, "Handle");
    let execution = create(&world, &handle).await;
    let event = execution.ends(aborted());
    world.urls.react(the_answer_is_lost());
    let failed = world.rescue(&event).await.unwrap_err().to_string();
    assert!(
        failed.contains("the response URL of the request"),
        "{failed}"
    );
    world.urls.react_always(Reaction::Accept);
    world.rescue(&event).await.unwrap();
    assert_eq!(statuses(&world, &handle).last().unwrap(), "SUCCESS");
    assert_eq!(handle.signals().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn sweeps_give_it_once_more_while_the_run_goes_on_and_cloudformation_waits() {
    let world = World::sealing();
    let began = Instant::now();
    let handle = world.urls.handle(STACK, "Handle");
    let execution = create(&world, &handle).await;
    execution.taken();
    let rescuer = world.rescuer();
    // The first look reads the input.
    for (minute, given) in [(2, 0), (3, 1), (4, 1), (5, 1)] {
        let now = began + minute * MINUTE;
        sleep_until(now).await;
        rescuer.rescue(every_minute()).await.unwrap();
        assert_eq!(statuses(&world, &handle).len(), given, "minute {minute}");
    }
    assert_eq!(statuses(&world, &handle), ["SUCCESS"]);
    assert_eq!(handle.condition(), Condition::Waiting);
    // Another instance gives it again, which does no harm. An hour later nobody waits for it.
    let (young, old) = (world.rescuer(), world.rescuer());
    for (rescuer, minute, given) in [(young, 10, 2), (old, 61, 2)] {
        for minute in [minute, minute + 1] {
            sleep_until(began + minute * MINUTE).await;
            rescuer.rescue(every_minute()).await.unwrap();
        }
        assert_eq!(statuses(&world, &handle).len(), given, "minute {minute}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_cannot_give_it_leaves_it_to_the_next_one() {
    let world = World::new();
    let began = Instant::now();
    let handle = world.urls.handle(STACK, "Handle");
    create(&world, &handle).await.taken();
    let rescuer = world.rescuer();
    world.urls.react_always(Reaction::Status(500));
    for minute in 2..=4 {
        if minute == 4 {
            assert!(!statuses(&world, &handle).is_empty());
            world.urls.react_always(Reaction::Accept);
        }
        sleep_until(began + minute * MINUTE).await;
        rescuer.rescue(every_minute()).await.unwrap();
    }
    assert!(world.urls.puts().last().unwrap().is_stored());
}
