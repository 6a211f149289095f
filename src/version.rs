//! The version of the programs, and the commit that they were built from.

/// The commit that a program is built from: what the variable `ECS_TASK_RUNNER_COMMIT` says at its
/// build, as in `83348f7, 2026-11-23`; without the variable what git says, as in `83348f7`, or
/// `83348f7-dirty` if tracked files were changed since; without git `commit unknown`.
///
/// `infra/deploy` sets the variable, to the last commit that changed the programs' sources.
///
/// This is a macro, for the programs to call: cargo then compiles the two programs anew after each
/// commit, and not this library with all of its tests. The constant holds what was chosen; the other
/// text does not get into the program, so that `infra/deploy` makes the same program of the same
/// sources, whatever was committed beside them.
#[macro_export]
macro_rules! commit {
    () => {
        const {
            match ::std::option_env!("ECS_TASK_RUNNER_COMMIT") {
                Some(commit) if !commit.is_empty() => commit,
                // A tag says less than the commit does: it can be moved.
                _ => ::git_version::git_version!(
                    args = ["--always", "--dirty", "--exclude=*"],
                    fallback = "commit unknown"
                ),
            }
        }
    };
}

/// Version and commit, as in `0.1.0 (83348f7, 2026-11-23)`.
#[must_use]
pub fn with_commit(commit: &str) -> String {
    format!("{} ({commit})", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_names_its_commit() {
        assert_eq!(
            with_commit("83348f7, 2026-11-23"),
            concat!(env!("CARGO_PKG_VERSION"), " (83348f7, 2026-11-23)")
        );
    }
}
