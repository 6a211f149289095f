//! The command `schema`: prints a JSON Schema of the properties.

use std::process::ExitCode;

use clap::Args;
use ecs_task_runner::properties::{SchemaOf, json_schema};

use crate::output;

#[derive(Debug, Args)]
pub(crate) struct SchemaArguments {
    /// Describe the Properties of a resource in a template, where functions may stand for values, and
    /// not the properties of a direct run
    #[arg(long)]
    template: bool,
}

/// Prints the schema. Fails when it cannot be printed.
pub(crate) fn run(arguments: &SchemaArguments) -> anyhow::Result<ExitCode> {
    let of = if arguments.template {
        SchemaOf::Resource
    } else {
        SchemaOf::DirectRun
    };
    output::print(&format!("{:#}\n", json_schema(of)))?;
    Ok(ExitCode::SUCCESS)
}
