//! The guide's policies, against what each caller calls. People copy them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::guide::policy;

/// Each door with the actions that its caller needs, and where that is written.
const NEEDED: [(&str, &[&str]); 5] = [
    // What the section's command and its workflow call: with `--stack` left out, and a command
    // without `--container`.
    (
        "### Rights",
        &[
            "cloudformation:DescribeStacks",
            "ecs:DescribeTaskDefinition",
            "states:DescribeExecution",
            "states:GetExecutionHistory",
            "states:StartExecution",
            "states:StopExecution",
        ],
    ),
    // What the section's commands call, and what ends a run or shows what happened.
    (
        "## From the AWS CLI",
        &[
            "states:DescribeExecution",
            "states:GetExecutionHistory",
            "states:StartExecution",
            "states:StopExecution",
        ],
    ),
    // `startExecution.sync:2` is refused without the rule, with words that say nothing of it (Step
    // Functions guide, `stepfunctions-iam`).
    (
        "## From another state machine",
        &[
            "events:DescribeRule",
            "events:PutRule",
            "events:PutTargets",
            "states:DescribeExecution",
            "states:StartExecution",
            "states:StopExecution",
        ],
    ),
    // EventBridge Scheduler guide, `managing-targets-templated`.
    ("## From EventBridge Scheduler", &["states:StartExecution"]),
    // CodePipeline guide, `action-reference-StepFunctions`, service role permissions.
    (
        "## From CodePipeline",
        &[
            "states:DescribeExecution",
            "states:DescribeStateMachine",
            "states:StartExecution",
        ],
    ),
];

/// The rule that Step Functions manages for calls with `.sync`.
const RULE: &str = "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule";

#[test]
fn each_policy_allows_what_its_caller_calls_and_nothing_else() {
    for (heading, needed) in NEEDED {
        let policy = policy(heading);
        let mut allowed = BTreeSet::new();
        for statement in policy["Statement"].as_array().unwrap() {
            assert_eq!(statement["Effect"], "Allow", "{heading}");
            let resource = statement["Resource"].as_str().unwrap();
            let actions = match &statement["Action"] {
                Value::Array(actions) => actions.clone(),
                one => vec![one.clone()],
            };
            for action in actions {
                let action = action.as_str().unwrap().to_owned();
                let is_right = resource_of(&action).is_some_and(|part| match part {
                    // As a whole: `*` is the end of other resources, too.
                    "*" => resource == part,
                    part => resource.contains(part),
                });
                assert!(is_right, "{heading}: {action} on {resource}");
                assert!(allowed.insert(action), "{heading}");
            }
        }
        let needed: BTreeSet<_> = needed.iter().map(|&action| action.to_owned()).collect();
        assert_eq!(allowed, needed, "{heading}");
    }
}

/// What the resource of an action is (service authorization reference, Step Functions, EventBridge,
/// CloudFormation and ECS). A right on another kind allows nothing.
fn resource_of(action: &str) -> Option<&'static str> {
    Some(match action {
        "states:StartExecution" | "states:DescribeStateMachine" => ":stateMachine:",
        "states:DescribeExecution" | "states:GetExecutionHistory" | "states:StopExecution" => {
            ":execution:"
        }
        "cloudformation:DescribeStacks" => ":stack/ecs-task-runner/",
        // It knows no resources.
        "ecs:DescribeTaskDefinition" => "*",
        "events:DescribeRule" | "events:PutRule" | "events:PutTargets" => RULE,
        _ => return None,
    })
}
