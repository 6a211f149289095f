//! The Python side of a run: a virtual environment below the target directory, made once per set of
//! requirements.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use tokio::process::Command;

use crate::child_process::{ChildProcess, end_of, last_lines};
use crate::directories::{target_directory, workspace_directory};

/// The oldest Python that the pinned packages run on.
const OLDEST_PYTHON: (u32, u32) = (3, 10);

/// Hex digits of a hash that tell environments apart.
const KEY_LENGTH: usize = 12;

/// How often a wait looks again, for another run's installation and for pip's progress.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Written last, so that a half-made environment is known as one.
const COMPLETE: &str = "complete";

/// A virtual environment with the packages of `tests/requirements.txt`.
#[derive(Debug, Clone)]
pub struct PythonEnvironment {
    directory: PathBuf,
}

impl PythonEnvironment {
    /// Finds the environment for the requirements and the interpreter as they are now, or makes it.
    ///
    /// Runs that need it at the same time wait for the one that makes it. `progress` is told what
    /// is being done, a few words at a time.
    ///
    /// # Errors
    /// When there is no Python of the right version with the `venv` module, or when pip cannot
    /// install the packages.
    pub async fn prepare(progress: impl Fn(&str)) -> Result<Self> {
        let requirements = workspace_directory().join("tests/requirements.txt");
        let wanted = fs::read(&requirements)
            .with_context(|| format!("{} could not be read", requirements.display()))?;
        let interpreter = Interpreter::find().await?;
        let environments = target_directory().join("python");
        fs::create_dir_all(&environments)
            .with_context(|| format!("{} could not be made", environments.display()))?;
        let directory = environments.join(interpreter.key(&wanted));

        let _lock = lock(&directory.with_extension("lock"), &progress).await?;
        if !directory.join(COMPLETE).is_file() {
            make(&interpreter, &directory, &requirements, &progress).await?;
        }
        Ok(Self { directory })
    }

    /// The directory of its programs, for the front of `PATH`.
    #[must_use]
    pub fn programs(&self) -> PathBuf {
        self.directory.join("bin")
    }

    /// Its interpreter.
    #[must_use]
    pub fn interpreter(&self) -> PathBuf {
        self.programs().join("python3")
    }
}

/// A Python that can make environments.
#[derive(Debug)]
struct Interpreter {
    program: PathBuf,
    version: String,
}

impl Interpreter {
    /// Takes the one that `PYTHON` names, or else `python3` on the `PATH`.
    async fn find() -> Result<Self> {
        let program = std::env::var_os("PYTHON")
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "python3".into());
        Self::examine(Path::new(&program)).await
    }

    async fn examine(program: &Path) -> Result<Self> {
        let question = "import sys; print(sys.executable); print(*sys.version_info[:3], sep='.'); import venv, ensurepip";
        let name = program.display();
        let answer = Command::new(program).args(["-c", question]).output().await.with_context(|| {
            format!(
                "The local run needs Python {}.{} or newer, and {name} could not be run: install it, or name it in PYTHON",
                OLDEST_PYTHON.0, OLDEST_PYTHON.1
            )
        })?;
        let told = String::from_utf8_lossy(&answer.stdout).into_owned();
        let mut lines = told.lines();
        let (Some(executable), Some(version)) = (lines.next(), lines.next()) else {
            bail!(
                "{name} is no working Python: {}",
                String::from_utf8_lossy(&answer.stderr).trim()
            );
        };
        if !is_new_enough(version) {
            bail!(
                "{name} is Python {version}; the local run needs {}.{} or newer: install one, or name it in PYTHON",
                OLDEST_PYTHON.0,
                OLDEST_PYTHON.1
            );
        }
        if !answer.status.success() {
            bail!(
                "{name} (Python {version}) lacks the module venv or ensurepip; Debian and Ubuntu keep them in the package python3-venv"
            );
        }
        Ok(Self {
            program: executable.into(),
            version: version.to_owned(),
        })
    }

    /// Names an environment by all that decides what is in it.
    fn key(&self, requirements: &[u8]) -> String {
        let mut hash = Sha256::new();
        hash.update(requirements);
        hash.update(self.program.as_os_str().as_encoded_bytes());
        hash.update(&self.version);
        let digest = hex::encode(hash.finalize());
        digest[..KEY_LENGTH].to_owned()
    }
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= OLDEST_PYTHON,
        _ => false,
    }
}

/// Waits for the lock, which the operating system takes back when its holder dies.
async fn lock(path: &Path, progress: &impl Fn(&str)) -> Result<fs::File> {
    let cannot = || format!("The lock {} could not be taken", path.display());
    let file = fs::File::options()
        .create(true)
        .append(true)
        .open(path)
        .with_context(cannot)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::WouldBlock) => {
                progress("waiting for another run that installs it");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Err(fs::TryLockError::Error(error)) => return Err(error).with_context(cannot),
        }
    }
}

async fn make(
    interpreter: &Interpreter,
    directory: &Path,
    requirements: &Path,
    progress: &impl Fn(&str),
) -> Result<()> {
    let log = directory.with_extension("log");
    progress("making the environment");
    let mut venv = Command::new(&interpreter.program);
    venv.args(["-m", "venv", "--clear"]).arg(directory);
    run(venv, &log, progress)
        .await
        .context("The Python environment could not be made")?;

    let mut pip = Command::new(directory.join("bin/python3"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar",
        "off",
        "--requirement",
    ]);
    pip.arg(requirements);
    run(pip, &log, progress)
        .await
        .with_context(|| format!("pip could not install {}", requirements.display()))?;

    let mark = directory.join(COMPLETE);
    fs::write(&mark, "").with_context(|| format!("{} could not be written", mark.display()))
}

/// Runs a program to its end and passes on the last line of its log meanwhile.
async fn run(command: Command, log: &Path, progress: &impl Fn(&str)) -> Result<()> {
    let mut process = ChildProcess::start_logged("Python", command, log)?;
    let status = loop {
        if let Ok(status) = tokio::time::timeout(LOOK_AGAIN, process.ended()).await {
            break status?;
        }
        progress(last_lines(log, 1).trim());
    };
    if !status.success() {
        bail!("it ended with {status}; {}", end_of(log, 15));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interpreter(program: &str, version: &str) -> Interpreter {
        Interpreter {
            program: program.into(),
            version: version.to_owned(),
        }
    }

    #[test]
    fn the_key_changes_with_everything_that_decides_the_content() {
        let key = interpreter("/usr/bin/python3", "3.11.7").key(b"ministack==1.5.33");
        assert_eq!(
            key,
            interpreter("/usr/bin/python3", "3.11.7").key(b"ministack==1.5.33")
        );
        assert_eq!(key.len(), KEY_LENGTH);
        for other in [
            interpreter("/usr/bin/python3", "3.11.7").key(b"ministack==1.5.34"),
            interpreter("/usr/bin/python3", "3.11.8").key(b"ministack==1.5.33"),
            interpreter("/opt/bin/python3", "3.11.7").key(b"ministack==1.5.33"),
        ] {
            assert_ne!(key, other);
        }
    }

    #[test]
    fn python_3_10_is_the_oldest_that_is_taken() {
        for (version, expected) in [
            ("3.9.18", false),
            ("3.10.0", true),
            ("3.14.1", true),
            ("2.7.18", false),
            ("4.0.0", true),
            ("", false),
            ("3", false),
        ] {
            assert_eq!(is_new_enough(version), expected, "{version:?}");
        }
    }

    #[tokio::test]
    async fn a_missing_interpreter_is_told_with_the_way_out() {
        let error = Interpreter::examine(Path::new("/no/such/python3"))
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("/no/such/python3 could not be run: install it, or name it in PYTHON"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_program_that_is_no_python_is_told_as_such() {
        let error = Interpreter::examine(Path::new("true"))
            .await
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("true is no working Python"), "{error}");
    }
}
