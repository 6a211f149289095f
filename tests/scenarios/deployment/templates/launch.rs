//! How an instance's launch ends: what its script tells the stack, and what cloud-init sees.

use std::process::{Command, Output};

use local_run::directories::RunDirectory;
use serde_json::json;

use super::Template;
use super::workers::script;

/// What CloudFormation says of a signal that nothing waits for (aws-cloudformation-templates issue
/// 126).
const REFUSED: &str = "ValidationError: Stack arn:aws:cloudformation:eu-west-1:123456789012:stack/workers/1 is in UPDATE_COMPLETE state and cannot be signaled";

/// Runs the script's frame around a launch: everything up to the trap, then these commands. `signals`
/// takes the place of cfn-signal. Gives what Bash ends with, and what was signalled.
fn launch(commands: &str, signals: &str) -> (Output, String) {
    let template = Template::worker();
    let (frame, _) = script(&template).split_once("trap finish EXIT\n").unwrap();
    let directory = RunDirectory::create("launch").unwrap();
    let signalled = directory.file("signalled");
    let frame = frame
        .replace("/opt/aws/bin/cfn-signal", "cfn_signal")
        .replace("${AWS::StackName}", "workers")
        .replace("${AWS::Region}", "eu-west-1")
        .replace("${ImageRefresh}", "");
    assert!(!frame.contains("${"), "{frame}");
    let shims = format!(
        "systemctl() {{ echo \"systemctl $*\"; return 1; }}\ncfn_signal() {{ echo \"$*\" > {}; {signals}; }}\n",
        signalled.display()
    );
    let whole = format!("{shims}{frame}trap finish EXIT\n{commands}\n");
    let mut bash = Command::new("bash");
    let output = bash.args(["-c", &whole]).output().unwrap();
    let signalled = std::fs::read_to_string(signalled).unwrap();
    (output, signalled.trim().to_owned())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_launch_ends_as_its_commands_did_and_tells_the_stack_so() {
    for (commands, code) in [("true", 0), ("(exit 3); echo goes on", 3)] {
        let (output, signalled) = launch(commands, "return 0");
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let expected =
            format!("--exit-code {code} --stack workers --resource Workers --region eu-west-1");
        assert_eq!(signalled, expected);
        let is_disabled = said(&output).contains("systemctl disable --now ecs-task-runner");
        assert_eq!(is_disabled, code != 0, "{output:?}");
        assert!(!said(&output).contains("goes on"), "{output:?}");
    }
}

/// The group has replaced an instance by itself.
#[test]
fn a_signal_that_nothing_waits_for_is_no_failure_of_the_launch() {
    let refuses = format!("echo '{REFUSED}' >&2; return 1");
    for (commands, code) in [("true", 0), ("(exit 3)", 3)] {
        let (output, _) = launch(commands, &refuses);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let said = said(&output);
        assert!(
            said.contains(REFUSED) && said.contains("so nothing waits for this signal."),
            "{said}"
        );
    }
}

#[test]
fn a_signal_that_fails_otherwise_is_a_failure_of_the_launch() {
    let fails = "echo 'AccessDenied: no' >&2; return 1";
    for (commands, code) in [("true", 1), ("(exit 3)", 3)] {
        let (output, _) = launch(commands, fails);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert!(said(&output).contains("AccessDenied: no"), "{output:?}");
    }
}

/// Otherwise a rolling update that fails leaves the group with the instance that it had besides, and a
/// smaller `MinInstances` shrinks no group.
#[test]
fn the_group_wants_as_many_instances_as_poll_at_any_time() {
    let template = Template::worker();
    let group = template.properties("Workers");
    for size in ["MinSize", "DesiredCapacity"] {
        assert_eq!(group[size], json!({"Ref": "MinInstances"}), "{size}");
    }
}

#[test]
fn instances_are_given_a_further_policy_where_there_is_one() {
    let template = Template::worker();
    assert_eq!(template.parameter("InstancePolicyArn")["Default"], "");
    let policies = template.properties("InstanceRole")["ManagedPolicyArns"].as_array();
    let further = json!({"Fn::If": ["HasInstancePolicy", {"Ref": "InstancePolicyArn"}, {"Ref": "AWS::NoValue"}]});
    assert!(policies.unwrap().contains(&further), "{policies:?}");
}
