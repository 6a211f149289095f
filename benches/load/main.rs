//! The load run: the real worker, the activity runtime alone, a bare loop of SDK calls and other
//! people's workers, each in a process of its own, against stand-ins of AWS in this process over
//! real sockets.
//!
//! `cargo bench --bench load` runs everything; `cargo bench --bench load -- throughput detection`
//! runs parts. `tests/load.md` explains the figures.

#![allow(
    clippy::cast_precision_loss,
    reason = "counts of a load run are far below 2^52"
)]
#![allow(clippy::unwrap_used, reason = "a load run that cannot go on ends")]

mod account;
mod contender;
mod detection;
mod in_flight;
mod process;
mod quotas;
mod report;
mod subject;
mod throughput;

/// The parts, in the order in which they run.
const PARTS: [&str; 4] = ["throughput", "quotas", "detection", "in-flight"];

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    // What cargo adds.
    arguments.retain(|argument| argument != "--bench");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let [role, subject] = arguments.as_slice()
        && role == subject::ROLE
    {
        return runtime.block_on(subject::run(subject));
    }
    if let Some(unknown) = arguments
        .iter()
        .find(|argument| !PARTS.contains(&argument.as_str()))
    {
        eprintln!(
            "there is no part '{unknown}'; the parts are {}",
            PARTS.join(", ")
        );
        std::process::exit(64);
    }
    runtime.block_on(async {
        for part in PARTS.iter().filter(|part| {
            arguments.is_empty() || arguments.iter().any(|argument| argument == *part)
        }) {
            match *part {
                "throughput" => throughput::run().await,
                "quotas" => quotas::run().await,
                "detection" => detection::run().await,
                _ => in_flight::run().await,
            }
        }
    });
}
