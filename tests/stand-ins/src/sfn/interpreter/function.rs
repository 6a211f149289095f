//! States that call a function: those that wait for what it returns, and those that hand it a task
//! token with an event and wait for the token's answer.

use std::future::Future;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::paths::heartbeat;
use super::retries::Retries;
use super::{Execution, Failed};
use crate::faults::Fault;
use crate::sfn::{Outcome, Schedule, Scheduled};
use crate::{REGION, Service};

impl Execution<'_> {
    pub(super) async fn invoke_function<I, F>(
        &self,
        step: &Value,
        parameters: &Value,
        invoke: &I,
    ) -> Result<Value, Failed>
    where
        I: Fn(String, Value) -> F,
        F: Future<Output = Result<Value, Failed>>,
    {
        let limit = Duration::from_secs(step["TimeoutSeconds"].as_u64().unwrap());
        let mut retries = Retries::of(step);
        let lambda = json!({"resourceType": "lambda", "resource": "invoke"});
        loop {
            let mut scheduled = lambda.clone();
            scheduled["region"] = REGION.into();
            scheduled["parameters"] = parameters.to_string().into();
            self.note("TaskScheduled", &scheduled);
            let payload = parameters["Payload"].clone();
            let failed = match timeout(limit, invoke(function_name(parameters), payload)).await {
                Ok(Ok(payload)) => {
                    self.note("TaskSucceeded", &lambda);
                    return Ok(json!({"Payload": payload}));
                }
                Ok(Err(failed)) => failed,
                Err(_) => Failed::timed_out(),
            };
            self.note("TaskFailed", &lambda);
            match retries.pause_after(&failed.error) {
                Some(pause) => sleep(pause).await,
                None => return Err(failed),
            }
        }
    }

    /// Hands an event with a task token to a function, whose answer comes with the token. `invoke`
    /// takes the event as Lambda's queue does, and returns at once: nothing that happens in the
    /// function is told to the state (Lambda guide, asynchronous invocation).
    pub(super) async fn give_to_function<I, F>(
        &self,
        step: &Value,
        limit: Duration,
        parameters: &Value,
        invoke: &I,
    ) -> Result<Value, Failed>
    where
        I: Fn(String, Value) -> F,
        F: Future<Output = Result<Value, Failed>>,
    {
        assert_eq!(
            parameters["InvocationType"], "Event",
            "what becomes of a token while the call waits for the function is not documented"
        );
        let mut retries = Retries::of(step);
        loop {
            let failed = match self.attempt(step, limit, parameters, invoke).await {
                Ok(output) => return Ok(output),
                Err(failed) => failed,
            };
            match retries.pause_after(&failed.error) {
                Some(pause) => sleep(pause).await,
                None => return Err(failed),
            }
        }
    }

    async fn attempt<I, F>(
        &self,
        step: &Value,
        limit: Duration,
        parameters: &Value,
        invoke: &I,
    ) -> Result<Value, Failed>
    where
        I: Fn(String, Value) -> F,
        F: Future<Output = Result<Value, Failed>>,
    {
        let schedule = Schedule::once().heartbeat(heartbeat(step)).timeout(limit);
        let (token, scheduled) = self.aws.sfn().callback(self.arn, schedule);
        let mut payload = parameters["Payload"].clone();
        payload["taskToken"] = token.into();
        let lambda = json!({"resourceType": "lambda", "resource": "invoke.waitForTaskToken"});
        let with = |member: &str, value: Value| {
            let mut details = lambda.clone();
            details[member] = value;
            details
        };
        let mut call = with("parameters", json!({"Payload": payload}).to_string().into());
        call["region"] = REGION.into();
        call["heartbeatInSeconds"] = step["HeartbeatSeconds"].clone();
        call["timeoutInSeconds"] = limit.as_secs().into();
        self.note("TaskScheduled", &call);
        self.note("TaskStarted", &lambda);
        if let Err(failed) = self.submit(parameters, &payload, invoke).await {
            // The attempt is over, and its token with it, whether the event arrived or not.
            self.aws.sfn().abort(&scheduled);
            let mut details = with("error", failed.error.clone().into());
            details["cause"] = failed.cause.clone().into();
            self.note("TaskSubmitFailed", &details);
            return Err(failed);
        }
        self.note(
            "TaskSubmitted",
            &with("output", json!({"StatusCode": 202}).to_string().into()),
        );
        self.answer_of(&scheduled, &lambda).await
    }

    /// Lambda's `Invoke` of an event, on which a fault may strike ([`Service::Lambda`]). The errors
    /// have the names under which Step Functions passes on those of the call (Step Functions guide,
    /// `bp-lambda-serviceexception`); what IAM refuses was only ever seen as `AWSLambdaException`.
    async fn submit<I, F>(
        &self,
        parameters: &Value,
        payload: &Value,
        invoke: &I,
    ) -> Result<(), Failed>
    where
        I: Fn(String, Value) -> F,
        F: Future<Output = Result<Value, Failed>>,
    {
        let strike = self.aws.faults().strike(Service::Lambda, "Invoke", None);
        sleep(strike.delay).await;
        let take = || invoke(function_name(parameters), payload.clone());
        let error = match strike.fault {
            None | Some(Fault::Delay(_)) => return take().await.map(drop),
            Some(Fault::Duplicate) => {
                take().await?;
                return take().await.map(drop);
            }
            Some(Fault::CutAfter) => {
                take().await?;
                "Lambda.SdkClientException"
            }
            Some(Fault::Refuse | Fault::CutBefore) => "Lambda.SdkClientException",
            Some(Fault::Throttle) => "Lambda.TooManyRequestsException",
            Some(Fault::InternalError) => "Lambda.ServiceException",
            Some(Fault::AccessDenied | Fault::Error(_)) => "Lambda.AWSLambdaException",
        };
        Err(Failed {
            error: error.to_owned(),
            cause: "The function could not be invoked".to_owned(),
        })
    }

    /// Waits for the token's answer and writes it into the history.
    async fn answer_of(&self, scheduled: &Scheduled, lambda: &Value) -> Result<Value, Failed> {
        let mut details = lambda.clone();
        match scheduled.outcome().await {
            Outcome::Succeeded(output) => {
                details["output"] = output.to_string().into();
                self.note("TaskSucceeded", &details);
                Ok(output)
            }
            Outcome::Failed { error, cause } => {
                details["error"] = error.clone().into();
                details["cause"] = cause.clone().into();
                self.note("TaskFailed", &details);
                Err(Failed { error, cause })
            }
            // A missed heartbeat has the name of a timeout too (recorded histories of callbacks).
            Outcome::HeartbeatTimedOut | Outcome::TimedOut => {
                details["error"] = "States.Timeout".into();
                self.note("TaskTimedOut", &details);
                Err(Failed::timed_out())
            }
            // No Catch sees it: the execution has ended, and whoever plays it goes no further.
            Outcome::Aborted => std::future::pending().await,
        }
    }
}

impl Failed {
    fn timed_out() -> Self {
        Self {
            error: "States.Timeout".to_owned(),
            cause: String::new(),
        }
    }
}

/// The substitution in `FunctionName`, such as `StopFunctionArn`.
fn function_name(parameters: &Value) -> String {
    parameters["FunctionName"]
        .as_str()
        .unwrap()
        .trim_start_matches("${")
        .trim_end_matches('}')
        .to_owned()
}
