import { Duration } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { TaskOverrides } from './overrides';
import { RunOptions } from './run-options';
import { TaskRunner } from './task-runner';
import { UpdateCriterion } from './update-criterion';
import { TaskVolume } from './volume';

/** What becomes of a rollback whose own run fails. */
export enum RollbackFailure {
  /** It fails: the stack ends in UPDATE_ROLLBACK_FAILED. */
  FAIL = 'fail',
  /** It goes on. */
  IGNORE = 'ignore',
}

/** A run of an ECS task as a part of a stack. */
export interface EcsTaskRunProps extends RunOptions {
  /** The task runner. */
  readonly taskRunner: TaskRunner;

  /** The cluster. */
  readonly cluster: ecs.ICluster;

  /** The task definition. A new revision of it is a reason to run. */
  readonly taskDefinition: ecs.ITaskDefinition;

  /**
   * The launch type.
   *
   * @default - FARGATE for a task definition that is for Fargate alone; else what the cluster's default strategy says
   */
  readonly launchType?: ecs.LaunchType;

  /**
   * Capacity providers, in place of a launch type.
   *
   * @default - none
   */
  readonly capacityProviderStrategies?: ecs.CapacityProviderStrategy[];

  /**
   * The platform version on Fargate.
   *
   * @default - LATEST
   */
  readonly platformVersion?: ecs.FargatePlatformVersion;

  /**
   * The subnets of a task definition with the network mode awsvpc.
   *
   * @default - private ones with a way out; with `assignPublicIp` public ones
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * The security groups of a task definition with the network mode awsvpc.
   *
   * @default - a new one, which lets everything out and nothing in
   */
  readonly securityGroups?: ec2.ISecurityGroup[];

  /**
   * Whether the task gets a public address.
   *
   * @default false
   */
  readonly assignPublicIp?: boolean;

  /**
   * A service of the cluster whose network, launch type or strategy, and platform version the run takes. It must exist
   * before the run does.
   *
   * @default - none
   */
  readonly networkFrom?: ecs.IService;

  /**
   * ARNs of 1 to 10 container instances, on each of which a task is started. The task runner needs a fleet for it.
   *
   * @default - ECS chooses
   */
  readonly instances?: string[];

  /**
   * Volumes that ECS makes for each task.
   *
   * @default - none
   */
  readonly volumes?: TaskVolume[];

  /**
   * How long CloudFormation waits for a reply, an hour at most.
   *
   * @default Duration.hours(1)
   */
  readonly serviceTimeout?: Duration;

  /**
   * Whether the creation of the stack runs the task.
   *
   * @default true
   */
  readonly runOnCreate?: boolean;

  /**
   * Whether an update runs the task.
   *
   * @default true
   */
  readonly runOnUpdate?: boolean;

  /**
   * Whether a rollback runs the task definition that comes back.
   *
   * @default false
   */
  readonly runOnRollback?: boolean;

  /**
   * The command with which an update that failed is rolled back. The task definition of that update runs it, in the
   * container of `command`.
   *
   * @default - a rollback runs nothing
   */
  readonly rollbackCommand?: string[];

  /**
   * What else the task of a rollback has other than its task definition.
   *
   * @default - nothing
   */
  readonly rollbackOverrides?: TaskOverrides;

  /**
   * What becomes of a rollback whose own run fails.
   *
   * @default RollbackFailure.FAIL
   */
  readonly rollbackFailure?: RollbackFailure;

  /**
   * What has to change for an update to run the task.
   *
   * @default - any property
   */
  readonly updateCriteria?: UpdateCriterion[];

  /**
   * Any value. Its change runs the task, whatever the criteria say.
   *
   * @default - none
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- jsii has no unknown
  readonly triggers?: any;
}
