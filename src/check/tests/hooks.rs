//! Lifecycle hooks of ECS services.

use super::*;

const DETAILS: &str = r#"'{"Timeout": 600, "Overrides": {"ContainerOverrides": [{"Name": "web", "Command": ["migrate"]}]}}'"#;
const TIME: &str = "{TimeoutInMinutes: 20, Action: ROLLBACK}";
const TARGET: &str = "!ImportValue ecs-task-runner-HookFunctionArn";

/// A template with a service whose hook has these members.
fn template(target: &str, details: &str, time: &str) -> String {
    let line = |name: &str, value: &str| {
        if value.is_empty() {
            String::new()
        } else {
            format!("            {name}: {value}\n")
        }
    };
    format!(
        "Parameters:
  Limit: {{Type: Number}}
  Hook: {{Type: String}}
  Name: {{Type: String}}
Resources:
  Service:
    Type: AWS::ECS::Service
    Properties:
      DeploymentConfiguration:
        LifecycleHooks:
          - LifecycleStages: [PRE_SCALE_UP]
{}{}{}",
        line("HookTargetArn", target),
        line("HookDetails", details),
        line("TimeoutConfiguration", time)
    )
}

fn found(target: &str, details: &str, time: &str) -> Vec<String> {
    told(&template(target, details, time))
}

#[test]
fn a_hook_of_the_task_runner_is_checked() {
    for details in [
        DETAILS,
        r#"!Sub '{"Timeout": ${Limit}, "Overrides": {"ContainerOverrides": [{"Name": "${Name}", "Command": ["migrate", "--for=${AWS::StackName} \"${Name}\""]}]}}'"#,
        r#"!Sub ['{"Timeout": ${Time}, "TaskDefinition": "${Family}:7"}', {Time: !Ref Limit, Family: !Ref Name}]"#,
        r"Fn::ToJsonString: {Timeout: !Ref Limit, Overrides: {ContainerOverrides: [{Name: web, Command: [migrate]}]}}",
        "!Ref Name",
        "!Join ['', ['{', '}']]",
    ] {
        let details = if details.starts_with("Fn::") {
            format!("{{{details}}}")
        } else {
            details.to_owned()
        };
        let report = check(&template(TARGET, &details, TIME));
        assert_eq!(report.findings, [], "{details}");
        assert_eq!(report.checked, ["Service"], "{details}");
    }
}

#[test]
fn details_that_are_no_text_with_json_are_errors() {
    for (details, expected) in [
        (
            "{Overrides: {}}",
            r#"13:13: error: Service.Properties.DeploymentConfiguration.LifecycleHooks[0].HookDetails: is an object; CloudFormation takes text that holds JSON: put it in quotes, as in '{"Overrides": …}', or after !Sub for values of the template"#,
        ),
        (
            r#"'{"Overrides": '"#,
            "13:13: error: Service.Properties.DeploymentConfiguration.LifecycleHooks[0].HookDetails: is text that is no JSON: EOF while parsing a value at line 1 column 14",
        ),
        (
            r#"'["migrate"]'"#,
            "13:13: error: Service.Properties.DeploymentConfiguration.LifecycleHooks[0].HookDetails: holds a list; expected a JSON object with Overrides",
        ),
        (
            r#"'{"Timeout": 600}'"#,
            "13:13: error: Service.Properties.DeploymentConfiguration.LifecycleHooks[0].HookDetails: has neither Overrides nor TaskDefinition: the service itself would be run, which does not end by itself; give Overrides with the command to run",
        ),
        (
            "",
            "11:13: error: Service.Properties.DeploymentConfiguration.LifecycleHooks[0].HookDetails: is missing; expected text that holds a JSON object with Overrides",
        ),
    ] {
        let told = found(TARGET, details, TIME);
        assert_eq!(told, [expected], "{details}");
    }
}

#[test]
fn problems_in_the_text_have_their_paths_and_the_place_of_the_text() {
    let told = found(
        TARGET,
        r#"'{"Timeout": 82801, "Cuont": 1, "TaskDefinition": "web:7", "Overrides": {"ContainerOverrides": [{"Name": "web", "Comand": ["x"], "Environment": [{"Name": "PASSWORD", "Value": "correct-horse"}]}]}}'"#,
        TIME,
    );
    let at =
        "13:13: error: Service.Properties.DeploymentConfiguration.LifecycleHooks[0].HookDetails.";
    let expected = [
        "Timeout: is 82801; expected a whole number from 1 to 82800",
        "Cuont: is not a property of this resource; did you mean Count?",
        "Overrides.ContainerOverrides[0].Comand: ",
    ];
    for part in expected {
        let whole = format!("{at}{part}");
        assert!(
            told.iter().any(|line| line.starts_with(&whole)),
            "{whole} is not in {told:#?}"
        );
    }
    let secret = told.iter().find(|line| line.contains("may be a secret"));
    assert!(
        secret.is_some_and(|line| line.contains("warning")),
        "{told:#?}"
    );
    assert!(!told.concat().contains("correct-horse"), "{told:#?}");
}

#[test]
fn the_time_that_ecs_waits_is_to_be_given_and_longer_than_the_run() {
    let told = found(TARGET, DETAILS, "");
    assert_eq!(told.len(), 1, "{told:#?}");
    let part = "warning: Service.Properties.DeploymentConfiguration.LifecycleHooks[0].TimeoutConfiguration: is missing: ECS then waits 24 hours";
    assert!(told[0].contains(part), "{told:#?}");
    let told = found(TARGET, DETAILS, "{TimeoutInMinutes: 10}");
    assert_eq!(told.len(), 1, "{told:#?}");
    let part =
        "TimeoutInMinutes: is 600 s, and the run may take 600 s: ECS would end the deployment";
    assert!(told[0].contains(part), "{told:#?}");
}

#[test]
fn hooks_of_other_functions_are_nobody_s_business() {
    for (target, details, is_ours) in [
        ("!GetAtt Validator.Arn", "{Bucket: b}", false),
        ("!GetAtt Validator.Arn", r#"'{"Bucket": "b"}'"#, false),
        (
            "arn:aws:lambda:eu-west-1:123456789012:function:validate",
            DETAILS,
            false,
        ),
        ("", "", false),
        ("!Ref Hook", DETAILS, true),
        ("!Ref Hook", "{Overrides: {}}", true),
        ("!Sub '${Hook}'", DETAILS, true),
        (
            "!GetAtt TaskRunner.Outputs.HookFunctionArn",
            "{Bucket: b}",
            true,
        ),
        (
            "!ImportValue {'Fn::Sub': '${Name}-HookFunctionArn'}",
            DETAILS,
            true,
        ),
    ] {
        let report = check(&template(target, details, TIME));
        let expected: &[&str] = if is_ours { &["Service"] } else { &[] };
        assert_eq!(report.checked, expected, "{target} {details}");
        assert!(is_ours || report.findings.is_empty(), "{target} {details}");
    }
}

#[test]
fn all_hooks_of_all_services_are_looked_at() {
    let one = template(TARGET, "{Overrides: {}}", TIME);
    let (head, hook) = one.split_once("          - LifecycleStages").unwrap();
    let twice = format!("{head}          - LifecycleStages{hook}          - LifecycleStages{hook}");
    assert_eq!(told(&twice).len(), 2, "{twice}");
}
