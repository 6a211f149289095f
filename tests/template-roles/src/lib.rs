//! The roles of `infra/task-runner.yaml` and the calls that programs really make.
//!
//! In the tests' worlds every program signs with an access key id of its own, by which the
//! stand-ins know it. [`Roles::enforce`] has them refuse what the program's role does not allow,
//! with IAM's own error, so that a permission that is missing fails the scenario that needs it.
//! What was called is [recorded](recording), and at the end of `cargo test` compared with the
//! policies: a part of them that allowed nothing fails the test.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "in a test, a panic is the report")
)]

pub mod policy;
pub mod recording;
pub mod reference;
mod roles;
pub mod template;

pub use roles::{Roles, WORKER};
pub use template::Deployment;
