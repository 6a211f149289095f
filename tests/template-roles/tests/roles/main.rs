//! The policies of `infra/task-runner.yaml`: against the calls of all other tests, against the
//! state machine's definition, and with other parameters.

#![allow(missing_docs, reason = "a test's name says what it shows")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod comparison;
mod parameters;
mod services;
