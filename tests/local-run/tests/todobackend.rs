//! The Django project by itself: its migrations do to a database what the local run says they do.

#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

use std::path::Path;
use std::process::Output;

use local_run::directories::RunDirectory;
use local_run::python::PythonEnvironment;
use local_run::todobackend::{Database, ITEMS_TABLE, Release, TITLES_TABLE, project_directory};
use tokio::process::Command;

async fn manage(
    python: &PythonEnvironment,
    release: Release,
    database: &Path,
    arguments: &[&str],
) -> Output {
    Command::new(python.interpreter())
        .arg("manage.py")
        .args(arguments)
        .current_dir(project_directory())
        .env("DJANGO_SETTINGS_MODULE", release.settings_module())
        .env("TODOBACKEND_DATABASE", database)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .await
        .unwrap()
}

#[tokio::test]
async fn the_good_release_migrates() {
    let python = PythonEnvironment::prepare(|_| ()).await.unwrap();
    let file = RunDirectory::create("todobackend-test")
        .unwrap()
        .file("database.sqlite3");
    assert_eq!(
        Database::read(&python, &file).await.unwrap(),
        Database::default()
    );

    let migrated = manage(&python, Release::Good, &file, &["migrate", "--no-input"]).await;

    assert!(migrated.status.success(), "{migrated:?}");
    let database = Database::read(&python, &file).await.unwrap();
    assert!(database.has_table(ITEMS_TABLE), "{database:?}");
    assert!(
        database.migrations.ends_with(&[
            "todo.0001_initial".to_owned(),
            "todo.0002_example_items".to_owned()
        ]),
        "{database:?}"
    );
}

#[tokio::test]
async fn the_release_with_unique_titles_fails_in_the_database_and_is_rolled_back() {
    let python = PythonEnvironment::prepare(|_| ()).await.unwrap();
    let file = RunDirectory::create("todobackend-test")
        .unwrap()
        .file("database.sqlite3");

    let failed = manage(
        &python,
        Release::UniqueTitles,
        &file,
        &["migrate", "--no-input"],
    )
    .await;

    assert_eq!(failed.status.code(), Some(1));
    let errors = String::from_utf8(failed.stderr).unwrap();
    let last = errors.lines().last().unwrap();
    assert_eq!(
        last,
        "django.db.utils.IntegrityError: \u{1b}[31;1mUNIQUE constraint failed: unique_titles_title.text\u{1b}[0m"
    );
    let database = Database::read(&python, &file).await.unwrap();
    assert!(
        database.has_table(ITEMS_TABLE) && !database.has_table(TITLES_TABLE),
        "{database:?}"
    );
}

#[tokio::test]
async fn the_migrations_are_those_of_the_models() {
    let python = PythonEnvironment::prepare(|_| ()).await.unwrap();
    let file = RunDirectory::create("todobackend-test")
        .unwrap()
        .file("database.sqlite3");
    let checked = manage(
        &python,
        Release::UniqueTitles,
        &file,
        &["makemigrations", "--check", "--dry-run"],
    )
    .await;
    assert!(checked.status.success(), "{checked:?}");
}
