//! The version of the programs, and the commit that they were built from.

use std::sync::LazyLock;

/// The commit and its date, as in `83348f7, 2026-11-23`. `-dirty` follows the commit if the sources
/// were changed since.
///
/// `infra/deploy` sets the variable when it compiles. Cargo compiles anew when the variable
/// changes.
const COMMIT: Option<&str> = option_env!("ECS_TASK_RUNNER_COMMIT");

/// Version and commit, as in `0.1.0 (83348f7, 2026-11-23)`. A program that was built without
/// `infra/deploy` says that its commit is unknown.
pub static VERSION: LazyLock<String> = LazyLock::new(|| with_commit(COMMIT));

fn with_commit(commit: Option<&str>) -> String {
    let commit = commit
        .filter(|commit| !commit.is_empty())
        .unwrap_or("commit unknown");
    format!("{} ({commit})", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_names_its_commit() {
        assert_eq!(
            with_commit(Some("83348f7, 2026-11-23")),
            concat!(env!("CARGO_PKG_VERSION"), " (83348f7, 2026-11-23)")
        );
    }

    #[test]
    fn an_unknown_commit_is_said_to_be_unknown() {
        for commit in [None, Some("")] {
            assert_eq!(
                with_commit(commit),
                concat!(env!("CARGO_PKG_VERSION"), " (commit unknown)"),
                "{commit:?}"
            );
        }
    }
}
