//! The account of a history: its fleet of workers, and the executions of its requests.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::Region;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use ecs_task_runner::activity::Options;
use ecs_task_runner::aws::Connection;
use ecs_task_runner::aws::ecs::Ecs;
use ecs_task_runner::aws::step_functions::StepFunctions;
use ecs_task_runner::clock::Clock;
use ecs_task_runner::execution::input::Workers;
use ecs_task_runner::functions::{StopEvent, Stopper};
use serde_json::{Value, json};
use stand_ins::sfn::ExecutionEnd;
use stand_ins::sfn::interpreter::{Failed, definition, execute};
use stand_ins::{StandIns, sdk_config};
use tokio::time::sleep;

use super::invocations::Invocations;
use super::network::Network;
use super::schedule::{History, Invocation};
use super::shifts::Leaves;
use crate::worlds::running::{Worker, number};

use super::play::{DELETE, Request, seconds};

/// A worker, and the network between it and AWS.
pub struct NetworkedWorker {
    pub network: Network,
    pub worker: Worker,
}

/// Clones share it.
#[derive(Clone)]
pub struct Account {
    pub aws: StandIns,
    pub clock: Clock,
    pub activity: String,
    pub state_machine: String,
    pub region: Region,
    pub invocations: Arc<Invocations>,
}

impl Account {
    pub fn connection(&self, client: SharedHttpClient) -> Connection {
        let config = sdk_config("AKID", client).into_builder();
        Connection::from_config(config.region(self.region.clone()).build())
    }

    fn worker(&self) -> NetworkedWorker {
        let (network, client) = Network::over(self.aws.http_client());
        let options = Options {
            max_tasks: number(4),
            pollers: number(2),
            ..Options::default()
        };
        let connection = self.connection(client);
        let worker = Worker::start(&connection, &self.activity, self.clock.clone(), options);
        NetworkedWorker { network, worker }
    }

    /// Without a fleet, nobody is there. Otherwise has workers come and go, and tells `last` when the one came that stays. Gives the workers that
    /// may still run then.
    pub async fn fleet(
        &self,
        history: &History,
        last: tokio::sync::oneshot::Sender<Duration>,
    ) -> Vec<NetworkedWorker> {
        let mut there = Vec::new();
        if history.workers == Workers::Lambda {
            return there;
        }
        for shift in &history.shifts {
            let worker = self.worker();
            sleep(seconds(shift.lasts)).await;
            match shift.ends {
                Leaves::HandsOver => worker.worker.request_shutdown(),
                Leaves::IsKilled => {
                    worker.network.close();
                    // Nothing of it is heard any more; this only ends its tasks.
                    worker.worker.request_shutdown();
                }
                Leaves::IsCutOff(time) => {
                    worker.network.cut();
                    let network = worker.network.clone();
                    tokio::spawn(async move {
                        sleep(seconds(time)).await;
                        network.restore();
                    });
                }
            }
            if !matches!(shift.ends, Leaves::IsKilled) {
                there.push(worker);
            }
            sleep(seconds(shift.gap)).await;
        }
        there.push(self.worker());
        let _ = last.send(self.aws.clock().now());
        there
    }

    /// Plays the definition for one request.
    pub async fn request(&self, history: &History, name: &str, task: Value) -> Request {
        let is_delete = name == DELETE;
        let began = self.aws.clock().now();
        let request_type = if is_delete { "Delete" } else { "Create" };
        let input = json!({"request": {"RequestType": request_type}, "workers": history.workers, "task": task});
        let steps = StepFunctions::new(&self.connection(self.aws.http_client()));
        steps
            .state_machine(&self.state_machine)
            .start(name, &input.to_string())
            .await
            .unwrap();
        let execution = self.aws.sfn().execution(name);

        let answers = Arc::new(Mutex::new(Vec::new()));
        let knows_of_leftovers = Arc::new(AtomicBool::new(false));
        let fates = Arc::new(Mutex::new((
            history.stop.clone().into_iter(),
            history.respond.clone().into_iter(),
        )));
        let connection = self.connection(self.aws.http_client());
        let stopper = Stopper::new(
            Ecs::with_retries(&connection),
            StepFunctions::new(&connection),
            self.clock.clone(),
        );
        let invoke = |function: String, payload: Value| {
            let works = function == "WorkFunctionArn";
            if works {
                self.give(payload.clone());
            }
            let responds = function == "RespondFunctionArn";
            let fate = {
                let mut fates = fates.lock().unwrap();
                if works {
                    None
                } else if responds {
                    fates.1.next()
                } else {
                    fates.0.next()
                }
            };
            let (aws, answers, stopper) = (self.aws.clone(), Arc::clone(&answers), stopper.clone());
            if responds {
                let state = &payload["state"];
                let knows = state["leftovers"]["running"].as_u64().unwrap_or_default() > 0
                    || !state["stopError"].is_null();
                knows_of_leftovers.store(knows, Ordering::Relaxed);
            }
            async move {
                if works {
                    return Ok(json!({}));
                }
                let crash = |what: &str| Failed {
                    error: "Lambda.Unknown".to_owned(),
                    cause: what.to_owned(),
                };
                if matches!(fate, Some(Invocation::Fails)) {
                    return Err(crash("at its beginning"));
                }
                let done = if responds {
                    answers.lock().unwrap().push((
                        aws.clock().now(),
                        payload["status"].as_str().unwrap().to_owned(),
                    ));
                    json!({})
                } else {
                    let event: StopEvent = serde_json::from_value(payload).unwrap();
                    let left = stopper.stop(event).await;
                    serde_json::to_value(left.map_err(|error| crash(&error.to_string()))?).unwrap()
                };
                if matches!(fate, Some(Invocation::FailsAtTheEnd)) {
                    Err(crash("at its end"))
                } else {
                    Ok(done)
                }
            }
        };
        let end = match execute(&definition(), &self.aws, &self.activity, &execution, invoke).await
        {
            ExecutionEnd::Aborted { .. } => None,
            end => Some(end),
        };
        let answers = answers.lock().unwrap().clone();
        let knows_of_leftovers = knows_of_leftovers.load(Ordering::Relaxed);
        Request {
            is_delete,
            began,
            ended: self.aws.clock().now(),
            end,
            answers,
            knows_of_leftovers,
        }
    }
}
