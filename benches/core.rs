//! The pure core: properties to a task spec, a stopped task to its verdict, a long reason to an
//! answer that fits.

#![allow(
    missing_docs,
    reason = "criterion's macros make functions without documentation"
)]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ecs_task_runner::cloudformation::event::{Request, RequestType, ResponseUrl};
use ecs_task_runner::cloudformation::response::Response;
use ecs_task_runner::execution::input::ActivityInput;
use ecs_task_runner::properties::Properties;
use ecs_task_runner::task::judgement::{Criteria, judge};
use ecs_task_runner::task::status::{ContainerStatus, Host, Phase, StopCode, TaskStatus};
use ecs_task_runner::text::byte_limit;
use serde_json::{Value, json};

/// The limit of `SendTaskFailure`'s cause, bytes.
const CAUSE: usize = 32_768;

fn properties() -> Value {
    json!({
        "ServiceToken": "arn:aws:lambda:eu-west-1:123456789012:function:ecs-tasks",
        "Cluster": "todobackend-cluster",
        "TaskDefinition": "arn:aws:ecs:eu-west-1:123456789012:task-definition/todobackend-migrate:17",
        "Count": "1",
        "Timeout": "900",
        "RunOnRollback": "false",
        "UpdateCriteria": ["TaskDefinition", {"Container": "migrate", "EnvironmentKeys": ["BUILD_ID"]}],
        "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroups": ["sg-1"], "AssignPublicIp": "DISABLED"}},
        "Overrides": {"containerOverrides": [{
            "name": "migrate",
            "command": ["python3", "manage.py", "migrate", "--no-input"],
            "environment": [{"name": "DEBUG", "value": "true"}, {"name": "DATABASE", "value": "todobackend"}],
            "memory": "512"
        }]}
    })
}

fn stopped() -> TaskStatus {
    let container = |name: &str, exit_code| ContainerStatus {
        name: name.to_owned(),
        exit_code,
        reason: None,
        running: false,
        stopped: true,
        created: true,
        runtime_id: None,
    };
    TaskStatus {
        arn: "arn:aws:ecs:eu-west-1:123456789012:task/todobackend/0f1e2d3c4b5a69788796a5b4c3d2e1f0"
            .to_owned(),
        task_definition_arn: "arn:aws:ecs:eu-west-1:123456789012:task-definition/migrate:3"
            .to_owned(),
        last_status: "STOPPED".to_owned(),
        phase: Phase::Stopped,
        stop_code: Some(StopCode::from("EssentialContainerExited")),
        stopped_reason: Some("Essential container in task exited".to_owned()),
        pull_began: true,
        host: Host::Fargate,
        started_at: Some("2026-11-23T07:00:00Z".parse().unwrap()),
        stopping_at: None,
        execution_stopped_at: None,
        stopped_at: Some("2026-11-23T07:00:09Z".parse().unwrap()),
        containers: vec![container("migrate", Some(1)), container("proxy", Some(137))],
    }
}

fn request() -> Request {
    Request {
        request_type: RequestType::Create,
        stack_id: "arn:aws:cloudformation:eu-west-1:123456789012:stack/todobackend/guid".to_owned(),
        request_id: "r-1".to_owned(),
        logical_resource_id: "MigrateTask".to_owned(),
        resource_type: "Custom::EcsTask".to_owned(),
        physical_resource_id: None,
        response_url: ResponseUrl::new("https://example.com/"),
        wait_condition_handle: None,
        ignores_failure: false,
    }
}

fn parse(criterion: &mut Criterion) {
    let (properties, deadline) = (properties(), "2026-11-23T07:00:00Z".parse().unwrap());
    criterion.bench_function("parse properties", |bencher| {
        bencher.iter(|| {
            Properties::parse(black_box(&properties))
                .unwrap()
                .task_spec("name", "token", deadline)
        });
    });
    let spec = Properties::parse(&properties)
        .unwrap()
        .task_spec("name", "token", deadline);
    let input = json!({"execution": "arn:aws:states:eu-west-1:123456789012:execution:ecs-task:name", "heartbeatSeconds": 60, "task": spec});
    let input = input.to_string();
    criterion.bench_function("read an activity's input", |bencher| {
        bencher.iter(|| serde_json::from_str::<ActivityInput>(black_box(&input)).unwrap());
    });
}

fn judgement(criterion: &mut Criterion) {
    let task = stopped();
    let criteria = Criteria {
        containers: Some(vec!["migrate".to_owned()]),
        containers_are_chosen: false,
        success_exit_codes: vec![0],
    };
    criterion.bench_function("judge a stopped task", |bencher| {
        bencher.iter(|| judge(black_box(&task), black_box(&criteria)));
    });
}

fn sizes(criterion: &mut Criterion) {
    let cause =
        "django.db.utils.OperationalError: zu viele Verbindungen für „todobackend“\n".repeat(1_000);
    criterion.bench_function("cut 77 KB to a cause", |bencher| {
        bencher.iter(|| byte_limit::cut_middle(black_box(&cause), CAUSE));
    });
    let reason = byte_limit::cut_middle(&cause, CAUSE);
    let request = request();
    criterion.bench_function("fit a cause into an answer", |bencher| {
        bencher.iter(|| {
            Response::failure(black_box(&request), "id", reason.as_str())
                .body()
                .unwrap()
        });
    });
}

criterion_group!(core, parse, judgement, sizes);
criterion_main!(core);
