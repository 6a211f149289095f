//! Stacks and their resources: how they are called, and what CloudFormation records of them.

use std::ops::ControlFlow;

use jiff::Timestamp;

use crate::arn::Arn;

/// The type that templates give the custom resource.
pub const RESOURCE_TYPE: &str = "Custom::EcsTask";
/// The type that any custom resource may have.
pub const GENERIC_RESOURCE_TYPE: &str = "AWS::CloudFormation::CustomResource";
/// Longest name of a stack in characters (`API_CreateStack`).
const MAX_STACK_NAME: usize = 128;
/// Longest logical id in characters ("Template Resources syntax").
const MAX_LOGICAL_ID: usize = 255;

/// A stack as CloudFormation describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// The stack's ARN, by which it is found also after its deletion.
    pub id: String,
    /// When the stack was created; `None` when that is not known.
    pub created: Option<Timestamp>,
}

/// A change of a resource's status, as CloudFormation records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackEvent {
    /// When the status changed.
    pub at: Timestamp,
    /// Whether the event is of the stack itself, and not of a resource.
    pub is_of_stack: bool,
    /// The resource's name in the template; of the stack itself, the stack's name.
    pub logical_id: String,
    /// The resource's type in the template.
    pub resource_type: String,
    /// The resource's new status, such as `CREATE_FAILED`.
    pub status: String,
    /// What CloudFormation says of the change; of a custom resource that failed, its Reason.
    pub reason: Option<String>,
}

/// Finds when an operation began, among a stack's events from the newest on. CloudFormation rolls an
/// update back to the last state in which the stack was complete. Where the rollback of an update was
/// disabled and the update failed, the next update continues it, and a rollback undoes both.
#[derive(Debug, Default)]
pub(crate) struct OperationStart {
    began: Option<Timestamp>,
    /// Whether the newest event of the stack before `began` is still to be seen.
    is_open: bool,
    /// Whether an event of the rollback was seen.
    is_rolled_back: bool,
}

impl OperationStart {
    /// Takes the next older event into account. Breaks off once the start is known.
    pub(crate) fn note(&mut self, event: &StackEvent) -> ControlFlow<()> {
        if !event.is_of_stack {
            return ControlFlow::Continue(());
        }
        if !self.is_rolled_back && event.status.ends_with("_COMPLETE") {
            return ControlFlow::Break(());
        }
        self.is_rolled_back |= event.status.ends_with("ROLLBACK_IN_PROGRESS");
        if self.is_open {
            if event.status != "UPDATE_FAILED" {
                return ControlFlow::Break(());
            }
            self.is_open = false;
        } else if event.begins_deployment() {
            if !self.is_rolled_back {
                return ControlFlow::Break(());
            }
            self.began = Some(event.at);
            self.is_open = true;
        }
        ControlFlow::Continue(())
    }

    /// Whether the newest operation is rolled back. Otherwise the events lag behind, and what they show is
    /// of an operation before: also that of the deployment which is rolled back may be missing.
    pub(crate) fn shows_rollback(&self) -> bool {
        self.is_rolled_back
    }

    /// When the operation began; `None` when no event that was noted shows it. To be asked after
    /// [`note`](Self::note) has broken off, or after the stack's oldest event.
    pub(crate) fn began(&self) -> Option<Timestamp> {
        self.began.filter(|_| self.is_open)
    }
}

impl StackEvent {
    /// Whether the event is the first of an operation that creates or updates the stack. A rollback
    /// and the clean-up after an update belong to the operation before, and a stack's deletion is
    /// read together with what came before it: it often follows a creation that failed.
    #[must_use]
    pub fn begins_deployment(&self) -> bool {
        let begins = [
            "CREATE_IN_PROGRESS",
            "UPDATE_IN_PROGRESS",
            "IMPORT_IN_PROGRESS",
        ];
        self.is_of_stack && begins.contains(&self.status.as_str())
    }

    /// Whether the event is the first of an operation in which CloudFormation asks for resources to be
    /// created or updated: that of a deployment, or of the rollback of one. The clean-up after either
    /// only deletes.
    pub(crate) fn begins_updates(&self) -> bool {
        let begins = ["UPDATE_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_IN_PROGRESS"];
        self.begins_deployment() || self.is_of_stack && begins.contains(&self.status.as_str())
    }
}

/// The name in a stack's ARN; `None` when the text is no stack's ARN.
#[must_use]
pub fn stack_name(stack_id: &str) -> Option<&str> {
    let name = Arn::parse(stack_id)?
        .resource_of("cloudformation", "stack/")?
        .split('/')
        .next()?;
    is_stack_name(name).then_some(name)
}

/// Whether a stack can be called so: letters, digits and hyphens, of which the first is a letter
/// (`API_CreateStack`).
#[must_use]
pub fn is_stack_name(name: &str) -> bool {
    name.len() <= MAX_STACK_NAME
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// Whether a resource of a template can be called so: letters and digits ("Template Resources
/// syntax").
#[must_use]
pub fn is_logical_id(id: &str) -> bool {
    (1..=MAX_LOGICAL_ID).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Whether a resource of this type is a custom resource, the task runner's or another's.
pub(crate) fn is_custom(resource_type: &str) -> bool {
    resource_type.starts_with("Custom::") || resource_type == GENERIC_RESOURCE_TYPE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_begins_after_the_stack_was_last_complete() {
        let update = ["UPDATE_COMPLETE", "UPDATE_IN_PROGRESS"];
        let failed = ["UPDATE_FAILED", "UPDATE_IN_PROGRESS"];
        let rolling_back = ["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_IN_PROGRESS"];
        for (newest_first, expected) in [
            (vec![], None),
            (vec!["UPDATE_ROLLBACK_IN_PROGRESS"], None),
            (
                vec![
                    "ROLLBACK_IN_PROGRESS",
                    "CREATE_IN_PROGRESS",
                    "REVIEW_IN_PROGRESS",
                ],
                Some(1),
            ),
            // The events of the rollback do not show yet.
            (vec!["UPDATE_IN_PROGRESS", "CREATE_COMPLETE"], None),
            (
                [&["UPDATE_ROLLBACK_COMPLETE"], &rolling_back[..]].concat(),
                None,
            ),
            (vec!["UPDATE_COMPLETE", "UPDATE_IN_PROGRESS"], None),
            (rolling_back.to_vec(), Some(1)),
            ([rolling_back, update].concat(), Some(1)),
            (
                [
                    rolling_back,
                    ["UPDATE_ROLLBACK_COMPLETE", "UPDATE_IN_PROGRESS"],
                ]
                .concat(),
                Some(1),
            ),
            ([rolling_back, failed].concat(), Some(3)),
            ([rolling_back, failed, failed, update].concat(), Some(5)),
            // The events before are no longer kept.
            ([&rolling_back[..], &failed[..1]].concat(), None),
        ] {
            let mut start = OperationStart::default();
            let events = newest_first.iter().zip(0..).flat_map(|(status, second)| {
                let event = |is_of_stack| StackEvent {
                    at: Timestamp::from_second(second).unwrap(),
                    is_of_stack,
                    logical_id: String::new(),
                    resource_type: String::new(),
                    status: (*status).to_owned(),
                    reason: None,
                };
                // A resource's event is no event of its stack.
                [event(true), event(false)]
            });
            for event in events {
                if start.note(&event).is_break() {
                    break;
                }
            }
            let began = start.began().map(Timestamp::as_second);
            assert_eq!(began, expected, "{newest_first:?}");
        }
    }

    #[test]
    fn the_name_of_a_stack_is_in_its_arn() {
        for (stack_id, expected) in [
            (
                "arn:aws:cloudformation:eu-west-1:123456789012:stack/todobackend/guid",
                Some("todobackend"),
            ),
            (
                "arn:aws:cloudformation:eu-west-1:123456789012:stack/parent-Nested-1A2B3C/guid",
                Some("parent-Nested-1A2B3C"),
            ),
            (
                "arn:aws:cloudformation:eu-west-1:123456789012:stack/$(id)/guid",
                None,
            ),
            (
                "arn:aws:cloudformation:eu-west-1:123456789012:changeSet/todobackend/guid",
                None,
            ),
            ("todobackend", None),
        ] {
            assert_eq!(stack_name(stack_id), expected, "{stack_id}");
        }
    }

    #[test]
    fn stacks_and_resources_are_called_by_letters_and_digits() {
        for (name, is_stack, is_resource) in [
            ("todobackend", true, true),
            ("todo-backend", true, false),
            ("2todo", false, true),
            ("", false, false),
            ("a b", false, false),
            ("a'b", false, false),
            ("tödo", false, false),
        ] {
            assert_eq!(
                (is_stack_name(name), is_logical_id(name)),
                (is_stack, is_resource),
                "{name}"
            );
        }
        assert!(is_stack_name(&"a".repeat(128)) && !is_stack_name(&"a".repeat(129)));
        assert!(is_logical_id(&"a".repeat(255)) && !is_logical_id(&"a".repeat(256)));
    }
}
