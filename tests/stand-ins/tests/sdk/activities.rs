//! Activities and their polls.

use std::time::Duration;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use serde_json::json;
use stand_ins::StandIns;
use stand_ins::sfn::{Outcome, Schedule};
use tokio::time::{Instant, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

pub async fn poll(client: &Client, activity: &str) -> Option<String> {
    let answer = client
        .get_activity_task()
        .activity_arn(activity)
        .send()
        .await
        .unwrap();
    answer.task_token().map(str::to_owned)
}

pub fn setup() -> (StandIns, Client, String) {
    let aws = StandIns::new();
    let client = super::sfn(&aws);
    let activity = aws.sfn().activity("tasks");
    (aws, client, activity)
}

#[tokio::test(start_paused = true)]
async fn a_poll_waits_for_a_minute() {
    let (aws, client, activity) = setup();
    let begun = Instant::now();
    assert_eq!(poll(&client, &activity).await, None);
    assert_eq!(begun.elapsed(), 60 * SECOND);
    assert_eq!(aws.sfn().waiting_polls(&activity), 0);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_poll_gets_the_task_at_once_and_nobody_else_does() {
    let (aws, client, activity) = setup();
    let polls: Vec<_> = (0..3)
        .map(|_| {
            let (client, activity) = (client.clone(), activity.clone());
            tokio::spawn(async move { poll(&client, &activity).await })
        })
        .collect();
    aws.calls().arrived("GetActivityTask", 3).await;
    sleep(5 * SECOND).await;
    let scheduled = aws
        .sfn()
        .schedule(&activity, &json!({"a": 1}), Schedule::once());
    let mut tokens = Vec::new();
    for poll in polls {
        tokens.extend(poll.await.unwrap());
    }
    assert_eq!(tokens, scheduled.tokens());
    assert_eq!(scheduled.events()[1].at, 5 * SECOND);

    client
        .send_task_success()
        .task_token(&tokens[0])
        .output("{\"b\":2}")
        .send()
        .await
        .unwrap();
    assert_eq!(
        scheduled.outcome().await,
        Outcome::Succeeded(json!({"b": 2}))
    );
}

#[tokio::test(start_paused = true)]
async fn a_dropped_poll_disappears_or_swallows_the_next_task() {
    for swallow in [false, true] {
        let (aws, client, activity) = setup();
        aws.sfn().set_dead_polls_swallow(swallow);
        let dropped = timeout(SECOND, poll(&client, &activity)).await;
        assert!(dropped.is_err());
        let schedule = Schedule::retrying().heartbeat(60 * SECOND);
        let scheduled = aws.sfn().schedule(&activity, &json!({}), schedule);
        let mut token = None;
        while token.is_none() {
            token = poll(&client, &activity).await;
        }
        let expected = if swallow { 2 } else { 1 };
        assert_eq!(scheduled.tokens().len(), expected, "swallow: {swallow}");
        assert_eq!(
            token.as_ref(),
            scheduled.tokens().last(),
            "swallow: {swallow}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_than_a_thousand_polls_wait_on_one_activity() {
    let (aws, client, activity) = setup();
    let polls: Vec<_> = (0..1000)
        .map(|_| {
            let (client, activity) = (client.clone(), activity.clone());
            tokio::spawn(async move { poll(&client, &activity).await })
        })
        .collect();
    aws.calls().arrived("GetActivityTask", 1000).await;
    let one_more = client
        .get_activity_task()
        .activity_arn(&activity)
        .send()
        .await;
    assert_eq!(
        one_more.unwrap_err().code(),
        Some("ActivityWorkerLimitExceeded")
    );
    for poll in polls {
        assert_eq!(poll.await.unwrap(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn calls_about_an_unknown_activity_are_refused() {
    let (_, client, activity) = setup();
    let error = client
        .describe_activity()
        .activity_arn(format!("{activity}x"))
        .send()
        .await
        .unwrap_err();
    assert!(error.into_service_error().is_activity_does_not_exist());
    let known = client
        .describe_activity()
        .activity_arn(&activity)
        .send()
        .await
        .unwrap();
    assert_eq!(known.name(), "tasks");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_activity_fails_what_waits_for_it() {
    let (aws, client, activity) = setup();
    let scheduled = aws
        .sfn()
        .schedule(&activity, &json!({}), Schedule::retrying());
    client
        .delete_activity()
        .activity_arn(&activity)
        .send()
        .await
        .unwrap();
    let Outcome::Failed { error, .. } = scheduled.outcome().await else {
        panic!("it failed")
    };
    assert_eq!(error, "States.Runtime");
    let poll = client
        .get_activity_task()
        .activity_arn(&activity)
        .send()
        .await
        .unwrap_err();
    assert_eq!(poll.code(), Some("ActivityDoesNotExist"));
}
