//! CloudFormation stacks: created, updated, deleted, and followed event by event.

mod operation;

use std::collections::{BTreeMap, HashSet};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Capability, Parameter};

pub use self::operation::Operation;

/// What every template may ask for here: IAM resources with names, and transforms.
const CAPABILITIES: [Capability; 2] = [
    Capability::CapabilityNamedIam,
    Capability::CapabilityAutoExpand,
];

/// CloudFormation itself.
#[derive(Debug, Clone)]
pub struct Stacks {
    client: Client,
}

/// What a stack is made of.
#[derive(Debug, Clone)]
pub struct Template<'a> {
    /// The template's text, YAML or JSON; or the URL of an object that holds it, which may be larger
    /// than a template in the request.
    pub body: &'a str,
    /// Its parameters' names and values.
    pub parameters: &'a [(&'a str, &'a str)],
}

/// A parameter that a template declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateParameter {
    /// Its name.
    pub name: String,
    /// Its type, as in `List<AWS::EC2::Subnet::Id>`.
    pub kind: String,
    /// Whether it has a value without being given one.
    pub has_default: bool,
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

impl Template<'_> {
    fn is_uploaded(&self) -> bool {
        self.body.starts_with("http://")
    }

    fn text(&self) -> Option<String> {
        (!self.is_uploaded()).then(|| self.body.to_owned())
    }

    fn url(&self) -> Option<String> {
        self.is_uploaded().then(|| self.body.to_owned())
    }
}

impl Stacks {
    /// Takes the client of a run's [`Endpoints`](crate::endpoints::Endpoints).
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The parameters that a template declares.
    ///
    /// # Errors
    /// When CloudFormation cannot read the template.
    pub async fn parameters_of(&self, body: &str) -> Result<Vec<TemplateParameter>> {
        let summary = self.client.get_template_summary().template_body(body);
        let summary = summary.send().await.map_err(in_words);
        let summary = summary.context("The template cannot be read")?;
        let parameters = summary.parameters.unwrap_or_default().into_iter();
        Ok(parameters
            .map(|parameter| TemplateParameter {
                name: parameter.parameter_key.unwrap_or_default(),
                kind: parameter.parameter_type.unwrap_or_default(),
                has_default: parameter.default_value.is_some(),
            })
            .collect())
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
            .set_template_body(template.text())
            .set_template_url(template.url());
        let created = created
            .set_parameters(Some(parameters(template)))
            .set_capabilities(Some(CAPABILITIES.to_vec()))
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
            .set_template_body(template.text())
            .set_template_url(template.url());
        let updated = updated
            .set_parameters(Some(parameters(template)))
            .set_capabilities(Some(CAPABILITIES.to_vec()))
            .send()
            .await;
        updated
            .map_err(in_words)
            .with_context(|| format!("The stack {name} could not be updated"))?;
        Ok(operation)
    }

    /// Has an update of a stack rolled back that is under way.
    ///
    /// # Errors
    /// When CloudFormation refuses the request, as it does when the stack is not being updated.
    pub async fn cancel_update(&self, name: &str) -> Result<()> {
        let cancelled = self.client.cancel_update_stack().stack_name(name).send();
        cancelled
            .await
            .map(drop)
            .map_err(in_words)
            .with_context(|| format!("The update of the stack {name} could not be cancelled"))
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
