//! The execution that a person names on the command line: by its ARN, or by the address of its page
//! in the console.

use std::fmt;

use super::conceal::one_line;
use crate::arn::Arn;

/// ARN of an execution of a standard state machine, split into its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionArn {
    partition: String,
    region: String,
    account: String,
    state_machine: String,
    name: String,
}

/// The text names no execution.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnExecution {
    /// The text is neither the ARN nor the console address of an execution, nor a stack, nor a
    /// service.
    #[error(
        "WHAT must be the ARN of a Step Functions execution (arn:aws:states:REGION:ACCOUNT:execution:STATE_MACHINE:NAME), the address of its page in the console, STACK, STACK/LOGICAL_ID, the ARN of a stack, or the name or ARN of an ECS service or the ARN of a service deployment, and is '{0}'"
    )]
    Other(String),
    /// The text names an execution of an express state machine, which has no history to read.
    #[error(
        "'{0}' is an execution of an express state machine, which keeps no history; a task runner's state machine is a standard one"
    )]
    Express(String),
}

/// The part of a console address that stands before the ARN.
const CONSOLE_PATH: &str = "/executions/details/";

impl ExecutionArn {
    /// Reads an ARN or a console address.
    ///
    /// # Errors
    /// When the text is neither, or names an execution of an express state machine.
    pub fn parse(text: &str) -> Result<Self, NotAnExecution> {
        let arn = text.trim();
        let arn = match arn.split_once(CONSOLE_PATH) {
            Some((address, arn)) if address.starts_with("https://") => {
                arn.split(['?', '#', '/']).next().unwrap_or_default()
            }
            _ => arn,
        };
        let arn = arn.replace("%3A", ":").replace("%3a", ":");
        let parts = Arn::parse(&arn).filter(|arn| arn.service == "states");
        if parts.is_some_and(|arn| arn.resource_of("states", "express:").is_some()) {
            return Err(NotAnExecution::Express(one_line(text)));
        }
        let execution = parts.and_then(|arn| {
            let (state_machine, name) = arn.resource_of("states", "execution:")?.split_once(':')?;
            arn.is_sound(&[state_machine, name]).then(|| Self {
                partition: arn.partition.to_owned(),
                region: arn.region.to_owned(),
                account: arn.account.to_owned(),
                state_machine: state_machine.to_owned(),
                name: name.to_owned(),
            })
        });
        execution.ok_or_else(|| NotAnExecution::Other(one_line(text)))
    }

    /// The region of the execution.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The id of the execution's account.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// ARN of the execution's state machine.
    #[must_use]
    pub fn state_machine(&self) -> String {
        let Self {
            partition,
            region,
            account,
            state_machine,
            ..
        } = self;
        format!("arn:{partition}:states:{region}:{account}:stateMachine:{state_machine}")
    }
}

impl fmt::Display for ExecutionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            partition,
            region,
            account,
            state_machine,
            name,
        } = self;
        write!(
            f,
            "arn:{partition}:states:{region}:{account}:execution:{state_machine}:{name}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:states:eu-west-1:123456789012:execution:ecs-task:MigrateTask-1a2b3c4d-create-0123456789ab";

    #[test]
    fn an_execution_is_named_by_its_arn_or_its_page() {
        for text in [
            ARN.to_owned(),
            format!(" {ARN}\n"),
            format!(
                "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/{ARN}"
            ),
            format!(
                "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/executions/details/{ARN}?tab=events"
            ),
            format!(
                "https://console.amazonaws.cn/states/home#/v2/executions/details/{}",
                ARN.replace(':', "%3A")
            ),
        ] {
            let arn = ExecutionArn::parse(&text).unwrap();
            assert_eq!(arn.to_string(), ARN);
            assert_eq!((arn.region(), arn.account()), ("eu-west-1", "123456789012"));
            assert_eq!(arn.name, "MigrateTask-1a2b3c4d-create-0123456789ab");
            assert_eq!(
                arn.state_machine(),
                "arn:aws:states:eu-west-1:123456789012:stateMachine:ecs-task"
            );
        }
    }

    #[test]
    fn a_text_that_names_no_execution_is_refused_with_what_it_should_be() {
        for text in [
            "",
            "MigrateTask-1a2b3c4d-create-0123456789ab",
            "arn:aws:states:eu-west-1:123456789012:stateMachine:ecs-task",
            "arn:aws:states:eu-west-1:123456789012:execution:ecs-task:",
            "arn:aws:states::123456789012:execution:ecs-task:x",
            "arn:aws:states:evil.example:123456789012:execution:ecs-task:x",
            "arn:aws:states:evil.example/x:123456789012:execution:ecs-task:x",
            "arn:aws:states:eu-west-1:123456789012:execution:ecs-task:x:y",
            "arn:aws:ecs:eu-west-1:123456789012:task/production/4f1c",
            "https://example.com/",
        ] {
            let said = ExecutionArn::parse(text).unwrap_err().to_string();
            assert!(
                said.contains("must be the ARN of a Step Functions execution")
                    && said.contains(text),
                "{said}"
            );
        }
        let express = "arn:aws:states:eu-west-1:123456789012:express:other:name:id";
        assert!(
            ExecutionArn::parse(express)
                .unwrap_err()
                .to_string()
                .contains("express")
        );
    }
}
