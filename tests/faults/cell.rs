//! One cell of the matrix: a call that is struck by a fault for a while, and what comes of it. One
//! world a cell, in this process and under a paused clock, from CloudFormation's event to its
//! answer and until nothing more comes.

use std::sync::OnceLock;
use std::time::Duration;

use ecs_task_runner::execution::input::Workers;
use stand_ins::faults::{Fault, Injected, Span};
use stand_ins::log_capture::{capture_log, logged};
use stand_ins::{Calls, Service};
use tokio::time::timeout;

use crate::cell_check::{CellEnd, judge};
use crate::course::Course;
use crate::deployment::{CLAIM_TIMEOUT, Deployment};
use crate::exceptions::{Instead, exceptions};
use crate::play_from;

const SECOND: Duration = Duration::from_secs(1);
/// Longer than everything should take.
const TOO_LONG: Duration = Duration::from_secs(7_200);
/// The time of an execution that nobody can end: shorter than the definition's day, and longer than a
/// response URL works.
const LAST_RESORT: Duration = Duration::from_secs(9_000);

/// A call of the path, with the course on which it is made.
pub struct Call {
    service: Service,
    pub operation: &'static str,
    pub course: Course,
    /// Who works on the run.
    pub workers: Workers,
    /// The program whose calls are struck; all that make it, where it is not said.
    pub by: Option<&'static str>,
    /// When the fault begins: not before a strike matters.
    after: Duration,
}

impl Call {
    /// The course, and that there is no fleet.
    pub fn course_name(&self) -> String {
        let without_fleet = match self.workers {
            Workers::Fleet => "",
            Workers::Lambda => " on Lambda",
        };
        format!("{:?}{without_fleet}", self.course)
    }
}

const fn call(service: Service, operation: &'static str, course: Course) -> Call {
    Call {
        service,
        operation,
        course,
        workers: Workers::Fleet,
        by: None,
        after: Duration::ZERO,
    }
}

/// A call on a course of a task runner that has no fleet.
const fn on_lambda(service: Service, operation: &'static str, course: Course) -> Call {
    Call {
        workers: Workers::Lambda,
        ..call(service, operation, course)
    }
}

/// A call on which the fault strikes once `rescue` has read the input of the execution, which it does
/// within a minute.
const fn late_call(service: Service, operation: &'static str, course: Course) -> Call {
    Call {
        after: Duration::from_secs(65),
        ..call(service, operation, course)
    }
}

const fn by_stop(service: Service, operation: &'static str) -> Call {
    Call {
        service,
        operation,
        by: Some("stop"),
        ..call(service, operation, Course::IsDeleted)
    }
}

/// A call on the rollback of an update, which comes after 70 s.
const fn on_rollback(service: Service, operation: &'static str, by: &'static str) -> Call {
    Call {
        by: Some(by),
        after: Duration::from_secs(65),
        ..call(service, operation, Course::IsRolledBack)
    }
}

/// The same, for a task runner that has no fleet; every program that makes the call is struck.
const fn on_rollback_on_lambda(service: Service, operation: &'static str) -> Call {
    Call {
        by: None,
        workers: Workers::Lambda,
        ..on_rollback(service, operation, "")
    }
}

const fn by_hook(service: Service, operation: &'static str, course: Course) -> Call {
    Call {
        by: Some("hook"),
        ..call(service, operation, course)
    }
}

const fn by_rescue(service: Service, operation: &'static str, course: Course) -> Call {
    Call {
        by: Some("rescue"),
        ..call(service, operation, course)
    }
}

pub const CALLS: [Call; 106] = [
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
    on_rollback(Service::CloudFormation, "DescribeStacks", "start"),
    on_rollback(Service::CloudFormation, "DescribeStackEvents", "start"),
    on_rollback(Service::Sfn, "ListExecutions", "start"),
    on_rollback(Service::Sfn, "DescribeExecution", "start"),
    on_rollback(Service::Sfn, "GetExecutionHistory", "start"),
    on_rollback(Service::Sfn, "StopExecution", "start"),
    on_rollback(Service::Sfn, "StartExecution", "start"),
    on_rollback(Service::Ecs, "ListTasks", "stop"),
    on_rollback(Service::Ecs, "DescribeTasks", "stop"),
    Call {
        by: None,
        ..on_rollback(Service::Ecs, "StopTask", "")
    },
    on_rollback_on_lambda(Service::Lambda, "Invoke"),
    on_rollback_on_lambda(Service::Sfn, "SendTaskHeartbeat"),
    on_rollback_on_lambda(Service::Sfn, "SendTaskSuccess"),
    on_rollback_on_lambda(Service::Ecs, "StopTask"),
    late_call(Service::Sfn, "DescribeExecution", Course::IsAborted),
    call(Service::Sfn, "GetExecutionHistory", Course::IsAborted),
    late_call(Service::Sfn, "DescribeExecution", Course::TimesOut),
    call(Service::Sfn, "GetExecutionHistory", Course::TimesOut),
    call(Service::Ecs, "StopTask", Course::TimesOut),
    // What `rescue` looks up before it answers. The worker lists no tasks on these courses, and judges
    // none.
    call(Service::Ecs, "ListTasks", Course::IsAborted),
    call(Service::Ecs, "DescribeTaskDefinition", Course::IsAborted),
    call(Service::Logs, "GetLogEvents", Course::IsAborted),
    by_rescue(Service::Ecs, "DescribeTasks", Course::IsAborted),
    call(Service::Ecs, "ListTasks", Course::TimesOut),
    call(Service::Ecs, "DescribeTaskDefinition", Course::TimesOut),
    call(Service::Logs, "GetLogEvents", Course::TimesOut),
    by_rescue(Service::Ecs, "DescribeTasks", Course::TimesOut),
    // A look before has nothing to find.
    Call {
        after: CLAIM_TIMEOUT.saturating_add(Duration::from_secs(1)),
        ..call(Service::Sfn, "ListExecutions", Course::IsNeverTaken)
    },
    call(Service::Sfn, "StopExecution", Course::IsNeverTaken),
    on_lambda(Service::Lambda, "Invoke", Course::Succeeds),
    on_lambda(Service::Sfn, "SendTaskHeartbeat", Course::Succeeds),
    on_lambda(Service::Sfn, "SendTaskSuccess", Course::Succeeds),
    on_lambda(Service::Sfn, "SendTaskFailure", Course::Fails),
    on_lambda(Service::Ecs, "DescribeServices", Course::TakesANetwork),
    on_lambda(Service::Ecs, "RunTask", Course::Succeeds),
    on_lambda(Service::Ecs, "DescribeTasks", Course::Succeeds),
    on_lambda(Service::Ecs, "DescribeTaskDefinition", Course::Fails),
    on_lambda(Service::Logs, "GetLogEvents", Course::Fails),
    on_lambda(Service::Ecs, "StopTask", Course::RunsPastItsDeadline),
    on_lambda(Service::Ecs, "ListTasks", Course::Fails),
    call(Service::Sfn, "GetActivityTask", Course::RunsDirectly),
    call(Service::Sfn, "SendTaskHeartbeat", Course::RunsDirectly),
    call(Service::Sfn, "SendTaskSuccess", Course::RunsDirectly),
    call(Service::Ecs, "RunTask", Course::RunsDirectly),
    call(Service::Ecs, "DescribeTasks", Course::RunsDirectly),
    call(Service::Sfn, "SendTaskFailure", Course::FailsDirectly),
    call(
        Service::Ecs,
        "DescribeTaskDefinition",
        Course::FailsDirectly,
    ),
    call(Service::Logs, "GetLogEvents", Course::FailsDirectly),
    call(Service::Ecs, "ListTasks", Course::FailsDirectly),
    call(Service::Ecs, "ListTasks", Course::IsAbortedDirectly),
    call(Service::Ecs, "StopTask", Course::IsAbortedDirectly),
    late_call(Service::Sfn, "DescribeExecution", Course::IsAbortedDirectly),
    call(
        Service::Sfn,
        "GetExecutionHistory",
        Course::IsAbortedDirectly,
    ),
    by_hook(
        Service::Ecs,
        "DescribeServiceRevisions",
        Course::RunsInADeployment,
    ),
    by_hook(
        Service::Ecs,
        "DescribeServiceDeployments",
        Course::RunsInADeployment,
    ),
    by_hook(Service::Sfn, "StartExecution", Course::RunsInADeployment),
    by_hook(Service::Sfn, "DescribeExecution", Course::RunsInADeployment),
    call(Service::Sfn, "GetActivityTask", Course::RunsInADeployment),
    call(Service::Sfn, "SendTaskSuccess", Course::RunsInADeployment),
    call(Service::Ecs, "RunTask", Course::RunsInADeployment),
    call(Service::Ecs, "DescribeTasks", Course::RunsInADeployment),
    by_hook(
        Service::Ecs,
        "DescribeServiceDeployments",
        Course::FailsInADeployment,
    ),
    by_hook(Service::Sfn, "StartExecution", Course::FailsInADeployment),
    by_hook(
        Service::Sfn,
        "DescribeExecution",
        Course::FailsInADeployment,
    ),
    call(Service::Sfn, "SendTaskFailure", Course::FailsInADeployment),
    call(Service::Ecs, "ListTasks", Course::FailsInADeployment),
    by_rescue(
        Service::Ecs,
        "DescribeServiceDeployments",
        Course::LosesItsDeployment,
    ),
    // A look before has nothing to stop.
    Call {
        after: Duration::from_secs(65),
        ..call(Service::Sfn, "ListExecutions", Course::LosesItsDeployment)
    },
    call(Service::Sfn, "StopExecution", Course::LosesItsDeployment),
    call(Service::Ecs, "StopTask", Course::LosesItsDeployment),
    on_lambda(Service::Sfn, "SendTaskSuccess", Course::RunsInADeployment),
    on_lambda(Service::Sfn, "SendTaskFailure", Course::FailsInADeployment),
    on_lambda(Service::Lambda, "Invoke", Course::RunsDirectly),
    on_lambda(Service::Sfn, "SendTaskSuccess", Course::RunsDirectly),
    on_lambda(Service::Sfn, "SendTaskFailure", Course::FailsDirectly),
    call(Service::Kms, "Encrypt", Course::SucceedsForACondition),
    call(
        Service::Sfn,
        "StartExecution",
        Course::SucceedsForACondition,
    ),
    call(Service::Kms, "Decrypt", Course::SucceedsForACondition),
    call(Service::S3, "PutObject", Course::SucceedsForACondition),
    call(Service::Kms, "Decrypt", Course::FailsForACondition),
    call(Service::S3, "PutObject", Course::FailsForACondition),
    call(Service::S3, "PutObject", Course::IsAbortedForACondition),
    by_rescue(Service::Kms, "Decrypt", Course::IsAbortedForACondition),
];

pub fn faults() -> [(&'static str, Fault); 8] {
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

pub fn spans() -> [(&'static str, Span); 3] {
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
    pub name: String,
}

impl Cell {
    pub fn of(&(call, fault, span): &(usize, usize, usize)) -> Self {
        let ((fault_name, fault), (span_name, span)) = (faults()[fault].clone(), spans()[span]);
        let call = &CALLS[call];
        Self {
            call,
            fault,
            span,
            name: format!(
                "{} ({}) {fault_name} {span_name}",
                call.operation,
                call.course_name()
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

    /// Plays it. All jitter comes from `seed`: the same seed brings the same calls.
    pub fn play(&self, seed: u64) -> Played {
        play_from(seed, self.play_paused())
    }

    async fn play_paused(&self) -> Played {
        let course = self.call.course;
        let workers = self.call.workers;
        let is_endless = exceptions(self).any(|exception| exception.instead == Instead::EndsLate);
        let last_resort = is_endless.then_some(LAST_RESORT);
        let deployment = Deployment::new(course.execution_limit().or(last_resort), workers);
        course.prepare(&deployment);
        // Why a hook fails stands in the log alone.
        if course.is_hooked() {
            capture_log();
        }
        let has_worker = workers == Workers::Fleet && course.has_worker();
        let worker = has_worker.then(|| deployment.start_worker());
        let injected = OnceLock::new();
        let playing = course.play(&deployment, self.call.after, || {
            let _first = injected.set(self.inject(&deployment));
        });
        let limit = last_resort.map_or(TOO_LONG, |time| time + TOO_LONG);
        let ended = timeout(limit, async {
            tokio::join!(deployment.until_all_is_over(), playing)
        })
        .await;
        let drained = match worker {
            Some(worker) => worker.shut_down().await,
            None => true,
        };
        if course.is_hooked() {
            deployment.keep_log(logged());
        }

        let (end, mut wrong) = match judge(self, &deployment) {
            Ok(end) => (end, Vec::new()),
            Err(wrong) => (CellEnd::DeadLettered, wrong),
        };
        if ended.is_err() {
            wrong.push(format!("it went on for {} s", limit.as_secs()));
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
pub struct Played {
    pub result: Result<CellEnd, String>,
    pub calls: Calls,
}
