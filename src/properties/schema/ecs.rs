//! The structures of `RunTask` that the properties take over, under the names that the ECS API
//! reference gives them. `overrides` has the largest of them.

use super::{
    List, ListRule, Rule, Shape, Structure, any_text, list, optional, required, structure, text,
    text_or_empty, whole,
};
use crate::properties::{forms, limits, rules};

pub(super) const ROLE_ARN: Shape = text(
    "the ARN of an IAM role",
    limits::MAX_ARN,
    forms::is_role_arn,
);

pub(super) const CONTAINER_NAME: Shape =
    text("the name of a container", limits::MAX_NAME, forms::is_name);

pub(super) static NETWORK_CONFIGURATION: Structure = structure(
    "an object with AwsvpcConfiguration",
    &[required(
        "awsvpcConfiguration",
        Shape::Structure(&AWSVPC_CONFIGURATION),
    )],
);

static AWSVPC_CONFIGURATION: Structure = structure(
    "an object with Subnets",
    &[
        required("subnets", Shape::List(&SUBNETS)),
        optional("securityGroups", Shape::List(&SECURITY_GROUPS)),
        optional("assignPublicIp", Shape::Choice(&["ENABLED", "DISABLED"])),
    ],
);

static SUBNETS: List = list(
    "a list of subnet ids",
    text("a subnet id (subnet-…)", limits::MAX_NAME, forms::is_subnet),
)
.not_empty()
.at_most(limits::MAX_SUBNETS);

static SECURITY_GROUPS: List = list(
    "a list of security group ids",
    text(
        "a security group id (sg-…)",
        limits::MAX_NAME,
        forms::is_security_group,
    ),
)
.at_most(limits::MAX_SECURITY_GROUPS);

pub(super) static CAPACITY_PROVIDER_STRATEGY: List = list(
    "a list of objects with CapacityProvider, Weight and Base",
    Shape::Structure(&CAPACITY_PROVIDER),
)
.not_empty()
.at_most(limits::MAX_CAPACITY_PROVIDERS)
// API reference, `CapacityProviderStrategyItem`: several providers of which none has a weight fail every
// `RunTask`, and "only one capacity provider in a strategy can have a base defined".
.with_rules(&[
    ListRule::SomeAboveZero(
        "weight",
        "gives no provider a Weight above 0; at least one needs it, or no task can be placed",
    ),
    ListRule::OneAboveZero(
        "base",
        "gives more than one provider a Base; ECS takes it for one",
    ),
]);

static CAPACITY_PROVIDER: Structure = structure(
    "an object with CapacityProvider, Weight and Base",
    &[
        required(
            "capacityProvider",
            text(
                "the name of a capacity provider",
                limits::MAX_NAME,
                forms::is_name,
            ),
        ),
        optional("weight", whole(limits::CAPACITY_PROVIDER_WEIGHT)),
        optional("base", whole(limits::CAPACITY_PROVIDER_BASE)),
    ],
);

pub(super) static PLACEMENT_CONSTRAINTS: List = list(
    "a list of objects with Type and Expression",
    Shape::Structure(&PLACEMENT_CONSTRAINT),
)
.at_most(limits::MAX_PLACEMENT_CONSTRAINTS);

static PLACEMENT_CONSTRAINT: Structure = structure(
    "an object with Type and Expression",
    &[
        required("type", Shape::Choice(&["distinctInstance", "memberOf"])),
        optional("expression", any_text("a cluster query expression")),
    ],
)
// "You can't specify an expression if the constraint type is distinctInstance" (API reference,
// `PlacementConstraint`).
.with_rules(&[
    Rule::Needs("type", "memberOf", "expression"),
    Rule::NotFor("type", "distinctInstance", "expression"),
]);

pub(super) static PLACEMENT_STRATEGY: List = list(
    "a list of objects with Type and Field",
    Shape::Structure(&PLACEMENT_STRATEGY_ITEM),
)
.at_most(limits::MAX_PLACEMENT_STRATEGIES);

static PLACEMENT_STRATEGY_ITEM: Structure = structure(
    "an object with Type and Field",
    &[
        required("type", Shape::Choice(&["random", "spread", "binpack"])),
        optional("field", any_text("an attribute, instanceId, cpu or memory")),
    ],
)
// API reference, `PlacementStrategy`.
.with_rules(&[
    Rule::Needs("type", "spread", "field"),
    Rule::Needs("type", "binpack", "field"),
    Rule::Check(rules::binpack_fills_cpu_or_memory),
]);

pub(super) static TAGS: List = list(
    "a list of objects with Key and Value",
    Shape::Structure(&TAG),
)
.at_most(limits::MAX_TAGS)
.with_rules(&[ListRule::Check(rules::tag_keys_differ)]);

static TAG: Structure = structure(
    "an object with Key and Value",
    &[
        required(
            "key",
            text(
                "a tag's key (not one that begins with aws:)",
                limits::MAX_TAG_KEY,
                forms::is_tag_text,
            ),
        ),
        optional(
            "value",
            text_or_empty(
                "a tag's value (not one that begins with aws:)",
                limits::MAX_TAG_VALUE,
                forms::is_tag_text,
            ),
        ),
    ],
);

pub(super) static VOLUME_CONFIGURATIONS: List = list(
    "a list of objects with Name and ManagedEBSVolume",
    Shape::Structure(&VOLUME_CONFIGURATION),
);

static VOLUME_CONFIGURATION: Structure = structure(
    "an object with Name and ManagedEBSVolume",
    &[
        required(
            "name",
            text(
                "the name of a volume of the task definition",
                limits::MAX_NAME,
                forms::is_name,
            ),
        ),
        optional("managedEBSVolume", Shape::Structure(&MANAGED_EBS_VOLUME)),
    ],
);

static MANAGED_EBS_VOLUME: Structure = structure(
    "an object with RoleArn and SizeInGiB or SnapshotId",
    &[
        optional("encrypted", Shape::Boolean),
        optional("kmsKeyId", any_text("the id, alias or ARN of a KMS key")),
        optional("volumeType", VOLUME_TYPE),
        optional("sizeInGiB", whole(limits::AT_LEAST_ONE)),
        optional("snapshotId", any_text("a snapshot id (snap-…)")),
        optional(
            "volumeInitializationRate",
            whole(limits::VOLUME_INITIALIZATION_RATE),
        ),
        optional("iops", whole(limits::AT_LEAST_ONE)),
        optional("throughput", whole(limits::AT_LEAST_ONE)),
        optional("tagSpecifications", Shape::List(&TAG_SPECIFICATIONS)),
        required("roleArn", ROLE_ARN),
        optional("terminationPolicy", Shape::Structure(&TERMINATION_POLICY)),
        optional("filesystemType", FILESYSTEM_TYPE),
    ],
)
.with_rules(&[Rule::OneOf(&["sizeInGiB", "snapshotId"])]);

const VOLUME_TYPE: Shape = Shape::Choice(&["gp2", "gp3", "io1", "io2", "sc1", "st1", "standard"]);

const FILESYSTEM_TYPE: Shape = Shape::Choice(&["ext3", "ext4", "xfs", "ntfs"]);

static TERMINATION_POLICY: Structure = structure(
    "an object with DeleteOnTermination",
    &[required("deleteOnTermination", Shape::Boolean)],
);

static TAG_SPECIFICATIONS: List = list(
    "a list of objects with ResourceType and Tags",
    Shape::Structure(&TAG_SPECIFICATION),
);

static TAG_SPECIFICATION: Structure = structure(
    "an object with ResourceType and Tags",
    &[
        required("resourceType", Shape::Choice(&["volume"])),
        optional("tags", Shape::List(&TAGS)),
        optional(
            "propagateTags",
            Shape::Choice(&["TASK_DEFINITION", "SERVICE", "NONE"]),
        ),
    ],
);
