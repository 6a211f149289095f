//! The structures of the ECS API that the properties take over, with the API's names.

use super::{List, Rule, Shape, Structure, Text, any_text, optional, required, text, whole};
use crate::properties::{forms, limits, rules};

/// What `RunTask` takes: `SERVICE` is refused there (API reference, `RunTask`, `propagateTags`).
pub(crate) const PROPAGATE_TO_TASK: Shape = Shape::Choice(&["TASK_DEFINITION", "NONE"]);

const ROLE_ARN: Shape = text(
    "the ARN of an IAM role",
    limits::MAX_ARN,
    forms::is_role_arn,
);

pub(crate) static NETWORK_CONFIGURATION: Structure = Structure {
    what: "an object with AwsvpcConfiguration",
    fields: &[required(
        "awsvpcConfiguration",
        Shape::Structure(&AWSVPC_CONFIGURATION),
    )],
    rules: &[],
};

static AWSVPC_CONFIGURATION: Structure = Structure {
    what: "an object with Subnets",
    fields: &[
        required("subnets", Shape::List(&SUBNETS)),
        optional("securityGroups", Shape::List(&SECURITY_GROUPS)),
        optional("assignPublicIp", Shape::Choice(&["ENABLED", "DISABLED"])),
    ],
    rules: &[],
};

static SUBNETS: List = List {
    what: "a list of subnet ids",
    item: text("a subnet id (subnet-…)", limits::MAX_NAME, forms::is_subnet),
    min: 1,
    max: limits::MAX_SUBNETS,
    takes_lone_item: false,
    rules: &[],
};

static SECURITY_GROUPS: List = List {
    what: "a list of security group ids",
    item: text(
        "a security group id (sg-…)",
        limits::MAX_NAME,
        forms::is_security_group,
    ),
    min: 0,
    max: limits::MAX_SECURITY_GROUPS,
    takes_lone_item: false,
    rules: &[],
};

pub(crate) static CAPACITY_PROVIDER_STRATEGY: List = List {
    what: "a list of objects with CapacityProvider, Weight and Base",
    item: Shape::Structure(&CAPACITY_PROVIDER),
    min: 1,
    max: limits::MAX_CAPACITY_PROVIDERS,
    takes_lone_item: false,
    rules: &[
        rules::some_capacity_provider_has_weight,
        rules::one_capacity_provider_has_a_base,
    ],
};

static CAPACITY_PROVIDER: Structure = Structure {
    what: "an object with CapacityProvider, Weight and Base",
    fields: &[
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
    rules: &[],
};

pub(crate) static PLACEMENT_CONSTRAINTS: List = List {
    what: "a list of objects with Type and Expression",
    item: Shape::Structure(&PLACEMENT_CONSTRAINT),
    min: 0,
    max: limits::MAX_PLACEMENT_CONSTRAINTS,
    takes_lone_item: false,
    rules: &[],
};

static PLACEMENT_CONSTRAINT: Structure = Structure {
    what: "an object with Type and Expression",
    fields: &[
        required("type", Shape::Choice(&["distinctInstance", "memberOf"])),
        optional("expression", any_text("a cluster query expression")),
    ],
    rules: &[Rule::Check(rules::expression_belongs_to_member_of)],
};

pub(crate) static PLACEMENT_STRATEGY: List = List {
    what: "a list of objects with Type and Field",
    item: Shape::Structure(&PLACEMENT_STRATEGY_ITEM),
    min: 0,
    max: limits::MAX_PLACEMENT_STRATEGIES,
    takes_lone_item: false,
    rules: &[],
};

static PLACEMENT_STRATEGY_ITEM: Structure = Structure {
    what: "an object with Type and Field",
    fields: &[
        required("type", Shape::Choice(&["random", "spread", "binpack"])),
        optional("field", any_text("an attribute, instanceId, cpu or memory")),
    ],
    rules: &[Rule::Check(rules::placement_field_fits_its_type)],
};

pub(crate) static TAGS: List = List {
    what: "a list of objects with Key and Value",
    item: Shape::Structure(&TAG),
    min: 0,
    max: limits::MAX_TAGS,
    takes_lone_item: false,
    rules: &[rules::tag_keys_differ],
};

static TAG: Structure = Structure {
    what: "an object with Key and Value",
    fields: &[
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
            Shape::Text(Text {
                what: "a tag's value (not one that begins with aws:)",
                min: 0,
                max: limits::MAX_TAG_VALUE,
                is_valid: forms::is_tag_text,
                is_secret: false,
            }),
        ),
    ],
    rules: &[],
};

pub(crate) static VOLUME_CONFIGURATIONS: List = List {
    what: "a list of objects with Name and ManagedEBSVolume",
    item: Shape::Structure(&VOLUME_CONFIGURATION),
    min: 0,
    max: usize::MAX,
    takes_lone_item: false,
    rules: &[],
};

static VOLUME_CONFIGURATION: Structure = Structure {
    what: "an object with Name and ManagedEBSVolume",
    fields: &[
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
    rules: &[],
};

static MANAGED_EBS_VOLUME: Structure = Structure {
    what: "an object with RoleArn and SizeInGiB or SnapshotId",
    fields: &[
        optional("encrypted", Shape::Boolean),
        optional("kmsKeyId", any_text("the id, alias or ARN of a KMS key")),
        optional(
            "volumeType",
            Shape::Choice(&["gp2", "gp3", "io1", "io2", "sc1", "st1", "standard"]),
        ),
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
        optional(
            "filesystemType",
            Shape::Choice(&["ext3", "ext4", "xfs", "ntfs"]),
        ),
    ],
    rules: &[Rule::OneOf(&["sizeInGiB", "snapshotId"])],
};

static TERMINATION_POLICY: Structure = Structure {
    what: "an object with DeleteOnTermination",
    fields: &[required("deleteOnTermination", Shape::Boolean)],
    rules: &[],
};

static TAG_SPECIFICATIONS: List = List {
    what: "a list of objects with ResourceType and Tags",
    item: Shape::Structure(&TAG_SPECIFICATION),
    min: 0,
    max: usize::MAX,
    takes_lone_item: false,
    rules: &[],
};

static TAG_SPECIFICATION: Structure = Structure {
    what: "an object with ResourceType and Tags",
    fields: &[
        required("resourceType", Shape::Choice(&["volume"])),
        optional("tags", Shape::List(&TAGS)),
        optional(
            "propagateTags",
            Shape::Choice(&["TASK_DEFINITION", "SERVICE", "NONE"]),
        ),
    ],
    rules: &[],
};
