//! A task whose token the process was given: attended to without a poll, after a first heartbeat.

use std::future::{Future, pending, ready};
use std::time::Duration;

use ecs_task_runner::activity::{
    self, ActivityTask, GivenTask, HANDED_OVER, PANICKED, Shutdown, TaskClient, TaskFailure,
    TaskToken,
};
use serde_json::{Value, json};
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};
use tokio::time::{Instant, sleep};

use super::INPUT;
use crate::worlds::worker::{HEARTBEAT, World, failure, outcome, success};

/// Attends to the next task that is scheduled.
async fn attend<H, F>(world: &World, handler: H, hand_over: Shutdown)
where
    H: Fn(ActivityTask) -> F,
    F: Future<Output = Result<String, TaskFailure>> + Send,
{
    let mut input = world.next_event().await;
    let Value::String(token) = input["taskToken"].take() else {
        panic!("the task has no token")
    };
    let task = GivenTask {
        token: TaskToken::new(token),
        input: input.to_string(),
    };
    let client = TaskClient::new(&world.connection(), "given-1");
    activity::attend_one(client, task, handler, hand_over)
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_given_task_is_kept_alive_and_answered() {
    let world = World::new();
    let scheduled = world.schedule_once();
    let (_trigger, hand_over) = activity::shutdown();
    let handler = |_| async {
        sleep(15 * HEARTBEAT).await;
        Ok("{}".to_owned())
    };
    attend(&world, handler, hand_over).await;
    success(outcome(&scheduled).await);
    let beats = scheduled.heartbeats();
    let (first, last) = (beats[0], *beats.last().unwrap());
    assert!(first < Duration::from_millis(1), "{first:?}");
    assert!(last > 14 * HEARTBEAT, "{last:?}");
    let polls = world.aws.calls().count("GetActivityTask").arrived;
    assert_eq!(polls, 1, "that of the test");
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_handler_of_a_given_task_is_answered() {
    let world = World::new();
    let scheduled = world.schedule_once();
    let (_trigger, hand_over) = activity::shutdown();
    attend(&world, |_| async { panic!("as asked") }, hand_over).await;
    assert_eq!(failure(outcome(&scheduled).await).0, PANICKED);
}

#[tokio::test(start_paused = true)]
async fn a_given_task_is_handed_over_at_once_when_that_is_requested() {
    let world = World::new();
    let scheduled = world.schedule_input(&json!({INPUT: 60}));
    let (trigger, hand_over) = activity::shutdown();
    let request = async {
        sleep(3 * HEARTBEAT).await;
        trigger.request();
    };
    let start = Instant::now();
    tokio::join!(attend(&world, |_| pending(), hand_over), request);
    assert_eq!(start.elapsed(), 3 * HEARTBEAT);
    let (error, cause) = failure(outcome(&scheduled).await);
    assert_eq!(error, HANDED_OVER);
    assert!(
        cause.contains("'given-1' is at the end of its invocation"),
        "{cause}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_result_that_cannot_be_delivered_is_given_up_before_the_invocation_ends() {
    for fault in [Fault::Refuse, Fault::Delay(60 * HEARTBEAT)] {
        let world = World::new();
        let scheduled = world.schedule_once();
        world.inject(Service::Sfn, "SendTaskSuccess", Span::Forever, fault);
        let (trigger, hand_over) = activity::shutdown();
        let request = async {
            sleep(3 * HEARTBEAT).await;
            trigger.request();
        };
        let handler = |_| ready(Ok("{}".to_owned()));
        let start = Instant::now();
        tokio::join!(attend(&world, handler, hand_over), request);
        let given_up = start.elapsed().saturating_sub(3 * HEARTBEAT);
        assert_eq!(given_up, Duration::from_secs(50));
        assert!(scheduled.outcome_so_far().is_none());
    }
}
