//! ECS tasks from their launch to their end.

use std::time::Duration;

use aws_sdk_ecs::types::{Task, TaskStopCode};
use stand_ins::StandIns;
use stand_ins::ecs::{OnSigterm, Script};
use tokio::time::{advance, sleep};

use super::ecs;

const SECOND: Duration = Duration::from_secs(1);

pub async fn run(client: &aws_sdk_ecs::Client, token: &str) -> Task {
    let answer = client
        .run_task()
        .cluster("main")
        .task_definition("migrate")
        .started_by("me")
        .client_token(token)
        .send()
        .await
        .unwrap();
    answer.tasks()[0].clone()
}

pub async fn describe(client: &aws_sdk_ecs::Client, arn: &str) -> Option<Task> {
    let answer = client
        .describe_tasks()
        .cluster("main")
        .tasks(arn)
        .send()
        .await
        .unwrap();
    answer.tasks().first().cloned()
}

fn seconds_script() -> Script {
    Script::exits(0)
        .provisioning(SECOND)
        .pending(SECOND)
        .activating(SECOND)
        .running(10 * SECOND)
        .deprovisioning(SECOND)
}

#[tokio::test(start_paused = true)]
async fn a_task_goes_through_its_states() {
    let aws = StandIns::new();
    aws.ecs().register_family("migrate", &["app"]);
    aws.ecs().script("migrate", seconds_script());
    let client = ecs(&aws);
    let task = run(&client, "a").await;
    assert_eq!(task.last_status(), Some("PROVISIONING"));
    let arn = task.task_arn().unwrap();

    let mut seen = Vec::new();
    for _ in 0..16 {
        seen.push(
            describe(&client, arn)
                .await
                .unwrap()
                .last_status()
                .unwrap()
                .to_owned(),
        );
        advance(SECOND).await;
    }
    seen.dedup();
    assert_eq!(
        seen,
        [
            "PROVISIONING",
            "PENDING",
            "ACTIVATING",
            "RUNNING",
            "DEPROVISIONING",
            "STOPPED"
        ]
    );

    let stopped = describe(&client, arn).await.unwrap();
    assert_eq!(
        stopped.stop_code(),
        Some(&TaskStopCode::EssentialContainerExited)
    );
    assert_eq!(stopped.desired_status(), Some("STOPPED"));
    assert_eq!(stopped.started_by(), Some("me"));
    let container = &stopped.containers()[0];
    assert_eq!(
        (container.name(), container.exit_code()),
        (Some("app"), Some(0))
    );
    let ran = stopped.execution_stopped_at().unwrap().as_secs_f64()
        - stopped.started_at().unwrap().as_secs_f64();
    assert!((ran - 10.0).abs() < 0.01, "{ran}");

    advance(3600 * SECOND).await;
    assert_eq!(
        describe(&client, arn).await,
        None,
        "MISSING an hour after it stopped"
    );
}

#[tokio::test(start_paused = true)]
async fn stop_task_sends_sigterm_and_kills_after_the_stop_timeout() {
    for (reaction, expected_code, expected_seconds) in [
        (
            OnSigterm::Exits {
                after: 5 * SECOND,
                code: 0,
            },
            0,
            5,
        ),
        (
            OnSigterm::Exits {
                after: 40 * SECOND,
                code: 0,
            },
            137,
            30,
        ),
        (OnSigterm::Ignored, 137, 30),
    ] {
        let aws = StandIns::new();
        aws.ecs().register_family("migrate", &["app"]);
        let script = Script::runs_forever()
            .on_sigterm(reaction)
            .deprovisioning(Duration::ZERO);
        aws.ecs().script("migrate", script);
        let client = ecs(&aws);
        let arn = run(&client, "a").await.task_arn().unwrap().to_owned();
        sleep(SECOND).await;
        let stopping = client
            .stop_task()
            .cluster("main")
            .task(&arn)
            .reason("enough")
            .send()
            .await
            .unwrap();
        assert_eq!(stopping.task().unwrap().desired_status(), Some("STOPPED"));
        let before_the_end = Duration::from_millis(10);
        sleep((expected_seconds * SECOND).saturating_sub(before_the_end)).await;
        assert_eq!(
            describe(&client, &arn).await.unwrap().last_status(),
            Some("STOPPING")
        );
        sleep(2 * before_the_end).await;
        let task = describe(&client, &arn).await.unwrap();
        assert_eq!(task.last_status(), Some("STOPPED"));
        assert_eq!(task.stop_code(), Some(&TaskStopCode::UserInitiated));
        assert_eq!(task.stopped_reason(), Some("enough"));
        assert_eq!(task.containers()[0].exit_code(), Some(expected_code));
    }
}
