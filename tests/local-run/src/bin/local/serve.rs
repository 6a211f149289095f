//! `--serve`: everything stays up, and others may use it.

use anyhow::{Context, Result};

use super::console::Console;
use super::platform::Platform;
use super::programs::Programs;

/// What to try, as a test does (`tests/scenarios/deployment/first_steps.rs`).
const FIRST_STEPS: &str = include_str!("../../../first-steps.bash");

/// Prints how to reach the run with the AWS CLI, and what to try.
///
/// # Errors
/// When the file with the variables cannot be written.
pub fn explain(platform: &Platform, programs: &Programs, console: &Console) -> Result<()> {
    let file = platform.directory.file("aws.env");
    std::fs::write(&file, variables(platform, programs)?)
        .with_context(|| format!("{} could not be written", file.display()))?;
    let state_machine = &platform.task_runner.state_machine_arn;
    console.print_plain(&format!(
        "
Everything keeps running until Ctrl-C. In another terminal, run this. It leads the AWS CLI (1.29 or later of version 1, 2.13 or later of
version 2) here, and puts `ecs-task-runner` on the PATH, with an AWS CLI where you have none:

. {}

From then on no call over HTTPS leaves the machine from that terminal. The AWS CLI 1 needs one more option
for SQS: aws sqs --endpoint-url \"$AWS_ENDPOINT_URL\" …

{FIRST_STEPS}
# All executions. Explain one by its ARN.
aws stepfunctions list-executions --state-machine-arn {state_machine} --query 'executions[].executionArn' --output text

What differs from AWS:
- Containers are not run. Their commands are, on this machine and with your rights; give each one a command.
- Services run no tasks. Their deployments call a lifecycle hook, and are played without traffic. Alarms are recorded, and do nothing.
  Rights are not checked.
- Resources that the emulator cannot create are recorded as placeholders; the events of their creation say so.
- The network has the subnets subnet-00000001 to subnet-00000003 in vpc-00000001, and the security group sg-00000001.
",
        file.display(),
    ));
    Ok(())
}

/// The variables as a shell takes them. The user's own AWS CLI comes before that of the run.
fn variables(platform: &Platform, programs: &Programs) -> Result<String> {
    let programs = programs.ecs_task_runner.parent();
    let programs = programs.context("The program ecs-task-runner lies in no directory")?;
    let exports = platform.endpoints.variables().into_iter();
    let exports = exports.map(|(name, value)| format!("export {name}={value}\n"));
    let path = format!(
        "export PATH=\"{}:$PATH:{}\"\n",
        programs.display(),
        platform.python.programs().display()
    );
    Ok(exports.chain([path]).collect())
}
