//! A handle in the properties, and the wait condition that belongs to it.

use super::*;

/// A template with a handle, a condition with these members, and a run with these properties.
fn template(properties: &str, condition: &str) -> String {
    format!(
        "
Parameters: {{Given: {{Type: String}}}}
Conditions: {{IsLong: !Equals [!Ref Given, long]}}
Resources:
  Handle: {{Type: 'AWS::CloudFormation::WaitConditionHandle'}}
  Topic: {{Type: 'AWS::SNS::Topic'}}
  Run:
    Type: Custom::EcsTask
    Properties: {{ServiceToken: x, Cluster: c, TaskDefinition: 'migrate:3', {properties}}}
{condition}
"
    )
}

const HANDLE: &str = "Timeout: 7200, WaitConditionHandle: !Ref Handle";

fn condition(members: &str) -> String {
    format!("  Condition: {{Type: 'AWS::CloudFormation::WaitCondition', {members}}}")
}

fn findings(template: &str) -> Vec<String> {
    let findings = check(template).findings.into_iter();
    findings
        .map(|finding| {
            format!(
                "{:?} {}: {}",
                finding.severity, finding.path, finding.message
            )
        })
        .collect()
}

#[test]
fn a_condition_that_waits_long_enough_and_after_the_run_began_is_no_problem() {
    for properties in [
        "DependsOn: Run, Properties: {Handle: !Ref Handle, Timeout: '7295'}",
        "DependsOn: [Topic, Run], Properties: {Handle: !Ref Handle, Timeout: 43200}",
        "DependsOn: Run, Properties: {Handle: !Ref Handle, Timeout: !Ref Given}",
        "Properties: {Handle: !Ref Handle, Timeout: 7295, Count: !GetAtt Run.Skipped}",
    ] {
        let template = template(HANDLE, &condition(properties));
        assert_eq!(findings(&template), [""; 0], "{properties}");
    }
}

#[test]
fn a_handle_without_a_condition_is_found() {
    let others = condition("Properties: {Handle: !Ref Topic, Timeout: 60}");
    for conditions in ["", others.as_str()] {
        assert_eq!(
            findings(&template(HANDLE, conditions)),
            [
                "Error Run.Properties.WaitConditionHandle: names Handle, and the template has no AWS::CloudFormation::WaitCondition with this Handle: nobody would learn how the run ended; add one that has DependsOn this resource"
            ]
        );
    }
    for properties in [
        "WaitConditionHandle: !Ref Given",
        "WaitConditionHandle: !Ref Elsewhere",
        "WaitConditionHandle: !If [IsLong, !Ref Handle, !Ref 'AWS::NoValue'], Timeout: 7200",
    ] {
        assert_eq!(findings(&template(properties, "")), [""; 0], "{properties}");
    }
    let nested = "  Nested: {Type: 'AWS::CloudFormation::Stack', Properties: {Parameters: {Handle: !Ref Handle}}}";
    assert_eq!(findings(&template(HANDLE, nested)), [""; 0]);
}

#[test]
fn what_is_no_handle_is_found() {
    for (value, what) in [
        ("!Ref Topic", "names Topic (AWS::SNS::Topic)"),
        (
            "!GetAtt Handle.Url",
            "names Handle (an attribute of a handle)",
        ),
    ] {
        let properties = format!("WaitConditionHandle: {value}");
        assert_eq!(
            findings(&template(&properties, "")),
            [format!(
                "Error Run.Properties.WaitConditionHandle: {what}; expected !Ref of an AWS::CloudFormation::WaitConditionHandle"
            )]
        );
    }
}

#[test]
fn a_condition_that_waits_less_long_than_the_run_may_take_is_found() {
    for (run, waits, least) in [("Timeout: 7200, ", 7_294, 7_295), ("", 3_394, 3_395)] {
        let properties = format!("{run}WaitConditionHandle: !Ref Handle");
        let members =
            format!("DependsOn: Run, Properties: {{Handle: !Ref Handle, Timeout: '{waits}'}}");
        assert_eq!(
            findings(&template(&properties, &condition(&members))),
            [format!(
                "Error Condition.Properties.Timeout: is {waits}, and the run that Condition waits for may take {} s and 95 s more to stop and be reported: give the condition at least {least} s, or the run a shorter Timeout",
                least - 95
            )]
        );
    }
}

#[test]
fn a_condition_that_does_not_depend_on_the_run_is_found() {
    let members = "DependsOn: Topic, Properties: {Handle: !Ref Handle, Timeout: 43200}";
    assert_eq!(
        findings(&template(HANDLE, &condition(members))),
        [
            "Warning Condition: waits for the run of Run, and does not depend on it: its time may begin long before the run does; give it DependsOn: Run"
        ]
    );
}

#[test]
fn a_timeout_above_the_hour_needs_a_handle() {
    let members = "DependsOn: Run, Properties: {Handle: !Ref Handle, Timeout: 43200}";
    assert_eq!(
        findings(&template("Timeout: 7200", &condition(members)))[0],
        "Error Run.Properties.Timeout: is 7200; expected a whole number from 1 to 3540, or up to 43200 together with WaitConditionHandle"
    );
}
