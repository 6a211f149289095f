//! One call from its bytes to its answer: recorded, struck by the faults in force, and handed to
//! its service. Both ways in, sockets and the in-process client, go through here.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value};

use crate::StandIns;
use crate::aws_error::AwsError;
use crate::calls::Outcome;
use crate::faults::{Fault, run_detached};
use crate::protocol::{Reply, Service};

/// A request as it arrived.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The access key id that signed it.
    pub(crate) fn access_key(&self) -> Option<&str> {
        self.credential_scope()?.next()
    }

    /// The region that it was signed for.
    pub(crate) fn signing_region(&self) -> Option<&str> {
        self.credential_scope()?.nth(2)
    }

    /// The parts of `AKID/date/region/service/aws4_request` in
    /// `AWS4-HMAC-SHA256 Credential=AKID/date/region/service/aws4_request, …`.
    fn credential_scope(&self) -> Option<impl Iterator<Item = &str>> {
        let (_, credential) = self.header("authorization")?.split_once("Credential=")?;
        Some(credential.split('/'))
    }
}

/// How a call ends for its caller.
#[derive(Clone, Debug)]
pub(crate) enum Delivery {
    Reply(Reply),
    /// The connection is closed without an answer.
    Closed,
    /// No connection could be made.
    Refused,
}

/// What a service has to say.
#[derive(Debug)]
pub(crate) enum Answer {
    Members(Value),
    /// The answer of another endpoint, passed on byte by byte.
    Passed(Reply),
}

/// How a call has ended at the service.
enum Ending {
    Answer(Result<Answer, AwsError>),
    Closed,
    Refused,
}

impl From<Value> for Answer {
    fn from(members: Value) -> Self {
        Self::Members(members)
    }
}

impl StandIns {
    /// Answers one request. Dropping the future is the caller closing its connection.
    pub(crate) async fn deliver(&self, request: Request) -> Delivery {
        let (service, operation, body) = match parse(&request) {
            Ok(parsed) => parsed,
            Err(error) => return Delivery::Reply(Reply::error(Service::Kms, &error)),
        };
        let operation: Arc<str> = operation.into();
        let body = Arc::new(body);
        let call = self.calls().arrival(
            service,
            Arc::clone(&operation),
            Arc::clone(&body),
            self.clock().now(),
            request.access_key().map(Arc::from),
        );

        let strike = self
            .faults()
            .strike(service, &operation, request.access_key());
        let ending = if strike.delay.is_zero() {
            self.undergo(strike.fault, service, &operation, &body, &request)
                .await
        } else {
            let (stand_ins, operation, body) =
                (self.clone(), Arc::clone(&operation), Arc::clone(&body));
            let is_poll = &*operation == "GetActivityTask";
            let late = async move {
                tokio::time::sleep(strike.delay).await;
                stand_ins
                    .undergo(strike.fault, service, &operation, &body, &request)
                    .await
            };
            // What becomes of a poll whose caller has gone away says `Sfn::set_dead_polls_swallow`.
            if is_poll {
                late.await
            } else {
                run_detached(late).await
            }
        };
        let answer = match ending {
            Ending::Answer(answer) => answer,
            Ending::Closed => {
                call.end(Outcome::Cut);
                return Delivery::Closed;
            }
            Ending::Refused => {
                call.end(Outcome::Cut);
                return Delivery::Refused;
            }
        };
        let (reply, outcome) = match answer {
            Ok(Answer::Members(members)) => (
                Reply::success(service, &members),
                Outcome::Answered(Arc::new(members)),
            ),
            Ok(Answer::Passed(reply)) => {
                let outcome = outcome_of(&reply);
                (reply, outcome)
            }
            Err(error) => (
                Reply::error(service, &error),
                Outcome::Refused(error.code.into_owned()),
            ),
        };
        call.end(outcome);
        Delivery::Reply(reply)
    }

    /// What happens to a call that `fault` strikes.
    async fn undergo(
        &self,
        fault: Option<Fault>,
        service: Service,
        operation: &str,
        body: &Value,
        request: &Request,
    ) -> Ending {
        let arrival = || self.serve(service, operation, body, request);
        Ending::Answer(match fault {
            None | Some(Fault::Delay(_)) => arrival().await,
            Some(Fault::InternalError) => Err(AwsError::internal(service)),
            Some(Fault::Throttle) => Err(AwsError::throttled(service)),
            Some(Fault::AccessDenied) => Err(AwsError::access_denied(service, operation)),
            Some(Fault::Error(error)) => Err(error),
            Some(Fault::Refuse) => return Ending::Refused,
            Some(Fault::CutBefore) => return Ending::Closed,
            Some(Fault::CutAfter) => {
                let _lost = arrival().await;
                return Ending::Closed;
            }
            Some(Fault::Duplicate) => {
                let (_lost, answer) = tokio::join!(arrival(), arrival());
                answer
            }
        })
    }

    async fn serve(
        &self,
        service: Service,
        operation: &str,
        body: &Value,
        request: &Request,
    ) -> Result<Answer, AwsError> {
        self.authorize(service, operation, body, request).await?;
        let answer = match (service, self.inner.behind.get()) {
            (Service::Ecs, _) => self
                .ecs()
                .serve(operation, body, &request.headers)
                .await?
                .into(),
            (Service::Sfn, _) => self.sfn().serve(operation, body, request).await?,
            (Service::Logs, _) => self
                .logs()
                .serve(operation, body, &request.headers)
                .await?
                .into(),
            (Service::Kms | Service::CloudFormation, Some(behind)) => {
                Answer::Passed(behind.pass(&request.headers, request.body.clone()).await?)
            }
            (Service::Kms, None) => self.kms().serve(operation, body)?.into(),
            (Service::CloudFormation, None) => self.cloudformation().serve(operation, body)?.into(),
            // Presigned URLs have a way in of their own.
            (Service::S3 | Service::Lambda, _) => return Err(unknown_operation(operation)),
        };
        self.authorize_answer(service, operation, request, &answer)?;
        Ok(answer)
    }
}

/// The error for an operation that AWS, or this stand-in of it, does not have.
pub(crate) fn unknown_operation(operation: &str) -> AwsError {
    AwsError::new(
        "UnknownOperationException",
        format!("The stand-in does not know the operation {operation}."),
    )
}

fn parse(request: &Request) -> Result<(Service, String, Value), AwsError> {
    if let Some(target) = request.header("x-amz-target") {
        let (service, operation) = Service::from_target(target).ok_or_else(|| {
            AwsError::new(
                "UnknownOperationException",
                format!("The stand-ins do not know the service of X-Amz-Target {target}."),
            )
        })?;
        let body = if request.body.is_empty() {
            Value::Object(Map::new())
        } else {
            serde_json::from_slice(&request.body).map_err(|error| {
                AwsError::new(
                    "SerializationException",
                    format!("The body is not JSON: {error}"),
                )
            })?
        };
        return Ok((service, operation.to_owned(), body));
    }
    // The query protocol: a form with the operation as Action. Of these services only
    // CloudFormation speaks it.
    let mut parameters: Map<_, _> = form_urlencoded::parse(&request.body)
        .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
        .collect();
    match parameters.remove("Action") {
        Some(Value::String(action)) => {
            Ok((Service::CloudFormation, action, Value::Object(parameters)))
        }
        _ => Err(AwsError::new(
            "MissingAction",
            "The request has neither an X-Amz-Target header nor an Action.",
        )),
    }
}

fn outcome_of(reply: &Reply) -> Outcome {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    if reply.status < 400 {
        return Outcome::Answered(Arc::new(body));
    }
    let name = body["__type"].as_str().unwrap_or("Unknown");
    Outcome::Refused(name.rsplit('#').next().unwrap_or(name).to_owned())
}
