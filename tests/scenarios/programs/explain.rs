//! `ecs-task-runner explain` as people run it: a process, its output and exit codes, real sockets.

use serde_json::{Value, json};
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::ExecutionEnd;
use stand_ins::{Served, Service};

use crate::worlds::execution::{Execution, NOW};
use crate::worlds::functions::World;
use crate::worlds::program::{Ended, Program, command, listen};

pub(super) async fn explain(served: &Served, arguments: &[&str]) -> Ended {
    let arguments = [&["explain"], arguments].concat();
    Program::of_person(served, &arguments).ended().await
}

/// An execution that failed and answered.
pub(super) async fn failed(world: &World) -> Execution<'_> {
    let execution = Execution::of(world, "Create").await;
    let cause = "Container 'migrate' exited with code 1.";
    let error = json!({"error": {"Error": "EcsTask.Failed", "Cause": cause}});
    execution.taken();
    execution.happened(json!({"type": "ActivityFailed", "activityFailedEventDetails": {"error": "EcsTask.Failed", "cause": cause}}));
    execution.returned("StopTasks", &error);
    execution.returned("RespondFailure", &error);
    execution.ends(ExecutionEnd::Failed {
        error: "EcsTask.Failed".to_owned(),
        cause: cause.to_owned(),
    });
    execution
}

#[tokio::test]
async fn a_failed_execution_is_explained_as_text_and_as_json() {
    let world = World::new();
    let execution = failed(&world).await;
    let served = listen(&world.aws).await;

    let ended = explain(&served, &[&execution.arn]).await;
    assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(1), ""));
    for part in [
        "Create of MigrateTask (Custom::EcsTask) in stack todobackend\n",
        &execution.name,
        "claimed by worker 'i-0abc' after ",
        "worker reported EcsTask.Failed",
        "replied FAILED to CloudFormation",
        "  EcsTask.Failed: Container 'migrate' exited with code 1.\n",
        "What to do: read the log lines.\n",
    ] {
        assert!(
            ended.stdout.contains(part),
            "{part:?} is not in\n{}",
            ended.stdout
        );
    }
    assert!(
        !ended.stdout.contains('\u{1b}'),
        "colours without a terminal"
    );

    let ended = explain(&served, &["--json", &execution.arn]).await;
    assert_eq!(ended.status.code(), Some(1));
    let explanation: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(explanation["execution"], execution.arn.as_str());
    assert_eq!(explanation["verdict"]["error"], "EcsTask.Failed");
    // Without a key the response URL stands in the input in clear.
    let url = execution.input["request"]["ResponseURL"].as_str().unwrap();
    assert!(
        url.starts_with("http") && !ended.stdout.contains(url),
        "{}",
        ended.stdout
    );
}

#[tokio::test]
async fn the_exit_code_says_what_came_of_it() {
    let world = World::new();
    let execution = Execution::of(&world, "Delete").await;
    execution
        .entered("StopTasks", &json!({}))
        .invoked("Scheduled");
    let served = listen(&world.aws).await;
    let running = explain(&served, &[&execution.arn]).await;
    assert_eq!(running.status.code(), Some(3), "{running:?}");
    assert!(
        running
            .stdout
            .contains("\nRunning. It looks for and waits for leftover tasks, for "),
        "{}",
        running.stdout
    );

    execution.invoked("Succeeded").entered(
        "RespondSuccess",
        &json!({"leftovers": {"running": 0, "executions": 0}}),
    );
    execution
        .invoked("Scheduled")
        .invoked("Succeeded")
        .ends(ExecutionEnd::Succeeded(json!({})));
    let succeeded = explain(&served, &[&execution.arn]).await;
    assert_eq!(succeeded.status.code(), Some(0), "{succeeded:?}");
    assert!(
        succeeded
            .stdout
            .contains("\nSucceeded: nothing of the resource runs any more."),
        "{}",
        succeeded.stdout
    );
}

#[tokio::test]
async fn a_history_of_many_pages_is_read_to_its_end() {
    let world = World::new();
    let execution = Execution::of(&world, "Create").await;
    execution.entered("RunTask", &json!({}));
    for _ in 0..400 {
        execution
            .activity("Scheduled", NOW)
            .activity("Started", NOW);
        execution.happened(json!({"type": "ActivityFailed", "activityFailedEventDetails": {"error": "Worker.HandedOver"}}));
    }
    execution
        .activity("Scheduled", NOW)
        .activity("Started", NOW)
        .activity("Succeeded", NOW);
    execution.returned("RespondSuccess", &json!({"output": {}}));
    execution.ends(ExecutionEnd::Succeeded(json!({})));
    let served = listen(&world.aws).await;
    let ended = explain(&served, &[&execution.arn]).await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(
        ended.stdout.contains("worker reported success") && ended.stdout.contains("more steps"),
        "{}",
        ended.stdout
    );
    assert!(
        world.aws.calls().count("GetExecutionHistory").answered > 10,
        "the pages are not small"
    );
}

#[tokio::test]
async fn what_cannot_be_explained_is_said_in_a_sentence() {
    let world = World::new();
    let execution = failed(&world).await;
    let served = listen(&world.aws).await;

    let wrong = explain(&served, &[&world.state_machine]).await;
    assert_eq!(wrong.status.code(), Some(64), "{wrong:?}");
    assert!(
        wrong
            .stderr
            .contains("must be the ARN of a Step Functions execution"),
        "{}",
        wrong.stderr
    );

    let missing = explain(&served, &[&format!("{}x", execution.arn)]).await;
    assert_eq!(missing.status.code(), Some(2), "{missing:?}");
    assert!(
        missing.stderr.contains("there is no execution arn:")
            && missing.stderr.contains("explain STACK lists"),
        "{}",
        missing.stderr
    );

    let account = format!("account {}", execution.arn.split(':').nth(4).unwrap());
    for operation in ["DescribeExecution", "GetExecutionHistory"] {
        let fault = world.inject(Service::Sfn, operation, Span::Forever, Fault::AccessDenied);
        let denied = explain(&served, &[&execution.arn]).await;
        assert_eq!(denied.status.code(), Some(2), "{denied:?}");
        for part in [
            &format!("states:{operation} on {} was denied", execution.arn),
            &account,
        ] {
            assert!(
                denied.stderr.contains(part),
                "{part:?} is not in {}",
                denied.stderr
            );
        }
        fault.lift();
    }

    let mut without_credentials = command(None, &["explain", &execution.arn]);
    let ended = Program::of(without_credentials.spawn().unwrap())
        .ended()
        .await;
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(
        ended.stderr.contains("no AWS credentials were found"),
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn another_state_machines_execution_is_refused() {
    let world = World::new();
    let connection = world.connection_of("TESTS");
    let machine = ecs_task_runner::aws::step_functions::StepFunctions::new(&connection)
        .state_machine(world.aws.sfn().state_machine("orders"));
    machine.start("order-1", r#"{"order": 1}"#).await.unwrap();
    let served = listen(&world.aws).await;
    let foreign = world.aws.sfn().executions().pop().unwrap().arn;
    let ended = explain(&served, &[&foreign]).await;
    assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(2), ""));
    assert!(
        ended
            .stderr
            .contains("this execution is not of a task runner"),
        "{}",
        ended.stderr
    );
}
