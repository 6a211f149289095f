//! AWS CloudFormation: DescribeStacks, ListStacks, DescribeStackEvents and ListExports over stacks
//! that tests set.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::aws_error::AwsError;
use crate::dispatch::unknown_operation;
use crate::identifiers::arn;
use crate::lock::Lock;
use crate::protocol::escape_xml;

/// Most items of one answer. The service counts bytes, except for exports.
const PAGE_SIZE: usize = 100;
/// When every stack was created.
const CREATED: &str = "2026-01-01T00:00:00.000Z";

/// The CloudFormation stand-in; clones share it.
#[derive(Clone, Debug, Default)]
pub struct CloudFormation {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// By name.
    stacks: BTreeMap<String, Stack>,
    exports: Vec<(String, String)>,
}

#[derive(Debug, Default)]
struct Stack {
    status: String,
    outputs: Vec<(String, String)>,
    /// Oldest first, as members of an answer.
    events: Vec<String>,
}

/// A change of a resource's status.
#[derive(Clone, Copy, Debug)]
pub struct ResourceEvent<'e> {
    /// The resource's name; the stack's name for an event of the stack itself.
    pub logical_id: &'e str,
    /// The resource's type.
    pub resource_type: &'e str,
    /// As in `CREATE_FAILED`.
    pub status: &'e str,
    /// What CloudFormation says of it; empty for nothing.
    pub reason: &'e str,
}

impl CloudFormation {
    /// Sets a stack's status, as in `UPDATE_ROLLBACK_IN_PROGRESS`, and answers its ARN. A stack that
    /// is `DELETE_COMPLETE` is found by its ARN and in the list of stacks only.
    pub fn stack(&self, name: &str, status: &str) -> String {
        let mut state = self.state.locked();
        status.clone_into(&mut state.stacks.entry(name.to_owned()).or_default().status);
        stack_arn(name)
    }

    /// Gives a stack an output, which it exports as `{stack}-{key}`.
    ///
    /// # Panics
    /// When there is no such stack.
    pub fn output(&self, stack: &str, key: &str, value: &str) {
        let mut state = self.state.locked();
        let output = (key.to_owned(), value.to_owned());
        state
            .stacks
            .get_mut(stack)
            .expect("an output belongs to a stack")
            .outputs
            .push(output);
        state
            .exports
            .push((format!("{stack}-{key}"), value.to_owned()));
    }

    /// Records an event of a stack, at a time as in `2026-01-01T00:00:00.000Z`.
    ///
    /// # Panics
    /// When there is no such stack.
    pub fn event(&self, stack: &str, at: &str, event: ResourceEvent<'_>) {
        let mut state = self.state.locked();
        let events = &mut state
            .stacks
            .get_mut(stack)
            .expect("an event belongs to a stack")
            .events;
        let physical_id = if event.logical_id == stack {
            stack_arn(stack)
        } else {
            "physical".to_owned()
        };
        let reason = if event.reason.is_empty() {
            String::new()
        } else {
            element("ResourceStatusReason", event.reason)
        };
        let members = [
            element("StackId", &stack_arn(stack)),
            element("EventId", &events.len().to_string()),
            element("StackName", stack),
            element("LogicalResourceId", event.logical_id),
            element("PhysicalResourceId", &physical_id),
            element("ResourceType", event.resource_type),
            element("Timestamp", at),
            element("ResourceStatus", event.status),
            reason,
        ];
        events.push(members.concat());
    }

    pub(crate) fn serve(&self, operation: &str, parameters: &Value) -> Result<Value, AwsError> {
        let state = self.state.locked();
        let wanted = parameters["StackName"].as_str();
        let (list, members) = match operation {
            "DescribeStacks" => ("Stacks", state.described(wanted)?),
            "ListStacks" => ("StackSummaries", state.listed(&status_filter(parameters))),
            "DescribeStackEvents" => ("StackEvents", state.events(wanted.unwrap_or_default())?),
            "ListExports" => ("Exports", state.exports()),
            _ => return Err(unknown_operation(operation)),
        };
        let from: usize = parameters["NextToken"]
            .as_str()
            .and_then(|token| token.parse().ok())
            .unwrap_or_default();
        let next = from + PAGE_SIZE;
        let next_token = if members.len() > next {
            element("NextToken", &next.to_string())
        } else {
            String::new()
        };
        let page: String = members
            .iter()
            .skip(from)
            .take(PAGE_SIZE)
            .map(|member| member_element(member))
            .collect();
        Ok(Value::String(format!(
            "<{operation}Response xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\">\
             <{operation}Result><{list}>{page}</{list}>{next_token}</{operation}Result></{operation}Response>"
        )))
    }
}

impl State {
    fn described(&self, wanted: Option<&str>) -> Result<Vec<String>, AwsError> {
        let is_shown = |name: &str, stack: &Stack| match wanted {
            None => stack.status != "DELETE_COMPLETE",
            Some(wanted) => stack.is_called(name, wanted),
        };
        let found: Vec<_> = self
            .stacks
            .iter()
            .filter(|(name, stack)| is_shown(name, stack))
            .map(|(name, stack)| stack.described(name))
            .collect();
        match wanted {
            Some(wanted) if found.is_empty() => Err(no_stack(wanted)),
            _ => Ok(found),
        }
    }

    /// The stacks that have one of these statuses; all stacks where none is given.
    fn listed(&self, statuses: &[&str]) -> Vec<String> {
        let is_listed =
            |stack: &Stack| statuses.is_empty() || statuses.contains(&stack.status.as_str());
        let listed = self.stacks.iter().filter(|(_, stack)| is_listed(stack));
        listed.map(|(name, stack)| stack.summary(name)).collect()
    }

    /// The newest first.
    fn events(&self, wanted: &str) -> Result<Vec<String>, AwsError> {
        let mut stacks = self.stacks.iter();
        let (_, stack) = stacks
            .find(|(name, stack)| stack.is_called(name, wanted))
            .ok_or_else(|| no_stack(wanted))?;
        Ok(stack.events.iter().rev().cloned().collect())
    }

    fn exports(&self) -> Vec<String> {
        let exports = self.exports.iter();
        exports
            .map(|(name, value)| [element("Name", name), element("Value", value)].concat())
            .collect()
    }
}

impl Stack {
    fn is_called(&self, name: &str, wanted: &str) -> bool {
        wanted == stack_arn(name) || (wanted == name && self.status != "DELETE_COMPLETE")
    }

    fn summary(&self, name: &str) -> String {
        [
            element("StackId", &stack_arn(name)),
            element("StackName", name),
            element("CreationTime", CREATED),
            element("StackStatus", &self.status),
        ]
        .concat()
    }

    fn described(&self, name: &str) -> String {
        let outputs: String = self
            .outputs
            .iter()
            .map(|(key, value)| [element("OutputKey", key), element("OutputValue", value)].concat())
            .map(|output| member_element(&output))
            .collect();
        format!(
            "{}<DisableRollback>false</DisableRollback><Outputs>{outputs}</Outputs>",
            self.summary(name)
        )
    }
}

/// The members of the list `StackStatusFilter`, which the query protocol numbers from 1.
fn status_filter(parameters: &Value) -> Vec<&str> {
    (1..)
        .map_while(|number| parameters[format!("StackStatusFilter.member.{number}")].as_str())
        .collect()
}

fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape_xml(text))
}

fn member_element(members: &str) -> String {
    format!("<member>{members}</member>")
}

fn no_stack(wanted: &str) -> AwsError {
    AwsError::new(
        "ValidationError",
        format!("Stack with id {wanted} does not exist"),
    )
}

fn stack_arn(name: &str) -> String {
    arn(
        "cloudformation",
        &format!("stack/{name}/51af3dc0-da77-11e4-872e-1234567db123"),
    )
}
