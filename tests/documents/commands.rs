//! Commands that the documents show: a shell reads them, and the programs that they call know the
//! words.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use ecs_task_runner::check::read_document;
use serde_json::Value;

use crate::aws;
use crate::markdown::{Block, Document, Part};
use crate::{ecs_task_runner, help, local, root, shell};

/// Languages of blocks that are scripts.
const SHELL: [&str; 2] = ["sh", "bash"];
/// The language of blocks that are GitHub workflows. Blocks in `yaml` are templates.
const WORKFLOW: &str = "yml";
/// Programs whose commands are checked, wherever they are shown.
const PROGRAMS: [&str; 5] = [
    "aws",
    "cargo",
    "ecs-task-runner",
    "infra/deploy",
    "infra/verify",
];

/// Those of them that are scripts in `infra`.
const SCRIPTS: [&str; 2] = ["deploy", "verify"];

/// A command as it is shown.
pub struct Shown {
    pub place: String,
    pub words: Vec<String>,
    /// Of a block: it is meant to be run. What stands in a line may be a part of a command.
    pub is_whole: bool,
}

fn begins_with_a_program(text: &str) -> bool {
    PROGRAMS.iter().any(|program| {
        text.strip_prefix(program)
            .is_some_and(|rest| rest.starts_with(' '))
    })
}

/// The scripts of a document: blocks of their own, and the steps of workflows.
fn scripts(document: &Document) -> Vec<Part> {
    let blocks = document.blocks_in(&SHELL).cloned();
    let workflows = document.blocks_in(&[WORKFLOW]);
    blocks.chain(workflows.flat_map(steps)).collect()
}

/// What the steps of a GitHub workflow run.
fn steps(workflow: &Part) -> Vec<Part> {
    let read =
        read_document(&workflow.text).unwrap_or_else(|error| panic!("{}: {error}", workflow.place));
    let jobs = read["jobs"].as_object().unwrap().values();
    let steps = jobs.flat_map(|job| job["steps"].as_array().unwrap());
    let scripts = steps.filter_map(|step| step.get("run").and_then(Value::as_str));
    let scripts: Vec<_> = scripts
        .map(|script| Part {
            place: workflow.place.clone(),
            text: script.to_owned(),
        })
        .collect();
    assert!(
        !scripts.is_empty(),
        "{}: no step runs anything",
        workflow.place
    );
    scripts
}

fn spans(document: &Document) -> impl Iterator<Item = &Part> {
    let spans = document.spans.iter();
    spans.filter(|span| begins_with_a_program(&span.text))
}

/// Every command of every document.
fn shown() -> Vec<Shown> {
    let mut shown = Vec::new();
    for document in Document::all() {
        let scripts = scripts(&document);
        let parts = scripts.iter().map(|part| (part, true));
        for (part, is_whole) in parts.chain(spans(&document).map(|part| (part, false))) {
            for words in shell::commands(&part.text) {
                shown.push(Shown {
                    place: part.place.clone(),
                    words,
                    is_whole,
                });
            }
        }
    }
    shown
}

/// The options of a help text, by their long names.
fn options(help: &str) -> BTreeSet<String> {
    let name = |word: &str| {
        let name = word.trim_end_matches([',', '.', ':', ')', ']']);
        let name = name.split(['=', '|', '[']).next().unwrap_or_default();
        name.strip_prefix("--").map(str::to_owned)
    };
    help.split([' ', '\n', '(']).filter_map(name).collect()
}

/// The options of each command that is the project's own, as the program itself tells them.
fn own_commands() -> BTreeMap<String, BTreeSet<String>> {
    let program = ecs_task_runner();
    let overview = help(&program, &[]);
    let (_, list) = overview.split_once("Commands:").unwrap();
    let (list, _) = list.split_once("Options:").unwrap();
    let names = list
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help");
    let mut commands: BTreeMap<String, BTreeSet<String>> = names
        .map(|name| (name.to_owned(), options(&help(&program, &[name]))))
        .collect();
    assert!(commands.contains_key("worker"), "{overview}");
    commands.insert(String::new(), options(&overview));
    commands.insert("local".to_owned(), options(&help(&local(), &[])));
    for script in SCRIPTS {
        let help = help(&root().join("infra").join(script), &[]);
        commands.insert(script.to_owned(), options(&help));
    }
    commands
}

/// What a command calls of the project's own, and with which words.
fn own(words: &[String]) -> Option<(&str, &[String])> {
    match words.first()?.as_str() {
        script if script.starts_with("infra/") => Some((&script["infra/".len()..], &words[1..])),
        "cargo" if words.get(1)? == "local" => Some(("local", &words[2..])),
        "cargo" if words.get(1)? == "run" => {
            let program = words.iter().position(|word| word == "--")? + 1;
            Some((words.get(program)?, &words[program + 1..]))
        }
        "ecs-task-runner" => {
            let rest = &words[1..];
            Some(match rest.split_first() {
                Some((name, rest)) if !name.starts_with('-') => (name, rest),
                _ => ("", rest),
            })
        }
        _ => None,
    }
}

#[test]
fn a_shell_reads_every_script_that_is_shown() {
    for document in Document::all() {
        for part in scripts(&document).iter().chain(spans(&document)) {
            let mut bash = Command::new("bash")
                .arg("-n")
                .stdin(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut script = bash.stdin.take().unwrap();
            std::io::Write::write_all(&mut script, part.text.as_bytes()).unwrap();
            drop(script);
            let output = bash.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {said}", part.place);
        }
    }
}

#[test]
fn every_block_with_commands_says_that_it_is_a_script() {
    for document in Document::all() {
        for Block { language, code } in &document.blocks {
            let has_commands = code.text.lines().any(begins_with_a_program);
            assert!(
                !has_commands || SHELL.contains(&language.as_str()),
                "{}: write ```sh",
                code.place
            );
        }
    }
}

#[test]
fn the_aws_cli_has_every_command_that_is_shown() {
    let commands: Vec<_> = shown()
        .into_iter()
        .filter(|shown| shown.words.first().is_some_and(|word| word == "aws"))
        .collect();
    assert!(commands.len() > 30, "{} commands", commands.len());
    let problems = aws::problems(&commands);
    assert!(problems.is_empty(), "{problems}");
}

#[test]
fn the_programs_have_every_command_and_option_that_is_shown() {
    let known = own_commands();
    let mut wrong = Vec::new();
    let mut checked = 0;
    for Shown { place, words, .. } in shown() {
        let Some((name, rest)) = own(&words) else {
            continue;
        };
        checked += 1;
        let Some(options) = known.get(name) else {
            wrong.push(format!("{place}: there is no command {name}"));
            continue;
        };
        // What follows are words of another program.
        for word in rest.iter().take_while(|word| *word != "--") {
            let option = word.split('=').next().unwrap_or_default();
            if let Some(option) = option.strip_prefix("--")
                && !options.contains(option)
            {
                wrong.push(format!("{place}: {name} has no option --{option}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 30, "{checked} commands");
}

/// Options that are shown without their command.
#[test]
fn some_program_has_every_option_that_is_shown_alone() {
    let known: BTreeSet<_> = own_commands().into_values().flatten().collect();
    for document in Document::all() {
        let spans = document.spans.iter();
        for span in spans.filter(|span| span.text.starts_with("--")) {
            // What follows `--` are words of another program.
            let words = span.text.split_whitespace();
            for word in words.take_while(|word| *word != "--") {
                if let Some(option) = word.strip_prefix("--") {
                    let option = option.split('=').next().unwrap_or_default();
                    assert!(known.contains(option), "{}: --{option}", span.place);
                }
            }
        }
    }
}

#[test]
fn infra_deploy_and_infra_verify_take_every_call_of_them_that_is_shown() {
    let mut called = 0;
    for Shown {
        place,
        words,
        is_whole,
    } in shown()
    {
        let is_a_call = |script, option: &str| {
            words[0] == script && (is_whole || words.iter().any(|word| word == option))
        };
        if !is_a_call("infra/deploy", "--bucket") && !is_a_call("infra/verify", "--vpc") {
            continue;
        }
        called += 1;
        let output = Command::new("bash")
            .args(&words)
            .arg("--dry-run")
            .current_dir(root())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        // The files of a release are looked for when the options are right, and a checkout has none.
        let lacks_the_release =
            words.iter().any(|word| word == "--release") && said.contains("has no SHA256SUMS");
        assert!(
            output.status.success() || lacks_the_release,
            "{place}: {words:?}: {said}"
        );
    }
    assert!(called > 10, "{called} calls");
}
