//! `--serve`: everything stays up, and others may use it.

use anyhow::Result;
use local_run::todobackend::{CONTAINER, Release, STACK};

use super::console::Console;
use super::platform::Platform;
use super::programs::Programs;

/// Prints how to reach the run with the AWS CLI, and what to try.
///
/// # Errors
/// When the executions cannot be listed.
pub async fn explain(platform: &Platform, programs: &Programs, console: &Console) -> Result<()> {
    let variables = platform.endpoints.variables();
    let exports: Vec<String> = variables
        .iter()
        .map(|(name, value)| format!("export {name}={value}"))
        .collect();
    let state_machine = &platform.task_runner.state_machine_arn;
    let service_token = &platform.task_runner.service_token;
    let database = platform.directory.file("other.sqlite3");
    let task = platform
        .stand_ins
        .ecs()
        .tasks()
        .pop()
        .map(|task| task.arn)
        .unwrap_or_default();
    let task = task.rsplit('/').next().unwrap_or_default();
    let execution = platform.executions.list().await?.pop().unwrap_or_default();
    let failing = Release::UniqueTitles.settings_module();
    console.print_plain(&format!(
        "
Everything keeps running until Ctrl-C. In another terminal:

{}

Then, for example:

# what happened
aws cloudformation describe-stack-events --stack-name {STACK} --output table
aws stepfunctions list-executions --state-machine-arn {state_machine}
{} explain {execution}
aws ecs list-tasks --cluster todobackend --desired-status STOPPED
aws logs get-log-events --log-group-name /{STACK}/{CONTAINER} --log-stream-name {STACK}/{CONTAINER}/{task}

# a release whose migration fails, and its Reason
aws cloudformation deploy --stack-name other --template-file tests/local-run/stack.yaml --parameter-overrides \\
    ServiceToken={service_token} DatabasePath={} SettingsModule={failing}

# the end of it
aws cloudformation delete-stack --stack-name {STACK}
",
        exports.join("\n"),
        programs.ecs_task_runner.display(),
        database.display()
    ));
    Ok(())
}
