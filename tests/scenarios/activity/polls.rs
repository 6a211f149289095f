//! Polls: how many there are, and what becomes of them when they fail.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::Schedule;
use stand_ins::{AwsError, Service};
use tokio::sync::Barrier;
use tokio::time::sleep;

use crate::worlds::worker::{World, outcome, success};

#[tokio::test(start_paused = true)]
async fn polls_that_fail_never_end_a_worker_and_lose_no_place() {
    for fault in [
        Fault::InternalError,
        Fault::Throttle,
        Fault::AccessDenied,
        Fault::Refuse,
        Fault::CutBefore,
        Fault::Error(AwsError::new("ActivityWorkerLimitExceeded", "too many")),
    ] {
        let world = World::new();
        world.aws.faults().inject(
            Service::Sfn,
            "GetActivityTask",
            Span::For(Duration::from_secs(120)),
            fault.clone(),
        );
        // Neither task ends before both have begun.
        let both = Arc::new(Barrier::new(2));
        let _worker = world.worker_with(2, move |_| {
            let both = Arc::clone(&both);
            async move {
                both.wait().await;
                Ok("{}".to_owned())
            }
        });
        let scheduled: Vec<_> = (0..2)
            .map(|_| {
                world
                    .aws
                    .sfn()
                    .schedule(&world.activity, &json!({}), Schedule::once())
            })
            .collect();
        for one in &scheduled {
            success(outcome(one).await);
        }
        let polls = world.aws.calls().count("GetActivityTask").arrived;
        // Two pollers, 200 ms to 10 s apart, for two minutes.
        assert!(polls < 80, "{polls} polls in two minutes of {fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_keeps_two_polls_open() {
    let world = World::new();
    let _worker = world.worker_with(100, |_| async { Ok("{}".to_owned()) });
    sleep(Duration::from_secs(600)).await;
    assert_eq!(world.aws.sfn().waiting_polls(&world.activity), 2);
}
