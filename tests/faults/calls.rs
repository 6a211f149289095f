//! Each AWS call of worker and `stop` × each fault × once, for five seconds, for ever. One world a cell, in this process and
//! under a paused clock, from the execution's start to the answer.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use ecs_task_runner::activity::{self, ActivityClient, Options};
use ecs_task_runner::aws::Connection;
use ecs_task_runner::aws::ecs::Ecs;
use ecs_task_runner::aws::logs::Logs;
use ecs_task_runner::aws::step_functions::StepFunctions;
use ecs_task_runner::clock::Clock;
use ecs_task_runner::functions::{StopEvent, Stopper};
use ecs_task_runner::task_run::{CallRates, TaskRunner};
use serde_json::{Value, json};
use stand_ins::ecs::{OnSigterm, Script};
use stand_ins::faults::{Fault, Span};
use stand_ins::{Service, StandIns};
use template_roles::{Deployment, Roles, WORKER};
use tokio::time::{Instant, timeout};

use crate::interpreter::{End, Failed, execute};

const SECOND: Duration = Duration::from_secs(1);
/// CloudFormation waits an hour.
const HOUR: Duration = Duration::from_secs(3_600);
/// The run's own limit.
const LIMIT: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);
const NAME: &str = "MigrateTask-1a2b3c4d-create-0123456789ab";

/// What the task does when nothing goes wrong with calls.
#[derive(Debug, Clone, Copy)]
enum Course {
    Succeeds,
    Fails,
    RunsPastItsDeadline,
}

/// The calls of the path, each with the course on which it is made.
const CALLS: [(Service, &str, Course); 10] = [
    (Service::Sfn, "GetActivityTask", Course::Succeeds),
    (Service::Sfn, "SendTaskHeartbeat", Course::Succeeds),
    (Service::Sfn, "SendTaskSuccess", Course::Succeeds),
    (Service::Sfn, "SendTaskFailure", Course::Fails),
    (Service::Ecs, "RunTask", Course::Succeeds),
    (Service::Ecs, "DescribeTasks", Course::Succeeds),
    (Service::Ecs, "DescribeTaskDefinition", Course::Fails),
    (Service::Ecs, "StopTask", Course::RunsPastItsDeadline),
    (Service::Ecs, "ListTasks", Course::Fails),
    (Service::Logs, "GetLogEvents", Course::Fails),
];

fn faults() -> [(&'static str, Fault); 8] {
    [
        ("throttle", Fault::Throttle),
        ("500", Fault::InternalError),
        ("access denied", Fault::AccessDenied),
        ("refused", Fault::Refuse),
        ("cut before", Fault::CutBefore),
        ("cut after", Fault::CutAfter),
        ("10 s slow", Fault::Delay(10 * SECOND)),
        ("duplicate", Fault::Duplicate),
    ]
}

fn spans() -> [(&'static str, Span); 3] {
    [("once", Span::Next(1)), ("5 s", Span::For(5 * SECOND)), ("for ever", Span::Forever)]
}

/// A connection with the role of a program.
fn connection(aws: &StandIns, program: &str) -> Connection {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(stand_ins::REGION))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(program, "secret", None, None, "tests")))
        .http_client(aws.http_client())
        .build();
    Connection::from_config(config)
}

/// Plays a cell. Gives what is wrong with how it went.
async fn play(service: Service, operation: &str, course: Course, fault: Fault, span: Span) -> Result<(), String> {
    let aws = StandIns::new();
    Roles::of(&Deployment::new()).enforce(&aws);
    let activity = aws.sfn().activity("ecs-task");
    aws.ecs().register_family("migrate", &["migrate"]);
    aws.ecs().script(
        "migrate",
        match course {
            Course::Succeeds => Script::exits(0).running(90 * SECOND),
            Course::Fails => Script::exits(1).running(90 * SECOND),
            Course::RunsPastItsDeadline => Script::runs_forever().on_sigterm(OnSigterm::Ignored),
        },
    );
    aws.faults().inject(service, operation, span, fault);
    let clock = Clock::following_tokio("2026-11-23T06:00:00Z".parse().unwrap());
    let connection = connection(&aws, WORKER);

    let runner = Arc::new(TaskRunner::start(&Ecs::without_retries(&connection), Logs::new(&connection), clock, CallRates::default()));
    let client = ActivityClient::new(&connection, &activity, "worker-1");
    let options = Options { max_tasks: NonZeroU32::new(4).unwrap(), pollers: NonZeroU32::new(2).unwrap(), ..Options::default() };
    let (trigger, shutdown) = activity::shutdown();
    let serving =
        tokio::spawn(async move { activity::serve(client, &options, move |task| Arc::clone(&runner).handle(task), shutdown).await });

    let answers: Arc<Mutex<Vec<String>>> = Arc::default();
    let connection = self::connection(&aws, "stop");
    let stopper = Stopper::new(Ecs::with_retries(&connection), StepFunctions::new(&connection), clock);
    let invoke = |function: String, payload: Value| {
        let (answers, stopper) = (Arc::clone(&answers), stopper.clone());
        async move {
            if function == "RespondFunctionArn" {
                answers.lock().unwrap().push(payload["status"].as_str().unwrap().to_owned());
                return Ok(json!({}));
            }
            let event: StopEvent = serde_json::from_value(payload).unwrap();
            let counted = stopper.stop(event).await;
            counted
                .map(|counted| serde_json::to_value(counted).unwrap())
                .map_err(|error| Failed { error: "CustomResource.StopFailed".to_owned(), cause: error.to_string() })
        }
    };
    let input = json!({
        "request": {"RequestType": "Create"},
        "task": {"cluster": "production", "taskDefinition": "migrate", "startedBy": NAME, "clientToken": "f00d", "deadline": (clock.now() + LIMIT).to_string()}
    });
    let start = Instant::now();
    let execution = format!("arn:aws:states:us-east-1:123456789012:execution:ecs-task:{NAME}");
    let end = execute(&aws, &activity, &execution, input, invoke).await;
    let taken = start.elapsed();
    trigger.request();
    let drained = timeout(120 * SECOND, serving).await;

    let started = aws.ecs().tasks().iter().filter(|task| task.started_at.is_some()).count();
    let answers = answers.lock().unwrap().clone();
    let mut wrong = Vec::new();
    // Nobody polls, or no outcome can be told: only the definition's own timeout ends it, and `rescue` answers then.
    let never_told = ["GetActivityTask", "SendTaskSuccess", "SendTaskFailure"].contains(&operation) && span == Span::Forever;
    let left_to_rescue = never_told && end == End::TimedOut;
    if answers.len() != usize::from(!left_to_rescue) {
        wrong.push(format!("{} answers, and the execution ended {end:?}", answers.len()));
    }
    if taken >= HOUR {
        wrong.push(format!("took {taken:?}"));
    }
    if aws.ecs().tasks().len() > 1 || started > 1 {
        wrong.push(format!("{} tasks, {started} of them with a started container", aws.ecs().tasks().len()));
    }
    if drained.is_err() {
        wrong.push("the worker did not end: a permit was lost".to_owned());
    }
    let succeeded = end == End::Succeeded;
    if succeeded != answers.iter().any(|status| status == "SUCCESS") {
        wrong.push(format!("answered {answers:?}, and the execution ended {end:?}"));
    }
    if succeeded && !matches!(course, Course::Succeeds) {
        wrong.push("a failure was told as a success".to_owned());
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
}

#[test]
fn every_call_struck_by_every_fault_brings_one_answer_and_one_task() {
    type Cells = BTreeMap<(usize, usize, usize), Result<(), String>>;
    let work: Vec<_> =
        (0..CALLS.len()).flat_map(|call| (0..8).flat_map(move |fault| (0..3).map(move |span| (call, fault, span)))).collect();
    let tried = work.len();
    let work = Mutex::new(work);
    let cells: Mutex<Cells> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let Some((call, fault, span)) = work.lock().unwrap().pop() else { return };
                    let (service, operation, course) = CALLS[call];
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
                    let result = runtime.block_on(play(service, operation, course, faults()[fault].1.clone(), spans()[span].1));
                    cells.lock().unwrap().insert((call, fault, span), result);
                }
            });
        }
    });
    let cells = cells.into_inner().unwrap();
    let mut table = String::new();
    write!(table, "{:<24}", "once / 5 s / for ever").unwrap();
    for (name, _) in faults() {
        write!(table, " {name:>13}").unwrap();
    }
    for (call, (_, operation, _)) in CALLS.iter().enumerate() {
        write!(table, "\n{operation:<24}").unwrap();
        for fault in 0..8 {
            let held: String = (0..3).map(|span| if cells[&(call, fault, span)].is_ok() { '+' } else { '-' }).collect();
            write!(table, " {held:>13}").unwrap();
        }
    }
    let broken: Vec<String> = cells
        .iter()
        .filter_map(|(&(call, fault, span), result)| {
            let wrong = result.as_ref().err()?;
            Some(format!("{} {} {}: {wrong}", CALLS[call].1, faults()[fault].0, spans()[span].0))
        })
        .collect();
    println!("{table}\n{} cells tried, {} held", tried, tried - broken.len());
    assert_eq!(cells.len(), tried);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
