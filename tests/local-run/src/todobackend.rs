//! The application of the local run: the Django project in `tests/todobackend`, its stack, and its
//! database.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use stand_ins::ecs::Processes;
use tokio::process::Command;

use crate::directories::workspace_directory;
use crate::python::PythonEnvironment;

/// The template of its stack.
pub const TEMPLATE: &str = include_str!("../stack.yaml");

/// The name of its stack, and of its cluster.
pub const STACK: &str = "todobackend";

/// The family of its task definition.
pub const FAMILY: &str = "todobackend-migrate";

/// The logical id of the custom resource that migrates.
pub const MIGRATE_TASK: &str = "MigrateTask";

/// The container that migrates.
pub const CONTAINER: &str = "migrate";

/// A release of the todobackend, chosen by its Django settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// Its migrations succeed.
    Good,
    /// Its last migration meets data that it cannot convert.
    UniqueTitles,
    /// Its last migration takes more than a minute.
    LongMigration,
}

impl Release {
    /// The Django settings module.
    #[must_use]
    pub fn settings_module(self) -> &'static str {
        match self {
            Self::Good => "todobackend.settings",
            Self::UniqueTitles => "todobackend.settings_unique_titles",
            Self::LongMigration => "todobackend.settings_long_migration",
        }
    }
}

/// The table of to-do items, which every release migrates.
pub const ITEMS_TABLE: &str = "todo_todoitem";

/// The table whose migration fails in [`Release::UniqueTitles`].
pub const TITLES_TABLE: &str = "unique_titles_title";

/// What the migration of [`Release::LongMigration`] prints when it has begun, and not before.
pub const LONG_MIGRATION_BEGUN: &str = "copying part 1 of";

/// The directory of the Django project, where `manage.py` is.
#[must_use]
pub fn project_directory() -> PathBuf {
    workspace_directory().join("tests/todobackend")
}

/// How containers run as processes: its own in the project's directory, with the environment's
/// `python3` first on the `PATH`, those of others in `directory`.
///
/// # Errors
/// When the environment's path cannot stand in a `PATH`.
pub fn containers(python: &PythonEnvironment, directory: &Path) -> Result<Processes> {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::iter::once(python.programs()).chain(std::env::split_paths(&inherited));
    let path = std::env::join_paths(directories)
        .context("The path of the Python environment cannot stand in a PATH")?;
    Ok(Processes::in_directory(directory)
        .family(FAMILY, project_directory())
        .family_environment(FAMILY, "PATH", path.to_string_lossy()))
}

/// What a database holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Database {
    /// The names of its tables.
    pub tables: Vec<String>,
    /// The applied migrations in the order of their application, as `app.name`.
    pub migrations: Vec<String>,
}

/// Lists tables and migrations as JSON; opened read-only, so that looking does not create the file.
const LOOK: &str = "
import json, pathlib, sqlite3, sys
database = sqlite3.connect(pathlib.Path(sys.argv[1]).absolute().as_uri() + '?mode=ro', uri=True)
tables = [row[0] for row in database.execute(\"SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name\")]
applied = 'SELECT app, name FROM django_migrations ORDER BY id'
migrations = ['.'.join(row) for row in database.execute(applied)] if 'django_migrations' in tables else []
print(json.dumps({'tables': tables, 'migrations': migrations}))
";

impl Database {
    /// Looks into a database file. One that is not there is an empty database: nothing was
    /// migrated.
    ///
    /// # Errors
    /// When the file cannot be read as a database.
    pub async fn read(python: &PythonEnvironment, file: &Path) -> Result<Self> {
        if !file.exists() {
            return Ok(Self::default());
        }
        let answer = Command::new(python.interpreter())
            .args(["-c", LOOK])
            .arg(file)
            .output()
            .await;
        let answer = answer
            .with_context(|| format!("{} could not be run", python.interpreter().display()))?;
        if !answer.status.success() {
            bail!(
                "The database {} could not be read: {}",
                file.display(),
                String::from_utf8_lossy(&answer.stderr).trim()
            );
        }
        let read: Value =
            serde_json::from_slice(&answer.stdout).context("The list of tables is not JSON")?;
        let names = |member: &str| {
            let names = read[member].as_array().into_iter().flatten();
            names
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect()
        };
        Ok(Self {
            tables: names("tables"),
            migrations: names("migrations"),
        })
    }

    /// Whether it has a table.
    #[must_use]
    pub fn has_table(&self, name: &str) -> bool {
        self.tables.iter().any(|table| table == name)
    }
}
