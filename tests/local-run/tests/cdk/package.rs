//! The package, built and tested in a copy of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use local_run::directories::{target_directory, workspace_directory};
use local_run::python::PythonEnvironment;
use tokio::process::Command;
use tokio::sync::OnceCell;

/// What npm and the compilers make, and no part of the package's source.
const MADE: [&str; 6] = [
    "node_modules",
    "lib",
    "dist",
    "cdk.out",
    ".jsii",
    "tsconfig.json",
];

/// Beside `node_modules`: the lock file that they were installed by.
const INSTALLED: &str = "node_modules/.package-lock.json.installed";

/// Without npm there is none.
static TESTED: OnceCell<Option<Package>> = OnceCell::const_new();

#[derive(Clone)]
pub struct Package {
    directory: PathBuf,
}

impl Package {
    /// The package after its build and its tests, which have written their templates, and its
    /// example is synthesized.
    pub async fn tested() -> Option<&'static Self> {
        let package = TESTED.get_or_init(|| async {
            if !has_npm().await {
                assert!(
                    std::env::var_os("CDK_IS_REQUIRED").is_none(),
                    "npm is not installed, and CDK_IS_REQUIRED is set"
                );
                eprintln!("skipped: npm is not installed");
                return None;
            }
            let package = Self::copied();
            package.install().await;
            // Builds the package first.
            package.npm(&["run", "synth"]).await;
            package.npm(&["test"]).await;
            Some(package)
        });
        package.await.as_ref()
    }

    /// Copies the source over what an earlier run left, whose `node_modules` are worth keeping.
    fn copied() -> Self {
        let directory = target_directory().join("cdk");
        fs::create_dir_all(&directory).unwrap();
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("node_modules") {
            } else if path.is_dir() {
                fs::remove_dir_all(path).unwrap();
            } else {
                fs::remove_file(path).unwrap();
            }
        }
        copy(&workspace_directory().join("infra/cdk"), &directory);
        Self { directory }
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where its tests have written what they synthesized.
    pub fn templates(&self) -> PathBuf {
        self.directory.join("templates")
    }

    async fn install(&self) {
        let lock = fs::read(self.directory.join("package-lock.json")).unwrap();
        let installed = self.directory.join(INSTALLED);
        if fs::read(&installed).is_ok_and(|earlier| earlier == lock) {
            return;
        }
        self.npm(&["ci", "--no-progress"]).await;
        fs::write(installed, lock).unwrap();
    }

    pub async fn npm(&self, arguments: &[&str]) -> String {
        let mut npm = Command::new("npm");
        npm.args(arguments)
            .current_dir(&self.directory)
            .env("TEMPLATES", self.templates());
        run(&mut npm).await
    }

    /// A Python with the package and the newest CDK that suits it.
    pub async fn python(&self) -> PathBuf {
        self.npm(&["exec", "--", "jsii-pacmak", "--targets", "python"])
            .await;
        let mut wheels = fs::read_dir(self.directory.join("dist/python"))
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let wheel = wheels
            .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
            .unwrap();
        let base = PythonEnvironment::prepare(|_| ()).await.unwrap();
        let environment = self.directory.join("dist/venv");
        let mut venv = Command::new(base.interpreter());
        run(venv.args(["-m", "venv"]).arg(&environment)).await;
        let python = environment.join("bin/python3");
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet"]).arg(wheel);
        run(&mut pip).await;
        python
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name());
        if MADE.iter().any(|made| name == *made) {
        } else if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

async fn has_npm() -> bool {
    let mut npm = Command::new("npm");
    npm.arg("--version").stdout(Stdio::null());
    npm.status().await.is_ok_and(|status| status.success())
}

/// What a program prints that succeeds.
pub async fn run(command: &mut Command) -> String {
    let output = command.kill_on_drop(true).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{said}\n{complained}",
        output.status
    );
    said
}
