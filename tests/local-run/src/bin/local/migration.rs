//! The job of the run: deploy a release of the todobackend, show it, and judge how it ended.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use local_run::stacks::{Stack, Template};
use local_run::todobackend::{
    CONTAINER, Database, ITEMS_TABLE, MIGRATE_TASK, Release, STACK, TEMPLATE, TITLES_TABLE,
};

use super::console::Console;
use super::deployment::{self, Answer, closing_line};
use super::execution_printer::ExecutionPrinter;
use super::platform::Platform;

/// The migration takes seconds, or somewhat more than a minute; a stack that takes this long waits
/// for something that does not come.
const STACK_LIMIT: Duration = Duration::from_mins(3);

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
        ("DatabasePath", path),
        ("SettingsModule", release.settings_module()),
    ];
    let template = Template {
        body: TEMPLATE,
        parameters: &parameters,
    };
    let stack =
        deployment::create(platform, STACK, &template, STACK_LIMIT, printer, console).await?;

    let database = Database::read(&platform.python, &file).await?;
    let answers = Answer::all(&stack, &platform.executions).await?;
    let answer = answers.first().with_context(|| {
        format!(
            "The stack ended {} before {MIGRATE_TASK} was answered",
            stack.status
        )
    })?;
    console.print("answer", &answer.text(console));
    console.print("database", &describe(&database));

    let mut differences = differences(release, &stack, answer, &database);
    let tasks = platform.stand_ins.ecs().tasks().len();
    if tasks != 1 {
        differences.push(format!("{tasks} ECS tasks were launched"));
    }
    if !differences.is_empty() {
        bail!(
            "The run did not end as it should:\n  {}",
            differences.join("\n  ")
        );
    }
    Ok(closing_line(
        &stack,
        Some(answer),
        &platform.stand_ins,
        console,
    ))
}

pub fn describe(database: &Database) -> String {
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
    let expected = match release {
        Release::Good | Release::LongMigration => "CREATE_COMPLETE",
        Release::UniqueTitles => "ROLLBACK_COMPLETE",
    };
    let mut differences = Vec::new();
    if stack.status != expected {
        differences.push(format!("the stack ended {}", stack.status));
    }
    differences.extend(differences_of_the_run(release, answer.reason(), database));
    differences
}

/// What is not as a run of the release should leave it, whoever asked for the run. A run that fails
/// gives a Reason.
pub fn differences_of_the_run(release: Release, reason: &str, database: &Database) -> Vec<String> {
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
    if release == Release::UniqueTitles {
        let expected = format!("Container '{CONTAINER}' exited with code 1");
        expect(
            reason.contains(&expected),
            format!("the Reason does not say \"{expected}\""),
        );
        // The migration prints its error in red.
        let error = "\n  django.db.utils.IntegrityError: UNIQUE constraint failed: unique_titles_title.text\n";
        expect(
            reason.contains(error),
            "the Reason does not show the migration's error".to_owned(),
        );
        expect(
            !reason.contains(|c: char| c.is_control() && c != '\n'),
            format!("the Reason has control characters: {reason:?}"),
        );
        expect(
            !database.has_table(TITLES_TABLE),
            format!("the database has the table {TITLES_TABLE} of the failed migration"),
        );
    }
    differences
}
