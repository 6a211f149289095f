//! What IAM is asked before a call is served: which actions on which resources, under which
//! condition keys. Who decides is up to the test; without anybody to decide, every call is allowed.

mod questions;

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use self::questions::{in_account, of_cloudformation, of_kms, of_logs};
use crate::StandIns;
use crate::aws_error::AwsError;
use crate::dispatch::{Answer, Request};
use crate::lock::Lock;
use crate::protocol::Service;

/// One question to IAM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// As in `ecs:RunTask`.
    pub action: String,
    /// An ARN, or `*` for an action without resources.
    pub resource: String,
    /// The service's own condition keys with their values.
    pub context: Vec<(&'static str, String)>,
}

/// Who decides: given an access key id and a question.
#[derive(Clone)]
pub(crate) struct Authorizer(Arc<Decide>);

type Decide = dyn Fn(&str, &Authorization) -> bool + Send + Sync;

impl fmt::Debug for Authorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorizer")
    }
}

impl Authorization {
    fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
            context: Vec::new(),
        }
    }

    fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.context.push((key, value.into()));
        self
    }
}

impl StandIns {
    /// Asks `decide` for the access key id of every signed call, from now on, and refuses what it
    /// does not allow, as IAM does. It is asked when a call is served: not for one that a fault
    /// keeps from its service.
    pub fn authorize_with(
        &self,
        decide: impl Fn(&str, &Authorization) -> bool + Send + Sync + 'static,
    ) {
        *self.inner.authorizer.locked() = Some(Authorizer(Arc::new(decide)));
    }

    /// Asks for everything that the call itself tells.
    pub(crate) async fn authorize(
        &self,
        service: Service,
        operation: &str,
        body: &Value,
        request: &Request,
    ) -> Result<(), AwsError> {
        let authorizer = self.inner.authorizer.locked().clone();
        let (Some(authorizer), Some(key)) = (authorizer, request.access_key()) else {
            return Ok(());
        };
        let questions = match service {
            Service::Ecs => self.of_ecs(operation, body, request).await,
            Service::Sfn => self.of_sfn(operation, body),
            Service::Logs => of_logs(operation, body, request),
            Service::Kms => of_kms(operation, body),
            Service::CloudFormation => of_cloudformation(operation, body),
            // A presigned URL asks nobody, and Step Functions' call of a function is no HTTP call here.
            Service::S3 | Service::Lambda => return Ok(()),
        };
        authorizer.check(service, key, &questions)
    }

    /// Asks for what only the answer tells: Decrypt finds its key in the ciphertext.
    pub(crate) fn authorize_answer(
        &self,
        service: Service,
        operation: &str,
        request: &Request,
        answer: &Answer,
    ) -> Result<(), AwsError> {
        if (service, operation) != (Service::Kms, "Decrypt") {
            return Ok(());
        }
        let authorizer = self.inner.authorizer.locked().clone();
        let (Some(authorizer), Some(key)) = (authorizer, request.access_key()) else {
            return Ok(());
        };
        let key_arn = match answer {
            Answer::Members(members) => members["KeyId"].as_str().map(str::to_owned),
            Answer::Passed(reply) => {
                let members: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
                members["KeyId"].as_str().map(str::to_owned)
            }
        };
        let questions: Vec<_> = key_arn
            .map(|key| Authorization::new("kms:Decrypt", in_account("kms", "key", &key)))
            .into_iter()
            .collect();
        authorizer.check(service, key, &questions)
    }
}

impl Authorizer {
    fn check(
        &self,
        service: Service,
        key: &str,
        questions: &[Authorization],
    ) -> Result<(), AwsError> {
        // Asked for all, also when one is refused: whoever records the questions hears them all.
        let refused: Vec<_> = questions
            .iter()
            .filter(|question| !(self.0)(key, question))
            .collect();
        refused.first().map_or(Ok(()), |question| {
            Err(AwsError::not_authorized(
                service,
                key,
                &question.action,
                &question.resource,
            ))
        })
    }
}
