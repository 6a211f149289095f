//! Plays a history under a paused clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ecs_task_runner::cloudformation::event::Event;
use ecs_task_runner::cloudformation::identity::Identity;
use ecs_task_runner::execution::input::Workers;
use serde_json::json;
use stand_ins::Call;
use stand_ins::ecs::TaskView;
use stand_ins::response_url::{Handle, Put};
use stand_ins::sfn::{ExecutionEnd, ExecutionView};
use tokio::time::{sleep, timeout};

use super::network::Network;
use super::schedule::History;
use super::shifts::{Leaves, Shift};
use super::stack::{Sent, Stack};
use crate::deployment::Deployment;
use crate::play_from;
use crate::requests::Answer;

pub const FAMILY: &str = "migrate";
/// Everything is over after this at the latest.
const TOO_LONG: Duration = Duration::from_secs(5 * 3_600);

/// What came of a history.
pub struct Played {
    pub requests: Vec<Request>,
    pub tasks: Vec<TaskView>,
    pub executions: Vec<ExecutionView>,
    /// Why events were given up.
    pub dead_letters: Vec<String>,
    pub lasted: Duration,
    pub calls: Vec<Call>,
    /// Calls that were struck, by operation.
    pub struck: Vec<(&'static str, u64)>,
    /// Workers that did not end when they were told to.
    pub stuck: usize,
}

/// A request, and what came for it.
pub struct Request {
    pub sent: Sent,
    /// The name of its execution, unless that rolls something back.
    pub name: String,
    pub answers: Vec<Answer>,
    /// What was sent to its new handle and stored.
    pub signals: Vec<Put>,
}

impl Request {
    /// What kind of request it is.
    pub fn kind(&self) -> &'static str {
        if self.sent.rolls_back.is_some() {
            "Rollback"
        } else {
            self.sent.request_type
        }
    }
}

impl Played {
    /// How each request ended, as text. Without the time: a reply goes over a socket, and the paused
    /// clock moves on while it is under way.
    pub fn ends(&self) -> Vec<String> {
        let end = |request: &Request| {
            let answers = request.answers.iter();
            let answers: Vec<_> = answers.map(|answer| &answer.status).collect();
            format!("{} {answers:?}", request.kind())
        };
        self.requests.iter().map(end).collect()
    }

    /// What is counted of it.
    pub fn counted(&self) -> Vec<String> {
        let mut counted = Vec::new();
        for request in &self.requests {
            let status = request.answers.first();
            let status = status.map_or("not replied to", |answer| &answer.status);
            counted.push(format!("{} {status}", request.kind()));
            if !request.signals.is_empty() {
                counted.push("wait conditions signalled".to_owned());
            }
        }
        let ways_back = self
            .executions
            .iter()
            .filter(|execution| execution.input.contains("rollbackOf"));
        for execution in ways_back {
            let succeeded = matches!(execution.ended, Some((_, ExecutionEnd::Succeeded(_))));
            let end = if succeeded { "succeeded" } else { "failed" };
            counted.push(format!("runs with RollbackOverrides that {end}"));
        }
        counted
    }
}

/// Plays a history. All jitter comes from the seed: the same seed and history bring the same calls.
pub fn play(seed: u64, history: &History) -> Played {
    play_from(seed, Box::pin(play_paused(history)))
}

fn script_services(deployment: &Deployment, history: &History) {
    let ecs = deployment.aws.ecs();
    let logs = json!({"logDriver": "awslogs", "options": {"awslogs-group": "/todobackend", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "migrate"}});
    ecs.register(&json!({
        "family": FAMILY,
        "containerDefinitions": [
            {"name": "migrate", "image": "x", "logConfiguration": logs},
            {"name": "sidecar", "essential": false, "image": "x", "stopTimeout": 120}
        ]
    }));
    let deprovisioning = Duration::from_secs(history.deprovisioning.into());
    let courses = history.courses.iter();
    ecs.scripts(
        FAMILY,
        courses.map(|course| course.script().deprovisioning(deprovisioning)),
    );
}

async fn play_paused(history: &History) -> Played {
    let deployment = Deployment::new(None, history.workers);
    script_services(&deployment, history);
    // Response URLs tell whole seconds: every history begins at the same place in one.
    let until_next = Duration::from_secs(1).saturating_sub(deployment.time_in_second());
    sleep(until_next + Duration::from_millis(300)).await;
    let began = deployment.aws.clock().now();

    let struck = Arc::new(Mutex::new(Vec::new()));
    for strike in history.strikes.clone() {
        let (aws, struck) = (deployment.aws.clone(), Arc::clone(&struck));
        let inject = move || {
            let injected =
                aws.faults()
                    .inject(strike.service, strike.operation, strike.span, strike.fault);
            struck.lock().unwrap().push((strike.operation, injected));
        };
        if strike.from == 0 {
            inject();
        } else {
            tokio::spawn(async move {
                seconds(strike.from).await;
                inject();
            });
        }
    }
    for after in history.stops.clone() {
        let deployment = Arc::clone(&deployment);
        tokio::spawn(async move {
            seconds(after).await;
            deployment.abort_executions();
        });
    }
    let workers = tokio::spawn(workers(Arc::clone(&deployment), history.clone()));
    let stack = deployment.begin(Stack::new(&deployment, history).live());
    let over = Box::pin(timeout(TOO_LONG, deployment.until_all_is_over())).await;
    over.expect("an end of everything");
    let sent = stack.await.unwrap();
    let not_ended = workers.await.unwrap().shut_down().await;

    let requests = sent.into_iter().map(|sent| {
        let event = deployment.request(sent.number).event;
        let signals = sent.new_handle.iter().flat_map(Handle::puts);
        Request {
            name: Identity::of(&Event::parse(event).unwrap().request).name,
            answers: deployment.answers(sent.number),
            signals: signals.filter(Put::is_stored).collect(),
            sent,
        }
    });
    let requests = requests.collect();
    let mut calls = deployment.aws.calls().all();
    for call in &mut calls {
        call.at = call.at.saturating_sub(began);
    }
    let struck = struck.lock().unwrap();
    Played {
        requests,
        tasks: deployment.aws.ecs().tasks(),
        executions: deployment.aws.sfn().executions(),
        dead_letters: deployment.dead_letters(),
        lasted: deployment.aws.clock().now(),
        calls,
        struck: struck
            .iter()
            .map(|(operation, injected)| (*operation, injected.struck()))
            .collect(),
        stuck: not_ended,
    }
}

async fn seconds(seconds: impl Into<u64>) {
    sleep(Duration::from_secs(seconds.into())).await;
}

/// The workers that may still run.
struct Fleet(Vec<(Network, crate::deployment::Worker)>);

impl Fleet {
    /// Gives how many do not end.
    async fn shut_down(self) -> usize {
        let mut stuck = 0;
        for (network, worker) in self.0 {
            network.restore();
            stuck += usize::from(!worker.shut_down().await);
        }
        stuck
    }
}

/// Has workers come and go, the last of which stays.
async fn workers(deployment: Arc<Deployment>, history: History) -> Fleet {
    let mut there = Vec::new();
    let start = || {
        let (network, client) = Network::over(deployment.aws.http_client());
        (network, deployment.start_worker_over(client))
    };
    for Shift { lasts, ends, gap } in history.shifts {
        if history.workers == Workers::Lambda {
            deployment.kill_next_work(async move { seconds(lasts).await });
            seconds(lasts + u16::from(gap)).await;
            continue;
        }
        let (network, worker) = start();
        seconds(lasts).await;
        match ends {
            Leaves::HandsOver => worker.request_shutdown(),
            Leaves::IsKilled => {
                network.close();
                // Nothing of it is heard any more; this only ends its tasks.
                worker.request_shutdown();
            }
            Leaves::IsCutOff(time) => {
                network.cut();
                let network = network.clone();
                tokio::spawn(async move {
                    seconds(time).await;
                    network.restore();
                });
            }
        }
        if !matches!(ends, Leaves::IsKilled) {
            there.push((network, worker));
        }
        seconds(gap).await;
    }
    if history.workers == Workers::Fleet {
        there.push(start());
    }
    Fleet(there)
}
