//! Which version a program is, and from which commit it was built.

use std::sync::LazyLock;

/// The commit and its date, as in `83348f7, 2026-11-23`, with `-dirty` after the commit when the
/// sources were changed since.
///
/// `infra/deploy` sets the variable when it compiles; cargo sees when it changes.
const COMMIT: Option<&str> = option_env!("ECS_TASK_RUNNER_COMMIT");

/// Version and commit, as in `0.1.0 (83348f7, 2026-11-23)`. A program that was built without
/// `infra/deploy` does not know its commit.
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
