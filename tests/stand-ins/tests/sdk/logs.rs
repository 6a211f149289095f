//! CloudWatch Logs.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;
use stand_ins::StandIns;
use stand_ins::ecs::{Container, Script};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

async fn last_lines(client: &Client, stream: &str, limit: i32) -> Vec<String> {
    let request = client
        .get_log_events()
        .log_group_name("/ecs/migrate")
        .log_stream_name(stream)
        .limit(limit);
    let events = request.send().await.unwrap();
    events
        .events()
        .iter()
        .map(|event| event.message().unwrap().to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_stream_fills_as_its_container_prints() {
    let aws = StandIns::new();
    aws.ecs().register_family("migrate", &["app", "proxy"]);
    let app = Container::runs_forever()
        .log(SECOND, "one")
        .log(2 * SECOND, "two")
        .log(9 * SECOND, "never printed");
    aws.ecs().script(
        "migrate",
        Script::runs_forever().pending(SECOND).container("app", app),
    );
    let run = super::ecs(&aws)
        .run_task()
        .task_definition("migrate")
        .send()
        .await
        .unwrap();
    let arn = run.tasks()[0].task_arn().unwrap();
    let stream = format!("ecs/app/{}", arn.rsplit('/').next().unwrap());
    let client = super::logs(&aws);

    let before = client
        .get_log_events()
        .log_group_name("/ecs/migrate")
        .log_stream_name(&stream)
        .send()
        .await;
    let error = before.unwrap_err();
    assert_eq!(
        error.code(),
        Some("ResourceNotFoundException"),
        "no stream before the container starts"
    );
    assert_eq!(
        error.message(),
        Some("The specified log stream does not exist.")
    );

    sleep(Duration::from_millis(2500)).await;
    assert_eq!(last_lines(&client, &stream, 20).await, ["one"]);
    sleep(SECOND).await;
    assert_eq!(last_lines(&client, &stream, 20).await, ["one", "two"]);
    assert_eq!(
        last_lines(&client, &stream, 1).await,
        ["two"],
        "the last ones, not the first"
    );
    super::ecs(&aws).stop_task().task(arn).send().await.unwrap();
    sleep(30 * SECOND).await;
    assert_eq!(
        last_lines(&client, &stream, 20).await,
        ["one", "two"],
        "stopped before the third"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_read_in_pages_from_its_head() {
    let aws = StandIns::new();
    for line in ["a", "b", "c"] {
        aws.logs().put("/ecs/migrate", "s", line);
    }
    let client = super::logs(&aws);
    let request = || {
        client
            .get_log_events()
            .log_group_name("/ecs/migrate")
            .log_stream_name("s")
            .limit(2)
            .start_from_head(true)
    };
    let first = request().send().await.unwrap();
    let second = request()
        .next_token(first.next_forward_token().unwrap())
        .send()
        .await
        .unwrap();
    let last = request()
        .next_token(second.next_forward_token().unwrap())
        .send()
        .await
        .unwrap();
    let lines = [first.events(), second.events(), last.events()].map(<[_]>::len);
    assert_eq!(lines, [2, 1, 0]);
    assert_eq!(
        last.next_forward_token(),
        second.next_forward_token(),
        "the same token at the end"
    );

    let missing = client
        .get_log_events()
        .log_group_name("/none")
        .log_stream_name("s")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        missing.message(),
        Some("The specified log group does not exist.")
    );
}
