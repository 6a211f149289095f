//! `infra/deploy` as it is called: what it deploys on the emulator, and what it says when it
//! cannot.

#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod account;
mod call;
mod company;
mod concurrency;
mod dry_run;
mod emulator;
mod failures;
mod functions;
mod no_fleet;
mod quotas;
mod refusals;
mod release;
mod released;
mod uploads;

/// `EX_USAGE` of sysexits.h.
const EXIT_USAGE: i32 = 64;
/// `EX_UNAVAILABLE` of sysexits.h.
const EXIT_PREREQUISITE: i32 = 69;
