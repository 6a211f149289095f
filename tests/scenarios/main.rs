//! What the parts do together, played against the stand-ins.

#![allow(missing_docs, reason = "a test's name says what it shows")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod activity;
mod deployment;
mod functions;
mod histories;
mod programs;
mod task_run;
mod worlds;
