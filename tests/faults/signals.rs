//! Workers killed, terminated and frozen past the heartbeat, in each phase of a task: the real program over real sockets. Another
//! worker goes on with the same ECS task, and the run is answered once.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;
use stand_ins::ecs::Script;
use stand_ins::faults::{Fault, Span};
use stand_ins::sfn::{EventKind, Outcome, Schedule};
use stand_ins::{Service, StandIns};
use template_roles::{Deployment, Roles, WORKER};
use tokio::time::{sleep, timeout};

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
    /// The containers have ended, and the task is being taken down.
    Ending,
    /// The outcome is on its way.
    Answering,
}

const PHASES: [Phase; 6] = [Phase::Polling, Phase::Launching, Phase::Starting, Phase::Running, Phase::Ending, Phase::Answering];
const SIGNALS: [&str; 3] = ["KILL", "TERM", "STOP"];

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

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([format!("-{signal}"), self.0.id().to_string()]).status().unwrap().success());
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

async fn play(phase: Phase, signal: &str) -> Result<(), String> {
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
            Phase::Ending => Script::exits(0).running(SECOND / 2).deprovisioning(5 * SECOND),
            _ => script,
        },
    );
    let slow = |service, operation| aws.faults().inject(service, operation, Span::Next(1), Fault::Delay(2 * SECOND));
    let served = aws.listen("127.0.0.1:0").await.unwrap();
    let mut first = Worker::start(&served.url(), &activity);
    let schedule = || {
        let task = json!({
            "cluster": "production", "taskDefinition": "migrate", "startedBy": "MigrateTask-1a2b3c4d-create-0123456789ab", "clientToken": "f00d",
            "deadline": (jiff::Timestamp::now() + jiff::SignedDuration::from_mins(5)).to_string()
        });
        let schedule = Schedule::retrying().heartbeat(Duration::from_secs(HEARTBEAT));
        aws.sfn().schedule(&activity, &json!({"heartbeatSeconds": HEARTBEAT, "task": task}), schedule)
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
                sleep(if matches!(phase, Phase::Ending) { 2 * SECOND } else { SECOND }).await;
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
    let scheduled = timeout(PATIENCE, reached).await.map_err(|_| "the phase was not reached".to_owned())?;
    first.signal(signal);
    let scheduled = scheduled.unwrap_or_else(schedule);
    let _second = Worker::start(&served.url(), &activity);
    let outcome = timeout(PATIENCE, scheduled.outcome()).await.map_err(|_| "no outcome".to_owned())?;
    if signal == "STOP" {
        first.signal("CONT");
        first.signal("TERM");
    }
    if !first.ends().await {
        return Err("the first worker is left over".to_owned());
    }
    if !matches!(outcome, Outcome::Succeeded(_)) {
        return Err(format!("ended {outcome:?}"));
    }
    let answers = scheduled.events().iter().filter(|event| matches!(event.kind, EventKind::Succeeded { .. })).count();
    let tasks = aws.ecs().tasks();
    if answers != 1 || tasks.len() != 1 || tasks[0].stop_requested.is_some() {
        return Err(format!("{answers} answers, {} tasks, stopped: {:?}", tasks.len(), tasks[0].stop_requested));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_lost_in_any_phase_is_followed_by_one_that_goes_on() {
    let cells: Vec<_> = PHASES.iter().flat_map(|&phase| SIGNALS.iter().map(move |&signal| (phase, signal))).collect();
    let mut table = format!("{:<12}", "");
    let mut broken = Vec::new();
    for signal in SIGNALS {
        table += &format!("{signal:>6}");
    }
    for batch in cells.chunks(AT_ONCE) {
        let results = futures_util::future::join_all(batch.iter().map(|&(phase, signal)| play(phase, signal))).await;
        for (&(phase, signal), result) in batch.iter().zip(results) {
            if signal == SIGNALS[0] {
                table += &format!("\n{:<12}", format!("{phase:?}"));
            }
            table += &format!("{:>6}", if result.is_ok() { "+" } else { "-" });
            if let Err(wrong) = result {
                broken.push(format!("{signal} while {phase:?}: {wrong}"));
            }
        }
    }
    println!("{table}\n{} cells tried, {} held", cells.len(), cells.len() - broken.len());
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
