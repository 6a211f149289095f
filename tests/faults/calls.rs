//! Each AWS call of a run × each fault × once, for five seconds, for ever. One world a cell, in this process and under a paused
//! clock, from CloudFormation's event to its answer and until nothing more comes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ecs_task_runner::activity::{self, ActivityClient, Options};
use ecs_task_runner::aws::ecs::Ecs;
use ecs_task_runner::aws::logs::Logs;
use ecs_task_runner::task_run::{CallRates, TaskRunner};
use serde_json::json;
use stand_ins::Service;
use stand_ins::ecs::{OnSigterm, Script};
use stand_ins::faults::{Fault, Span};
use tokio::time::{sleep, timeout};

use crate::deployment::Deployment;

const SECOND: Duration = Duration::from_secs(1);
/// CloudFormation waits an hour.
const HOUR: Duration = Duration::from_secs(3_600);
/// The run's own limit, seconds.
const LIMIT: u32 = 600;

/// What happens when nothing goes wrong with calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    Succeeds,
    Fails,
    RunsPastItsDeadline,
    /// Somebody stops the execution while the task runs.
    IsAborted,
    /// No worker polls.
    IsNeverTaken,
}

/// A call of the path, with the course on which it is made.
struct Call(Service, &'static str, Course);

const CALLS: [Call; 18] = [
    Call(Service::Kms, "Encrypt", Course::Succeeds),
    Call(Service::Sfn, "StartExecution", Course::Succeeds),
    Call(Service::Sfn, "GetActivityTask", Course::Succeeds),
    Call(Service::Sfn, "SendTaskHeartbeat", Course::Succeeds),
    Call(Service::Sfn, "SendTaskSuccess", Course::Succeeds),
    Call(Service::Sfn, "SendTaskFailure", Course::Fails),
    Call(Service::Ecs, "RunTask", Course::Succeeds),
    Call(Service::Ecs, "DescribeTasks", Course::Succeeds),
    Call(Service::Ecs, "DescribeTaskDefinition", Course::Fails),
    Call(Service::Logs, "GetLogEvents", Course::Fails),
    Call(Service::Ecs, "StopTask", Course::RunsPastItsDeadline),
    Call(Service::Ecs, "ListTasks", Course::Fails),
    Call(Service::Kms, "Decrypt", Course::Succeeds),
    Call(Service::S3, "PutObject", Course::Succeeds),
    Call(Service::Sfn, "DescribeExecution", Course::IsAborted),
    Call(Service::Sfn, "GetExecutionHistory", Course::IsAborted),
    Call(Service::Sfn, "ListExecutions", Course::IsNeverTaken),
    Call(Service::Sfn, "StopExecution", Course::IsNeverTaken),
];

impl Call {
    /// Whether no answer can be given, by anybody, while this call of the course cannot be made.
    fn is_needed_for_any_answer(&self) -> bool {
        ["Decrypt", "PutObject", "DescribeExecution", "GetExecutionHistory"].contains(&self.1)
    }
}

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

/// How a cell held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Answered,
    /// No answer could be given. The event is in the dead-letter queue, whose alarm tells people.
    DeadLettered,
}

/// Plays a cell. Fails with what is wrong with how it went.
async fn play(call: &Call, fault: Fault, span: Span) -> Result<Held, String> {
    let Call(service, operation, course) = call;
    let deployment = Deployment::new();
    let aws = &deployment.aws;
    aws.ecs().register_family("migrate", &["migrate"]);
    aws.ecs().script(
        "migrate",
        match course {
            Course::Succeeds | Course::IsNeverTaken => Script::exits(0).running(90 * SECOND),
            Course::Fails => Script::exits(1).running(90 * SECOND),
            Course::RunsPastItsDeadline => Script::runs_forever().on_sigterm(OnSigterm::Ignored),
            Course::IsAborted => Script::runs_forever(),
        },
    );
    let injected = aws.faults().inject(*service, operation, span, fault);

    let connection = &deployment.connection;
    let (trigger, shutdown) = activity::shutdown();
    let serving = (*course != Course::IsNeverTaken).then(|| {
        let runner =
            Arc::new(TaskRunner::start(&Ecs::without_retries(connection), Logs::new(connection), deployment.clock, CallRates::default()));
        let client = ActivityClient::new(connection, &deployment.activity, "worker-1");
        let options = Options { max_tasks: NonZeroU32::new(4).unwrap(), pollers: NonZeroU32::new(2).unwrap(), ..Options::default() };
        tokio::spawn(async move { activity::serve(client, &options, move |task| Arc::clone(&runner).handle(task), shutdown).await })
    });
    let properties = json!({
        "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:start", "Cluster": "production", "TaskDefinition": "migrate", "Timeout": LIMIT.to_string()
    });
    let abort = async {
        if *course == Course::IsAborted {
            sleep(60 * SECOND).await;
            deployment.abort_executions();
        }
    };
    let created = timeout(2 * HOUR, deployment.create(&properties, abort)).await;
    trigger.request();
    let drained = match serving {
        Some(serving) => timeout(120 * SECOND, serving).await.is_ok(),
        None => true,
    };

    let mut wrong = Vec::new();
    if created.is_err() {
        wrong.push("it went on for two hours".to_owned());
    }
    // The course makes this call, or the cell says nothing.
    if span != Span::For(5 * SECOND) && injected.struck() == 0 {
        wrong.push("the fault struck nothing".to_owned());
    }
    let held = match deployment.answers().as_slice() {
        [] if span == Span::Forever && call.is_needed_for_any_answer() && !deployment.dead_letters().is_empty() => Held::DeadLettered,
        [] => {
            wrong.push(format!("no answer, dead letters: {:?}", deployment.dead_letters()));
            Held::DeadLettered
        }
        answers @ [first, ..] => {
            if first.at >= HOUR {
                wrong.push(format!("the answer came after {:?}", first.at));
            }
            if first.status == "SUCCESS" && *course != Course::Succeeds {
                wrong.push("a failure was told as a success".to_owned());
            }
            // Whether an execution runs that was started without an answer, `start` cannot know. Its FAILED comes first then.
            let may_differ = *operation == "StartExecution" && first.status == "FAILED";
            if !may_differ && answers.iter().any(|answer| answer.status != first.status) {
                wrong.push(format!("answers that contradict one another: {answers:?}"));
            }
            Held::Answered
        }
    };
    let tasks = aws.ecs().tasks();
    let started = tasks.iter().filter(|task| task.started_at.is_some()).count();
    if tasks.len() > 1 || started > 1 {
        wrong.push(format!("{} tasks, {started} of them with a started container", tasks.len()));
    }
    let can_stop = !(span == Span::Forever && ["StopTask", "ListTasks"].contains(operation));
    if can_stop && deployment.dead_letters().is_empty() && tasks.iter().any(|task| task.stopped_at.is_none()) {
        wrong.push("a task was left running".to_owned());
    }
    if !drained {
        wrong.push("the worker did not end: a permit was lost".to_owned());
    }
    if wrong.is_empty() { Ok(held) } else { Err(wrong.join("; ")) }
}

#[test]
fn every_call_struck_by_every_fault_brings_one_answer_and_one_task() {
    type Cells = BTreeMap<(usize, usize, usize), Result<Held, String>>;
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
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
                    let result = runtime.block_on(play(&CALLS[call], faults()[fault].1.clone(), spans()[span].1));
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
    for (call, Call(_, operation, _)) in CALLS.iter().enumerate() {
        write!(table, "\n{operation:<24}").unwrap();
        for fault in 0..8 {
            let held: String = (0..3)
                .map(|span| match cells[&(call, fault, span)] {
                    Ok(Held::Answered) => '+',
                    Ok(Held::DeadLettered) => 'd',
                    Err(_) => '-',
                })
                .collect();
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
    println!("{table}\n+ answered, d no answer possible and the event in the dead-letter queue, - broken");
    println!("{} cells tried, {} held", tried, tried - broken.len());
    assert_eq!(cells.len(), tried);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
