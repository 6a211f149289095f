//! In front of another Step Functions endpoint: here another stand-in, whose tasks have no clocks
//! of their own.

use std::time::Duration;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use serde_json::json;
use stand_ins::sfn::{Outcome, Schedule, Scheduled};
use stand_ins::{Served, StandIns};
use tokio::time::{Instant, timeout};

/// A hundredth: a second of a heartbeat takes 10 ms.
const SCALE: f64 = 0.01;
/// No heartbeat is missed within it, a minute.
pub const NEVER: u64 = 6_000;
/// Nothing here takes this long.
pub const LONG: Duration = Duration::from_secs(20);

pub struct Setup {
    pub behind: StandIns,
    front: StandIns,
    pub activity: String,
    pub client: Client,
    _served: [Served; 2],
}

impl Setup {
    pub async fn new() -> Self {
        let behind = StandIns::new();
        behind.sfn().set_poll_time(Duration::from_millis(200));
        let behind_served = behind.listen("127.0.0.1:0").await.unwrap();
        let front = StandIns::new();
        front.sfn().in_front_of(&behind_served.url(), SCALE);
        front.sfn().set_poll_time(Duration::from_millis(200));
        let front_served = front.listen("127.0.0.1:0").await.unwrap();
        let activity = behind.sfn().activity("tasks");
        let client = super::sfn_at(&front_served.url());
        Self {
            behind,
            front,
            activity,
            client,
            _served: [behind_served, front_served],
        }
    }

    fn schedule(&self, heartbeat_seconds: u64) -> Scheduled {
        let input = json!({"execution": "arn:execution", "heartbeatSeconds": heartbeat_seconds});
        self.behind
            .sfn()
            .schedule(&self.activity, &input, Schedule::retrying())
    }

    async fn poll(&self) -> Option<String> {
        let answer = self
            .client
            .get_activity_task()
            .activity_arn(&self.activity)
            .send()
            .await
            .unwrap();
        answer.task_token().map(str::to_owned)
    }

    async fn poll_until_a_task(&self) -> String {
        let polling = async {
            loop {
                if let Some(token) = self.poll().await {
                    return token;
                }
            }
        };
        timeout(LONG, polling).await.unwrap()
    }
}

#[tokio::test]
async fn tasks_come_from_behind_and_answers_go_back() {
    let setup = Setup::new().await;
    assert_eq!(setup.poll().await, None);
    for answer in 0..3 {
        let scheduled = setup.schedule(NEVER);
        let token = setup.poll_until_a_task().await;
        setup
            .client
            .send_task_heartbeat()
            .task_token(&token)
            .send()
            .await
            .unwrap();
        let success = || {
            setup
                .client
                .send_task_success()
                .task_token(&token)
                .output(answer.to_string())
                .send()
        };
        success().await.unwrap();
        assert_eq!(
            timeout(LONG, scheduled.outcome()).await.unwrap(),
            Outcome::Succeeded(json!(answer))
        );
        assert_eq!(success().await.unwrap_err().code(), Some("TaskTimedOut"));
    }
    assert_eq!(
        setup.behind.calls().count("SendTaskHeartbeat").arrived,
        0,
        "clocks are kept in front"
    );
}

#[tokio::test]
async fn a_missed_heartbeat_is_reported_and_the_task_comes_again() {
    let setup = Setup::new().await;
    // 400 s, scaled to 4 s: time enough to answer for the second in.
    let scheduled = setup.schedule(400);
    let begun = Instant::now();
    let first = setup.poll_until_a_task().await;
    let second = setup.poll_until_a_task().await;
    assert_ne!(first, second);
    assert!(begun.elapsed() >= Duration::from_secs(4));
    let late = setup
        .client
        .send_task_success()
        .task_token(&first)
        .output("1")
        .send()
        .await
        .unwrap_err();
    assert_eq!(late.code(), Some("TaskTimedOut"));
    setup
        .client
        .send_task_failure()
        .task_token(&second)
        .error("E")
        .cause("C")
        .send()
        .await
        .unwrap();
    assert_eq!(
        timeout(LONG, scheduled.outcome()).await.unwrap(),
        Outcome::Failed {
            error: "E".to_owned(),
            cause: "C".to_owned()
        }
    );
    let reported = &setup.behind.calls().of("SendTaskFailure")[0].body;
    assert_eq!(reported["error"], "States.HeartbeatTimeout");
}

#[tokio::test]
async fn polls_go_behind_only_while_somebody_waits_and_lose_nothing() {
    let setup = Setup::new().await;
    assert_eq!(setup.behind.calls().count("GetActivityTask").arrived, 0);
    setup.behind.sfn().set_poll_time(LONG);
    // The only worker gives up while a poll is out behind: the next one gets the task.
    assert_eq!(setup.poll().await, None);
    let scheduled = setup.schedule(NEVER);
    let token = setup.poll_until_a_task().await;
    setup
        .client
        .send_task_success()
        .task_token(&token)
        .output("1")
        .send()
        .await
        .unwrap();
    timeout(LONG, scheduled.outcome()).await.unwrap();
    assert_eq!(scheduled.tokens().len(), 1);
}

#[tokio::test]
async fn an_answer_that_cannot_be_passed_on_can_be_given_again() {
    let setup = Setup::new().await;
    let scheduled = setup.schedule(NEVER);
    let token = setup.poll_until_a_task().await;
    let fault = stand_ins::faults::Fault::InternalError;
    setup.behind.faults().inject(
        stand_ins::Service::Sfn,
        "SendTaskSuccess",
        stand_ins::faults::Span::Next(1),
        fault,
    );
    let success = || {
        setup
            .client
            .send_task_success()
            .task_token(&token)
            .output("1")
            .send()
    };
    assert_eq!(
        success()
            .await
            .unwrap_err()
            .raw_response()
            .unwrap()
            .status()
            .as_u16(),
        500
    );
    success().await.unwrap();
    assert_eq!(
        timeout(LONG, scheduled.outcome()).await.unwrap(),
        Outcome::Succeeded(json!(1))
    );
}

#[tokio::test]
async fn all_other_calls_are_passed_on() {
    let setup = Setup::new().await;
    let machine = setup.behind.sfn().state_machine("run");
    let started = setup
        .client
        .start_execution()
        .state_machine_arn(&machine)
        .name("a")
        .send()
        .await
        .unwrap();
    assert_eq!(
        setup.behind.sfn().executions()[0].arn,
        started.execution_arn()
    );
    let described = setup
        .client
        .describe_activity()
        .activity_arn(&setup.activity)
        .send()
        .await
        .unwrap();
    assert_eq!(described.name(), "tasks");
    let unknown = setup
        .client
        .get_activity_task()
        .activity_arn("arn:none")
        .send()
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Some("ActivityDoesNotExist"));
    let unknown = setup
        .client
        .describe_execution()
        .execution_arn("arn:none")
        .send()
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Some("ExecutionDoesNotExist"));
    assert!(
        setup.front.calls().of("StartExecution")[0]
            .outcome
            .is_answered()
    );

    // A stopped execution's task is lost to its worker.
    let input = json!({"execution": started.execution_arn(), "heartbeatSeconds": NEVER});
    setup
        .behind
        .sfn()
        .schedule(&setup.activity, &input, Schedule::once());
    let token = setup.poll_until_a_task().await;
    setup
        .client
        .stop_execution()
        .execution_arn(started.execution_arn())
        .send()
        .await
        .unwrap();
    let late = setup
        .client
        .send_task_heartbeat()
        .task_token(&token)
        .send()
        .await
        .unwrap_err();
    assert_eq!(late.code(), Some("TaskTimedOut"));
}
