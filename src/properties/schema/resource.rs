//! The properties of `Custom::EcsTask`.

use super::ecs::{
    CAPACITY_PROVIDER_STRATEGY, NETWORK_CONFIGURATION, PLACEMENT_CONSTRAINTS, PLACEMENT_STRATEGY,
    PROPAGATE_TO_TASK, TAGS, VOLUME_CONFIGURATIONS,
};
use super::overrides::OVERRIDES;
use super::{List, Rule, Shape, Structure, any_text, optional, required, text, whole};
use crate::properties::{forms, limits, rules};

const CONTAINER_NAME: Shape = text("the name of a container", limits::MAX_NAME, forms::is_name);

/// All properties, CloudFormation's own included.
pub(crate) static RESOURCE: Structure = Structure {
    what: "an object with Cluster and TaskDefinition",
    fields: &[
        required(
            "cluster",
            text(
                "the name or ARN of an ECS cluster",
                limits::MAX_ARN,
                forms::is_cluster,
            ),
        ),
        required(
            "taskDefinition",
            text(
                "a family, family:revision or the ARN of a task definition",
                limits::MAX_ARN,
                forms::is_task_definition,
            ),
        ),
        optional("count", whole(limits::COUNT)),
        optional("overrides", Shape::Structure(&OVERRIDES)),
        optional(
            "launchType",
            Shape::Choice(&["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"]),
        ),
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
        optional("propagateTags", PROPAGATE_TO_TASK),
        optional("tags", Shape::List(&TAGS)),
        optional("referenceId", any_text("a reference id")),
        optional("volumeConfigurations", Shape::List(&VOLUME_CONFIGURATIONS)),
        optional(
            "networkFrom",
            text(
                "the name or ARN of an ECS service",
                limits::MAX_ARN,
                forms::is_service,
            ),
        ),
        optional("instances", Shape::List(&INSTANCES)),
        optional("timeout", whole(limits::TIMEOUT_SECONDS)),
        optional("runOnCreate", Shape::Boolean),
        optional("runOnUpdate", Shape::Boolean),
        optional("runOnRollback", Shape::Boolean),
        optional("updateCriteria", Shape::List(&UPDATE_CRITERIA)),
        optional("triggers", Shape::Anything),
        optional("containers", Shape::List(&CONTAINERS)),
        optional("successExitCodes", Shape::List(&SUCCESS_EXIT_CODES)),
        optional("logLines", whole(limits::LOG_LINES)),
        optional("retryStartFailures", Shape::Boolean),
        optional("serviceToken", Shape::Anything),
        optional("serviceTimeout", whole(limits::SERVICE_TIMEOUT_SECONDS)),
    ],
    rules: &[
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
    ],
};

static INSTANCES: List = List {
    what: "a list of container instance ARNs",
    item: text(
        "the ARN or id of a container instance (not of an EC2 instance)",
        limits::MAX_ARN,
        forms::is_container_instance,
    ),
    min: 1,
    max: limits::MAX_INSTANCES,
    takes_lone_item: false,
    rules: &[rules::instances_differ],
};

static CONTAINERS: List = List {
    what: "a list of container names",
    item: CONTAINER_NAME,
    min: 1,
    max: usize::MAX,
    takes_lone_item: false,
    rules: &[],
};

static SUCCESS_EXIT_CODES: List = List {
    what: "a list of exit codes",
    item: whole(limits::EXIT_CODE),
    min: 1,
    max: usize::MAX,
    takes_lone_item: false,
    rules: &[],
};

static UPDATE_CRITERIA: List = List {
    what: "a list of TaskDefinition, Cluster, Overrides or objects with Container and EnvironmentKeys",
    item: Shape::ChoiceOrStructure(
        &["TaskDefinition", "Cluster", "Overrides"],
        &ENVIRONMENT_CRITERION,
    ),
    min: 1,
    max: usize::MAX,
    takes_lone_item: true,
    rules: &[],
};

static ENVIRONMENT_CRITERION: Structure = Structure {
    what: "an object with Container and EnvironmentKeys",
    fields: &[
        required("container", CONTAINER_NAME),
        required("environmentKeys", Shape::List(&ENVIRONMENT_KEYS)),
    ],
    rules: &[],
};

static ENVIRONMENT_KEYS: List = List {
    what: "a list of environment variable names",
    item: any_text("the name of an environment variable"),
    min: 1,
    max: usize::MAX,
    takes_lone_item: false,
    rules: &[],
};
