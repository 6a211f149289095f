//! The `health` command: asks the worker on this host whether it is well. It is for the health
//! check of a container whose image has no shell and no curl.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;

use crate::output;

/// Time to connect, and for each read and write. ECS gives a container's health check 5 s by
/// default.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Largest part of the answer that is read, in bytes. A worker's answer has a few hundred.
const MAX_ANSWER: u64 = 4_096;

#[derive(Debug, Args)]
#[allow(
    clippy::doc_markdown,
    reason = "these comments are the help that --help prints, where backticks would show"
)]
pub(crate) struct HealthArguments {
    /// Address and port that the worker answers at
    #[arg(long, env = "HEALTH_ADDR", value_name = "ADDRESS")]
    health_addr: SocketAddr,
}

/// Prints the worker's answer. Fails when the worker is not well or does not answer.
pub(crate) fn run(arguments: &HealthArguments) -> anyhow::Result<ExitCode> {
    let address = arguments.health_addr;
    let answer = ask(address).with_context(|| format!("no worker answers at {address}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    if !head.starts_with("HTTP/1.1 200 ") {
        bail!(
            "the worker at {address} is not well: {}",
            if body.is_empty() { head } else { body }
        );
    }
    output::print(&format!("{body}\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(
        stream,
        "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER).read_to_string(&mut answer)?;
    Ok(answer)
}
