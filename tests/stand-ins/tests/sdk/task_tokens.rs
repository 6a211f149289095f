//! Task tokens: their clocks, and what becomes of a task without its worker.

use std::time::Duration;

use aws_sdk_sfn::error::ProvideErrorMetadata;
use serde_json::json;
use stand_ins::sfn::{EventKind, Outcome, Schedule};
use tokio::time::{advance, sleep};

use super::activities::{poll, setup};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn clocks_count_from_the_hand_out() {
    let (aws, client, activity) = setup();
    let schedule = Schedule::once()
        .heartbeat(60 * SECOND)
        .timeout(100 * SECOND);
    let missed = aws.sfn().schedule(&activity, &json!({}), schedule.clone());
    let kept = aws.sfn().schedule(&activity, &json!({}), schedule);
    advance(1000 * SECOND).await;
    poll(&client, &activity).await.unwrap();
    let token = poll(&client, &activity).await.unwrap();
    let handed_out = aws.clock().now();
    for _ in 0..2 {
        sleep(40 * SECOND).await;
        client
            .send_task_heartbeat()
            .task_token(&token)
            .send()
            .await
            .unwrap();
    }
    assert_eq!(missed.outcome().await, Outcome::HeartbeatTimedOut);
    assert_eq!(missed.events().last().unwrap().at, handed_out + 60 * SECOND);
    assert_eq!(kept.outcome().await, Outcome::TimedOut);
    assert_eq!(kept.events().last().unwrap().at, handed_out + 100 * SECOND);
    assert_eq!(
        kept.heartbeats(),
        [handed_out + 40 * SECOND, handed_out + 80 * SECOND]
    );

    let late = client
        .send_task_heartbeat()
        .task_token(&token)
        .send()
        .await
        .unwrap_err();
    assert_eq!(late.code(), Some("TaskTimedOut"));
}

#[tokio::test(start_paused = true)]
async fn retries_schedule_again_for_another_worker() {
    let (aws, client, activity) = setup();
    let scheduled = aws.sfn().schedule(
        &activity,
        &json!({}),
        Schedule::retrying().heartbeat(60 * SECOND),
    );
    let first = poll(&client, &activity).await.unwrap();
    client
        .send_task_failure()
        .task_token(&first)
        .error("Worker.HandedOver")
        .send()
        .await
        .unwrap();
    // The second worker dies.
    poll(&client, &activity).await.unwrap();
    let mut third = None;
    while third.is_none() {
        third = poll(&client, &activity).await;
    }
    let third = third.unwrap();
    client
        .send_task_failure()
        .task_token(&third)
        .error("EcsTask.Failed")
        .cause("exit 1")
        .send()
        .await
        .unwrap();
    let failed = Outcome::Failed {
        error: "EcsTask.Failed".to_owned(),
        cause: "exit 1".to_owned(),
    };
    assert_eq!(scheduled.outcome().await, failed);
    let kinds: Vec<_> = scheduled
        .events()
        .into_iter()
        .map(|event| match event.kind {
            EventKind::Scheduled => "scheduled",
            EventKind::Started { .. } => "started",
            EventKind::Failed { .. } => "failed",
            EventKind::HeartbeatTimedOut => "heartbeat timed out",
            other => panic!("unexpected {other:?}"),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "scheduled",
            "started",
            "failed",
            "scheduled",
            "started",
            "heartbeat timed out",
            "scheduled",
            "started",
            "failed"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_service_refuses_tokens_that_are_malformed_unknown_or_over() {
    let (aws, client, activity) = setup();
    let scheduled = aws.sfn().schedule(&activity, &json!({}), Schedule::once());
    let token = poll(&client, &activity).await.unwrap();
    let unknown = format!("{}{}", &token[..22], "0".repeat(64));
    for (name, token, code) in [
        ("unknown", &*unknown, "TaskDoesNotExist"),
        ("malformed", "abc", "InvalidToken"),
        ("too long", &"x".repeat(2049), "ValidationException"),
    ] {
        let error = client
            .send_task_heartbeat()
            .task_token(token)
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some(code), "{name}");
    }
    let failure = || client.send_task_failure().task_token(&token);
    for (name, request) in [
        ("error", failure().error("x".repeat(257))),
        ("cause", failure().cause("x".repeat(32_769))),
    ] {
        assert_eq!(
            request.send().await.unwrap_err().code(),
            Some("ValidationException"),
            "{name}"
        );
    }
    let success = || client.send_task_success().task_token(&token);
    let long = success()
        .output(format!("\"{}\"", "x".repeat(262_143)))
        .send()
        .await;
    assert_eq!(long.unwrap_err().code(), Some("ValidationException"));
    assert_eq!(
        success().output("no JSON").send().await.unwrap_err().code(),
        Some("InvalidOutput")
    );
    assert_eq!(scheduled.outcome_so_far(), None);
    success().output("1").send().await.unwrap();
    assert_eq!(
        success().output("1").send().await.unwrap_err().code(),
        Some("TaskTimedOut"),
        "twice"
    );
}
