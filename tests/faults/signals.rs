//! Workers killed, terminated and frozen past the heartbeat, in each phase of a task: the real
//! program over real sockets. Another worker goes on with the same ECS task, and the run is
//! answered once.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ecs_task_runner::activity::HANDED_OVER;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::{Outcome, Schedule, Scheduled};
use stand_ins::{Call, Outcome as CallOutcome, Service, StandIns};
use template_roles::{Deployment, Roles, WORKER};
use tokio::time::{sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);
/// What the service waits for a heartbeat; short, so that a cell takes seconds.
const HEARTBEAT: u64 = 2;
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a worker that was told to end hands over: what it has in hand, and what comes with
/// each of its two polls in flight.
const HAND_OVERS: usize = 3;
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
    /// The containers have ended, and the task is being taken down.
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

struct Worker(Child);

impl Worker {
    fn start(endpoint: &str, activity: &str) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_ecs-task-runner"))
            .args(["worker", "--activity-arn", activity])
            .env_clear()
            .env("AWS_ENDPOINT_URL", endpoint)
            .env("AWS_ACCESS_KEY_ID", WORKER)
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.0.id().try_into().unwrap()), signal).unwrap();
    }

    /// Whether it ends by itself.
    async fn ends(&mut self) -> bool {
        let ended = async {
            while self.0.try_wait().unwrap().is_none() {
                sleep(SECOND / 20).await;
            }
        };
        timeout(PATIENCE, ended).await.is_ok()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn play(phase: Phase, signal: Signal) -> Result<(), String> {
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
            Phase::Ending => Script::exits(0)
                .running(SECOND / 2)
                .deprovisioning(5 * SECOND),
            _ => script,
        },
    );
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

/// Whether the task is where the phase says.
fn check_phase(phase: Phase, aws: &StandIns) -> Result<(), String> {
    let is_open = |operation: &str| {
        aws.calls()
            .of(operation)
            .iter()
            .any(|call| call.outcome == CallOutcome::Open)
    };
    let tasks = aws.ecs().tasks();
    let status = tasks.first().map_or("none", |task| task.last_status);
    let is_reached = match phase {
        Phase::Polling => is_open("GetActivityTask") && tasks.is_empty(),
        Phase::Launching => is_open("RunTask"),
        Phase::Starting => status == "PENDING",
        Phase::Running => status == "RUNNING",
        Phase::Ending => status == "DEPROVISIONING",
        Phase::Answering => is_open("SendTaskSuccess"),
    };
    if is_reached {
        Ok(())
    } else {
        Err(format!(
            "the phase was not reached: the task's status is {status}"
        ))
    }
}

/// One outcome was taken, and beside it nothing but hand-overs of a worker that was told to end.
fn check_answers(scheduled: &Scheduled, signal: Signal, aws: &StandIns) -> Result<(), String> {
    let taken = |call: &Call| call.outcome.is_answered();
    let tokens = scheduled.tokens();
    let is_last = |call: &Call| {
        tokens
            .last()
            .is_some_and(|token| call.body["taskToken"] == **token)
    };
    // That of a worker that was killed while it waited for the reply may have taken effect, and
    // nobody was there to be replied to.
    let died_waiting = |call: &Call| {
        signal == Signal::SIGKILL && is_last(call) && call.outcome == CallOutcome::Abandoned
    };
    let successes = aws
        .calls()
        .of("SendTaskSuccess")
        .iter()
        .filter(|call| taken(call) || died_waiting(call))
        .count();
    let failures: Vec<_> = aws
        .calls()
        .of("SendTaskFailure")
        .into_iter()
        .filter(taken)
        .collect();
    let hand_overs = failures
        .iter()
        .filter(|call| call.body["error"] == HANDED_OVER)
        .count();
    let may_hand_over = if signal == Signal::SIGTERM {
        HAND_OVERS
    } else {
        0
    };
    if successes != 1 || hand_overs != failures.len() || hand_overs > may_hand_over {
        return Err(format!(
            "{successes} successes, {} failures and {hand_overs} hand-overs were taken",
            failures.len() - hand_overs
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
        include_str!("../../README.md").contains(&figures),
        "README.md has other figures than: {figures}"
    );
}
