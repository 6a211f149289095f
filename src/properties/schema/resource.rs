//! The properties of `Custom::EcsTask`. Those of a structure of the ECS API are described in `ecs`
//! and `overrides`.

use super::ecs::{
    CAPACITY_PROVIDER_STRATEGY, CONTAINER_NAME, NETWORK_CONFIGURATION, PLACEMENT_CONSTRAINTS,
    PLACEMENT_STRATEGY, TAGS, VOLUME_CONFIGURATIONS,
};
use super::overrides::OVERRIDES;
use super::{
    List, ListRule, Rule, Shape, Structure, Text, any_text, list, optional, required, structure,
    text, whole,
};
use crate::properties::{forms, limits, rules};

/// All properties, with the two that are CloudFormation's own (`ServiceToken`, `ServiceTimeout`).
pub(super) static RESOURCE: Structure = structure(
    "an object with Cluster and TaskDefinition",
    &[
        required("cluster", CLUSTER),
        required("taskDefinition", TASK_DEFINITION),
        optional("count", whole(limits::COUNT)),
        optional("overrides", Shape::Structure(&OVERRIDES)),
        optional("launchType", LAUNCH_TYPE),
        optional(
            "capacityProviderStrategy",
            Shape::List(&CAPACITY_PROVIDER_STRATEGY),
        ),
        optional(
            "platformVersion",
            any_text("a Fargate platform version such as 1.4.0 or LATEST"),
        ),
        optional(
            "networkConfiguration",
            Shape::Structure(&NETWORK_CONFIGURATION),
        ),
        optional("placementConstraints", Shape::List(&PLACEMENT_CONSTRAINTS)),
        optional("placementStrategy", Shape::List(&PLACEMENT_STRATEGY)),
        optional("group", any_text("the name of a task group")),
        optional("enableExecuteCommand", Shape::Boolean),
        optional("enableECSManagedTags", Shape::Boolean),
        optional("propagateTags", PROPAGATE_TAGS),
        optional("tags", Shape::List(&TAGS)),
        optional("referenceId", any_text("a reference id")),
        optional("volumeConfigurations", Shape::List(&VOLUME_CONFIGURATIONS)),
        optional("networkFrom", SERVICE),
        optional("instances", Shape::List(&INSTANCES)),
        optional("timeout", TIMEOUT),
        optional("waitConditionHandle", WAIT_CONDITION_HANDLE),
        optional("runOnCreate", Shape::Boolean),
        optional("runOnUpdate", Shape::Boolean),
        optional("runOnRollback", Shape::Boolean),
        optional("rollbackOverrides", Shape::Structure(&OVERRIDES)),
        optional("rollbackFailure", Shape::Choice(&["fail", "ignore"])),
        optional("updateCriteria", Shape::List(&UPDATE_CRITERIA)),
        optional("triggers", Shape::Anything),
        optional("containers", Shape::List(&CONTAINERS)),
        optional("successExitCodes", Shape::List(&SUCCESS_EXIT_CODES)),
        optional("logLines", whole(limits::LOG_LINES)),
        optional("retryStartFailures", Shape::Boolean),
        optional("serviceToken", Shape::Anything),
        optional("serviceTimeout", whole(limits::SERVICE_TIMEOUT_SECONDS)),
    ],
)
.with_rules(&[
    Rule::NotTogether(
        "launchType",
        &["capacityProviderStrategy"],
        "RunTask takes one of them",
    ),
    Rule::NotTogether(
        "networkFrom",
        &[
            "networkConfiguration",
            "launchType",
            "capacityProviderStrategy",
            "platformVersion",
        ],
        "it is taken from the service",
    ),
    Rule::NotTogether(
        "instances",
        &[
            "count",
            "launchType",
            "capacityProviderStrategy",
            "platformVersion",
            "placementConstraints",
            "placementStrategy",
        ],
        "one task is started on each of the instances",
    ),
    Rule::InAStack(rules::timeout_over_the_hour_needs_a_handle),
    Rule::NotTogetherWithTrue(
        "runOnRollback",
        "rollbackOverrides",
        "a rollback runs the task definition of the update that failed, or that of the version before it",
    ),
]);

/// Whoever has the URL can signal the condition, so that no message repeats it.
const WAIT_CONDITION_HANDLE: Shape = Shape::Text(Text {
    what: "the URL that !Ref of an AWS::CloudFormation::WaitConditionHandle gives",
    min: 1,
    max: limits::MAX_HANDLE_URL,
    is_valid: forms::is_web_address,
    is_secret: true,
});

/// A rule lowers the first of these where there is no `WaitConditionHandle`.
const TIMEOUT: Shape = Shape::ByDoor(
    &whole(limits::TIMEOUT_WITH_HANDLE_SECONDS),
    &whole(limits::DIRECT_TIMEOUT_SECONDS),
);

const CLUSTER: Shape = text(
    "the name or ARN of an ECS cluster",
    limits::MAX_ARN,
    forms::is_cluster,
);

const TASK_DEFINITION: Shape = text(
    "a family, family:revision or the ARN of a task definition",
    limits::MAX_ARN,
    forms::is_task_definition,
);

const SERVICE: Shape = text(
    "the name or ARN of an ECS service",
    limits::MAX_ARN,
    forms::is_service,
);

const LAUNCH_TYPE: Shape = Shape::Choice(&["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"]);

/// `RunTask` refuses `SERVICE` (API reference, `RunTask`, `propagateTags`).
const PROPAGATE_TAGS: Shape = Shape::Choice(&["TASK_DEFINITION", "NONE"]);

static INSTANCES: List = list(
    "a list of container instance ARNs",
    text(
        "the ARN or id of a container instance (not of an EC2 instance)",
        limits::MAX_ARN,
        forms::is_container_instance,
    ),
)
.not_empty()
.at_most(limits::MAX_INSTANCES)
.with_rules(&[ListRule::Check(rules::instances_differ)]);

static CONTAINERS: List = list("a list of container names", CONTAINER_NAME).not_empty();

static SUCCESS_EXIT_CODES: List =
    list("a list of exit codes", whole(limits::EXIT_CODE)).not_empty();

/// A criterion by itself stands for a list of one.
static UPDATE_CRITERIA: List = list(
    "a list of TaskDefinition, Cluster, Overrides or objects with Container and EnvironmentKeys",
    Shape::ChoiceOrStructure(
        &["TaskDefinition", "Cluster", "Overrides"],
        &ENVIRONMENT_CRITERION,
    ),
)
.not_empty()
.or_lone_item();

static ENVIRONMENT_CRITERION: Structure = structure(
    "an object with Container and EnvironmentKeys",
    &[
        required("container", CONTAINER_NAME),
        required("environmentKeys", Shape::List(&ENVIRONMENT_KEYS)),
    ],
);

static ENVIRONMENT_KEYS: List = list(
    "a list of environment variable names",
    any_text("the name of an environment variable"),
)
.not_empty();
