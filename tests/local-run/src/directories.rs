//! Where a run keeps its files: everything below cargo's target directory, nothing elsewhere on the
//! machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

/// How long the logs of a run are kept for reading before a later run removes them.
const KEPT_FOR: Duration = Duration::from_hours(24);

/// Where cargo puts programs inside a directory of a profile, and the programs of tests and of
/// examples.
const OF_A_PROFILE: [&str; 2] = ["deps", "examples"];

/// The root of the workspace: the directory of `infra/`, `statemachine/` and `tests/`.
#[must_use]
pub fn workspace_directory() -> PathBuf {
    let crate_directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    // This crate lies two levels below.
    crate_directory
        .ancestors()
        .nth(2)
        .unwrap_or(crate_directory)
        .to_owned()
}

/// Cargo's target directory, wherever `CARGO_TARGET_DIR` or cargo's configuration put it: the one
/// this program was built into.
#[must_use]
pub fn target_directory() -> PathBuf {
    let built = std::env::current_exe()
        .ok()
        .and_then(|program| target_directory_of(&program));
    built.unwrap_or_else(|| workspace_directory().join("target"))
}

/// From where cargo puts a program: `{target directory}/{profile}/{program}`, tests in `deps` of
/// the profile, and with `--target` the platform's name before it.
fn target_directory_of(program: &Path) -> Option<PathBuf> {
    let named = |directory: &Path, names: &[&str]| {
        directory
            .file_name()
            .is_some_and(|name| names.iter().any(|one| name == *one))
    };
    let directory = program.parent()?;
    let profile = if named(directory, &OF_A_PROFILE) {
        directory.parent()?
    } else {
        directory
    };
    let above = profile.parent()?;
    // A platform's name begins with its processors'.
    let processors = format!("{}-", std::env::consts::ARCH);
    let is_platform = above
        .file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| name.starts_with(&processors));
    let target = if is_platform { above.parent()? } else { above };
    Some(target.to_owned())
}

/// A directory of one run, for its logs, its database and the emulator's state; no two runs share
/// one.
///
/// It stays when the run ends, so that logs can be read; runs of later days remove it.
#[derive(Debug, Clone)]
pub struct RunDirectory {
    path: PathBuf,
}

impl RunDirectory {
    /// Makes the directory `local-run/{label}-{process id}-{count}` below the target directory.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(label: &str) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let runs = target_directory().join("local-run");
        remove_older_than(&runs, KEPT_FOR);
        let path = runs.join(format!(
            "{label}-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        ));
        if path.exists() {
            fs::remove_dir_all(&path).with_context(|| {
                format!(
                    "The directory of a former run, {}, could not be removed",
                    path.display()
                )
            })?;
        }
        fs::create_dir_all(&path)
            .with_context(|| format!("The run's directory {} could not be made", path.display()))?;
        Ok(Self { path })
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file in it.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A directory in it, made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn directory(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        fs::create_dir_all(&path)
            .with_context(|| format!("The directory {} could not be made", path.display()))?;
        Ok(path)
    }
}

/// Removes what is old enough; what cannot be read or removed is left for the next time.
fn remove_older_than(runs: &Path, age: Duration) {
    let Ok(entries) = fs::read_dir(runs) else {
        return;
    };
    for entry in entries.flatten() {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let is_old = modified.is_ok_and(|modified| {
            SystemTime::now()
                .duration_since(modified)
                .is_ok_and(|elapsed| elapsed > age)
        });
        if is_old {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_holds_the_definition() {
        assert!(
            workspace_directory()
                .join("statemachine/ecs-task.asl.json")
                .is_file()
        );
    }

    #[test]
    fn the_target_directory_is_the_one_this_test_was_built_into() {
        let program = std::env::current_exe().unwrap();
        assert!(
            program.starts_with(target_directory()),
            "{} is not below {}",
            program.display(),
            target_directory().display()
        );
    }

    #[test]
    fn a_target_directory_is_known_by_where_cargo_puts_programs_in_it() {
        let platform = format!(
            "/checkout/target/{}-unknown-linux-gnu/debug/deps/local_run-0123456789abcdef",
            std::env::consts::ARCH
        );
        for program in [
            "/checkout/target/debug/local",
            "/checkout/target/debug/deps/local_run-0123456789abcdef",
            "/checkout/target/release/examples/echo",
            &platform,
        ] {
            assert_eq!(
                target_directory_of(Path::new(program)),
                Some("/checkout/target".into()),
                "{program}"
            );
        }
    }

    #[test]
    fn two_runs_of_one_process_have_two_directories() {
        let one = RunDirectory::create("directories-test").unwrap();
        let other = RunDirectory::create("directories-test").unwrap();
        assert_ne!(one.path(), other.path());
        assert!(one.path().is_dir() && other.path().is_dir());
    }

    #[test]
    fn only_old_runs_are_removed() {
        let runs = RunDirectory::create("directories-test").unwrap();
        let kept = runs.directory("recent").unwrap();
        remove_older_than(runs.path(), KEPT_FOR);
        assert!(kept.is_dir());
        remove_older_than(runs.path(), Duration::ZERO);
        assert!(!kept.exists());
    }
}
