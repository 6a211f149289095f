//! A person on call, in an account where the task runner is deployed.

use std::time::Duration;

use local_run::directories::RunDirectory;
use local_run::python::PythonEnvironment;
use local_run::stacks::{Operation, Stacks, Template};
use serde_json::Value;
use stand_ins::ecs::Script;
use tokio::time::{sleep, timeout};

use super::page::Section;
use super::shell::Shell;
use crate::deployment::account::{Account, PATIENCE, ended, eventually};

/// The family of tasks that end soon.
pub const SHORT: &str = "migrate";
/// The family of tasks that run for an hour, and print a line when they begin.
pub const LONG: &str = "alter";
/// What the tasks of [`LONG`] print.
pub const LINE: &str = "Applying todo.0003_wide_index...";

/// A stack that waits.
pub struct Waiting {
    pub application: String,
    pub operation: Operation,
    pub execution: String,
}

/// The account, and the shell of whoever is on call for it.
pub struct Rehearsal {
    pub account: Account,
    pub stacks: Stacks,
    pub directory: RunDirectory,
    /// The name of the task runner's stack.
    pub task_runner: String,
    shell: Shell,
    rolled_back: Vec<Operation>,
}

impl Rehearsal {
    /// Pastes the first commands of the runbook in the account.
    pub async fn begin(account: Account, label: &str) -> Self {
        let ecs = account.aws.stand_ins().ecs();
        ecs.register_family(LONG, &["migrate"]);
        ecs.script(
            LONG,
            Script::exits(0)
                .running(Duration::from_secs(3_600))
                .log(Duration::ZERO, LINE),
        );
        let endpoints = account.aws.endpoints();
        let python = PythonEnvironment::prepare(|_| {}).await.unwrap();
        let directory = RunDirectory::create(label).unwrap();
        let shell = Shell::open(endpoints, &python, &directory).await;
        let function = account.task_runner.service_token.rsplit(':').next();
        let (task_runner, _) = function.unwrap().split_once("-StartFunction").unwrap();
        let mut rehearsal = Self {
            stacks: Stacks::new(endpoints.cloudformation()),
            directory,
            task_runner: task_runner.to_owned(),
            shell,
            rolled_back: Vec::new(),
            account,
        };
        rehearsal.set_up().await;
        rehearsal
    }

    async fn set_up(&mut self) {
        let mut section = Section::of("Set up");
        let edited = section.next();
        let edited = edited.lines().map(|line| {
            let (name, _) = line.split_once('=').unwrap();
            let value = match name {
                "export AWS_REGION" => "us-east-1",
                "stack" => &self.task_runner,
                "workers" => &format!("{}-workers", self.task_runner),
                "application" | "resource" => "MigrateTask",
                _ => panic!("{name} is new: what is its value here?"),
            };
            format!("{name}={value}")
        });
        let edited = edited.collect::<Vec<_>>().join("\n");
        self.run(&edited).await;
        let printed = self.run(&section.next()).await;
        assert_eq!(printed, self.account.task_runner.state_machine_arn);
        self.run(&section.next()).await;
        section.ends();
    }

    /// Pastes commands, and gives what they print.
    pub async fn run(&mut self, commands: &str) -> String {
        self.shell.run(commands).await
    }

    /// Runs a command of the AWS CLI that is none of the runbook's: what somebody did before, or
    /// does about a cause.
    pub async fn aws(&mut self, arguments: &str) -> String {
        self.run(&format!("aws {arguments}\n")).await
    }

    /// Pastes commands with `explain`, and sees that they explain a run of the resource.
    async fn explain(&mut self, commands: &str) {
        let printed = self.run(commands).await;
        assert!(
            printed.contains("of MigrateTask (Custom::EcsTask)"),
            "{printed}"
        );
    }

    /// Begins to create a stack that runs a task of [`LONG`], and waits until its execution exists.
    pub async fn waits(&mut self, application: &str) -> Waiting {
        let operation = self.create(application, LONG).await;
        let execution = self.execution(&operation).await;
        Waiting {
            application: application.to_owned(),
            operation,
            execution,
        }
    }

    /// Makes a stack the one that the runbook's variables name.
    pub async fn turn_to(&mut self, waiting: &Waiting) {
        let (application, execution) = (&waiting.application, &waiting.execution);
        self.run(&format!(
            "application={application}\nexecution={execution}\n"
        ))
        .await;
    }

    /// Begins to create the application's stack, which runs a task of this family, and makes it the
    /// one that waits.
    pub async fn create(&mut self, name: &str, family: &str) -> Operation {
        let body = format!(
            "Resources:\n  MigrateTask:\n    Type: Custom::EcsTask\n    Properties:\n      ServiceToken: {}\n      Cluster: production\n      TaskDefinition: {family}\n",
            self.account.task_runner.service_token
        );
        let template = Template {
            body: &body,
            parameters: &[],
        };
        self.run(&format!("application={name}\n")).await;
        self.stacks.create(name, &template).await.unwrap()
    }

    /// Waits until `count` tasks were launched, and the last one runs.
    pub async fn launched(&self, count: usize) {
        let stand_ins = self.account.aws.stand_ins();
        eventually(async || (stand_ins.ecs().tasks().len() >= count).then_some(())).await;
        // The script's phases before the container runs.
        sleep(Duration::from_millis(200)).await;
    }

    /// Waits until the operation's execution exists.
    pub async fn execution(&self, operation: &Operation) -> String {
        let stack = operation.stack_id();
        let wanted = eventually(async || {
            let mut executions = self.account.executions().await.into_iter();
            executions.find(|execution| execution.input["request"]["StackId"] == stack)
        });
        wanted.await.arn
    }

    /// Sees that the runbook's commands find the operation's execution and show it.
    pub async fn finds_the_execution(&mut self, operation: &Operation) {
        let wanted = self.execution(operation).await;
        let mut section = Section::of("The execution");
        let explains = section.next();
        assert_eq!(self.run(&section.next()).await, wanted);
        let shown = self.run(&section.next()).await;
        assert!(shown.contains("ExecutionStarted"), "{shown}");
        self.explain(&explains).await;
        assert_eq!(self.run("echo \"$execution\"\n").await, wanted);
        section.ends();
    }

    /// Waits until CloudFormation has been sent FAILED with this text in its reason. The stack is then
    /// rolled back, which takes a while: [`ends`](Self::ends) waits for it.
    pub async fn is_sent_failed(&mut self, operation: Operation, reason: &str) {
        let cloudformation = self.account.aws.endpoints().cloudformation();
        let failed = eventually(async || {
            let events = cloudformation.describe_stack_events();
            let events = events.stack_name(operation.stack_id()).send().await;
            let mut events = events.unwrap().stack_events.unwrap().into_iter();
            events.find(|event| {
                let status = event.resource_status.as_ref().unwrap();
                status.as_str() == "CREATE_FAILED"
            })
        });
        let failed = failed.await.resource_status_reason.unwrap();
        assert!(failed.contains(reason), "{failed}");
        self.rolled_back.push(operation);
    }

    /// Waits for the end of every rollback.
    pub async fn ends(self) {
        for operation in self.rolled_back {
            assert_eq!(ended(operation).await.status, "ROLLBACK_COMPLETE");
        }
    }

    /// Waits for the end of the operation, which succeeds.
    pub async fn is_complete(&self, operation: Operation) {
        let stack = ended(operation).await;
        assert_eq!(
            stack.status,
            "CREATE_COMPLETE",
            "{:?}",
            stack.first_failure()
        );
    }

    /// Repeats commands until what they print has this text.
    pub async fn run_until(&mut self, commands: &str, text: &str) {
        let mut printed = String::new();
        let shown = async {
            while !printed.contains(text) {
                sleep(Duration::from_secs(1)).await;
                printed = self.run(commands).await;
            }
        };
        let is_shown = timeout(PATIENCE, shown).await.is_ok();
        assert!(is_shown, "{commands} never prints {text}");
    }
}

/// A line of JSON that a step prints.
pub fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}
