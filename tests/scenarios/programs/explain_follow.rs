//! `ecs-task-runner explain --follow`: new lines of the timeline as they come, and the end.

use serde_json::json;
use stand_ins::Service;
use stand_ins::faults::{Fault, Span};

use super::explain_stack::{assert_says, ended_as, event, failure, listen, person, success, world};
use crate::worlds::execution::{Execution, NOW};
use crate::worlds::functions::STACK;

#[tokio::test]
async fn a_run_is_followed_to_its_end() {
    let world = world();
    let execution = Execution::of(&world, "Create").await;
    execution.scheduled();
    let served = listen(&world).await;
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
    let served = listen(&world).await;
    let program = person(&served, &["--follow", STACK]);
    program.logs("no execution is to be seen yet").await;
    let execution = ended_as(&world, "Create", success()).await;
    let ended = program.ended().await;
    assert_says(&ended, 0, &[&execution.name, "Succeeded."]);
}
