//! Faults as an SDK client meets them, and the record of calls.

use std::time::Duration;

use aws_sdk_ecs::error::ProvideErrorMetadata;
use serde_json::json;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::Schedule;
use stand_ins::{Outcome, Recording, Service, StandIns};
use tokio::time::{Instant, timeout};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn each_fault_has_its_effect() {
    // Fault, what the client sees, tasks launched, seconds.
    for (fault, seen, launched, seconds) in [
        (Fault::InternalError, "ServerException", 0, 0),
        (Fault::Throttle, "ThrottlingException", 0, 0),
        (Fault::AccessDenied, "AccessDeniedException", 0, 0),
        (Fault::Delay(10 * SECOND), "answer", 1, 10),
        (Fault::Refuse, "io", 0, 0),
        (Fault::CutBefore, "io", 0, 0),
        (Fault::CutAfter, "io", 1, 0),
        (Fault::Duplicate, "answer", 2, 0),
    ] {
        let aws = StandIns::new();
        aws.ecs().register_family("migrate", &["app"]);
        let injected = aws
            .faults()
            .inject(Service::Ecs, "RunTask", Span::Next(1), fault.clone());
        let client = super::ecs(&aws);
        let begun = Instant::now();
        let launch = client
            .start_task()
            .task_definition("migrate")
            .container_instances("i");
        launch
            .send()
            .await
            .expect("other operations are left alone");
        let before = aws.ecs().tasks().len();
        // Two arrivals of one call have one client token; this test counts launches, so it sends
        // none.
        let answer = client
            .run_task()
            .task_definition("migrate")
            .customize()
            .mutate_request(|request| {
                let body = "{\"taskDefinition\":\"migrate\"}";
                *request.body_mut() = body.into();
            })
            .send()
            .await;
        let answer = match &answer {
            Ok(_) => "answer",
            Err(error) if error.as_service_error().is_some() => error.code().unwrap(),
            Err(aws_sdk_ecs::error::SdkError::DispatchFailure(failure)) if failure.is_io() => "io",
            Err(error) => panic!("{fault:?}: {error:?}"),
        };
        assert_eq!(answer, seen, "{fault:?}");
        assert_eq!(aws.ecs().tasks().len() - before, launched, "{fault:?}");
        assert_eq!(begun.elapsed(), seconds * SECOND, "{fault:?}");
        assert_eq!(injected.struck(), 1, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_takes_effect_though_its_caller_has_given_up() {
    let aws = StandIns::new();
    aws.ecs().register_family("migrate", &["app"]);
    aws.faults().inject(
        Service::Ecs,
        "RunTask",
        Span::Next(1),
        Fault::Delay(10 * SECOND),
    );
    let client = super::ecs(&aws);
    assert!(
        timeout(SECOND, client.run_task().task_definition("migrate").send())
            .await
            .is_err()
    );
    assert!(aws.ecs().tasks().is_empty());
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(aws.ecs().tasks().len(), 1);
    assert_eq!(aws.calls().of("RunTask")[0].outcome, Outcome::Abandoned);
}

#[tokio::test(start_paused = true)]
async fn calls_are_recorded_with_their_outcome() {
    let aws = StandIns::new();
    let activity = aws.sfn().activity("tasks");
    let client = super::sfn(&aws);
    let poll = || client.get_activity_task().activity_arn(&activity).send();
    poll().await.unwrap();
    assert!(timeout(SECOND, poll()).await.is_err());
    client
        .get_activity_task()
        .activity_arn("none")
        .send()
        .await
        .unwrap_err();
    aws.faults()
        .inject_all(Service::Sfn, Span::Forever, Fault::CutBefore);
    poll().await.unwrap_err();

    let calls = aws.calls().of("GetActivityTask");
    let outcomes: Vec<_> = calls.iter().map(|call| call.outcome.clone()).collect();
    assert!(outcomes[0].is_answered());
    let refused = Outcome::Refused("ActivityDoesNotExist".to_owned());
    assert_eq!(outcomes[1..], [Outcome::Abandoned, refused, Outcome::Cut]);
    assert_eq!(calls[1].at, 60 * SECOND);
    assert_eq!(calls[0].body["activityArn"], *activity);
    assert_eq!(calls[0].access_key.as_deref(), Some("AKIDSFN"));

    aws.calls().record(Recording::Off);
    poll().await.unwrap_err();
    assert!(aws.calls().all().is_empty());
    assert_eq!(aws.calls().count("GetActivityTask").arrived, 5);
}

#[tokio::test(start_paused = true)]
async fn the_read_timeout_of_the_sdk_is_kept() {
    let aws = StandIns::new();
    let activity = aws.sfn().activity("tasks");
    let timeouts = aws_sdk_sfn::config::timeout::TimeoutConfig::builder();
    let config = super::sfn(&aws).config().to_builder();
    let config = config
        .timeout_config(timeouts.read_timeout(70 * SECOND).build())
        .build();
    let client = aws_sdk_sfn::Client::from_conf(config);
    client
        .get_activity_task()
        .activity_arn(&activity)
        .send()
        .await
        .unwrap();
    aws.faults().inject(
        Service::Sfn,
        "GetActivityTask",
        Span::Forever,
        Fault::Delay(71 * SECOND),
    );
    let begun = Instant::now();
    let late = client
        .get_activity_task()
        .activity_arn(&activity)
        .send()
        .await;
    assert!(
        matches!(&late, Err(aws_sdk_sfn::error::SdkError::DispatchFailure(failure)) if failure.is_timeout()),
        "{late:?}"
    );
    assert_eq!(begun.elapsed(), 70 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_arrives_twice_takes_two_tasks_and_answers_with_one() {
    let aws = StandIns::new();
    let activity = aws.sfn().activity("tasks");
    aws.faults().inject(
        Service::Sfn,
        "GetActivityTask",
        Span::Next(1),
        Fault::Duplicate,
    );
    let scheduled = [1, 2].map(|n| aws.sfn().schedule(&activity, &json!(n), Schedule::once()));
    let polled = super::sfn(&aws)
        .get_activity_task()
        .activity_arn(&activity)
        .send()
        .await
        .unwrap();
    assert_eq!(polled.input(), Some("2"));
    assert_eq!(scheduled.map(|scheduled| scheduled.tokens().len()), [1, 1]);
}
