//! The files of an account in which somebody calls `infra/verify`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use local_run::directories::{RunDirectory, workspace_directory};

/// How long things take in the script, and how long they take here.
const HERE: [(&str, &str, &str); 3] = [
    ("infra/verify", "readonly POLL=5", "readonly POLL=2"),
    (
        "infra/verify.d/runs.bash",
        "readonly RUN_PATIENCE=300",
        "readonly RUN_PATIENCE=200",
    ),
    (
        "infra/verify.d/hook.bash",
        "readonly HOOK_PATIENCE=900",
        "readonly HOOK_PATIENCE=150",
    ),
];

/// The script with its parts and templates, in which what takes minutes on AWS is given up sooner.
pub fn checkout(directory: &RunDirectory) -> PathBuf {
    let checkout = directory.directory("checkout").unwrap();
    let from = workspace_directory();
    for part in ["infra", "infra/deploy.d", "infra/verify.d"] {
        fs::create_dir_all(checkout.join(part)).unwrap();
        for file in fs::read_dir(from.join(part)).unwrap() {
            let file = file.unwrap();
            if file.file_type().unwrap().is_file() {
                fs::copy(file.path(), checkout.join(part).join(file.file_name())).unwrap();
            }
        }
    }
    for (file, there, here) in HERE {
        let text = fs::read_to_string(checkout.join(file)).unwrap();
        assert!(text.contains(there), "{file} has no {there}");
        fs::write(checkout.join(file), text.replace(there, here)).unwrap();
    }
    checkout
}

/// Writes a program of one file.
pub fn program(file: &Path, script: &str) {
    fs::write(file, script).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The program of this name on this machine.
pub fn found(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|program| program.is_file())
        .unwrap()
}
