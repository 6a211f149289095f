//! An account on the emulator in which the task runner is deployed.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use ecs_task_runner::execution::input::Workers;
use local_run::directories::RunDirectory;
use local_run::endpoints::config_at;
use local_run::executions::Execution;
use local_run::local_aws::LocalAws;
use local_run::python::PythonEnvironment;
use local_run::stacks::{Operation, Stack, Stacks, Template};
use local_run::task_runner::TaskRunner;
use local_run::worker::Worker;
use stand_ins::StandIns;
use template_roles::{Deployment, Roles};
use tokio::time::{sleep, timeout};

/// A stack operation here takes seconds; this is for busy machines.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// How often a test looks for what takes its time.
pub const LOOK_AGAIN: Duration = Duration::from_millis(50);
const STACK: &str = "application";
/// Those that answer CloudFormation.
const FUNCTIONS: [&str; 3] = ["start", "respond", "rescue"];
const TARGET: [&str; 2] = ["Cluster: production", "TaskDefinition: migrate"];

/// The emulator with the task runner deployed, and one stack with one custom resource.
pub struct Account {
    pub aws: LocalAws,
    pub task_runner: TaskRunner,
    stacks: Stacks,
    pub workers: Vec<Worker>,
    directory: RunDirectory,
}

impl Account {
    /// An account without workers. Heartbeats count `heartbeat_scale` times the definition's
    /// seconds.
    pub async fn start(label: &str, heartbeat_scale: f64) -> Self {
        Self::deploy(label, heartbeat_scale, Workers::Fleet).await
    }

    /// An account without a fleet: the function `work` runs the tasks.
    pub async fn without_fleet(label: &str, heartbeat_scale: f64) -> Self {
        Self::deploy(label, heartbeat_scale, Workers::Lambda).await
    }

    async fn deploy(label: &str, heartbeat_scale: f64, workers: Workers) -> Self {
        let python = PythonEnvironment::prepare(|_| {}).await.unwrap();
        let directory = RunDirectory::create(label).unwrap();
        let aws = LocalAws::start(&python, &directory, StandIns::new(), heartbeat_scale)
            .await
            .unwrap();
        aws.stand_ins().ecs().cluster("production");
        aws.stand_ins()
            .ecs()
            .register_family("migrate", &["migrate"]);
        let program = Path::new(env!("CARGO_BIN_EXE_custom-resource"));
        let task_runner = TaskRunner::deploy(aws.endpoints(), program, workers, |_| {})
            .await
            .unwrap();
        let deployment = Deployment::new()
            .state_machine(&task_runner.state_machine_arn)
            .key(&task_runner.key_arn)
            .parameter("TaskRoleArns", "*");
        let deployment = match &task_runner.activity_arn {
            Some(activity) => deployment.attribute("Activity", activity),
            None => deployment.parameter("Workers", "Lambda"),
        };
        Roles::of(&deployment).enforce(aws.stand_ins());
        let stacks = Stacks::new(aws.endpoints().cloudformation());
        Self {
            aws,
            task_runner,
            stacks,
            workers: Vec::new(),
            directory,
        }
    }

    /// An account with one worker.
    pub async fn with_worker(label: &str, heartbeat_scale: f64) -> Self {
        let mut account = Self::start(label, heartbeat_scale).await;
        account.start_worker();
        account
    }

    pub fn start_worker(&mut self) {
        self.start_worker_with(&[]);
    }

    /// Starts a worker of this name, which histories show.
    pub fn start_worker_named(&mut self, name: &str) {
        self.start_worker_with(&["--worker-name", name]);
    }

    fn start_worker_with(&mut self, arguments: &[&str]) {
        let log = self
            .directory
            .file(&format!("worker-{}.log", self.workers.len()));
        let program = Path::new(env!("CARGO_BIN_EXE_ecs-task-runner"));
        let activity = self.task_runner.activity_arn.as_ref();
        let activity = activity.expect("a worker has an activity to poll");
        self.workers
            .push(Worker::start(program, activity, self.aws.endpoints(), arguments, log).unwrap());
    }

    /// The template's text with one `Custom::EcsTask`; `properties` are lines of it.
    fn template(&self, properties: &[&str]) -> String {
        let lines = properties
            .iter()
            .fold(String::new(), |lines, line| lines + "\n      " + line);
        format!(
            "Resources:\n  MigrateTask:\n    Type: Custom::EcsTask\n    Properties:\n      ServiceToken: {}{lines}\n",
            self.task_runner.service_token
        )
    }

    /// Begins to create the stack, with a resource that has these properties and no other.
    pub async fn begin_create(&self, properties: &[&str]) -> Operation {
        let body = &self.template(properties);
        let parameters = &[];
        let template = Template { body, parameters };
        self.stacks.create(STACK, &template).await.unwrap()
    }

    /// Creates the stack, with a resource that has further properties.
    pub async fn create(&self, further: &[&str]) -> Stack {
        ended(self.begin_create(&with(further)).await).await
    }

    /// Begins to update the stack, with a resource that has further properties.
    pub async fn begin_update(&self, further: &[&str]) -> Operation {
        let body = &self.template(&with(further));
        let parameters = &[];
        let template = Template { body, parameters };
        self.stacks.update(STACK, &template).await.unwrap()
    }

    /// Updates the stack, with a resource that has further properties.
    pub async fn update(&self, further: &[&str]) -> Stack {
        ended(self.begin_update(further).await).await
    }

    /// Creates the stack from another template, in which a worker's task runs as in every other.
    pub async fn create_from(&self, template: &Template<'_>) -> Stack {
        ended(self.stacks.create(STACK, template).await.unwrap()).await
    }

    /// Updates the stack to another template.
    pub async fn update_to(&self, template: &Template<'_>) -> Stack {
        ended(self.stacks.update(STACK, template).await.unwrap()).await
    }

    pub async fn cancel_update(&self) {
        self.stacks.cancel_update(STACK).await.unwrap();
    }

    pub async fn delete(&self) -> Stack {
        ended(self.stacks.delete(STACK).await.unwrap()).await
    }

    /// All executions there were, oldest first.
    pub async fn executions(&self) -> Vec<Execution> {
        let executions = self.task_runner.executions(self.aws.endpoints());
        executions.all().await.unwrap()
    }

    /// What `ecs-task-runner explain` says of an execution, and its exit code.
    pub async fn explain(&self, execution: &str) -> (Option<i32>, String) {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_ecs-task-runner"));
        command
            .args(["explain", execution])
            .env_clear()
            .envs(self.aws.endpoints().variables());
        let ended = timeout(PATIENCE, command.output()).await.unwrap().unwrap();
        assert_eq!(String::from_utf8(ended.stderr).unwrap(), "");
        (
            ended.status.code(),
            String::from_utf8(ended.stdout).unwrap(),
        )
    }

    pub fn launched(&self) -> usize {
        self.aws.stand_ins().ecs().tasks().len()
    }

    /// Answers that the functions say CloudFormation has taken, once there are `expected` and some
    /// time for more has passed.
    pub async fn answers(&self, expected: usize) -> usize {
        let count = async || {
            let mut answers = 0;
            for function in FUNCTIONS {
                answers += self
                    .log_lines(function, "\"CloudFormation has the answer\"")
                    .await
                    .len();
            }
            answers
        };
        eventually(async || (count().await >= expected).then_some(())).await;
        sleep(Duration::from_secs(1)).await;
        count().await
    }

    /// The lines of a function's log that match a filter pattern. The emulator keeps a function's
    /// log once the function has returned, which is after its answer.
    pub async fn log_lines(&self, function: &str, pattern: &str) -> Vec<String> {
        let config = config_at(&self.aws.endpoints().ministack);
        let found = aws_sdk_cloudwatchlogs::Client::new(&config)
            .filter_log_events()
            .log_group_name(format!("/aws/lambda/ecs-task-runner/{function}"))
            .filter_pattern(pattern)
            .send()
            .await;
        // A function that was never invoked has no log.
        let events = found.map(|found| found.events.unwrap_or_default());
        events
            .unwrap_or_default()
            .into_iter()
            .filter_map(|event| event.message)
            .collect()
    }
}

/// The properties that every run needs, and further ones.
pub fn with<'p>(further: &[&'p str]) -> Vec<&'p str> {
    TARGET.iter().chain(further).copied().collect()
}

/// The `PATH` of a terminal: the AWS CLI of the Python environment, the workers' program, and what
/// this process finds.
pub fn path(python: &PythonEnvironment) -> OsString {
    let program = Path::new(env!("CARGO_BIN_EXE_ecs-task-runner"));
    let programs = [python.programs(), program.parent().unwrap().to_owned()];
    let inherited = std::env::var_os("PATH").unwrap();
    let path = programs
        .into_iter()
        .chain(std::env::split_paths(&inherited));
    std::env::join_paths(path).unwrap()
}

/// Looks again and again, until something is found.
pub async fn eventually<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(LOOK_AGAIN).await;
        }
    };
    timeout(PATIENCE, found).await.unwrap()
}

/// The stack when its operation has ended.
pub async fn ended(operation: Operation) -> Stack {
    timeout(PATIENCE, operation.follow(|_| {}))
        .await
        .unwrap()
        .unwrap()
}
