//! Workers killed, terminated and frozen past the heartbeat, in each phase of a task: the real
//! program over real sockets. Another worker goes on with the same ECS task, and the run is
//! answered once.

mod checks;
mod worker;

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;
use stand_ins::ecs::{Container, Script};
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::{Outcome, Schedule};
use stand_ins::{Outcome as CallOutcome, Service, StandIns};
use template_roles::{Deployment, Roles};
use tokio::time::{sleep, timeout};

use checks::{check_answers, check_phase};
use worker::Worker;

const SECOND: Duration = Duration::from_secs(1);
/// What the service waits for a heartbeat; short, so that a cell takes seconds.
const HEARTBEAT: u64 = 2;
const PATIENCE: Duration = Duration::from_secs(60);
/// Cells at once: each has two workers.
const AT_ONCE: usize = 4;

/// Where the task is when the signal comes.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The poll is open, and no task has come.
    Polling,
    /// `RunTask` is under way.
    Launching,
    /// ECS prepares the task.
    Starting,
    /// A container runs.
    Running,
    /// The container has its exit code and is not STOPPED yet: the worker cannot judge the run.
    Ending,
    /// The outcome is on its way.
    Answering,
}

const PHASES: [Phase; 6] = [
    Phase::Polling,
    Phase::Launching,
    Phase::Starting,
    Phase::Running,
    Phase::Ending,
    Phase::Answering,
];
const SIGNALS: [Signal; 3] = [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGSTOP];

/// An account in which a task is in each phase for long enough, and the worker's activity.
fn account(phase: Phase) -> (StandIns, String) {
    let aws = StandIns::new();
    Roles::of(&Deployment::new()).enforce(&aws);
    aws.sfn().set_poll_time(2 * SECOND);
    let activity = aws.sfn().activity("ecs-task");
    aws.ecs().register_family("migrate", &["migrate"]);
    let script = Script::exits(0).running(4 * SECOND);
    aws.ecs().script(
        "migrate",
        match phase {
            Phase::Starting => script.pending(4 * SECOND),
            // The worker judges the run once the container is STOPPED, so it must not be yet.
            Phase::Ending => Script::exits(0).container(
                "migrate",
                Container::exits(0).after(SECOND / 2).settles(5 * SECOND),
            ),
            _ => script,
        },
    );
    (aws, activity)
}

async fn play(phase: Phase, signal: Signal) -> Result<(), String> {
    let (aws, activity) = account(phase);
    let slow = |service, operation| {
        aws.faults()
            .inject(service, operation, Span::Next(1), Fault::Delay(2 * SECOND))
    };
    let served = aws.listen("127.0.0.1:0").await.unwrap();
    let mut first = Worker::start(&served.url(), &activity);
    let schedule = || {
        let task = json!({
            "cluster": "production", "taskDefinition": "migrate", "startedBy": "MigrateTask-1a2b3c4d-create-0123456789ab", "clientToken": "f00d",
            "deadline": (jiff::Timestamp::now() + jiff::SignedDuration::from_mins(5)).to_string()
        });
        let schedule = Schedule::retrying().heartbeat(Duration::from_secs(HEARTBEAT));
        aws.sfn().schedule(
            &activity,
            &json!({"heartbeatSeconds": HEARTBEAT, "task": task}),
            schedule,
        )
    };
    let reached = async {
        let calls = aws.calls();
        match phase {
            Phase::Polling => {
                calls.arrived("GetActivityTask", 2).await;
                None
            }
            Phase::Launching => {
                slow(Service::Ecs, "RunTask");
                let scheduled = schedule();
                calls.arrived("RunTask", 1).await;
                Some(scheduled)
            }
            Phase::Starting | Phase::Running | Phase::Ending => {
                let scheduled = schedule();
                calls.ended("DescribeTasks", 1).await;
                sleep(if matches!(phase, Phase::Ending) {
                    2 * SECOND
                } else {
                    SECOND
                })
                .await;
                Some(scheduled)
            }
            Phase::Answering => {
                slow(Service::Sfn, "SendTaskSuccess");
                let scheduled = schedule();
                calls.arrived("SendTaskSuccess", 1).await;
                Some(scheduled)
            }
        }
    };
    let scheduled = timeout(PATIENCE, reached)
        .await
        .map_err(|_| "the phase was not reached".to_owned())?;
    check_phase(phase, &aws)?;
    first.signal(signal);
    let scheduled = scheduled.unwrap_or_else(schedule);
    let _second = Worker::start(&served.url(), &activity);
    let outcome = timeout(PATIENCE, scheduled.outcome())
        .await
        .map_err(|_| "no outcome".to_owned())?;
    if signal == Signal::SIGSTOP {
        first.signal(Signal::SIGCONT);
        first.signal(Signal::SIGTERM);
    }
    if !first.ends().await {
        return Err("the first worker is left over".to_owned());
    }
    if !matches!(outcome, Outcome::Succeeded(_)) {
        return Err(format!("ended {outcome:?}"));
    }
    let is_replied = async {
        while aws
            .calls()
            .of("SendTaskSuccess")
            .iter()
            .any(|call| call.outcome == CallOutcome::Open)
        {
            sleep(SECOND / 20).await;
        }
    };
    timeout(PATIENCE, is_replied)
        .await
        .map_err(|_| "an outcome stayed without a reply".to_owned())?;
    check_answers(&scheduled, signal, &aws)?;
    let tasks = aws.ecs().tasks();
    if tasks.len() != 1 || tasks[0].stop_requested.is_some() {
        return Err(format!(
            "{} tasks, stopped: {:?}",
            tasks.len(),
            tasks[0].stop_requested
        ));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_lost_in_any_phase_is_followed_by_one_that_goes_on() {
    let cells: Vec<_> = PHASES
        .iter()
        .flat_map(|&phase| SIGNALS.iter().map(move |&signal| (phase, signal)))
        .collect();
    let mut table = format!("{:<12}", "");
    let mut broken = Vec::new();
    for signal in SIGNALS {
        table += &format!("{:>9}", signal.as_str());
    }
    for batch in cells.chunks(AT_ONCE) {
        let results = futures_util::future::join_all(
            batch.iter().map(|&(phase, signal)| play(phase, signal)),
        )
        .await;
        for (&(phase, signal), result) in batch.iter().zip(results) {
            if signal == SIGNALS[0] {
                table += &format!("\n{:<12}", format!("{phase:?}"));
            }
            table += &format!("{:>9}", if result.is_ok() { "+" } else { "-" });
            if let Err(wrong) = result {
                broken.push(format!("{signal} while {phase:?}: {wrong}"));
            }
        }
    }
    let held = cells.len() - broken.len();
    println!("{table}\n{} cells tried, {held} held", cells.len());
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    let figures = format!("({held} of {})", cells.len());
    assert!(
        include_str!("../README.md").contains(&figures),
        "tests/README.md has other figures than: {figures}"
    );
}
