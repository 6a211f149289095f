//! The command `check`: reads files, prints what was found in them, and says by its exit code whether
//! there is a problem.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use ecs_task_runner::check::{
    FileReport, Format, MAX_DOCUMENT_BYTES, RESOURCE_TYPE, Severity, write,
};

use crate::output;

#[derive(Debug, Clone, Args)]
pub(crate) struct CheckArguments {
    /// CloudFormation templates, files with a template in them (serverless.yml), events, or objects
    /// of properties, as YAML or JSON; - reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to print what was found: lines as compilers print them, JSON, or annotations for GitHub
    /// Actions
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: FormatArgument,
    /// The same as --format json
    #[arg(long, hide = true, conflicts_with = "format")]
    json: bool,
    /// Exit with 1 for warnings as well
    #[arg(long)]
    strict: bool,
    /// Let files pass in which there is nothing to check
    #[arg(long)]
    allow_none: bool,
    /// Check resources of this type; can be given more than once
    #[arg(long = "type", value_name = "TYPE", default_value = RESOURCE_TYPE)]
    types: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArgument {
    Text,
    Json,
    Github,
}

impl CheckArguments {
    fn format(&self) -> Format {
        match self.format {
            _ if self.json => Format::Json,
            FormatArgument::Text => Format::Text,
            FormatArgument::Json => Format::Json,
            FormatArgument::Github => Format::Github,
        }
    }
}

/// Prints what was found in all files. Fails when it cannot be printed.
pub(crate) fn run(arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    let types: Vec<&str> = arguments.types.iter().map(String::as_str).collect();
    let check = |path: &PathBuf| {
        let is_stdin = path.as_os_str() == "-";
        let name = if is_stdin {
            "<stdin>".to_owned()
        } else {
            path.display().to_string()
        };
        match read(path, is_stdin) {
            Ok(text) => FileReport::of(&name, &text, &types, arguments.allow_none),
            Err(error) => FileReport::unreadable(&name, &format!("{error:#}")),
        }
    };
    let reports: Vec<_> = arguments.files.iter().map(check).collect();
    output::print(&write(&reports, arguments.format()))?;
    let has = |severity| reports.iter().any(|report| report.count(severity) > 0);
    let fails = has(Severity::Error) || arguments.strict && has(Severity::Warning);
    Ok(if fails {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The text of a file, or of standard input. Reads at most one byte more than can be checked: the file may be endless.
pub(crate) fn read(path: &Path, is_stdin: bool) -> anyhow::Result<String> {
    if !is_stdin && path.is_dir() {
        bail!("is a directory: name its files");
    }
    let source: Box<dyn Read> = if is_stdin {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).context("cannot be opened")?)
    };
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_DOCUMENT_BYTES)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    source
        .take(limit)
        .read_to_end(&mut bytes)
        .context("cannot be read")?;
    if bytes.len() > MAX_DOCUMENT_BYTES {
        bail!("has more than {MAX_DOCUMENT_BYTES} bytes, which is more than CloudFormation takes");
    }
    String::from_utf8(bytes).context("is not text in UTF-8")
}
