//! ECS's `TaskOverride`.

use super::{List, Rule, Shape, Structure, Text, any_text, optional, required, text, whole};
use crate::properties::{forms, limits, rules};

const ROLE_ARN: Shape = text(
    "the ARN of an IAM role",
    limits::MAX_ARN,
    forms::is_role_arn,
);

pub(crate) static OVERRIDES: Structure = Structure {
    what: "an object with ContainerOverrides",
    fields: &[
        optional("containerOverrides", Shape::List(&CONTAINER_OVERRIDES)),
        optional("cpu", any_text("CPU units or vCPUs")),
        optional("memory", any_text("MiB or GB of memory")),
        optional("executionRoleArn", ROLE_ARN),
        optional("taskRoleArn", ROLE_ARN),
        optional("ephemeralStorage", Shape::Structure(&EPHEMERAL_STORAGE)),
        optional(
            "inferenceAcceleratorOverrides",
            Shape::List(&INFERENCE_ACCELERATORS),
        ),
    ],
    rules: &[Rule::Check(rules::overrides_fit_the_api)],
};

static EPHEMERAL_STORAGE: Structure = Structure {
    what: "an object with SizeInGiB",
    fields: &[required("sizeInGiB", whole(limits::EPHEMERAL_STORAGE_GIB))],
    rules: &[],
};

static INFERENCE_ACCELERATORS: List = List {
    what: "a list of objects with DeviceName and DeviceType",
    item: Shape::Structure(&Structure {
        what: "an object with DeviceName and DeviceType",
        fields: &[
            optional("deviceName", any_text("the name of a device")),
            optional("deviceType", any_text("the type of a device")),
        ],
        rules: &[],
    }),
    min: 0,
    max: usize::MAX,
    takes_lone_item: false,
    rules: &[],
};

static CONTAINER_OVERRIDES: List = List {
    what: "a list of objects with Name and Command, Environment, …",
    item: Shape::Structure(&CONTAINER_OVERRIDE),
    min: 0,
    max: usize::MAX,
    takes_lone_item: false,
    rules: &[],
};

static CONTAINER_OVERRIDE: Structure = Structure {
    what: "an object with Name and Command, Environment, …",
    fields: &[
        required(
            "name",
            text("the name of a container", limits::MAX_NAME, forms::is_name),
        ),
        optional("command", Shape::List(&COMMAND)),
        optional("environment", Shape::List(&ENVIRONMENT)),
        optional("environmentFiles", Shape::List(&ENVIRONMENT_FILES)),
        optional("cpu", whole(limits::CONTAINER_CPU_UNITS)),
        optional("memory", whole(limits::CONTAINER_MEMORY_MIB)),
        optional("memoryReservation", whole(limits::CONTAINER_MEMORY_MIB)),
        optional("resourceRequirements", Shape::List(&RESOURCE_REQUIREMENTS)),
    ],
    rules: &[],
};

/// An argument may be empty, and may be a secret that somebody passes on the command line.
static COMMAND: List = List {
    what: "a list of the command and its arguments, each an item of its own",
    item: Shape::Text(Text {
        what: "text",
        min: 0,
        max: usize::MAX,
        is_valid: |_| true,
        is_secret: true,
    }),
    min: 0,
    max: usize::MAX,
    takes_lone_item: false,
    rules: &[],
};

static ENVIRONMENT: List = List {
    what: "a list of objects with Name and Value",
    item: Shape::Structure(&Structure {
        what: "an object with Name and Value",
        fields: &[
            required("name", any_text("the name of an environment variable")),
            required(
                "value",
                Shape::Text(Text {
                    what: "text",
                    min: 0,
                    max: usize::MAX,
                    is_valid: |_| true,
                    is_secret: true,
                }),
            ),
        ],
        rules: &[],
    }),
    min: 0,
    max: usize::MAX,
    takes_lone_item: false,
    rules: &[],
};

static ENVIRONMENT_FILES: List = List {
    what: "a list of objects with Value and Type",
    item: Shape::Structure(&Structure {
        what: "an object with Value and Type",
        fields: &[
            required(
                "value",
                text("the ARN of an S3 object", limits::MAX_ARN, forms::is_arn),
            ),
            required("type", Shape::Choice(&["s3"])),
        ],
        rules: &[],
    }),
    min: 0,
    max: usize::MAX,
    takes_lone_item: false,
    rules: &[],
};

static RESOURCE_REQUIREMENTS: List = List {
    what: "a list of objects with Type and Value",
    item: Shape::Structure(&Structure {
        what: "an object with Type and Value",
        fields: &[
            required(
                "type",
                Shape::Choice(&["GPU", "InferenceAccelerator", "NeuronDevice"]),
            ),
            required(
                "value",
                any_text("a number of devices, ALL, or the name of a device"),
            ),
        ],
        rules: &[],
    }),
    min: 0,
    max: usize::MAX,
    takes_lone_item: false,
    rules: &[],
};
