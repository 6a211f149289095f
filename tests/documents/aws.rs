//! Commands of the AWS CLI, by the CLI's own tables: version 1, which is a Python package. The
//! documents ask for version 2.

use std::process::{Command, Stdio};

use serde_json::json;

use crate::commands::Shown;
use crate::python;

/// What version 2 has and version 1 has not: a command or an option of every command.
const VERSION_2: [&str; 4] = [
    "logs tail",
    "sso login",
    "--cli-binary-format",
    "--no-cli-pager",
];

/// Reads commands, each a list of words, and prints what is wrong with them.
const SCRIPT: &str = r"
import json, sys
from awscli.clidriver import ServiceCommand, create_clidriver

commands, version_2 = json.load(sys.stdin)
driver = create_clidriver()
everywhere = set(driver._get_argument_table()) | {name[2:] for name in version_2 if name.startswith('--')}

def tables(command):
    if isinstance(command, ServiceCommand):
        return command._get_command_table(), {}
    return getattr(command, 'subcommand_table', {}), command.arg_table

def problem(words, is_whole):
    table, arguments = driver._get_command_table(), {}
    names = []
    while words and words[0] in table:
        names.append(words.pop(0))
        if ' '.join(names) in version_2 or ' '.join(names + words[:1]) in version_2:
            return None
        table, arguments = tables(table[names[-1]])
    if table and not arguments:
        return f'there is no {words[:1]}' if words else 'it is not whole' if is_whole else None
    given = {word.split('=')[0][2:] for word in words if word.startswith('--')}
    unknown = given - set(arguments) - everywhere
    if unknown:
        return f'it has no option {sorted(unknown)}'
    required = {name for name, argument in arguments.items() if argument.required}
    positional = {name for name, argument in arguments.items() if not argument.cli_name.startswith('--')}
    given |= {name[3:] for name in given if name.startswith('no-')}
    lacking = required - positional - given
    if is_whole and lacking:
        return f'it lacks {sorted(lacking)}'

for place, words, is_whole in commands:
    said = problem(words[1:], is_whole)
    if said:
        print(f'{place}: {words}: {said}')
";

/// What is wrong with the commands; empty when they are all known.
pub fn problems(commands: &[Shown]) -> String {
    let commands: Vec<_> = commands
        .iter()
        .map(|command| json!([command.place, command.words, command.is_whole]))
        .collect();
    let mut interpreter = Command::new(python().interpreter())
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let input = interpreter.stdin.take().unwrap();
    serde_json::to_writer(input, &json!([commands, VERSION_2])).unwrap();
    let output = interpreter.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_command_that_the_aws_cli_does_not_have_is_found() {
    let cases = [
        (
            "aws stepfunctions describe-execution --execution-arn a",
            true,
            "",
        ),
        ("aws stepfunctions describe-execution", true, "it lacks"),
        ("aws stepfunctions describe-execution", false, ""),
        (
            "aws stepfunctions describe-executions",
            false,
            "there is no",
        ),
        (
            "aws stepfunctions describe-execution --execution a",
            false,
            "it has no option",
        ),
        ("aws s3 cp --recursive a b", true, ""),
        ("aws s3 cp --recursively a b", true, "it has no option"),
        (
            "aws cloudformation deploy --stack-name a --template-file b",
            true,
            "",
        ),
        ("aws logs tail GROUP --since 1h", true, ""),
        ("aws step-functions", false, "there is no"),
    ];
    let commands = cases.iter().enumerate();
    let commands = commands.map(|(number, (line, is_whole, _))| Shown {
        place: format!("case {number}"),
        words: line.split(' ').map(str::to_owned).collect(),
        is_whole: *is_whole,
    });
    let found = problems(&commands.collect::<Vec<_>>());
    for (number, (line, _, said)) in cases.iter().enumerate() {
        let begin = format!("case {number}: ");
        let found: Vec<_> = found
            .lines()
            .filter(|one| one.starts_with(&begin))
            .collect();
        assert_eq!(found.is_empty(), said.is_empty(), "{line}: {found:?}");
        assert!(
            found.iter().all(|one| one.contains(said)),
            "{line}: {found:?}"
        );
    }
}
