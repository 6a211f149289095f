//! Each AWS call of a run × each fault × once, for five seconds, for ever. One world a cell, in
//! this process and under a paused clock, from CloudFormation's event to its answer and until
//! nothing more comes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use stand_ins::faults::{Fault, Injected, Span};
use stand_ins::{Calls, Service};
use tokio::time::timeout;

use crate::cell_check::{CellEnd, judge};
use crate::course::Course;
use crate::deployment::{CLAIM_TIMEOUT, Deployment};
use crate::exceptions::{EXCEPTIONS, exceptions};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// A call of the path, with the course on which it is made.
pub struct Call {
    service: Service,
    pub operation: &'static str,
    pub course: Course,
    /// The program whose calls are struck; all that make it, where it is not said.
    pub by: Option<&'static str>,
    /// When the fault begins: not before a strike matters.
    after: Duration,
}

const fn call(service: Service, operation: &'static str, course: Course) -> Call {
    Call {
        service,
        operation,
        course,
        by: None,
        after: Duration::ZERO,
    }
}

const fn by_stop(service: Service, operation: &'static str) -> Call {
    Call {
        service,
        operation,
        course: Course::IsDeleted,
        by: Some("stop"),
        after: Duration::ZERO,
    }
}

const CALLS: [Call; 30] = [
    call(Service::Kms, "Encrypt", Course::Succeeds),
    call(Service::Sfn, "StartExecution", Course::Succeeds),
    call(Service::CloudFormation, "DescribeStacks", Course::Updates),
    call(Service::Sfn, "GetActivityTask", Course::Succeeds),
    call(Service::Sfn, "SendTaskHeartbeat", Course::Succeeds),
    call(Service::Sfn, "SendTaskSuccess", Course::Succeeds),
    call(Service::Sfn, "SendTaskFailure", Course::Fails),
    call(Service::Ecs, "DescribeServices", Course::TakesANetwork),
    call(Service::Ecs, "RunTask", Course::Succeeds),
    call(Service::Ecs, "StartTask", Course::RunsOnAnInstance),
    call(Service::Ecs, "ListTasks", Course::RunsOnAnInstance),
    call(Service::Ecs, "DescribeTasks", Course::Succeeds),
    call(Service::Ecs, "DescribeTaskDefinition", Course::Fails),
    call(Service::Logs, "GetLogEvents", Course::Fails),
    call(Service::Ecs, "StopTask", Course::RunsPastItsDeadline),
    call(Service::Ecs, "ListTasks", Course::Fails),
    call(Service::Kms, "Decrypt", Course::Succeeds),
    call(Service::S3, "PutObject", Course::Succeeds),
    by_stop(Service::Sfn, "ListExecutions"),
    by_stop(Service::Sfn, "StopExecution"),
    by_stop(Service::Ecs, "ListTasks"),
    by_stop(Service::Ecs, "DescribeTasks"),
    by_stop(Service::Ecs, "StopTask"),
    call(Service::Sfn, "DescribeExecution", Course::IsAborted),
    call(Service::Sfn, "GetExecutionHistory", Course::IsAborted),
    call(Service::Sfn, "DescribeExecution", Course::TimesOut),
    call(Service::Sfn, "GetExecutionHistory", Course::TimesOut),
    call(Service::Ecs, "StopTask", Course::TimesOut),
    // A look before has nothing to find.
    Call {
        after: CLAIM_TIMEOUT.saturating_add(Duration::from_secs(1)),
        ..call(Service::Sfn, "ListExecutions", Course::IsNeverTaken)
    },
    call(Service::Sfn, "StopExecution", Course::IsNeverTaken),
];

fn faults() -> [(&'static str, Fault); 8] {
    [
        ("throttle", Fault::Throttle),
        ("500", Fault::InternalError),
        ("access denied", Fault::AccessDenied),
        ("refused", Fault::Refuse),
        ("cut before", Fault::CutBefore),
        ("cut after", Fault::CutAfter),
        // Longer than any attempt is waited for, polls aside: the call takes effect when its caller
        // has given it up.
        ("12 s slow", Fault::Delay(12 * SECOND)),
        ("duplicate", Fault::Duplicate),
    ]
}

fn spans() -> [(&'static str, Span); 3] {
    [
        ("once", Span::Next(1)),
        ("5 s", Span::FromFirst(5 * SECOND)),
        ("for ever", Span::Forever),
    ]
}

/// One cell of the matrix.
pub struct Cell {
    pub call: &'static Call,
    pub fault: Fault,
    pub span: Span,
    name: String,
}

impl Cell {
    fn of(&(call, fault, span): &(usize, usize, usize)) -> Self {
        let ((fault_name, fault), (span_name, span)) = (faults()[fault].clone(), spans()[span]);
        let call = &CALLS[call];
        Self {
            call,
            fault,
            span,
            name: format!(
                "{} ({:?}) {fault_name} {span_name}",
                call.operation, call.course
            ),
        }
    }

    fn inject(&self, deployment: &Deployment) -> Injected {
        let Call {
            service,
            operation,
            by,
            ..
        } = self.call;
        let faults = deployment.aws.faults();
        match by {
            Some(program) => {
                faults.inject_for(program, *service, operation, self.span, self.fault.clone())
            }
            None => faults.inject(*service, operation, self.span, self.fault.clone()),
        }
    }

    /// Plays it. All jitter comes from `seed`: the same seed brings the same calls, in a deployment
    /// of whatever name.
    fn play(&self, seed: u64, name: &str) -> Played {
        fastrand::seed(seed);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(self.play_paused(name))
    }

    async fn play_paused(&self, name: &str) -> Played {
        let course = self.call.course;
        let deployment = Deployment::new(name, course.execution_limit());
        course.prepare(&deployment);
        let worker = course.has_worker().then(|| deployment.start_worker());
        let injected = OnceLock::new();
        let playing = course.play(&deployment, self.call.after, || {
            let _first = injected.set(self.inject(&deployment));
        });
        let ended = timeout(2 * HOUR, async {
            tokio::join!(deployment.until_all_is_over(), playing)
        })
        .await;
        let drained = match worker {
            Some(worker) => worker.shut_down().await,
            None => true,
        };

        let (end, mut wrong) = match judge(self, &deployment) {
            Ok(end) => (end, Vec::new()),
            Err(wrong) => (CellEnd::DeadLettered, wrong),
        };
        if ended.is_err() {
            wrong.push("it went on for two hours".to_owned());
        }
        // The course makes this call, or the cell says nothing.
        if injected.get().is_none_or(|injected| injected.struck() == 0) {
            wrong.push("the fault struck nothing".to_owned());
        }
        if !drained {
            wrong.push("the worker did not end: a permit was lost".to_owned());
        }
        let result = if wrong.is_empty() {
            Ok(end)
        } else {
            Err(wrong.join("; "))
        };
        Played {
            result,
            calls: deployment.aws.calls().clone(),
        }
    }
}

/// What came of a cell: how it held, or what is wrong with how it went.
struct Played {
    result: Result<CellEnd, String>,
    calls: Calls,
}

type Cells = BTreeMap<(usize, usize, usize), Result<CellEnd, String>>;

/// Plays every cell, on all cores.
fn play_all() -> Cells {
    let work = (0..CALLS.len()).flat_map(|call| {
        (0..faults().len())
            .flat_map(move |fault| (0..spans().len()).map(move |span| (call, fault, span)))
    });
    let work = Mutex::new(work.enumerate());
    let cells: Mutex<Cells> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let Some((number, place)) = work.lock().unwrap().next() else {
                        return;
                    };
                    let played = Cell::of(&place).play(number as u64, &number.to_string());
                    cells.lock().unwrap().insert(place, played.result);
                }
            });
        }
    });
    cells.into_inner().unwrap()
}

fn table(cells: &Cells) -> String {
    let mut table = format!("{:<42}", "once / 5 s / for ever");
    for (name, _) in faults() {
        write!(table, " {name:>13}").unwrap();
    }
    for (
        call,
        Call {
            operation, course, ..
        },
    ) in CALLS.iter().enumerate()
    {
        write!(table, "\n{operation:<23}{:<19}", format!("{course:?}")).unwrap();
        for fault in 0..faults().len() {
            let held: String = (0..spans().len())
                .map(|span| match cells[&(call, fault, span)] {
                    Ok(CellEnd::Succeeded) => 'S',
                    Ok(CellEnd::Failed) => 'F',
                    Ok(CellEnd::DeadLettered) => 'd',
                    Err(_) => '-',
                })
                .collect();
            write!(table, " {held:>13}").unwrap();
        }
    }
    table
        + "\nS answered SUCCESS, F answered FAILED, d no answer possible and the event in the dead-letter queue, - broken"
}

#[test]
fn every_call_struck_by_every_fault_brings_one_answer_and_one_task() {
    let cells = play_all();
    let broken: Vec<String> = cells
        .iter()
        .filter_map(|(place, result)| {
            Some(format!(
                "{}: {}",
                Cell::of(place).name,
                result.as_ref().err()?
            ))
        })
        .collect();
    let operations: BTreeSet<_> = CALLS.iter().map(|call| call.operation).collect();
    let courses: BTreeSet<_> = CALLS
        .iter()
        .map(|call| format!("{:?}", call.course))
        .collect();
    let unanswered = cells
        .values()
        .filter(|result| **result == Ok(CellEnd::DeadLettered))
        .count();
    let figures = format!(
        "{} calls on {} courses, {} cells tried, {} held; in {unanswered} of them",
        operations.len(),
        courses.len(),
        cells.len(),
        cells.len() - broken.len()
    );
    println!("{}\n{figures} no answer could be given", table(&cells));
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(
        include_str!("../../README.md").contains(&figures),
        "README.md has other figures than: {figures}"
    );
}

#[test]
fn every_exception_is_one_of_some_cell_and_of_no_course_as_a_whole() {
    let cells = || {
        (0..CALLS.len()).flat_map(|call| {
            (0..8).flat_map(move |fault| (0..3).map(move |span| Cell::of(&(call, fault, span))))
        })
    };
    for exception in &EXCEPTIONS {
        assert!(
            cells().any(|cell| exceptions(&cell).any(|one| std::ptr::eq(one, exception))),
            "for no cell: {}",
            exception.why
        );
    }
    let without = cells()
        .filter(|cell| exceptions(cell).next().is_none())
        .count();
    assert!(
        without > cells().count() / 2,
        "{without} cells are no exceptions"
    );
}

#[test]
fn a_cell_repeats_with_its_seed() {
    let trace = |name: &str| {
        let calls = Cell::of(&(8, 0, 2)).play(7, name).calls.all();
        calls
            .into_iter()
            .map(|call| format!("{:?} {}", call.at, call.operation))
            .collect::<Vec<_>>()
    };
    let first = trace("first");
    assert!(first.len() > 20, "{first:?}");
    assert_eq!(first, trace("again"));
}
