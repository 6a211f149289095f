//! The command `check`: reads a file, prints the report on it, and says by its exit code whether
//! there is a problem.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use ecs_task_runner::check::{MAX_DOCUMENT_BYTES, RESOURCE_TYPE, check_document};

#[derive(Debug, Clone, Args)]
pub(crate) struct CheckArguments {
    /// An event, a properties object, or a CloudFormation template (YAML or JSON); - reads standard
    /// input
    file: PathBuf,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Check resources of this type; can be given more than once
    #[arg(long = "type", value_name = "TYPE", default_value = RESOURCE_TYPE)]
    types: Vec<String>,
}

/// Prints the report. Fails when the file cannot be checked at all.
pub(crate) fn run(arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    let text = read(arguments)?;
    let types: Vec<&str> = arguments.types.iter().map(String::as_str).collect();
    let report = check_document(&text, &types)
        .with_context(|| format!("{} cannot be checked", arguments.file.display()))?;
    if arguments.json {
        println!(
            "{}",
            serde_json::to_string_pretty(&report).context("the report cannot be written")?
        );
    } else {
        println!("{report}");
    }
    Ok(if report.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The text of the file. Reads at most one byte more than can be checked: the file may be endless.
fn read(arguments: &CheckArguments) -> anyhow::Result<String> {
    let name = arguments.file.display();
    let source: Box<dyn Read> = if arguments.file.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(&arguments.file).with_context(|| format!("{name} cannot be opened"))?)
    };
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_DOCUMENT_BYTES)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    source
        .take(limit)
        .read_to_end(&mut bytes)
        .with_context(|| format!("{name} cannot be read"))?;
    if bytes.len() > MAX_DOCUMENT_BYTES {
        bail!(
            "{name} has more than {MAX_DOCUMENT_BYTES} bytes, which is more than CloudFormation takes"
        );
    }
    String::from_utf8(bytes).with_context(|| format!("{name} is not text in UTF-8"))
}
