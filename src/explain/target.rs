//! What a person asks about: an execution, or a stack and perhaps one of its resources.

use super::execution_arn::{ExecutionArn, NotAnExecution};
use crate::arn::Arn;
use crate::cloudformation::stack::{is_logical_id, is_stack_name, stack_name};

/// What is to be explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One execution.
    Execution(ExecutionArn),
    /// The execution of a stack that matters most now.
    Stack(StackTarget),
}

/// A stack, and perhaps one of its resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackTarget {
    /// The stack's name or ARN.
    pub stack: String,
    /// Logical id of the resource; `None` for all of the stack.
    pub logical_id: Option<String>,
}

impl Target {
    /// Reads an execution's ARN or console address, `STACK`, `STACK/LOGICAL_ID`, or a stack's ARN,
    /// which `/LOGICAL_ID` may follow too.
    ///
    /// # Errors
    /// When the text is none of these.
    pub fn parse(text: &str) -> Result<Self, NotAnExecution> {
        let trimmed = text.trim();
        let stack = StackTarget::of_arn(trimmed).or_else(|| StackTarget::of_name(trimmed));
        match stack {
            Some(stack) => Ok(Self::Stack(stack)),
            None => ExecutionArn::parse(trimmed).map(Self::Execution),
        }
    }

    /// The region that the ARN names; `None` for a stack's name.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::Execution(arn) => Some(arn.region()),
            Self::Stack(target) => Arn::parse(&target.stack).map(|arn| arn.region),
        }
    }
}

impl StackTarget {
    fn of_name(text: &str) -> Option<Self> {
        let (stack, logical_id) = match text.split_once('/') {
            Some((stack, logical_id)) => (stack, Some(logical_id)),
            None => (text, None),
        };
        let is_target = is_stack_name(stack) && logical_id.is_none_or(is_logical_id);
        is_target.then(|| Self {
            stack: stack.to_owned(),
            logical_id: logical_id.map(str::to_owned),
        })
    }

    fn of_arn(text: &str) -> Option<Self> {
        let arn = Arn::parse(text)?;
        let mut parts = arn.resource_of("cloudformation", "stack/")?.split('/');
        let (name, guid) = (parts.next()?, parts.next()?);
        let logical_id = parts.next();
        let stack = match logical_id {
            Some(id) => text.strip_suffix(id)?.strip_suffix('/')?,
            None => text,
        };
        let is_stack = arn.is_sound(&[name, guid]) && stack_name(stack).is_some();
        let is_target = is_stack && logical_id.is_none_or(is_logical_id) && parts.next().is_none();
        is_target.then(|| Self {
            stack: stack.to_owned(),
            logical_id: logical_id.map(str::to_owned),
        })
    }

    /// The stack's name.
    #[must_use]
    pub fn stack_name(&self) -> &str {
        stack_name(&self.stack).unwrap_or(&self.stack)
    }

    /// The target as a person writes it, with the stack's name.
    #[must_use]
    pub fn in_words(&self) -> String {
        match &self.logical_id {
            Some(logical_id) => format!("{}/{logical_id}", self.stack_name()),
            None => format!("stack {}", self.stack_name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK: &str =
        "arn:aws:cloudformation:eu-west-1:123456789012:stack/todobackend/51af3dc0-da77-11e4";

    #[test]
    fn a_stack_is_named_by_its_name_or_its_arn_and_a_resource_after_it() {
        for (text, stack, logical_id, region) in [
            ("todobackend", "todobackend", None, None),
            (
                " todobackend/MigrateTask\n",
                "todobackend",
                Some("MigrateTask"),
                None,
            ),
            (STACK, STACK, None, Some("eu-west-1")),
            (
                &format!("{STACK}/MigrateTask"),
                STACK,
                Some("MigrateTask"),
                Some("eu-west-1"),
            ),
        ] {
            let target = Target::parse(text).unwrap();
            assert_eq!(target.region(), region);
            let Target::Stack(target) = target else {
                panic!("{target:?}")
            };
            assert_eq!(
                (target.stack.as_str(), target.logical_id.as_deref()),
                (stack, logical_id)
            );
        }
    }

    #[test]
    fn an_execution_is_told_from_a_stack() {
        let arn = "arn:aws:states:eu-west-1:123456789012:execution:ecs-task:name";
        let target = Target::parse(arn).unwrap();
        assert_eq!(target.region(), Some("eu-west-1"));
        assert!(matches!(target, Target::Execution(execution) if execution.to_string() == arn));
    }

    #[test]
    fn what_is_neither_is_refused_with_all_that_it_may_be() {
        for text in [
            "",
            "/MigrateTask",
            "todobackend/",
            "todobackend/Migrate/Task",
            "todo backend",
            "$(stack)",
            "arn:aws:cloudformation:evil.example/x:123456789012:stack/todobackend/guid",
            "arn:aws:cloudformation:eu-west-1:123456789012:stack/todobackend",
            "arn:aws:cloudformation:eu-west-1:123456789012:stack/todobackend/guid/A/B",
            "arn:aws:cloudformation:eu-west-1:123456789012:changeSet/todobackend/guid",
        ] {
            let refused = Target::parse(text).unwrap_err().to_string();
            assert!(
                refused.contains("STACK/LOGICAL_ID") && refused.contains(text),
                "{refused}"
            );
        }
    }
}
