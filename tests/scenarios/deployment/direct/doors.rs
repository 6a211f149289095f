//! What the guide shows for each caller, tried on the emulator as the caller would run it.
//!
//! | caller | is |
//! |---|---|
//! | AWS CLI | the real one |
//! | GitHub workflow | Bash, which runs the steps' scripts with the real program |
//! | another state machine | the emulator's |
//! | EventBridge Scheduler | the emulator's |
//! | CodePipeline | this test: the emulator has none. It does what the action's reference says, with the guide's configuration |

use std::process::Stdio;

use ecs_task_runner::check::read_document;
use local_run::directories::RunDirectory;
use local_run::python::PythonEnvironment;
use local_run::stacks::{Stacks, Template};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use stand_ins::ecs::Script;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::guide::{blocks, json_blocks};
use super::run;
use crate::deployment::account::{Account, PATIENCE, ended, eventually, path};

/// The families that the guide's examples run.
const MIGRATE: &str = "todobackend-migrate";
const CLEANUP: &str = "todobackend-cleanup";

async fn account(label: &str) -> Account {
    let account = Account::with_worker(label, 1.0).await;
    let ecs = account.aws.stand_ins().ecs();
    ecs.register_family(MIGRATE, &["migrate"]);
    ecs.register_family(CLEANUP, &["cleanup"]);
    account
}

/// The migration fails from now on, with exit code 3.
fn fails(account: &Account) {
    let ecs = account.aws.stand_ins().ecs();
    ecs.script(MIGRATE, Script::exits(3));
}

/// Each task that was launched, as the family of its definition.
fn families(account: &Account) -> Vec<String> {
    let tasks = account.aws.stand_ins().ecs().tasks().into_iter();
    tasks.map(|task| task.family).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_with_the_aws_cli_ends_as_the_run_does() {
    let account = account("door-cli").await;
    let python = PythonEnvironment::prepare(|_| {}).await.unwrap();
    let directory = RunDirectory::create("door-cli-script").unwrap();
    let properties = json!({"Cluster": "production", "TaskDefinition": MIGRATE});
    std::fs::write(directory.file("properties.json"), properties.to_string()).unwrap();
    let script = blocks("## From the AWS CLI", "sh").join("\n");
    let ends = async |script: &str| {
        let mut command = Command::new("bash");
        command
            .args(["-euo", "pipefail", "-c", script])
            .current_dir(directory.path())
            .env_clear()
            .envs(account.aws.endpoints().variables())
            .env("PATH", path(&python));
        let output = timeout(PATIENCE, command.output()).await.unwrap().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), format!("{said}{errors}"))
    };
    let (code, said) = ends(&script).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("SUCCEEDED"), "{said}");
    assert_eq!(families(&account), [MIGRATE, MIGRATE], "{said}");

    fails(&account);
    let again = script.replace("release-4", "release-5");
    let (code, said) = ends(&again).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("exited with code 3"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_state_machine_waits_for_a_direct_run_and_fails_with_it() {
    let account = account("door-nested").await;
    let mut definition = json_blocks("## From another state machine")
        .into_iter()
        .find(|block| block.get("StartAt").is_some())
        .unwrap();
    let parameters = &mut definition["States"]["Migrate"]["Parameters"];
    parameters["StateMachineArn"] = account.task_runner.state_machine_arn.as_str().into();
    let calling = account
        .aws
        .endpoints()
        .sfn()
        .create_state_machine()
        .name("calling")
        .definition(definition.to_string())
        .role_arn("arn:aws:iam::123456789012:role/calling")
        .send()
        .await
        .unwrap()
        .state_machine_arn;
    let ended = run(&account, &calling, "release-42", &json!({})).await;
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    assert_eq!(ended["output"]["exitCode"], "0", "{ended}");
    fails(&account);
    let ended = run(&account, &calling, "release-43", &json!({})).await;
    assert_eq!(ended["status"], "FAILED", "{ended}");
    assert_eq!(families(&account), [MIGRATE, MIGRATE]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_starts_a_direct_run() {
    let account = account("door-schedule").await;
    let [shown] = &*blocks("## From EventBridge Scheduler", "yaml") else {
        panic!("the guide shows one schedule")
    };
    let nightly = "cron(0 3 * * ? *)";
    assert!(shown.contains(nightly), "{shown}");
    // Its time has come.
    let shown = shown.replace(nightly, "at(2026-01-01T03:00:00)");
    let body = format!(
        "Parameters:\n  SchedulerRoleArn: {{Type: String}}\nResources:\n{}",
        indented(&shown)
    );
    let template = Template {
        body: &body,
        parameters: &[(
            "SchedulerRoleArn",
            "arn:aws:iam::123456789012:role/scheduler",
        )],
    };
    let cloudformation = Stacks::new(account.aws.endpoints().cloudformation());
    let stack = ended(cloudformation.create("nightly", &template).await.unwrap()).await;
    assert_eq!(
        stack.status,
        "CREATE_COMPLETE",
        "{:?}",
        stack.first_failure()
    );
    let execution = eventually(async || {
        let mut executions = account.executions().await.into_iter();
        executions.rfind(|one| one.status != "RUNNING")
    })
    .await;
    assert_eq!(execution.status, "SUCCEEDED", "{:?}", execution.cause);
    assert_eq!(execution.input["Timeout"], 14_400);
    assert_eq!(families(&account), [CLEANUP]);
}

/// The action starts an execution with the input, under the prefix and an id of its own, and waits for
/// its end (guide of `CodePipeline`, `action-reference-StepFunctions`).
#[tokio::test(flavor = "multi_thread")]
async fn the_action_of_codepipeline_has_an_input_that_is_run() {
    let account = account("door-codepipeline").await;
    let [shown] = &*blocks("## From CodePipeline", "yaml") else {
        panic!("the guide shows one pipeline")
    };
    let pipeline = read_document(shown).unwrap();
    let stages = pipeline["Release"]["Properties"]["Stages"]
        .as_array()
        .unwrap();
    let action = &stages.last().unwrap()["Actions"][0];
    assert_eq!(action["ActionTypeId"]["Provider"], "StepFunctions");
    let configuration = &action["Configuration"];
    assert_eq!(configuration["InputType"], "Literal");
    assert_eq!(
        configuration["StateMachineArn"],
        json!({"Fn::ImportValue": "ecs-task-runner-StateMachineArn"})
    );
    let input: Value = serde_json::from_str(configuration["Input"].as_str().unwrap()).unwrap();
    let prefix = configuration["ExecutionNamePrefix"].as_str().unwrap();
    let machine = &account.task_runner.state_machine_arn;
    let name = format!("{prefix}-5f1c");
    let ended = run(&account, machine, &name, &input).await;
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    fails(&account);
    let name = format!("{prefix}-7a2e");
    let ended = run(&account, machine, &name, &input).await;
    assert_eq!(ended["error"], "EcsTask.Failed", "{ended}");
}

/// The lines of a fragment, as those of a resource in a template.
fn indented(fragment: &str) -> String {
    fragment
        .lines()
        .fold(String::new(), |lines, line| lines + "  " + line + "\n")
}

/// A step of the guide's workflow: what it runs.
fn step(name: &str) -> String {
    let [shown] = &*blocks("### In a GitHub workflow", "yml") else {
        panic!("the guide shows one workflow")
    };
    let workflow = read_document(shown).unwrap();
    let steps = workflow["jobs"]["migrate"]["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["name"] == name).unwrap();
    step["run"].as_str().unwrap().to_owned()
}

/// GitHub runs a step's script with `bash -e`, and sends a cancelled job's signal to that shell alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_s_step_ends_as_the_run_does_and_a_cancelled_job_stops_its_run() {
    let account = account("door-workflow").await;
    let ecs = account.aws.stand_ins().ecs();
    let network = json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-00000001"]}}, "launchType": "FARGATE"});
    ecs.service("production", "todobackend", &network);
    let python = PythonEnvironment::prepare(|_| {}).await.unwrap();
    let begin = |step: &str, execution: &str| {
        let mut command = Command::new("bash");
        command
            .args(["-e", "-c", step])
            .env_clear()
            .envs(account.aws.endpoints().variables())
            .env("PATH", path(&python))
            .env("EXECUTION", execution)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command.spawn().unwrap()
    };
    let ended = async |step: Child| {
        let output = timeout(PATIENCE, step.wait_with_output()).await.unwrap();
        let output = output.unwrap();
        let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
        (output.status.code(), said.concat())
    };
    let migrate = step("Migrate");
    let (code, said) = ended(begin(&migrate, "release-1-1")).await;
    assert_eq!(code, Some(0), "{said}");
    fails(&account);
    let (code, said) = ended(begin(&migrate, "release-2-1")).await;
    assert_eq!(code, Some(3), "{said}");

    ecs.script(MIGRATE, Script::runs_forever());
    let running = begin(&migrate, "release-3-1");
    eventually(async || (account.launched() == 3).then_some(())).await;
    let shell = Pid::from_raw(running.id().unwrap().try_into().unwrap());
    kill(shell, Signal::SIGTERM).unwrap();
    let (code, said) = ended(running).await;
    assert_eq!(code, Some(143), "{said}");

    // The signal has not arrived, and the step was killed.
    let running = begin(&migrate, "release-4-1");
    eventually(async || (account.launched() == 4).then_some(())).await;
    drop(running);
    let cancelled = step("Stop the run of a cancelled job");
    let (code, said) = ended(begin(&cancelled, "release-4-1")).await;
    assert_eq!(code, Some(0), "{said}");
    for execution in &account.executions().await[2..] {
        assert_eq!(execution.status, "ABORTED", "{}", execution.name);
    }
    let last = account.executions().await.pop().unwrap();
    assert_eq!(last.cause.as_deref(), Some("the job was cancelled"));
}
