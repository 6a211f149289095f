import { Size } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { withoutUndefined } from './render';

/** A file of variables in a bucket. */
export interface EnvironmentFileObject {
  /** The bucket. */
  readonly bucket: s3.IBucket;

  /** The key of the file in the bucket, which ends with `.env`. */
  readonly key: string;
}

/** A number of devices for a container. */
export interface ContainerResourceRequirement {
  /** The type of the devices. */
  readonly type: ContainerResourceType;

  /** How many, `ALL`, or the name of a device. */
  readonly value: string;
}

/** A type of devices for a container. */
export enum ContainerResourceType {
  /** Graphics processors. */
  GPU = 'GPU',
  /** Accelerators of Elastic Inference, by the name of the device. */
  INFERENCE_ACCELERATOR = 'InferenceAccelerator',
  /** Devices of Inferentia and Trainium. */
  NEURON_DEVICE = 'NeuronDevice',
}

/** An accelerator of Elastic Inference. */
export interface InferenceAcceleratorOverride {
  /**
   * The name of the device.
   *
   * @default - none
   */
  readonly deviceName?: string;

  /**
   * The type of the device.
   *
   * @default - none
   */
  readonly deviceType?: string;
}

/** What a container of the run has other than in its task definition. */
export interface RunContainerOverride {
  /**
   * The name of the container.
   *
   * @default - that of the task definition's default container
   */
  readonly name?: string;

  /**
   * The command and its arguments, each an item of its own.
   *
   * @default - that of the task definition
   */
  readonly command?: string[];

  /**
   * Variables of the environment. No secrets: everyone who may read the stack or the execution reads them.
   *
   * @default - those of the task definition
   */
  readonly environment?: { [name: string]: string };

  /**
   * Files of variables.
   *
   * @default - those of the task definition
   */
  readonly environmentFiles?: EnvironmentFileObject[];

  /**
   * CPU units.
   *
   * @default - those of the task definition
   */
  readonly cpu?: number;

  /**
   * MiB that the container has at most.
   *
   * @default - those of the task definition
   */
  readonly memoryLimitMiB?: number;

  /**
   * MiB that are reserved for the container.
   *
   * @default - those of the task definition
   */
  readonly memoryReservationMiB?: number;

  /**
   * Devices for the container.
   *
   * @default - those of the task definition
   */
  readonly resourceRequirements?: ContainerResourceRequirement[];
}

/** What the task of a run has other than its task definition. */
export interface TaskOverrides {
  /**
   * What its containers have other than in the task definition.
   *
   * @default - nothing
   */
  readonly containers?: RunContainerOverride[];

  /**
   * CPU units of the task.
   *
   * @default - those of the task definition
   */
  readonly cpu?: number;

  /**
   * MiB of the task.
   *
   * @default - those of the task definition
   */
  readonly memoryMiB?: number;

  /**
   * The role with which ECS starts the task.
   *
   * @default - that of the task definition
   */
  readonly executionRole?: iam.IRole;

  /**
   * The role of the containers.
   *
   * @default - that of the task definition
   */
  readonly taskRole?: iam.IRole;

  /**
   * Ephemeral storage of a task on Fargate, 21 to 200 GiB.
   *
   * @default - that of the task definition
   */
  readonly ephemeralStorage?: Size;

  /**
   * Accelerators of Elastic Inference.
   *
   * @default - those of the task definition
   */
  readonly inferenceAccelerators?: InferenceAcceleratorOverride[];
}

/** The overrides as they stand in a template; nothing where there are none. */
export function renderOverrides(
  overrides: TaskOverrides,
  taskDefinition: ecs.ITaskDefinition | undefined,
): Record<string, unknown> | undefined {
  const containers = overrides.containers?.map((container) => renderContainer(container, taskDefinition));
  const rendered = withoutUndefined({
    ContainerOverrides: containers,
    Cpu: overrides.cpu?.toString(),
    Memory: overrides.memoryMiB?.toString(),
    ExecutionRoleArn: overrides.executionRole?.roleArn,
    TaskRoleArn: overrides.taskRole?.roleArn,
    EphemeralStorage: overrides.ephemeralStorage && { SizeInGiB: overrides.ephemeralStorage.toGibibytes() },
    InferenceAcceleratorOverrides: overrides.inferenceAccelerators?.map(({ deviceName, deviceType }) =>
      withoutUndefined({ DeviceName: deviceName, DeviceType: deviceType }),
    ),
  });
  return Object.keys(rendered).length > 0 ? rendered : undefined;
}

function renderContainer(override: RunContainerOverride, taskDefinition?: ecs.ITaskDefinition): object {
  const { environment } = override;
  return withoutUndefined({
    Name: override.name ?? defaultContainer(taskDefinition),
    Command: override.command,
    Environment: environment && Object.entries(environment).map(([Name, Value]) => ({ Name, Value })),
    EnvironmentFiles: override.environmentFiles?.map(({ bucket, key }) => ({
      Type: 's3',
      Value: bucket.arnForObjects(key),
    })),
    Cpu: override.cpu,
    Memory: override.memoryLimitMiB,
    MemoryReservation: override.memoryReservationMiB,
    ResourceRequirements: override.resourceRequirements?.map(({ type, value }) => ({ Type: type, Value: value })),
  });
}

/** The name of the container that is meant where none is named. An imported task definition shows none. */
function defaultContainer(taskDefinition?: ecs.ITaskDefinition): string {
  const container = (taskDefinition as Partial<ecs.TaskDefinition> | undefined)?.defaultContainer;
  if (!container) {
    throw new Error(
      'The task definition does not say which containers it has: name the one that command and environment are for ' +
        "('container', or 'name' of a container's overrides).",
    );
  }
  return container.containerName;
}
