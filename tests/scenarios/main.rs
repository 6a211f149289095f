//! What the parts do together, played against the stand-ins.

#![allow(missing_docs, reason = "a test's name says what it shows")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod activity;
mod definition;
mod edges;
mod evidence;
mod example;
mod explain;
mod functions;
mod histories;
#[path = "../faults/interpreter.rs"]
mod interpreter;
mod launches;
mod lifecycle;
mod load;
mod log;
mod parameters;
mod parsers;
mod program;
mod rates;
mod reasons;
mod standstill;
mod task_run;
mod templates;
mod upgrade;
mod worker_health;
mod worker_process;
mod world;
