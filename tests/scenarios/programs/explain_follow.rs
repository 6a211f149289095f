//! `ecs-task-runner explain --follow`: new lines of the timeline as they come, and the end.

use serde_json::json;
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};

use super::explain_stack::{assert_says, ended_as, event, failure, person, success, world};
use crate::worlds::execution::{Execution, NOW};
use crate::worlds::functions::STACK;
use crate::worlds::program::listen;

#[tokio::test]
async fn a_run_is_followed_to_its_end() {
    let world = world();
    let execution = Execution::of(&world, "Create").await;
    execution.scheduled();
    let served = listen(&world.aws).await;
    let of_stack = person(&served, &["--follow", STACK]);
    let of_execution = person(&served, &["--follow", &execution.arn]);
    for program in [&of_stack, &of_execution] {
        program.logs("scheduled for a worker").await;
    }
    execution.activity("Started", NOW);
    for program in [&of_stack, &of_execution] {
        program.logs("claimed by worker 'i-0abc'").await;
    }
    // More than the SDK repeats by itself.
    let span = Span::Next(8);
    world.inject(Service::Sfn, "GetExecutionHistory", span, Fault::Throttle);
    let cause = "Container 'migrate' exited with code 1.";
    let error = json!({"error": {"Error": "EcsTask.Failed", "Cause": cause}});
    execution.happened(json!({"type": "ActivityFailed", "activityFailedEventDetails": {"error": "EcsTask.Failed", "cause": cause}}));
    execution.returned("RespondFailure", &error).ends(failure());
    for program in [of_stack, of_execution] {
        let ended = program.ended().await;
        let parts = [
            "worker reported EcsTask.Failed",
            "\n\nFailed. CloudFormation was sent",
        ];
        assert_says(&ended, 1, &parts);
        assert!(!ended.stdout.contains("\n\n\n"), "{}", ended.stdout);
        for line in ["requested by", "scheduled for", "claimed by", "Create of"] {
            assert_eq!(ended.stdout.matches(line).count(), 1, "{}", ended.stdout);
        }
    }
}

#[tokio::test]
async fn a_request_is_waited_for_and_its_execution_followed() {
    let world = world();
    event(&world, NOW, "CREATE_IN_PROGRESS", "");
    let served = listen(&world.aws).await;
    let program = person(&served, &["--follow", STACK]);
    program.logs("no execution is to be seen yet").await;
    let execution = ended_as(&world, "Create", success()).await;
    let ended = program.ended().await;
    assert_says(&ended, 0, &[&execution.name, "Succeeded."]);
}

#[tokio::test]
async fn a_request_that_gets_no_execution_is_waited_for_and_its_end_said() {
    let world = world();
    event(&world, NOW, "CREATE_IN_PROGRESS", "");
    let served = listen(&world.aws).await;
    let program = person(&served, &["--follow", STACK]);
    program.logs("no execution is to be seen yet").await;
    // More than the SDK repeats by itself.
    for (service, operation) in [
        (Service::CloudFormation, "DescribeStackEvents"),
        (Service::Sfn, "ListExecutions"),
    ] {
        world.inject(service, operation, Span::Next(8), Fault::Throttle);
    }
    let reason = "EcsTask.InvalidRequest: Cluster is missing";
    event(&world, NOW, "CREATE_FAILED", reason);
    let ended = program.ended().await;
    let parts = ["\n\nCreate of MigrateTask", "\nFailed, and", reason];
    assert_says(&ended, 1, &parts);
    let waited = "no execution is to be seen yet";
    assert_eq!(ended.stdout.matches(waited).count(), 1, "{}", ended.stdout);
    assert!(!ended.stdout.contains("\n\n\n"), "{}", ended.stdout);
    assert_eq!(ended.stderr, "");
}

#[tokio::test]
async fn the_other_executions_are_listed_as_they_are_when_the_run_has_ended() {
    let world = world();
    // An Update would not run beside the other one.
    let other = Execution::of(&world, "Update").await;
    let followed = Execution::of(&world, "Create").await;
    followed.scheduled();
    let served = listen(&world.aws).await;
    let program = person(&served, &["--follow", STACK]);
    program.logs("scheduled for a worker").await;
    other.ends(failure());
    let delete = ended_as(&world, "Delete", success()).await;
    followed.ends(failure());
    let ended = program.ended().await;
    assert_says(&ended, 1, &[&followed.name]);
    let (_, others) = ended.stdout.split_once("Other executions").unwrap();
    let status_of = |name: &str| others.lines().find(|line| line.ends_with(name)).unwrap();
    assert!(status_of(&other.name).contains("FAILED"), "{others}");
    assert!(status_of(&delete.name).contains("SUCCEEDED"), "{others}");
    assert!(!others.contains(&followed.name), "{others}");
}
