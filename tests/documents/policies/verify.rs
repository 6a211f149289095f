//! The rights of who runs `infra/verify`, besides those of who uses the task runner.

use std::collections::BTreeSet;

use template_roles::policy::matches;

use super::{actions, aws_commands, lacking, permissions, resource_types};
use crate::{read, root};

/// The templates of `infra/verify` with resources of AWS. That of a run has a `Custom::EcsTask` alone.
pub(super) const TEMPLATES: [&str; 2] = ["verify.yaml", "verify-service.yaml"];

/// What it calls: the AWS CLI's command, and its permission where it needs one.
const CALLS: [(&str, &str); 31] = [
    (
        "autoscaling describe-auto-scaling-groups",
        "autoscaling:DescribeAutoScalingGroups",
    ),
    (
        "autoscaling describe-auto-scaling-instances",
        "autoscaling:DescribeAutoScalingInstances",
    ),
    (
        "cloudformation cancel-update-stack",
        "cloudformation:CancelUpdateStack",
    ),
    ("cloudformation create-stack", "cloudformation:CreateStack"),
    ("cloudformation delete-stack", "cloudformation:DeleteStack"),
    (
        "cloudformation describe-stack-events",
        "cloudformation:DescribeStackEvents",
    ),
    (
        "cloudformation describe-stack-resource",
        "cloudformation:DescribeStackResource",
    ),
    (
        "cloudformation describe-stack-resources",
        "cloudformation:DescribeStackResources",
    ),
    (
        "cloudformation describe-stacks",
        "cloudformation:DescribeStacks",
    ),
    // With the task runner's tags.
    (
        "cloudformation create-stack --tags",
        "cloudformation:TagResource",
    ),
    ("cloudformation update-stack", "cloudformation:UpdateStack"),
    ("ec2 describe-subnets", "ec2:DescribeSubnets"),
    ("ec2 terminate-instances", "ec2:TerminateInstances"),
    ("ecs delete-task-definitions", "ecs:DeleteTaskDefinitions"),
    ("ecs describe-clusters", "ecs:DescribeClusters"),
    ("ecs describe-tasks", "ecs:DescribeTasks"),
    ("ecs list-service-deployments", "ecs:ListServiceDeployments"),
    ("ecs list-task-definitions", "ecs:ListTaskDefinitions"),
    ("ecs list-tasks", "ecs:ListTasks"),
    ("ecs stop-task", "ecs:StopTask"),
    ("lambda get-account-settings", "lambda:GetAccountSettings"),
    ("logs describe-log-groups", "logs:DescribeLogGroups"),
    ("logs filter-log-events", "logs:FilterLogEvents"),
    ("logs get-log-events", "logs:GetLogEvents"),
    (
        "stepfunctions describe-execution",
        "states:DescribeExecution",
    ),
    (
        "stepfunctions get-execution-history",
        "states:GetExecutionHistory",
    ),
    ("stepfunctions list-executions", "states:ListExecutions"),
    ("stepfunctions start-execution", "states:StartExecution"),
    ("stepfunctions stop-execution", "states:StopExecution"),
    // CloudFormation passes the roles of task definitions and services for who makes the stack.
    ("iam pass-role", "iam:PassRole"),
    ("sts get-caller-identity", "sts:GetCallerIdentity"),
];

#[test]
fn who_verifies_may_do_what_its_templates_take_and_nothing_else() {
    let wrong: Vec<_> = TEMPLATES
        .iter()
        .flat_map(|template| lacking(template, &["verify.json"]))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let types = TEMPLATES
        .iter()
        .flat_map(|one| resource_types(one))
        .collect();
    let mut needed: BTreeSet<String> = permissions(&types).into_values().flatten().collect();
    needed.extend(CALLS.iter().map(|(_, action)| (*action).to_owned()));
    let surplus: Vec<_> = actions("verify.json")
        .into_iter()
        .filter(|action| !needed.iter().any(|needed| matches(action, needed)))
        .collect();
    assert!(surplus.is_empty(), "nothing needs {surplus:?}");
}

#[test]
fn who_verifies_may_make_every_call_of_infra_verify() {
    let parts = std::fs::read_dir(root().join("infra/verify.d")).unwrap();
    let scripts = parts.map(|part| part.unwrap().path());
    let allowed: BTreeSet<_> = ["use.json", "verify.json"]
        .into_iter()
        .flat_map(actions)
        .collect();
    let mut calls = 0;
    for script in scripts {
        for command in aws_commands(&read(script)) {
            calls += 1;
            let known = CALLS.iter().find(|(known, _)| *known == command);
            let (_, action) = known.unwrap_or_else(|| panic!("{command} is in no table"));
            let is_allowed = allowed.iter().any(|pattern| matches(pattern, action));
            assert!(is_allowed, "{command} needs {action}");
        }
    }
    assert!(calls > 30, "{calls} calls");
}
