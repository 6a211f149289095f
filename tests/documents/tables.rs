//! The table of the worker's flags, against what the worker says of them.

use std::collections::BTreeMap;

use crate::markdown::table;
use crate::{ecs_task_runner, help, read};

/// Flag, variable and default of each option in the help text of the worker.
fn told() -> BTreeMap<String, (String, Option<String>)> {
    let help = help(&ecs_task_runner(), &["worker"]);
    let (_, options) = help.split_once("Options:").unwrap();
    let value = |option: &str, name: &str| {
        let (_, rest) = option.split_once(&format!("[{name}: "))?;
        Some(rest.split(']').next()?.trim_end_matches('=').to_owned())
    };
    let mut told = BTreeMap::new();
    for option in options.split("\n      --") {
        let option = option.split_whitespace().collect::<Vec<_>>().join(" ");
        let flag = option.split(' ').next().unwrap_or_default();
        // Every option but --help has a variable.
        if let Some(variable) = value(&option, "env") {
            told.insert(format!("--{flag}"), (variable, value(&option, "default")));
        }
    }
    told
}

#[test]
fn the_guide_has_every_flag_of_the_worker_with_its_variable_and_its_default() {
    let guide = read("infra/README.md");
    let rows = table(&guide, "| flag | variable | default | meaning |");
    let plain = |cell: &str| cell.trim_matches('`').to_owned();
    let shown: BTreeMap<_, _> = rows
        .iter()
        .map(|row| (plain(row[0]), (plain(row[1]), plain(row[2]))))
        .collect();
    let told = told();
    assert_eq!(
        shown.keys().collect::<Vec<_>>(),
        told.keys().collect::<Vec<_>>()
    );
    for (flag, (variable, default)) in told {
        let shown = &shown[&flag];
        assert_eq!(shown.0, variable, "{flag}");
        match default {
            Some(default) => assert_eq!(shown.1, default, "{flag}"),
            None => assert_eq!(shown.1, "required", "{flag}"),
        }
    }
}
