//! What a migration needs around it: AWS on this machine, the deployed task runner, and a worker,
//! unless the function `work` is in its place.

use std::time::Duration;

use anyhow::Result;
use ecs_task_runner::execution::input::Workers;
use local_run::directories::RunDirectory;
use local_run::endpoints::Endpoints;
use local_run::executions::Executions;
use local_run::local_aws::LocalAws;
use local_run::python::PythonEnvironment;
use local_run::task_runner::TaskRunner;
use stand_ins::StandIns;
use stand_ins::ecs::Processes as Containers;

use super::console::Console;
use super::processes::{Fleet, Processes};
use super::programs::Programs;

/// A deployed task runner, as the migration sees it.
pub struct Platform {
    /// Where the services are.
    pub endpoints: Endpoints,
    /// The deployed stack of `infra/task-runner.yaml`.
    pub task_runner: TaskRunner,
    /// Its executions.
    pub executions: Executions,
    /// Where the logs are.
    pub directory: RunDirectory,
    /// The environment of containers.
    pub python: PythonEnvironment,
    /// What runs the containers.
    pub stand_ins: StandIns,
}

/// As on Fargate, where it is 13 to 24 s, but nobody wants to wait that long here.
const DEPROVISIONING: Duration = Duration::from_secs(2);

impl Platform {
    /// Starts everything, and says what takes how long. `containers` says how containers run. Without
    /// a fleet no worker is started: the runs go to the function `work`, which the emulator starts as
    /// it does the other functions.
    ///
    /// # Errors
    /// When a part does not start or the stack cannot be deployed.
    pub async fn start(
        programs: &Programs,
        python: PythonEnvironment,
        directory: RunDirectory,
        workers: Workers,
        mut containers: Containers,
        console: &Console,
    ) -> Result<(Self, Processes)> {
        let wait = console.wait("starting AWS on this machine");
        let stand_ins = StandIns::new();
        stand_ins.ecs().deprovisioning(DEPROVISIONING);
        let aws = LocalAws::start(&python, &directory, stand_ins.clone(), 1.0).await?;
        let endpoints = aws.endpoints().clone();
        // A command that calls AWS must find the services of here, and no account of the user's.
        for (name, value) in endpoints.variables() {
            containers = containers.environment(name, value);
        }
        stand_ins.ecs().processes(containers);
        wait.done(&format!(
            "AWS on this machine is ready: {}",
            endpoints.ministack
        ));

        let wait = console.wait("deploying infra/task-runner.yaml");
        let program = &programs.custom_resource;
        let task_runner = TaskRunner::deploy(&endpoints, program, workers, |event| {
            wait.detail(&event.logical_id);
        })
        .await?;
        wait.done(match workers {
            Workers::Fleet => "infra/task-runner.yaml is deployed",
            Workers::Lambda => "infra/task-runner.yaml is deployed with Workers=Lambda",
        });

        let fleet = if let Some(activity) = &task_runner.activity_arn {
            let program = programs.ecs_task_runner.clone();
            let fleet = Fleet::start(program, activity, &endpoints, &directory)?;
            console.print(
                "",
                &format!("the worker runs as process {}", fleet.process()),
            );
            Some(fleet)
        } else {
            console.print(
                "",
                "no worker is started: the function 'work' runs the task in its place",
            );
            None
        };
        let executions = task_runner.executions(&endpoints);
        Ok((
            Self {
                endpoints,
                task_runner,
                executions,
                directory,
                python,
                stand_ins,
            },
            Processes::new(fleet, aws),
        ))
    }
}
