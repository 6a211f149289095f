//! `--serve`: everything stays up, and others may use it.

use anyhow::{Context, Result};
use local_run::endpoints::Endpoints;

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
    std::fs::write(&file, exports(&platform.endpoints))
        .with_context(|| format!("{} could not be written", file.display()))?;
    let programs = programs
        .ecs_task_runner
        .parent()
        .unwrap_or_else(|| std::path::Path::new("."));
    let state_machine = &platform.task_runner.state_machine_arn;
    console.print_plain(&format!(
        "
Everything keeps running until Ctrl-C. In another terminal, lead the AWS CLI (2.13 or later, 1.29 or later)
and this project's programs here:

. {}
export PATH=\"{}:$PATH\"

From then on no call over HTTPS leaves the machine from that terminal. The AWS CLI 1 needs one more option
for SQS: aws sqs --endpoint-url \"$AWS_ENDPOINT_URL\" …

{FIRST_STEPS}
# All executions. Explain one by its ARN.
aws stepfunctions list-executions --state-machine-arn {state_machine} --query 'executions[].executionArn' --output text

What differs from AWS:
- Containers are not run. Their commands are, on this machine and with your rights; give each one a command.
- Services and alarms are recorded, and do nothing. Rights are not checked.
- Resources of types that the emulator does not know are recorded as placeholders; their stack events say so.
- The network has the subnets subnet-00000001 to subnet-00000003 in vpc-00000001, and the security group sg-00000001.
",
        file.display(),
        programs.display(),
    ));
    Ok(())
}

/// The variables as a shell takes them.
fn exports(endpoints: &Endpoints) -> String {
    let variables = endpoints.variables().into_iter();
    let exports = variables.map(|(name, value)| format!("export {name}={value}"));
    exports.collect::<Vec<_>>().join("\n") + "\n"
}
