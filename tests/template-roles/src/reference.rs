//! What the Service Authorization Reference says of the actions that the template allows: the type
//! of their resources, and the service's own condition keys. A condition on any other key would
//! never hold, nor would a resource of another type.

/// An action.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    /// As in `ecs:RunTask`.
    pub name: &'static str,
    /// The form of its resources' ARNs; `*` where there are none.
    pub resource: &'static str,
    /// Keys that a policy of the template may ask for.
    pub keys: &'static [&'static str],
}

const fn action(
    name: &'static str,
    resource: &'static str,
    keys: &'static [&'static str],
) -> Action {
    Action {
        name,
        resource,
        keys,
    }
}

const CLUSTER: &[&str] = &["ecs:cluster"];
const ACTIVITY: &str = "arn:*:states:*:activity:*";
const EXECUTION: &str = "arn:*:states:*:execution:*";
const STATE_MACHINE: &str = "arn:*:states:*:stateMachine:*";
const LOG_STREAM: &str = "arn:*:logs:*:log-group:*:*";
/// A task token stands for an activity, or for the state machine whose state made it.
const TOKEN_HOLDER: &str = "arn:*:states:*";
const SERVICE_PARTS: &str = "arn:*:ecs:*:service*/*";
const TASK: &str = "arn:*:ecs:*:task/*";
const TASK_DEFINITION: &str = "arn:*:ecs:*:task-definition/*";

/// From `https://docs.aws.amazon.com/service-authorization/latest/reference/`, pages
/// `list_amazonelasticcontainerservice`, `list_awsstepfunctions`, `list_amazoncloudwatchlogs`,
/// `list_awskeymanagementservice`, `list_awscloudformation`, `list_identityandaccessmanagement`,
/// `list_amazonsqs` and `list_awslambda`, as of June 2026, with two exceptions that say so.
pub const ACTIONS: &[Action] = &[
    action(
        "cloudformation:DescribeStackEvents",
        "arn:*:cloudformation:*:stack/*",
        &[],
    ),
    action(
        "cloudformation:DescribeStacks",
        "arn:*:cloudformation:*:stack/*",
        &[],
    ),
    // Each is about its own kind of resource, and about the service as well.
    action("ecs:DescribeServiceDeployments", SERVICE_PARTS, CLUSTER),
    action("ecs:DescribeServiceRevisions", SERVICE_PARTS, CLUSTER),
    action("ecs:DescribeServices", "arn:*:ecs:*:service/*", CLUSTER),
    action("ecs:DescribeTaskDefinition", "*", &[]),
    action("ecs:DescribeTasks", TASK, CLUSTER),
    // The reference names container instances. A call that names none is about `*`, and only the
    // key tells the cluster (https://github.com/cdklabs/construct-hub/pull/1207).
    action("ecs:ListTasks", "*", CLUSTER),
    // Asked with the revision, also where the call names only the family
    // (https://github.com/aws/aws-cdk/issues/30390).
    action("ecs:RunTask", TASK_DEFINITION, CLUSTER),
    action("ecs:StartTask", TASK_DEFINITION, CLUSTER),
    action("ecs:StopTask", TASK, CLUSTER),
    action("ecs:TagResource", TASK, &["ecs:CreateAction"]),
    action(
        "iam:PassRole",
        "arn:*:iam:*:role/*",
        &["iam:PassedToService"],
    ),
    action("kms:Decrypt", "arn:*:kms:*:key/*", &[]),
    action("kms:Encrypt", "arn:*:kms:*:key/*", &[]),
    action("logs:CreateLogStream", LOG_STREAM, &[]),
    action("logs:GetLogEvents", LOG_STREAM, &[]),
    action("logs:PutLogEvents", LOG_STREAM, &[]),
    action("sqs:SendMessage", "arn:*:sqs:*", &[]),
    action("states:DescribeActivity", ACTIVITY, &[]),
    action("states:DescribeExecution", EXECUTION, &[]),
    action("states:GetActivityTask", ACTIVITY, &[]),
    action("states:GetExecutionHistory", EXECUTION, &[]),
    action("states:ListExecutions", STATE_MACHINE, &[]),
    // The reference names no resource for these three. The developer guide does, "Activity-level
    // permissions" in "Creating granular permissions for non-admin users"
    // (concept-create-iam-advanced), and IAM asks for it
    // (https://github.com/aws/aws-cdk/pull/8486), as it does for a state machine's tokens
    // (`StateMachine.grantTaskResponse` of the CDK).
    action("states:SendTaskFailure", TOKEN_HOLDER, &[]),
    action("states:SendTaskHeartbeat", TOKEN_HOLDER, &[]),
    action("states:SendTaskSuccess", TOKEN_HOLDER, &[]),
    action("states:StartExecution", STATE_MACHINE, &[]),
    action("states:StopExecution", EXECUTION, &[]),
];

/// The action of a name.
#[must_use]
pub fn of(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.name == name)
}
