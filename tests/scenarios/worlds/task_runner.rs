//! A whole task runner in this process: the definition, the functions, and a fleet or the function
//! `work`, in an account whose Lambda has so much concurrency. Time moves by waiting only.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ecs_task_runner::activity::{Options, TaskClient};
use ecs_task_runner::aws::CallRates;
use ecs_task_runner::aws::ecs::Ecs;
use ecs_task_runner::aws::logs::Logs;
use ecs_task_runner::aws::step_functions::StepFunctions;
use ecs_task_runner::clock::after;
use ecs_task_runner::execution::input::Workers;
use ecs_task_runner::explain::{ExecutionArn, Explainer};
use ecs_task_runner::functions::{LambdaWorker, Preparer, Rescued};
use ecs_task_runner::times::work::{WORK_EVENT_AGE, WORK_TIMEOUT};
use serde_json::{Value, json};
use stand_ins::lambda::{Lambda, Throttled};
use stand_ins::sfn::ExecutionEnd;
use stand_ins::sfn::interpreter::{Failed, definition, execute};
use template_roles::WORKER;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::events::{identity, properties};
use super::functions::World;
use super::running::{Worker, number};
use super::worker::LONGEST;

/// The account. Clones share it.
#[derive(Clone)]
pub struct TaskRunner {
    pub world: Arc<World>,
    pub lambda: Lambda,
    activity: String,
    /// After which time the next invocations of `work` die.
    deaths: Arc<Mutex<VecDeque<Duration>>>,
}

/// A run under way.
pub struct Run {
    pub arn: String,
    /// Its response URL.
    url: String,
    playing: JoinHandle<ExecutionEnd>,
}

impl TaskRunner {
    pub fn new(workers: Workers, concurrency: usize) -> Self {
        let mut world = World::new();
        world.workers = workers;
        Self::of(world, concurrency)
    }

    /// The task runner of this world.
    pub fn of(world: World, concurrency: usize) -> Self {
        Self {
            activity: world.aws.sfn().activity("ecs-task"),
            world: Arc::new(world),
            lambda: Lambda::with_concurrency(concurrency),
            deaths: Arc::default(),
        }
    }

    /// The same account after its stack was updated: new executions are worked on by others.
    pub fn switched_to(&self, workers: Workers) -> Self {
        let mut world = World::clone(&self.world);
        world.workers = workers;
        Self {
            world: Arc::new(world),
            ..self.clone()
        }
    }

    /// A worker of the fleet, until it is dropped or told to stop.
    pub fn worker(&self) -> Worker {
        let options = Options {
            pollers: number(2),
            ..Options::default()
        };
        let connection = self.world.connection_of(WORKER);
        Worker::start(
            &connection,
            &self.activity,
            self.world.clock.clone(),
            options,
        )
    }

    /// The next invocation of `work` dies after this time, without a word.
    pub fn next_work_dies_after(&self, time: Duration) {
        self.deaths.lock().unwrap().push_back(time);
    }

    /// CloudFormation asks for a run, and the execution takes its course.
    pub async fn begin(&self) -> Run {
        let event = self.world.event("Create", &properties());
        self.world.start(&event).await.unwrap();
        self.play(
            &identity(&event).name,
            event["ResponseURL"].as_str().unwrap(),
        )
    }

    /// Somebody starts an execution with the properties as its input, and it takes its course.
    pub async fn begin_directly(&self, name: &str, properties: &Value) -> Run {
        let machine = StepFunctions::new(&self.world.connection_of("start"))
            .state_machine(&self.world.state_machine);
        machine.start(name, &properties.to_string()).await.unwrap();
        self.play(name, "https://nobody/waits")
    }

    /// From now on every execution takes its course that somebody starts over the world's sockets, and
    /// `rescue` gets the event of each that is stopped, as EventBridge sends it.
    pub fn plays_what_is_started(&self) {
        let this = self.clone();
        tokio::spawn(async move {
            let mut played = this.world.aws.sfn().executions().len();
            loop {
                for execution in this.world.aws.sfn().executions().iter().skip(played) {
                    played += 1;
                    let mut run = this.play(&execution.name, "https://nobody/waits");
                    let this = this.clone();
                    tokio::spawn(async move {
                        let stopped = matches!(run.ended().await, ExecutionEnd::Aborted { .. });
                        if stopped {
                            let event = super::events::stopped(&run.arn, &this.world.state_machine);
                            this.world.rescue(&event).await.unwrap();
                        }
                    });
                }
                sleep(Duration::from_millis(10)).await;
            }
        });
    }

    /// Has an execution take its course, from where it is.
    pub fn play(&self, name: &str, url: &str) -> Run {
        self.play_by(definition(), name, url)
    }

    /// The same, by a definition that may be another than today's.
    pub fn play_by(&self, definition: Value, name: &str, url: &str) -> Run {
        let execution = self.world.aws.sfn().execution(name);
        let this = self.clone();
        let arn = execution.arn.clone();
        let playing = tokio::spawn(async move {
            let invoke = |function, payload| this.invoke(function, payload);
            // Boxed: the future holds those of all functions.
            Box::pin(execute(
                &definition,
                &this.world.aws,
                &this.activity,
                &execution,
                invoke,
            ))
            .await
        });
        Run {
            arn,
            url: url.to_owned(),
            playing,
        }
    }

    /// Invokes a function as the state machine does.
    pub async fn invoke(&self, function: String, payload: Value) -> Result<Value, Failed> {
        if function == "WorkFunctionArn" {
            let this = self.clone();
            self.lambda
                .take(WORK_EVENT_AGE, async move { this.work(payload).await });
            return Ok(json!({}));
        }
        let answered = if function == "RespondFunctionArn" {
            let respond = async { self.world.respond(&payload).await.map(|()| json!({})) };
            Box::pin(self.lambda.invoke(respond)).await
        } else if function == "PrepareFunctionArn" {
            let prepare = async {
                let event = serde_json::from_value(payload).unwrap();
                let prepared = Preparer::new(self.world.workers).prepare(&event);
                Ok(serde_json::to_value(prepared).unwrap())
            };
            self.lambda.invoke(prepare).await
        } else {
            let stop = async {
                let event = serde_json::from_value(payload).unwrap();
                let stopped = self.world.stopper().stop(event).await.unwrap();
                Ok(serde_json::to_value(stopped).unwrap())
            };
            self.lambda.invoke(stop).await
        };
        let failed = |error: &str, cause| Failed {
            error: error.to_owned(),
            cause,
        };
        match answered {
            Ok(result) => result.map_err(|cause| failed("CustomResource.Failed", cause)),
            Err(Throttled) => Err(failed("Lambda.TooManyRequestsException", String::new())),
        }
    }

    /// One invocation of `work`, in an instance of its own.
    pub async fn work(&self, event: Value) {
        let death = self.deaths.lock().unwrap().pop_front();
        let connection = self.world.connection_of("work");
        let function = LambdaWorker::new(
            TaskClient::new(&connection, "work/1"),
            Ecs::for_one_run(&connection),
            Logs::new(&connection, CallRates::default()),
            self.world.clock.clone(),
        );
        let end = after(self.world.clock.now(), WORK_TIMEOUT);
        match timeout(death.unwrap_or(WORK_TIMEOUT), function.work(event, end)).await {
            Ok(ended) => ended.unwrap(),
            Err(_) => assert!(death.is_some(), "the function did not end in time"),
        }
    }

    /// What `explain` says of a run now.
    pub async fn explained(&self, run: &Run) -> String {
        let machine = StepFunctions::new(&self.world.connection_of("rescue"))
            .state_machine(&self.world.state_machine);
        let arn = ExecutionArn::parse(&run.arn).unwrap();
        let execution = machine.describe(&run.arn).await.unwrap();
        let mut explainer = Explainer::new(arn, execution).unwrap();
        machine
            .each_event(&run.arn, |event| explainer.note(event))
            .await
            .unwrap();
        explainer.explain(self.world.clock.now()).to_string()
    }

    /// Has `rescue` look at what runs.
    pub async fn look(&self) -> Rescued {
        let event = super::events::every_minute();
        self.world.rescue(&event).await.unwrap()
    }

    /// The statuses with which a run was answered.
    pub fn answers(&self, run: &Run) -> Vec<Value> {
        let path = run.url.split("://").nth(1).unwrap();
        let path = &path[path.find('/').unwrap()..];
        let puts = self.world.urls.puts().into_iter();
        puts.filter(|put| put.path == path)
            .map(|put| serde_json::from_slice::<Value>(&put.body).unwrap()["Status"].take())
            .collect()
    }
}

impl Run {
    /// Waits for the execution's end.
    pub async fn ended(&mut self) -> ExecutionEnd {
        timeout(LONGEST, &mut self.playing).await.unwrap().unwrap()
    }

    /// The execution, to be waited for longer.
    pub fn playing(&mut self) -> &mut JoinHandle<ExecutionEnd> {
        &mut self.playing
    }

    pub fn is_over(&self) -> bool {
        self.playing.is_finished()
    }
}
