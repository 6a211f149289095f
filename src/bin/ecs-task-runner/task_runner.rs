//! Which task runner a command is about: the arguments that name one, and how its state machine is
//! found.

use clap::Args;
use ecs_task_runner::arn::Arn;
use ecs_task_runner::aws::cloudformation::{Export, Stacks};
use ecs_task_runner::aws::{ApiError, ErrorKind};

/// Name of the task runner's stack, unless it is called otherwise.
const DEFAULT_STACK: &str = "ecs-task-runner";
/// The output of the task runner's stack with the state machine.
const STATE_MACHINE_OUTPUT: &str = "StateMachineArn";
/// What the names of a task runner's exports end with, after the name of its stack.
const STATE_MACHINE_EXPORT: &str = "-StateMachineArn";
const SERVICE_TOKEN_EXPORT: &str = "-ServiceToken";

#[derive(Debug, Clone, Args)]
pub(crate) struct TaskRunnerArguments {
    /// Name of the task runner's stack. Without it all task runners of the region are asked
    #[arg(long, value_name = "NAME", conflicts_with = "state_machine")]
    task_runner: Option<String>,
    /// ARN of the task runner's state machine, to be found without asking for its stack
    #[arg(long, value_name = "ARN", value_parser = state_machine_arn)]
    state_machine: Option<String>,
}

/// The one task runner that a run is started on.
#[derive(Debug, Clone, Args)]
pub(crate) struct OneTaskRunnerArguments {
    /// Name of the task runner's stack
    #[arg(long, visible_alias = "task-runner", value_name = "NAME", default_value = DEFAULT_STACK, conflicts_with = "state_machine")]
    stack: String,
    /// ARN of the task runner's state machine, to be found without asking for its stack
    #[arg(long, value_name = "ARN", value_parser = state_machine_arn)]
    state_machine: Option<String>,
}

impl OneTaskRunnerArguments {
    /// The region of the state machine, if it is given by its ARN.
    pub(crate) fn region(&self) -> Option<&str> {
        region_of(self.state_machine.as_deref())
    }

    /// ARN of the state machine: the one given, or else the output of the stack.
    pub(crate) async fn state_machine(&self, stacks: &Stacks) -> Result<String, NoStateMachine> {
        match &self.state_machine {
            Some(arn) => Ok(arn.clone()),
            None => state_machine_of(stacks, &self.stack).await,
        }
    }
}

/// No state machine was found.
#[derive(Debug)]
pub(crate) enum NoStateMachine {
    /// CloudFormation cannot be asked.
    Api(ApiError),
    /// No stack of this name has the output.
    NoStack(String),
}

impl TaskRunnerArguments {
    /// The region of the state machine that the arguments name.
    pub(crate) fn region(&self) -> Option<&str> {
        region_of(self.state_machine.as_deref())
    }

    /// The state machines of the task runner that the arguments name; else of all task runners of
    /// the region, which their exports show. Where exports may not be listed, or there are none,
    /// the stack of the default name is asked.
    pub(crate) async fn state_machines(
        &self,
        stacks: &Stacks,
    ) -> Result<Vec<String>, NoStateMachine> {
        if let Some(arn) = &self.state_machine {
            return Ok(vec![arn.clone()]);
        }
        if let Some(stack) = &self.task_runner {
            return Ok(vec![state_machine_of(stacks, stack).await?]);
        }
        let exported = match stacks.exports().await {
            Ok(exports) => exported_state_machines(&exports),
            Err(error) if error.kind == ErrorKind::AccessDenied => Vec::new(),
            Err(error) => return Err(NoStateMachine::Api(error)),
        };
        if exported.is_empty() {
            return Ok(vec![state_machine_of(stacks, DEFAULT_STACK).await?]);
        }
        Ok(exported)
    }
}

/// The state machine of the task runner whose stack is called so.
async fn state_machine_of(stacks: &Stacks, stack: &str) -> Result<String, NoStateMachine> {
    let output = stacks.output(stack, STATE_MACHINE_OUTPUT).await;
    output
        .map_err(NoStateMachine::Api)?
        .ok_or_else(|| NoStateMachine::NoStack(stack.to_owned()))
}

/// The state machines of those stacks that export a `ServiceToken` as well, which only task runners
/// do.
fn exported_state_machines(exports: &[Export]) -> Vec<String> {
    let is_task_runner = |stack: &str| {
        exports
            .iter()
            .any(|export| export.name.strip_suffix(SERVICE_TOKEN_EXPORT) == Some(stack))
    };
    exports
        .iter()
        .filter(|export| {
            let stack = export.name.strip_suffix(STATE_MACHINE_EXPORT);
            stack.is_some_and(is_task_runner) && state_machine_arn(&export.value).is_ok()
        })
        .map(|export| export.value.clone())
        .collect()
}

fn region_of(state_machine: Option<&str>) -> Option<&str> {
    Some(Arn::parse(state_machine?)?.region)
}

fn state_machine_arn(text: &str) -> Result<String, String> {
    let is_state_machine = Arn::parse(text).is_some_and(|arn| {
        let name = arn.resource_of("states", "stateMachine:");
        name.is_some_and(|name| arn.is_sound(&[name]))
    });
    if is_state_machine {
        Ok(text.to_owned())
    } else {
        Err("it must be arn:aws:states:REGION:ACCOUNT:stateMachine:NAME".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn task_runners_are_known_by_both_of_their_exports() {
        let machine =
            |name: &str| format!("arn:aws:states:eu-west-1:123456789012:stateMachine:{name}");
        let exports: Vec<_> = [
            (
                "ecs-task-runner-ServiceToken",
                "arn:aws:lambda:…".to_owned(),
            ),
            ("ecs-task-runner-StateMachineArn", machine("one")),
            ("second-StateMachineArn", machine("two")),
            ("second-ServiceToken", "arn:aws:lambda:…".to_owned()),
            ("orders-StateMachineArn", machine("orders")),
            ("broken-StateMachineArn", "none".to_owned()),
            ("broken-ServiceToken", "arn:aws:lambda:…".to_owned()),
        ]
        .into_iter()
        .map(|(name, value)| Export {
            name: name.to_owned(),
            value,
        })
        .collect();
        assert_eq!(
            exported_state_machines(&exports),
            [machine("one"), machine("two")]
        );
    }

    #[test]
    fn a_state_machine_is_named_by_its_arn() {
        for (text, is_one) in [
            (
                "arn:aws:states:eu-west-1:123456789012:stateMachine:ecs-task",
                true,
            ),
            (
                "arn:aws:states:eu-west-1:123456789012:execution:ecs-task:name",
                false,
            ),
            (
                "arn:aws:states:evil.example/x:123456789012:stateMachine:ecs-task",
                false,
            ),
            (
                "arn:aws:states:eu-west-1:123456789012:stateMachine:ecs-task:1",
                false,
            ),
            ("ecs-task", false),
        ] {
            assert_eq!(state_machine_arn(text).is_ok(), is_one, "{text}");
        }
    }
}
