//! The job of the run: deploy a release of the todobackend, show it, and judge how it ended.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use local_run::executions::Executions;
use local_run::stacks::{Stack, StackEvent, Stacks, Template};
use local_run::todobackend::{
    CONTAINER, Database, ITEMS_TABLE, MIGRATE_TASK, Release, STACK, TEMPLATE, TITLES_TABLE,
};
use serde_json::Value;
use stand_ins::StandIns;

use super::colour::Colour;
use super::console::Console;
use super::execution_printer::ExecutionPrinter;
use super::platform::Platform;
use super::wording::{self, seconds};

/// The migration takes seconds; a stack that takes this long waits for something that does not
/// come.
const STACK_LIMIT: Duration = Duration::from_mins(2);

/// After the answer an execution has only its last state to enter.
const EXECUTION_LIMIT: Duration = Duration::from_secs(10);

/// Deploys the release and gives the closing line when all is as it should be.
///
/// # Errors
/// When a step fails, or stack, answer and database are not as the release should leave them: every
/// difference is named.
pub async fn run(
    platform: &Platform,
    release: Release,
    printer: &mut ExecutionPrinter,
    console: &Console,
) -> Result<String> {
    let file = platform.directory.file("database.sqlite3");
    let path = file
        .to_str()
        .context("The path of the target directory is not UTF-8")?;
    let parameters = [
        ("ServiceToken", platform.task_runner.service_token.as_str()),
        ("DatabasePath", path),
        ("SettingsModule", release.settings_module()),
    ];
    let template = Template {
        body: TEMPLATE,
        parameters: &parameters,
    };
    let operation = Stacks::new(platform.endpoints.cloudformation())
        .create(STACK, &template)
        .await?;

    let stack = {
        let _wait = console.wait(&format!("deploying the stack {STACK}"));
        let stack = operation.follow(|event| {
            console.print("stack", &wording::stack_event(event, console.palette()));
        });
        let stack = tokio::time::timeout(STACK_LIMIT, stack);
        let stack = tokio::select! {
            stack = stack => stack.with_context(|| format!("The stack {STACK} did not end within {} s", STACK_LIMIT.as_secs()))??,
            never = printer.follow() => match never? {},
        };
        let finished = tokio::time::timeout(EXECUTION_LIMIT, printer.finish()).await;
        finished.context("An execution goes on although its stack has ended")??;
        stack
    };

    let data = outputs(&platform.executions).await?;
    let database = Database::read(&platform.python, &file).await?;
    let answer = Answer::of(&stack, data)?;
    console.print("answer", &answer.text(console));
    console.print("database", &describe(&database));

    let differences = differences(release, &stack, &answer, &database);
    if !differences.is_empty() {
        bail!(
            "The run did not end as it should:\n  {}",
            differences.join("\n  ")
        );
    }
    let exit = last_exit(&platform.stand_ins);
    Ok(closing_line(&stack, &answer, exit, console))
}

/// When the last task's containers had ended.
fn last_exit(stand_ins: &StandIns) -> Option<SystemTime> {
    let stopped = stand_ins.ecs().tasks().pop()?.last_container_end()?;
    let since_1970 = u64::try_from(stand_ins.clock().epoch_millis(stopped)).ok()?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_millis(since_1970))
}

/// The outputs of the last run, which are the answer's `Data`; null when it failed.
async fn outputs(executions: &Executions) -> Result<Value> {
    let Some(last) = executions.list().await?.pop() else {
        return Ok(Value::Null);
    };
    Ok(executions.describe(&last).await?.output["output"].take())
}

/// What CloudFormation was told about the migration.
struct Answer<'a> {
    event: &'a StackEvent,
    data: Value,
}

impl<'a> Answer<'a> {
    fn of(stack: &'a Stack, data: Value) -> Result<Self> {
        let mut events = stack.events.iter();
        let event = events.find(|event| {
            event.logical_id == MIGRATE_TASK && !event.status.ends_with("_IN_PROGRESS")
        });
        let event = event.with_context(|| {
            format!(
                "The stack ended {} before {MIGRATE_TASK} was answered",
                stack.status
            )
        })?;
        Ok(Self { event, data })
    }

    fn reason(&self) -> &str {
        self.event.reason.as_deref().unwrap_or_default()
    }

    fn text(&self, console: &Console) -> String {
        let palette = console.palette();
        if self.event.status == "CREATE_COMPLETE" {
            format!(
                "{}\n{}",
                palette.paint(Colour::Green, "SUCCESS, with the outputs"),
                wording::data(&self.data)
            )
        } else {
            format!(
                "{}\n{}",
                palette.paint(Colour::Red, "FAILED, with the Reason"),
                self.reason()
            )
        }
    }
}

fn describe(database: &Database) -> String {
    let migrations = &database.migrations;
    let Some(last) = migrations.last() else {
        return "empty".to_owned();
    };
    format!(
        "{} tables; {} migrations applied, the last one {last}",
        database.tables.len(),
        migrations.len()
    )
}

/// What is not as the release should leave it.
fn differences(
    release: Release,
    stack: &Stack,
    answer: &Answer<'_>,
    database: &Database,
) -> Vec<String> {
    let mut differences = Vec::new();
    let mut expect = |holds: bool, otherwise: String| {
        if !holds {
            differences.push(otherwise);
        }
    };
    expect(
        database.has_table(ITEMS_TABLE),
        format!("the database has no table {ITEMS_TABLE}"),
    );
    match release {
        Release::Good => {
            expect(
                stack.status == "CREATE_COMPLETE",
                format!("the stack ended {}", stack.status),
            );
        }
        Release::UniqueTitles => {
            let expected = format!("Container '{CONTAINER}' exited with code 1");
            expect(
                stack.status == "ROLLBACK_COMPLETE",
                format!("the stack ended {}", stack.status),
            );
            expect(
                answer.reason().contains(&expected),
                format!("the Reason does not say \"{expected}\""),
            );
            // The migration prints its error in red.
            let error = "\n  django.db.utils.IntegrityError: UNIQUE constraint failed: unique_titles_title.text\n";
            expect(
                answer.reason().contains(error),
                "the Reason does not show the migration's error".to_owned(),
            );
            expect(
                !answer
                    .reason()
                    .contains(|c: char| c.is_control() && c != '\n'),
                format!("the Reason has control characters: {:?}", answer.reason()),
            );
            expect(
                !database.has_table(TITLES_TABLE),
                format!("the database has the table {TITLES_TABLE} of the failed migration"),
            );
        }
    }
    differences
}

fn closing_line(
    stack: &Stack,
    answer: &Answer<'_>,
    exit: Option<SystemTime>,
    console: &Console,
) -> String {
    let status = console.palette().paint(Colour::Bold, &stack.status);
    let waited = exit.and_then(|exit| answer.event.at.duration_since(exit).ok());
    let waited = waited.map_or_else(String::new, |waited| {
        format!(
            "; {} s from the container's exit to the answer",
            seconds(waited)
        )
    });
    format!("{status}{waited}")
}
