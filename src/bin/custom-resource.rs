//! `custom-resource`: the Lambda functions around the state machine. One program is all of them:
//! the function's handler decides which, and nothing in the event can.

// The futures of the SDK calls below are nested more deeply than the compiler follows by default.
#![recursion_limit = "256"]

use std::time::Duration;

use anyhow::{Context, bail};
use ecs_task_runner::activity::TaskClient;
use ecs_task_runner::aws::cloudformation::Stacks;
use ecs_task_runner::aws::ecs::Ecs;
use ecs_task_runner::aws::kms::Kms;
use ecs_task_runner::aws::logs::Logs;
use ecs_task_runner::aws::response_url::ResponsePut;
use ecs_task_runner::aws::step_functions::{StateMachine, StepFunctions};
use ecs_task_runner::aws::{CallRates, Connection};
use ecs_task_runner::clock::Clock;
use ecs_task_runner::cloudformation::response_hosts::ResponseHosts;
use ecs_task_runner::execution::input::Workers;
use ecs_task_runner::functions::{
    DeploymentHook, LambdaWorker, PrepareEvent, Preparer, RescueLimits, Rescuer, RespondEvent,
    Responder, RunMetrics, Seal, Starter, StopEvent, Stopper,
};
use ecs_task_runner::logging::{self, LogFormat};
use ecs_task_runner::{commit, version};
use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The event with which `infra/deploy` asks whether a function starts and is configured. No other caller
/// sends a text: the events of CloudFormation, Step Functions, ECS and EventBridge are objects.
const VERSION_QUESTION: &str = "version";
/// Lambda sets it to the function's handler: `start`, `prepare`, `hook`, `work`, `respond`, `stop` or
/// `rescue`.
const HANDLER: &str = "_HANDLER";
/// The state machine whose executions `start` and `hook` start and `rescue` watches.
const STATE_MACHINE_ARN: &str = "STATE_MACHINE_ARN";
/// Seconds after which `rescue` gives up a run that no worker has taken.
const CLAIM_TIMEOUT_SECONDS: &str = "CLAIM_TIMEOUT_SECONDS";
/// Lambda sets it to the function's region.
const AWS_REGION: &str = "AWS_REGION";
/// Lambda sets it to the log stream of the function's instance. `work` names itself by it, so that
/// people find the log of whoever handed a run over.
const AWS_LAMBDA_LOG_STREAM_NAME: &str = "AWS_LAMBDA_LOG_STREAM_NAME";
/// Origins to which answers may go besides CloudFormation's bucket, separated by commas. An
/// emulator needs it; on AWS it is not set.
const RESPONSE_URL_HOSTS: &str = "RESPONSE_URL_HOSTS";
/// The KMS key with which `start` seals response URLs. Without a key they stand in clear in the
/// execution's input.
const RESPONSE_URL_KEY_ARN: &str = "RESPONSE_URL_KEY_ARN";
/// The namespace of the metrics of runs that `respond` and `rescue` write into their logs. Without it they
/// write none.
const METRICS_NAMESPACE: &str = "METRICS_NAMESPACE";
/// Who works on the runs that `start` and `hook` start and `prepare` prepares: `Fleet`, which it is where the variable is not set, or
/// `Lambda`.
const WORKERS: &str = "WORKERS";

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    // For people who look at the program; Lambda passes no arguments.
    let version = version::with_commit(commit!());
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == "--version")
    {
        println!("custom-resource {version}");
        return Ok(());
    }
    logging::start(LogFormat::Json);
    let function = std::env::var(HANDLER).with_context(|| {
        format!("{HANDLER} is not set: this program runs as an AWS Lambda function")
    })?;
    tracing::info!(version, function, "the function starts");
    match function.as_str() {
        "start" => Box::pin(start()).await,
        "prepare" => prepare().await,
        "hook" => hook().await,
        "work" => work().await,
        "respond" => respond().await,
        "stop" => stop().await,
        "rescue" => rescue().await,
        other => {
            bail!(
                "the function's handler must be start, prepare, hook, work, respond, stop or rescue, and is '{other}'"
            )
        }
    }
}

async fn start() -> anyhow::Result<()> {
    let connection = Connection::of_function();
    let starter = &Starter::new(
        state_machine(&connection)?,
        Stacks::new(&connection),
        Ecs::with_retries(&connection),
        responder(&connection)?,
        Clock::system(),
    )
    .with_workers(workers()?);
    serve(async |event: LambdaEvent<Value>| {
        Box::pin(starter.start(event.payload))
            .await
            .map(|_| json!({}))
            .map_err(|error| failed("CustomResource.StartFailed", &error))
    })
    .await
}

async fn prepare() -> anyhow::Result<()> {
    let preparer = &Preparer::new(workers()?);
    serve(async |event: LambdaEvent<PrepareEvent>| {
        Ok::<_, Diagnostic>(preparer.prepare(&event.payload))
    })
    .await
}

async fn hook() -> anyhow::Result<()> {
    let connection = Connection::of_function();
    let hook = &DeploymentHook::new(
        state_machine(&connection)?,
        Ecs::with_retries(&connection),
        Clock::system(),
        workers()?,
    );
    serve(async |event: LambdaEvent<Value>| {
        // It has no error: ECS would roll the deployment back.
        Ok::<_, Diagnostic>(hook.reply(&event.payload).await)
    })
    .await
}

async fn work() -> anyhow::Result<()> {
    let connection = Connection::of_function();
    let log_stream = variable(AWS_LAMBDA_LOG_STREAM_NAME)?;
    let worker = &LambdaWorker::new(
        TaskClient::new(&connection, format!("work/{log_stream}")),
        Ecs::for_one_run(&connection),
        Logs::new(&connection, CallRates::default()),
        Clock::system(),
    );
    serve(async |event: LambdaEvent<Value>| {
        // Milliseconds since 1970. Lambda's deadline is always in the range of both types.
        let end = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
        let end = Timestamp::from_millisecond(end).unwrap_or(Timestamp::MAX);
        worker
            .work(event.payload, end)
            .await
            .map(|()| json!({}))
            .map_err(|error| failed("CustomResource.WorkFailed", &error))
    })
    .await
}

async fn respond() -> anyhow::Result<()> {
    let connection = Connection::of_function();
    let responder = &responder(&connection)?.with_metrics(metrics());
    serve(async |event: LambdaEvent<RespondEvent>| {
        responder
            .respond(event.payload)
            .await
            .map(|()| json!({}))
            .map_err(|error| failed("CustomResource.RespondFailed", &error))
    })
    .await
}

async fn stop() -> anyhow::Result<()> {
    let connection = Connection::of_function();
    let stopper = &Stopper::new(
        Ecs::with_retries(&connection),
        StepFunctions::new(&connection),
        Clock::system(),
    );
    serve(async |event: LambdaEvent<StopEvent>| {
        stopper
            .stop(event.payload)
            .await
            .map_err(|error| failed("CustomResource.StopFailed", &error))
    })
    .await
}

async fn rescue() -> anyhow::Result<()> {
    let connection = Connection::of_function();
    let claim_timeout = variable(CLAIM_TIMEOUT_SECONDS)?;
    let claim_timeout = claim_timeout.parse().with_context(|| {
        format!("{CLAIM_TIMEOUT_SECONDS} is no number of seconds: '{claim_timeout}'")
    })?;
    let rescuer = &Rescuer::new(
        state_machine(&connection)?,
        Ecs::with_retries(&connection),
        Logs::new(&connection, CallRates::default()),
        responder(&connection)?.with_metrics(metrics()),
        Clock::system(),
        RescueLimits::new(Duration::from_secs(claim_timeout)),
    );
    serve(async |event: LambdaEvent<Value>| {
        let outcome = rescuer.rescue(event.payload).await;
        outcome
            .map(|outcome| json!(format!("{outcome:?}")))
            .map_err(|error| failed("CustomResource.RescueFailed", &error))
    })
    .await
}

/// Passes events to the handler, and answers a question for the version itself.
async fn serve<E, R>(
    handler: impl AsyncFn(LambdaEvent<E>) -> Result<R, Diagnostic>,
) -> anyhow::Result<()>
where
    E: DeserializeOwned,
    R: Serialize,
{
    let handler = &handler;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let (payload, context) = event.into_parts();
        if payload == VERSION_QUESTION {
            return Ok(json!(version::with_commit(commit!())));
        }
        let event = serde_json::from_value(payload)
            .map_err(|error| failed("CustomResource.EventUnreadable", &error))?;
        let reply = Box::pin(handler(LambdaEvent::new(event, context))).await?;
        serde_json::to_value(reply)
            .map_err(|error| failed("CustomResource.ReplyUnwritable", &error))
    }))
    .await
    .map_err(anyhow::Error::from_boxed)
}

fn variable(name: &str) -> anyhow::Result<String> {
    std::env::var(name).with_context(|| format!("the function's environment lacks {name}"))
}

fn workers() -> anyhow::Result<Workers> {
    match std::env::var(WORKERS) {
        Ok(name) => name
            .parse()
            .with_context(|| format!("{WORKERS} cannot be used")),
        Err(std::env::VarError::NotPresent) => Ok(Workers::Fleet),
        Err(error) => Err(error).with_context(|| format!("{WORKERS} cannot be used")),
    }
}

fn state_machine(connection: &Connection) -> anyhow::Result<StateMachine> {
    Ok(StepFunctions::new(connection).state_machine(variable(STATE_MACHINE_ARN)?))
}

fn responder(connection: &Connection) -> anyhow::Result<Responder> {
    let region = std::env::var(AWS_REGION).with_context(|| {
        format!("{AWS_REGION} is not set: this program runs as an AWS Lambda function")
    })?;
    let origins = std::env::var(RESPONSE_URL_HOSTS).unwrap_or_default();
    let hosts = ResponseHosts::of_region(&region)
        .allow_origins(&origins)
        .with_context(|| format!("{RESPONSE_URL_HOSTS} cannot be used"))?;
    let key = std::env::var(RESPONSE_URL_KEY_ARN)
        .ok()
        .filter(|key| !key.is_empty());
    Ok(Responder::new(
        ResponsePut::new(hosts),
        Seal::new(Kms::new(connection), key),
    ))
}

fn metrics() -> Option<RunMetrics> {
    let namespace = std::env::var(METRICS_NAMESPACE).ok();
    namespace
        .filter(|namespace| !namespace.is_empty())
        .map(|namespace| RunMetrics::to_stdout(namespace, Clock::system()))
}

/// Makes of the error what Lambda reports to the invoker, so that the execution's history shows it.
/// It is not logged here: the runtime logs every failed invocation itself, with this error.
fn failed(error_type: &str, error: &dyn std::error::Error) -> Diagnostic {
    Diagnostic {
        error_type: error_type.to_owned(),
        error_message: error.to_string(),
    }
}
