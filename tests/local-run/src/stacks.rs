//! CloudFormation stacks: created, updated, deleted, and followed event by event.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Capability, Parameter, StackEvent as ApiEvent};

/// How often a followed stack is asked for new events; the emulator is on this machine and answers
/// in milliseconds.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// CloudFormation itself.
#[derive(Debug, Clone)]
pub struct Stacks {
    client: Client,
}

/// What a stack is made of.
#[derive(Debug, Clone)]
pub struct Template<'a> {
    /// The template's text, YAML or JSON.
    pub body: &'a str,
    /// Its parameters' names and values.
    pub parameters: &'a [(&'a str, &'a str)],
}

/// A line of a stack's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackEvent {
    /// When it happened.
    pub at: SystemTime,
    /// The resource it is about; for the stack itself the stack's name.
    pub logical_id: String,
    /// The resource's type.
    pub resource_type: String,
    /// As in `CREATE_COMPLETE`.
    pub status: String,
    /// What CloudFormation adds, such as the Reason of a custom resource.
    pub reason: Option<String>,
}

/// A stack at the end of an operation.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Its ARN.
    pub id: String,
    /// As in `ROLLBACK_COMPLETE`.
    pub status: String,
    /// What CloudFormation says about the status, if anything.
    pub reason: Option<String>,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
    /// The operation's events, oldest first.
    pub events: Vec<StackEvent>,
}

impl Stack {
    /// An output.
    ///
    /// # Errors
    /// When the stack has none of that name.
    pub fn output(&self, name: &str) -> Result<&str> {
        let value = self.outputs.get(name);
        value.map(String::as_str).with_context(|| {
            format!(
                "The stack {} ({}) has no output {name}",
                self.id, self.status
            )
        })
    }

    /// What failed first, in the words of its event.
    #[must_use]
    pub fn first_failure(&self) -> Option<&StackEvent> {
        self.events
            .iter()
            .find(|event| event.status.ends_with("_FAILED"))
    }
}

/// A create, update or delete in progress.
#[derive(Debug)]
#[must_use = "an operation goes on by itself, but only `follow` tells how it ends"]
pub struct Operation {
    client: Client,
    stack_id: String,
    seen: HashSet<String>,
}

impl Stacks {
    /// Takes the client of a run's [`Endpoints`](crate::endpoints::Endpoints).
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Starts to create a stack.
    ///
    /// # Errors
    /// When CloudFormation refuses the request.
    pub async fn create(&self, name: &str, template: &Template<'_>) -> Result<Operation> {
        let created = self
            .client
            .create_stack()
            .stack_name(name)
            .template_body(template.body);
        let created = created
            .set_parameters(Some(parameters(template)))
            .capabilities(Capability::CapabilityNamedIam)
            .send()
            .await;
        let created = created
            .map_err(in_words)
            .with_context(|| format!("The stack {name} could not be created"))?;
        let stack_id = created
            .stack_id
            .with_context(|| format!("CreateStack named no id for {name}"))?;
        Ok(Operation {
            client: self.client.clone(),
            stack_id,
            seen: HashSet::new(),
        })
    }

    /// Starts to update a stack.
    ///
    /// # Errors
    /// When CloudFormation refuses the request, as it does when nothing would change.
    pub async fn update(&self, name: &str, template: &Template<'_>) -> Result<Operation> {
        let operation = self.next_operation(name).await?;
        let updated = self
            .client
            .update_stack()
            .stack_name(name)
            .template_body(template.body);
        let updated = updated
            .set_parameters(Some(parameters(template)))
            .capabilities(Capability::CapabilityNamedIam)
            .send()
            .await;
        updated
            .map_err(in_words)
            .with_context(|| format!("The stack {name} could not be updated"))?;
        Ok(operation)
    }

    /// Starts to delete a stack.
    ///
    /// # Errors
    /// When CloudFormation refuses the request, or the stack is not there.
    pub async fn delete(&self, name: &str) -> Result<Operation> {
        let operation = self.next_operation(name).await?;
        let deleted = self.client.delete_stack().stack_name(name).send().await;
        deleted
            .map_err(in_words)
            .with_context(|| format!("The stack {name} could not be deleted"))?;
        Ok(operation)
    }

    /// The physical id of a stack's resource.
    ///
    /// # Errors
    /// When the stack has no such resource.
    pub async fn physical_id(&self, name: &str, logical_id: &str) -> Result<String> {
        let described = self
            .client
            .describe_stack_resource()
            .stack_name(name)
            .logical_resource_id(logical_id)
            .send()
            .await;
        let described = described
            .map_err(in_words)
            .with_context(|| format!("{logical_id} of {name} could not be described"))?;
        let id = described
            .stack_resource_detail
            .and_then(|resource| resource.physical_resource_id);
        id.with_context(|| format!("{logical_id} of {name} has no physical id"))
    }

    /// Knows the events so far, so that only the operation's own are followed.
    async fn next_operation(&self, name: &str) -> Result<Operation> {
        let stack = describe(&self.client, name).await?;
        let stack_id = stack
            .stack_id
            .with_context(|| format!("DescribeStacks named no id for {name}"))?;
        let mut operation = Operation {
            client: self.client.clone(),
            stack_id,
            seen: HashSet::new(),
        };
        operation.new_events().await?;
        Ok(operation)
    }
}

impl Operation {
    /// The ARN of the stack.
    #[must_use]
    pub fn stack_id(&self) -> &str {
        &self.stack_id
    }

    /// Waits for the operation's end and tells of each event as it comes. It waits as long as
    /// CloudFormation does: bound it from outside.
    ///
    /// # Errors
    /// When the stack's state cannot be read.
    pub async fn follow(mut self, mut on_event: impl FnMut(&StackEvent)) -> Result<Stack> {
        let mut events = Vec::new();
        loop {
            for event in self.new_events().await? {
                on_event(&event);
                events.push(event);
            }
            // By the events and not by the status, which may still be the one of the operation
            // before.
            let own = events
                .iter()
                .rev()
                .find(|event| self.concerns_stack_itself(event));
            if own.is_some_and(|event| is_final(&event.status)) {
                let stack = describe(&self.client, &self.stack_id).await?;
                let status = stack
                    .stack_status
                    .map_or_else(String::new, |status| status.as_str().to_owned());
                let outputs = stack.outputs.unwrap_or_default().into_iter();
                let outputs = outputs
                    .filter_map(|output| Some((output.output_key?, output.output_value?)))
                    .collect();
                return Ok(Stack {
                    id: self.stack_id,
                    status,
                    reason: stack.stack_status_reason,
                    outputs,
                    events,
                });
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    fn concerns_stack_itself(&self, event: &StackEvent) -> bool {
        // arn:aws:cloudformation:{region}:{account}:stack/{name}/{unique part}
        let name = self.stack_id.split('/').nth(1);
        event.resource_type == "AWS::CloudFormation::Stack" && name == Some(&event.logical_id)
    }

    /// The events not seen before, oldest first.
    async fn new_events(&mut self) -> Result<Vec<StackEvent>> {
        let mut unseen = Vec::new();
        let mut page_token = None;
        loop {
            let page = self
                .client
                .describe_stack_events()
                .stack_name(&self.stack_id)
                .set_next_token(page_token)
                .send()
                .await;
            let page = page
                .map_err(in_words)
                .with_context(|| format!("The events of {} could not be read", self.stack_id))?;
            let events = page.stack_events.unwrap_or_default();
            let count = events.len();
            let new: Vec<_> = events
                .into_iter()
                .filter(|event| self.seen.insert(event.event_id.clone().unwrap_or_default()))
                .collect();
            // Newest first: a page with an event seen before has nothing new after it.
            let reached_seen = new.len() < count;
            unseen.extend(new.into_iter().map(StackEvent::from));
            page_token = page.next_token;
            if reached_seen || page_token.is_none() {
                unseen.reverse();
                return Ok(unseen);
            }
        }
    }
}

impl From<ApiEvent> for StackEvent {
    fn from(event: ApiEvent) -> Self {
        Self {
            at: event
                .timestamp
                .and_then(|at| SystemTime::try_from(at).ok())
                .unwrap_or(SystemTime::UNIX_EPOCH),
            logical_id: event.logical_resource_id.unwrap_or_default(),
            resource_type: event.resource_type.unwrap_or_default(),
            status: event
                .resource_status
                .map_or_else(String::new, |status| status.as_str().to_owned()),
            reason: event
                .resource_status_reason
                .filter(|reason| !reason.is_empty()),
        }
    }
}

async fn describe(client: &Client, stack: &str) -> Result<aws_sdk_cloudformation::types::Stack> {
    let described = client.describe_stacks().stack_name(stack).send().await;
    let described = described
        .map_err(in_words)
        .with_context(|| format!("The stack {stack} could not be described"))?;
    let Some(stack) = described.stacks.unwrap_or_default().into_iter().next() else {
        bail!("DescribeStacks knows no stack {stack}");
    };
    Ok(stack)
}

fn parameters(template: &Template<'_>) -> Vec<Parameter> {
    let parameter = |(name, value): &(&str, &str)| {
        Parameter::builder()
            .parameter_key(*name)
            .parameter_value(*value)
            .build()
    };
    template.parameters.iter().map(parameter).collect()
}

/// Every status of a stack ends in `_IN_PROGRESS`, `_COMPLETE` or `_FAILED`.
fn is_final(status: &str) -> bool {
    status.ends_with("_COMPLETE") || status.ends_with("_FAILED")
}

/// An SDK error prints only its kind; this is all it knows.
pub(crate) fn in_words(error: impl std::error::Error) -> anyhow::Error {
    anyhow::anyhow!(
        "{}",
        aws_smithy_types::error::display::DisplayErrorContext(error)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_over_when_nothing_is_in_progress() {
        for (status, expected) in [
            ("CREATE_IN_PROGRESS", false),
            ("CREATE_COMPLETE", true),
            ("CREATE_FAILED", true),
            ("ROLLBACK_IN_PROGRESS", false),
            ("ROLLBACK_COMPLETE", true),
            ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", false),
            ("UPDATE_ROLLBACK_COMPLETE", true),
            ("DELETE_COMPLETE", true),
            ("", false),
        ] {
            assert_eq!(is_final(status), expected, "{status}");
        }
    }

    #[test]
    fn the_first_failure_is_the_one_that_led_to_the_others() {
        let event = |logical_id: &str, status: &str| StackEvent {
            at: SystemTime::UNIX_EPOCH,
            logical_id: logical_id.to_owned(),
            resource_type: String::new(),
            status: status.to_owned(),
            reason: None,
        };
        let events = vec![
            event("stack", "CREATE_IN_PROGRESS"),
            event("MigrateTask", "CREATE_FAILED"),
            event("Other", "CREATE_FAILED"),
            event("stack", "ROLLBACK_IN_PROGRESS"),
        ];
        let stack = Stack {
            id: "id".to_owned(),
            status: String::new(),
            reason: None,
            outputs: BTreeMap::new(),
            events,
        };
        assert_eq!(stack.first_failure().unwrap().logical_id, "MigrateTask");
    }
}
