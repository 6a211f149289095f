//! What is found out before anything is started: the problems of the arguments, the container that is
//! meant, and the state machine.

use std::path::Path;
use std::time::Duration;

use anyhow::anyhow;
use ecs_task_runner::aws::cloudformation::Stacks;
use ecs_task_runner::aws::ecs::{Ecs, TaskDefinition};
use ecs_task_runner::aws::step_functions::StepFunctions;
use ecs_task_runner::aws::{ApiError, CallRates, Connection};
use ecs_task_runner::run::RunOptions;
use serde_json::Value;

use super::RunArguments;
use super::caller::Caller;
use super::start::Start;
use crate::explain::one_region;
use crate::explain::patience::patiently;
use crate::explain::rights;
use crate::task_runner::NoStateMachine;

/// Nothing was started.
pub(super) enum NotStarted {
    /// The arguments cannot work.
    Problems(Vec<String>),
    /// Something else is in the way.
    Error(anyhow::Error),
}

impl From<anyhow::Error> for NotStarted {
    fn from(error: anyhow::Error) -> Self {
        Self::Error(error)
    }
}

/// What the arguments ask for.
pub(super) enum Prepared {
    /// The properties that would be sent are to be shown.
    Shown(Value),
    /// A run is to be started.
    Run(Box<Start>),
}

pub(super) async fn prepare(arguments: &RunArguments) -> Result<Prepared, NotStarted> {
    let problem = |problem: String| NotStarted::Problems(vec![problem]);
    let region = one_region([
        ("--state-machine", arguments.task_runner.region()),
        ("--region", arguments.region.as_deref()),
    ])
    .map_err(problem)?;
    let options = options(arguments).map_err(problem)?;
    let caller = Caller {
        profile: arguments.profile.clone(),
        region,
    };
    let mut connection = None;
    let container = match options.lacks_container_of() {
        Some(task_definition) => {
            let connection = connection.insert(caller.connection().await);
            only_container(connection, &task_definition).await
        }
        None => Ok(None),
    };
    let run = match (
        options.run(container.as_ref().ok().and_then(Option::as_deref)),
        container,
    ) {
        (Ok(run), Ok(_)) => run,
        (Ok(_), Err(other)) => return Err(other),
        (Err(mut problems), container) => {
            if let Err(NotStarted::Problems(further)) = container {
                problems.extend(further);
            }
            return Err(NotStarted::Problems(problems));
        }
    };
    if arguments.dry_run {
        return Ok(Prepared::Shown(run.shown()));
    }
    let connection = match connection {
        Some(connection) => connection,
        None => caller.connection().await,
    };
    connection.check().await.map_err(anyhow::Error::from)?;
    let state_machine = arguments
        .task_runner
        .state_machine(&Stacks::new(&connection))
        .await;
    let state_machine = state_machine.map_err(without_state_machine)?;
    let state_machine = StepFunctions::new(&connection).state_machine(state_machine);
    let mut start = Start::new(run, caller, connection, state_machine, options.name)?;
    if !arguments.detach {
        start.check_that_it_can_be_followed().await?;
    }
    Ok(Prepared::Run(Box::new(start)))
}

fn options(arguments: &RunArguments) -> Result<RunOptions, String> {
    let file = match &arguments.file {
        Some(path) => Some(read(path)?),
        None => None,
    };
    Ok(RunOptions {
        file,
        cluster: arguments.cluster.clone(),
        task_definition: arguments.task_definition.clone(),
        container: arguments.container.clone(),
        environment: arguments.env.clone(),
        network_from: arguments.network_from.clone(),
        timeout: arguments.timeout.clone(),
        command: arguments.command.clone(),
        name: arguments.name.clone(),
        hides_log_lines: arguments.no_logs,
    })
}

/// The name and the text of the file.
fn read(path: &Path) -> Result<(String, String), String> {
    let is_stdin = path.as_os_str() == "-";
    let name = if is_stdin {
        "<stdin>".to_owned()
    } else {
        path.display().to_string()
    };
    match crate::check::read(path, is_stdin) {
        Ok(text) => Ok((name, text)),
        Err(error) => Err(format!("{name} {error:#}.")),
    }
}

/// The one container of the task definition, or the only one whose end ends the task.
async fn only_container(
    connection: &Connection,
    task_definition: &str,
) -> Result<Option<String>, NotStarted> {
    connection.check().await.map_err(anyhow::Error::from)?;
    let ecs = Ecs::without_retries(connection, CallRates::default());
    let definition = patiently(Duration::from_secs(5), ApiError::may_pass, || {
        ecs.describe_task_definition(task_definition)
    });
    let definition = definition.await.map_err(|error| {
        let purpose = "to find the container that the command or the environment is for";
        rights::in_words(&error, purpose, Some("name it with --container"))
    })?;
    match choose(&definition) {
        Ok(container) => Ok(Some(container)),
        Err(problem) => Err(NotStarted::Problems(vec![problem])),
    }
}

fn choose(definition: &TaskDefinition) -> Result<String, String> {
    let names: Vec<_> = definition
        .containers
        .iter()
        .map(|container| container.name.clone())
        .collect();
    match (names.as_slice(), definition.essential().as_slice()) {
        ([only], _) | (_, [only]) => Ok(only.clone()),
        _ => Err(format!(
            "the task definition has the containers {}: name the one that the command or the environment is for with --container.",
            names.join(", ")
        )),
    }
}

fn without_state_machine(error: NoStateMachine) -> anyhow::Error {
    match error {
        NoStateMachine::Api(error) => rights::in_words(
            &error,
            "to find the state machine of the task runner",
            Some("give its ARN with --state-machine"),
        ),
        NoStateMachine::NoStack(name) => anyhow!(
            "no task runner was found: there is no stack {name} with an output StateMachineArn in this region and account. Name the task runner's stack with --stack, or its state machine with --state-machine"
        ),
    }
}

#[cfg(test)]
mod tests {
    use ecs_task_runner::aws::ecs::ContainerDefinition;

    use super::*;

    #[test]
    fn the_container_is_the_only_one_or_the_only_essential_one() {
        let definition = |containers: &[(&str, bool)]| TaskDefinition {
            arn: "arn".to_owned(),
            containers: containers
                .iter()
                .map(|(name, essential)| ContainerDefinition {
                    name: (*name).to_owned(),
                    essential: *essential,
                    log: None,
                    environment: std::collections::BTreeMap::new(),
                })
                .collect(),
        };
        for (containers, expected) in [
            (&[("web", true)][..], Some("web")),
            (&[("web", false)], Some("web")),
            (&[("web", true), ("proxy", false)], Some("web")),
            (&[("web", true), ("proxy", true)], None),
            (&[("web", false), ("proxy", false)], None),
        ] {
            let chosen = choose(&definition(containers));
            assert_eq!(chosen.as_deref().ok(), expected, "{containers:?}");
            if let Err(problem) = chosen {
                assert!(
                    problem.contains("containers web, proxy: name the one"),
                    "{problem}"
                );
            }
        }
    }
}
