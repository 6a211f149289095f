//! AWS CloudFormation: DescribeStacks over statuses that tests set.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::aws_error::AwsError;
use crate::dispatch::unknown_operation;
use crate::identifiers::arn;
use crate::lock::Lock;
use crate::protocol::escape_xml;

/// The CloudFormation stand-in; clones share it.
#[derive(Clone, Debug, Default)]
pub struct CloudFormation {
    /// Status by name.
    stacks: Arc<Mutex<BTreeMap<String, String>>>,
}

impl CloudFormation {
    /// Sets a stack's status, as in `UPDATE_ROLLBACK_IN_PROGRESS`, and answers its ARN.
    pub fn stack(&self, name: &str, status: &str) -> String {
        self.stacks
            .locked()
            .insert(name.to_owned(), status.to_owned());
        stack_arn(name)
    }

    pub(crate) fn serve(&self, operation: &str, parameters: &Value) -> Result<Value, AwsError> {
        match operation {
            "DescribeStacks" => self.describe_stacks(parameters["StackName"].as_str()),
            _ => Err(unknown_operation(operation)),
        }
    }

    fn describe_stacks(&self, wanted: Option<&str>) -> Result<Value, AwsError> {
        let stacks = self.stacks.locked();
        let found: Vec<_> = stacks
            .iter()
            .filter(|(name, _)| {
                wanted.is_none_or(|wanted| wanted == *name || wanted == stack_arn(name))
            })
            .collect();
        if let (Some(wanted), true) = (wanted, found.is_empty()) {
            return Err(AwsError::new(
                "ValidationError",
                format!("Stack with id {wanted} does not exist"),
            ));
        }
        let members: Vec<_> = found
            .into_iter()
            .map(|(name, status)| {
                format!(
                    "<member><StackId>{}</StackId><StackName>{}</StackName><CreationTime>2026-01-01T00:00:00.000Z</CreationTime>\
                     <StackStatus>{}</StackStatus><DisableRollback>false</DisableRollback></member>",
                    escape_xml(&stack_arn(name)),
                    escape_xml(name),
                    escape_xml(status)
                )
            })
            .collect();
        Ok(Value::String(format!(
            "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\">\
             <DescribeStacksResult><Stacks>{}</Stacks></DescribeStacksResult></DescribeStacksResponse>",
            members.concat()
        )))
    }
}

fn stack_arn(name: &str) -> String {
    arn(
        "cloudformation",
        &format!("stack/{name}/51af3dc0-da77-11e4-872e-1234567db123"),
    )
}
