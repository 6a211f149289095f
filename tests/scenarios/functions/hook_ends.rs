//! `hook`: how ECS's own side ends, and what a person finds afterwards.

use std::time::Duration;

use ecs_task_runner::check::read_document;
use ecs_task_runner::execution::input::Workers;
use serde_json::{Value, json};
use stand_ins::Service;
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::ExecutionEnd;
use tokio::time::{Instant, sleep};

use crate::worlds::deployments::{HookRuns, PRE_SCALE_UP, command, hook_event};
use crate::worlds::events::every_minute;
use crate::worlds::task_runner::TaskRunner;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn the_run_is_stopped_when_ecs_waits_for_the_hook_no_more_and_rolls_back() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let world = &task_runner.world;
    world.script(Script::runs_forever());
    let _worker = task_runner.worker();
    let runs = HookRuns::default();
    let hook = task_runner.lifecycle_hook(&runs, PRE_SCALE_UP, command());
    let deployment = task_runner.deploy(hook.timeout(5 * MINUTE));
    let rescuer = world.rescuer();
    sleep(MINUTE).await;
    rescuer.rescue(every_minute()).await.unwrap();
    assert_eq!(deployment.end().await, "ROLLBACK_SUCCESSFUL");
    let rolled_back = Instant::now();
    sleep(MINUTE).await;
    rescuer.rescue(every_minute()).await.unwrap();
    let ExecutionEnd::Aborted { error, .. } = runs.only().ended().await else {
        panic!("it was to be stopped")
    };
    assert_eq!(error.as_deref(), Some("EcsTask.Interrupted"));
    assert!(rolled_back.elapsed() < 2 * MINUTE);
}

/// `Action: CONTINUE`: the deployment goes on without the run, which nobody has given up.
#[tokio::test(start_paused = true)]
async fn the_run_goes_on_when_ecs_waits_for_the_hook_no_more_and_goes_on() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let world = &task_runner.world;
    world.script(Script::exits(0).running(10 * MINUTE));
    let _worker = task_runner.worker();
    let runs = HookRuns::default();
    let hook = task_runner.lifecycle_hook(&runs, PRE_SCALE_UP, command());
    let deployment = task_runner.deploy(hook.timeout(5 * MINUTE).continues_at_timeout());
    assert_eq!(deployment.end().await, "SUCCESSFUL");
    world.rescuer().rescue(every_minute()).await.unwrap();
    let mut run = runs.only();
    assert!(matches!(run.ended().await, ExecutionEnd::Succeeded(_)));
}

#[tokio::test(start_paused = true)]
async fn what_a_reply_passes_on_comes_back_beside_the_details() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let _worker = task_runner.worker();
    let runs = HookRuns::default();
    let hook = task_runner.lifecycle_hook(&runs, PRE_SCALE_UP, command());
    let deployment = task_runner.deploy(hook);
    assert_eq!(deployment.end().await, "SUCCESSFUL");
    let calls = deployment.calls();
    assert_eq!(calls[0].payload["hookDetails"], command());
    let later = &calls.last().unwrap().payload["hookDetails"];
    assert_eq!(later["Overrides"], command()["Overrides"]);
    assert_eq!(later["ExecutionArn"], runs.only().arn);
    assert!(later["FirstCall"].is_string(), "{later}");
}

/// To say that nothing was started would have people run the migration once more.
#[tokio::test(start_paused = true)]
async fn a_start_that_nobody_confirms_is_found_by_the_next_call() {
    for fault in [Fault::CutAfter, Fault::Delay(Duration::from_secs(12))] {
        let task_runner = TaskRunner::new(Workers::Fleet, 10);
        let world = &task_runner.world;
        let _worker = task_runner.worker();
        let unconfirmed =
            world.inject(Service::Sfn, "StartExecution", Span::Forever, fault.clone());
        let runs = HookRuns::default();
        let deployment =
            task_runner.deploy(task_runner.lifecycle_hook(&runs, PRE_SCALE_UP, command()));
        assert_eq!(deployment.end().await, "SUCCESSFUL", "{fault:?}");
        assert!(unconfirmed.struck() > 0);
        assert_eq!(world.aws.ecs().tasks().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn explain_shows_whose_deployment_has_failed_and_why() {
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    task_runner.world.script(Script::exits(3));
    let _worker = task_runner.worker();
    let runs = HookRuns::default();
    let deployment = task_runner.deploy(task_runner.lifecycle_hook(&runs, PRE_SCALE_UP, command()));
    assert_eq!(deployment.end().await, "ROLLBACK_SUCCESSFUL");
    let explained = task_runner.explained(&runs.only()).await;
    for part in [
        "Hook of a deployment of service todobackend, at PRE_SCALE_UP\n",
        &format!("Deployment {}\n", deployment.arn()),
        "started by the hook of a deployment\n",
        "EcsTask.Failed: Container 'migrate' exited with code 3",
    ] {
        assert!(explained.contains(part), "{part:?} is not in\n{explained}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_example_s_details_are_run() {
    let example = include_str!("../../../infra/example/deployment-hook.yaml");
    let template = read_document(example).unwrap();
    let hooks = &template["Resources"]["Service"]["Properties"]["DeploymentConfiguration"]["LifecycleHooks"];
    let details = &hooks[0]["HookDetails"];
    assert!(details.is_string(), "{details}");
    let task_runner = TaskRunner::new(Workers::Fleet, 10);
    let world = &task_runner.world;
    let event = hook_event(&world.revision(), details);
    let reply = world.call_hook(&event).await;
    assert_eq!(reply["hookStatus"], "IN_PROGRESS");
    let execution = world.aws.sfn().executions().pop().unwrap();
    let input: Value = serde_json::from_str(&execution.input).unwrap();
    assert_eq!(
        input["task"]["overrides"]["containerOverrides"],
        json!([{"name": "web", "command": ["python3", "manage.py", "migrate", "--no-input"]}])
    );
}
