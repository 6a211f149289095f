//! The overrides of a task, as the ECS API has them (API reference, `TaskOverride`).

use super::ecs::{CONTAINER_NAME, ROLE_ARN};
use super::{
    List, Rule, Shape, Structure, any_text, list, optional, required, secret_text, structure, text,
    whole,
};
use crate::properties::{forms, limits, rules};

pub(super) static OVERRIDES: Structure = structure(
    "an object with ContainerOverrides",
    &[
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
)
.with_rules(&[Rule::Check(rules::overrides_fit_the_api)]);

static EPHEMERAL_STORAGE: Structure = structure(
    "an object with SizeInGiB",
    &[required("sizeInGiB", whole(limits::EPHEMERAL_STORAGE_GIB))],
);

static INFERENCE_ACCELERATORS: List = list(
    "a list of objects with DeviceName and DeviceType",
    Shape::Structure(&INFERENCE_ACCELERATOR),
);

static INFERENCE_ACCELERATOR: Structure = structure(
    "an object with DeviceName and DeviceType",
    &[
        optional("deviceName", any_text("the name of a device")),
        optional("deviceType", any_text("the type of a device")),
    ],
);

static CONTAINER_OVERRIDES: List = list(
    "a list of objects with Name and Command, Environment, …",
    Shape::Structure(&CONTAINER_OVERRIDE),
);

static CONTAINER_OVERRIDE: Structure = structure(
    "an object with Name and Command, Environment, …",
    &[
        required("name", CONTAINER_NAME),
        optional("command", Shape::List(&COMMAND)),
        optional("environment", Shape::List(&ENVIRONMENT)),
        optional("environmentFiles", Shape::List(&ENVIRONMENT_FILES)),
        optional("cpu", whole(limits::CONTAINER_CPU_UNITS)),
        optional("memory", whole(limits::CONTAINER_MEMORY_MIB)),
        optional("memoryReservation", whole(limits::CONTAINER_MEMORY_MIB)),
        optional("resourceRequirements", Shape::List(&RESOURCE_REQUIREMENTS)),
    ],
);

/// An argument may be empty, and may be a secret: some programs take a password on the command
/// line.
static COMMAND: List = list(
    "a list of the command and its arguments, each an item of its own",
    secret_text(),
);

static ENVIRONMENT: List = list(
    "a list of objects with Name and Value",
    Shape::Structure(&VARIABLE),
);

static VARIABLE: Structure = structure(
    "an object with Name and Value",
    &[
        required("name", any_text("the name of an environment variable")),
        required("value", secret_text()),
    ],
);

static ENVIRONMENT_FILES: List = list(
    "a list of objects with Value and Type",
    Shape::Structure(&ENVIRONMENT_FILE),
);

static ENVIRONMENT_FILE: Structure = structure(
    "an object with Value and Type",
    &[
        required(
            "value",
            text("the ARN of an S3 object", limits::MAX_ARN, forms::is_arn),
        ),
        required("type", Shape::Choice(&["s3"])),
    ],
);

static RESOURCE_REQUIREMENTS: List = list(
    "a list of objects with Type and Value",
    Shape::Structure(&RESOURCE_REQUIREMENT),
);

static RESOURCE_REQUIREMENT: Structure = structure(
    "an object with Type and Value",
    &[
        required(
            "type",
            Shape::Choice(&["GPU", "InferenceAccelerator", "NeuronDevice"]),
        ),
        required(
            "value",
            any_text("a number of devices, ALL, or the name of a device"),
        ),
    ],
);
