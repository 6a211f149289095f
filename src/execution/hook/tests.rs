use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::call::hook_prefix;
use super::*;
use crate::clock::after;
use crate::execution::deployment::ServiceRevision;
use crate::execution::direct::Prepared;
use crate::execution::input::{ExecutionInput, Workers};
use crate::task::outcome::Failure;
use crate::task::spec::{
    AwsVpcConfiguration, CapacityProviderStrategyItem, NetworkConfiguration, TaskSpec,
};

const SERVICE: &str = "arn:aws:ecs:eu-west-1:123456789012:service/production/todobackend";
const DEPLOYMENT: &str =
    "arn:aws:ecs:eu-west-1:123456789012:service-deployment/production/todobackend/d1";
const TARGET: &str = "arn:aws:ecs:eu-west-1:123456789012:service-revision/production/todobackend/2";
const SOURCE: &str = "arn:aws:ecs:eu-west-1:123456789012:service-revision/production/todobackend/1";
const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:task-runner:name";
const NOW: &str = "2026-11-23T06:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn command() -> Value {
    json!({"Overrides": {"ContainerOverrides": [{"Name": "web", "Command": ["migrate"]}]}})
}

fn event(details: &Value) -> Value {
    json!({
        "executionId": "e1",
        "lifecycleStage": "PRE_SCALE_UP",
        "resourceArn": DEPLOYMENT,
        "executionDetails": {
            "serviceArn": SERVICE,
            "targetServiceRevisionArn": TARGET,
            "testTrafficWeights": {},
            "productionTrafficWeights": {},
        },
        "hookDetails": details,
    })
}

fn call(event: &Value) -> HookCall {
    HookCall::parse(event).unwrap()
}

fn name(event: &Value) -> String {
    call(event).execution_name()
}

fn revision() -> ServiceRevision {
    ServiceRevision {
        cluster: "arn:aws:ecs:eu-west-1:123456789012:cluster/production".to_owned(),
        task_definition: "arn:aws:ecs:eu-west-1:123456789012:task-definition/todobackend:7"
            .to_owned(),
        network_configuration: Some(network("subnet-1")),
        launch_type: Some("FARGATE".to_owned()),
        capacity_provider_strategy: Vec::new(),
        platform_version: Some("1.4.0".to_owned()),
    }
}

fn network(subnet: &str) -> NetworkConfiguration {
    NetworkConfiguration {
        awsvpc_configuration: AwsVpcConfiguration {
            subnets: vec![subnet.to_owned()],
            ..AwsVpcConfiguration::default()
        },
    }
}

fn prepare(details: &Value, revision: &ServiceRevision) -> Result<Prepared, Failure> {
    let event = event(details);
    let progress = HookProgress::of(&event, now());
    call(&event).prepare(EXECUTION, &progress, now(), revision, Workers::Fleet)
}

fn input(details: &Value) -> ExecutionInput {
    match prepare(details, &revision()) {
        Ok(Prepared::Run(input)) => *input,
        other => panic!("{other:?}"),
    }
}

fn task_with(further: &Value) -> TaskSpec {
    let mut details = command();
    let members = details.as_object_mut().unwrap();
    members.extend(further.as_object().unwrap().clone());
    input(&details).task
}

#[test]
fn both_documented_shapes_of_the_event_say_the_same() {
    let nested = event(&command());
    let mut flat = nested["executionDetails"].clone();
    for member in ["lifecycleStage", "resourceArn", "hookDetails"] {
        flat[member] = nested[member].clone();
    }
    assert_eq!(call(&nested), call(&flat));
    assert_eq!(call(&nested).deployment.service_name(), "todobackend");
    // Without stage and deployment, the revision stands for the deployment.
    let bare = nested["executionDetails"].clone();
    let bare = call(&bare).deployment;
    assert_eq!((bare.arn.as_str(), bare.stage.as_str()), (TARGET, ""));
    assert_eq!(bare.described_by(), None);
    assert_eq!(call(&nested).deployment.described_by(), Some(DEPLOYMENT));
    // The revision's ARN names the service as well.
    let mut without = nested.clone();
    without["executionDetails"]["serviceArn"].take();
    assert_eq!(call(&without).deployment.service, SERVICE);
}

#[test]
fn an_event_that_does_not_say_what_is_deployed_is_refused_in_words() {
    for event in [
        json!({}),
        json!(null),
        json!([1]),
        json!({"executionDetails": "x"}),
    ] {
        let refused = HookCall::parse(&event).unwrap_err().to_string();
        assert!(
            refused.starts_with("the event names no targetServiceRevisionArn."),
            "{refused}"
        );
        assert_eq!(HookProgress::of(&event, now()).first_call, now());
    }
    let odd = json!({"targetServiceRevisionArn": "revision-1"});
    let refused = HookCall::parse(&odd).unwrap_err().to_string();
    assert!(
        refused.starts_with("the event names no serviceArn."),
        "{refused}"
    );
}

#[test]
fn the_name_says_the_service_and_stays_the_same_for_a_hook_of_a_deployment() {
    let first = event(&command());
    // A name that changed with a release would run a migration again for a deployment that is under
    // way during the update.
    assert_eq!(name(&first), "todobackend-b477df76-hook-f39ce11f0d29");
    let mut again = first.clone();
    again["executionId"] = json!("e2");
    again["hookDetails"]["ExecutionArn"] = json!(EXECUTION);
    again["hookDetails"]["FirstCall"] = json!(NOW);
    assert_eq!(name(&again), name(&first));
    let as_text = event(&json!(command().to_string()));
    assert_eq!(name(&as_text), name(&first));
    let order = r#"{"Timeout": 60, "Overrides": {}, "LogLines": 1}"#;
    let other_order = r#"{"LogLines": 1, "Overrides": {}, "Timeout": 60}"#;
    assert_eq!(
        name(&event(&json!(order))),
        name(&event(&json!(other_order)))
    );
}

#[test]
fn every_deployment_stage_and_configuration_has_a_run_of_its_own() {
    let with = |member: &str, value: Value| {
        let mut event = event(&command());
        event[member] = value;
        event
    };
    let mut another_service = event(&command());
    another_service["executionDetails"]["serviceArn"] =
        json!(SERVICE.replace("production", "staging"));
    let names: BTreeSet<_> = [
        event(&command()),
        with("resourceArn", json!(DEPLOYMENT.replace("/d1", "/d2"))),
        with("lifecycleStage", json!("POST_SCALE_UP")),
        with("hookDetails", json!({"TaskDefinition": "migrate"})),
        another_service,
    ]
    .iter()
    .map(name)
    .collect();
    assert_eq!(names.len(), 5, "{names:?}");
}

#[test]
fn a_name_fits_whatever_the_service_is_called() {
    for service in [
        "a".repeat(255),
        "müll.*service".to_owned(),
        "todo_backend-2".to_owned(),
    ] {
        let mut event = event(&command());
        event["executionDetails"]["serviceArn"] =
            json!(format!("arn:aws:ecs:eu-west-1:1:service/c/{service}"));
        let name = name(&event);
        assert!(name.len() <= 80, "{name}");
        assert!(
            name.chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)),
            "{name}"
        );
        assert!(call(&event).is_of_this_service(&name));
    }
}

#[test]
fn only_executions_of_the_service_s_hooks_are_believed() {
    let call = call(&event(&command()));
    let prefix = hook_prefix(SERVICE);
    for (name, expected) in [
        (format!("{prefix}0123456789ab"), true),
        (format!("{prefix}short"), false),
        ("todobackend-00000000-hook-0123456789ab".to_owned(), false),
        ("MigrateTask-5609247e-create-0dde2d72c7ec".to_owned(), false),
        (String::new(), false),
    ] {
        assert_eq!(call.is_of_this_service(&name), expected, "{name}");
    }
}

/// The weights at each stage are those of the documentation's examples (lambda-lifecycle-hooks), and
/// on the way back their opposite.
#[test]
fn a_rollback_is_told_by_where_the_traffic_of_its_stage_goes() {
    let to_target = json!({TARGET: 100, SOURCE: 0});
    let away = json!({TARGET: 0, SOURCE: 100});
    let without_target = json!({SOURCE: 100});
    let none = json!({});
    for (stage, test, production, expected) in [
        ("PRE_SCALE_UP", &none, &none, false),
        ("RECONCILE_SERVICE", &to_target, &to_target, false),
        ("TEST_TRAFFIC_SHIFT", &to_target, &none, false),
        ("TEST_TRAFFIC_SHIFT", &away, &none, true),
        ("TEST_TRAFFIC_SHIFT", &without_target, &none, true),
        // Production traffic has not been shifted yet.
        ("TEST_TRAFFIC_SHIFT", &to_target, &away, false),
        ("PRE_PRODUCTION_TRAFFIC_SHIFT", &none, &away, false),
        ("PRODUCTION_TRAFFIC_SHIFT", &none, &to_target, false),
        (
            "PRODUCTION_TRAFFIC_SHIFT",
            &none,
            &json!({TARGET: 10, SOURCE: 90}),
            false,
        ),
        ("PRODUCTION_TRAFFIC_SHIFT", &none, &away, true),
        // A service's first deployment has no other revision.
        (
            "PRODUCTION_TRAFFIC_SHIFT",
            &none,
            &json!({TARGET: 0}),
            false,
        ),
        ("PRODUCTION_TRAFFIC_SHIFT", &none, &json!("odd"), false),
        ("SOMETHING_OF_TOMORROW", &away, &away, false),
        ("", &away, &none, true),
    ] {
        let mut event = event(&command());
        event["lifecycleStage"] = json!(stage);
        event["executionDetails"]["testTrafficWeights"] = test.clone();
        event["executionDetails"]["productionTrafficWeights"] = production.clone();
        assert_eq!(
            call(&event).is_rollback,
            expected,
            "{stage} {test} {production}"
        );
    }
}

#[test]
fn what_the_details_leave_open_is_taken_from_the_revision() {
    let input = input(&command());
    let task = &input.task;
    assert_eq!(task.cluster, revision().cluster);
    assert_eq!(task.task_definition, revision().task_definition);
    assert_eq!(task.network_configuration, revision().network_configuration);
    assert_eq!(task.launch_type.as_deref(), Some("FARGATE"));
    assert_eq!(task.platform_version.as_deref(), Some("1.4.0"));
    assert_eq!(task.started_by, name(&event(&command())));
    assert_eq!(task.client_token.len(), 48);
    assert_eq!(task.deadline.to_string(), "2026-11-23T06:55:00Z");
    assert_eq!(input.answer_by.unwrap().to_string(), "2026-11-23T06:56:20Z");
    assert_eq!(input.timeout_seconds, Some(3_350));
    let written = serde_json::to_value(&input).unwrap();
    assert_eq!(
        written["deployment"],
        json!({"arn": DEPLOYMENT, "service": SERVICE, "stage": "PRE_SCALE_UP"})
    );
    assert!(written.get("request").is_none());
    assert_eq!(
        serde_json::from_value::<ExecutionInput>(written).unwrap(),
        input
    );
}

#[test]
fn what_the_details_say_wins_over_the_revision() {
    let task = task_with(&json!({"Cluster": "other", "taskDefinition": "migrate:3"}));
    assert_eq!(
        (task.cluster.as_str(), task.task_definition.as_str()),
        ("other", "migrate:3")
    );
    let null = task_with(&json!({"cluster": null}));
    assert_eq!(null.cluster, revision().cluster);
    let own_network =
        json!({"NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-9"]}}});
    assert_eq!(
        task_with(&own_network).network_configuration,
        Some(network("subnet-9"))
    );
    // A platform version belongs to its capacity.
    let ec2 = task_with(&json!({"LaunchType": "EC2"}));
    assert_eq!(
        (ec2.launch_type.as_deref(), ec2.platform_version),
        (Some("EC2"), None)
    );
    let strategy = json!({"CapacityProviderStrategy": [{"CapacityProvider": "mine", "Weight": 1}]});
    let strategy = task_with(&strategy);
    assert_eq!(
        (strategy.launch_type, strategy.platform_version),
        (None, None)
    );
    let instance = "arn:aws:ecs:eu-west-1:123456789012:container-instance/production/0123456789abcdef0123456789abcdef";
    let instances = task_with(&json!({"Instances": [instance]}));
    assert_eq!(
        (instances.launch_type, instances.platform_version),
        (None, None)
    );
    let service = task_with(&json!({"NetworkFrom": "another"}));
    assert_eq!(
        (service.network_configuration, service.launch_type),
        (None, None)
    );
}

#[test]
fn a_revision_with_a_strategy_gives_that() {
    let item = CapacityProviderStrategyItem {
        capacity_provider: "FARGATE_SPOT".to_owned(),
        weight: Some(1),
        base: Some(0),
    };
    let revision = ServiceRevision {
        launch_type: None,
        capacity_provider_strategy: vec![item.clone()],
        ..revision()
    };
    let Ok(Prepared::Run(input)) = prepare(&command(), &revision) else {
        panic!("it was to run")
    };
    assert_eq!(input.task.capacity_provider_strategy, [item]);
}

#[test]
fn details_that_cannot_be_run_are_refused_with_every_problem_and_no_secret() {
    let secret =
        json!([{"Name": "web", "Environment": [{"Name": "PASSWORD", "Value": ["hunter2"]}]}]);
    for (details, says) in [
        (
            json!({"Overides": {}, "Timeout": "82801"}),
            &["Overides", "Timeout is \"82801\""][..],
        ),
        (
            json!({"Overrides": {"ContainerOverrides": secret}}),
            &["Environment"],
        ),
        (
            json!("{\"Overrides\": hunter2"),
            &["HookDetails is text that is no JSON"],
        ),
        (json!("[1]"), &["HookDetails is a list"]),
        (json!(7), &["HookDetails is a number"]),
        (json!(null), &["neither Overrides nor TaskDefinition"]),
        (json!(""), &["neither Overrides nor TaskDefinition"]),
        (
            json!({"Timeout": 60}),
            &["neither Overrides nor TaskDefinition"],
        ),
    ] {
        let refused = prepare(&details, &revision()).unwrap_err().to_string();
        assert!(refused.starts_with("EcsTask.InvalidRequest: "), "{refused}");
        assert!(refused.ends_with(" Nothing was run."), "{refused}");
        assert!(!refused.contains("hunter2"), "{refused}");
        for part in says {
            assert!(refused.contains(part), "{part:?} in {refused}");
        }
    }
}

#[test]
fn nothing_is_run_where_count_is_0_and_a_task_definition_needs_no_overrides() {
    let none = prepare(&json!({"Count": 0}), &revision());
    assert!(matches!(none, Ok(Prepared::Nothing(_))), "{none:?}");
    let task = input(&json!({"TaskDefinition": "migrate"})).task;
    assert_eq!(task.task_definition, "migrate");
}

#[test]
fn patience_and_deadline_count_from_the_first_call() {
    let minutes = |minutes: u64| after(now(), Duration::from_secs(60 * minutes));
    let at = |details: &Value, time| HookProgress::of(&event(details), time);
    let first = at(&json!({"Timeout": "600"}), now());
    assert_eq!((first.first_call, first.deadline()), (now(), minutes(10)));
    assert_eq!(first.patience_ends(), minutes(10));
    let later = at(&json!({"timeout": 600, "FirstCall": NOW}), minutes(3));
    assert_eq!((later.first_call, later.deadline()), (now(), minutes(10)));
    // With an execution, it is waited for until that must have ended.
    let known = later.with_execution(Some(EXECUTION));
    assert!(known.patience_ends() > minutes(15), "{known:?}");
    for odd in [
        json!({"FirstCall": "yesterday"}),
        json!({"FirstCall": 1}),
        json!({"FirstCall": "2030-01-01T00:00:00Z"}),
    ] {
        assert_eq!(at(&odd, now()).first_call, now(), "{odd}");
    }
    for odd in [
        json!({"Timeout": 0}),
        json!({"Timeout": "soon"}),
        json!({"Timeout": 90_000}),
        json!({}),
    ] {
        assert_eq!(at(&odd, now()).deadline(), minutes(55), "{odd}");
    }
}

#[test]
fn a_run_that_starts_late_has_only_what_is_left_of_its_time() {
    let mut details = command();
    details["Timeout"] = json!(600);
    details["FirstCall"] = json!(NOW);
    let event = event(&details);
    let late = after(now(), Duration::from_secs(300));
    let progress = HookProgress::of(&event, late);
    let prepared = call(&event).prepare(EXECUTION, &progress, late, &revision(), Workers::Fleet);
    let Ok(Prepared::Run(input)) = prepared else {
        panic!("{prepared:?}")
    };
    assert_eq!(input.task.deadline.to_string(), "2026-11-23T06:10:00Z");
    assert_eq!(input.timeout_seconds, Some(350));
}

#[test]
fn replies_are_written_as_ecs_reads_them() {
    let passed_on = PassedOn {
        execution_arn: Some(EXECUTION.to_owned()),
        first_call: now(),
    };
    for (reply, expected) in [
        (HookReply::Succeeded, json!({"hookStatus": "SUCCEEDED"})),
        (HookReply::Failed, json!({"hookStatus": "FAILED"})),
        (
            HookReply::InProgress {
                call_back_delay: 5,
                hook_details: passed_on,
            },
            json!({"hookStatus": "IN_PROGRESS", "callBackDelay": 5, "hookDetails": {"ExecutionArn": EXECUTION, "FirstCall": NOW}}),
        ),
    ] {
        assert_eq!(serde_json::to_value(&reply).unwrap(), expected);
    }
}

#[test]
fn ecs_asks_soon_at_first_and_less_often_later() {
    for (waited, delay) in [
        (0, 5),
        (30, 5),
        (60, 10),
        (120, 20),
        (180, 30),
        (82_800, 30),
    ] {
        assert_eq!(
            call_back_delay(Duration::from_secs(waited)),
            delay,
            "{waited}"
        );
    }
}
