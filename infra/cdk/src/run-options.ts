import { Duration } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { RunContainerOverride, TaskOverrides, renderOverrides } from './overrides';
import { tagsOf, withoutUndefined } from './render';

/** What a run is, in a stack or in a deployment. */
export interface RunOptions {
  /**
   * The command and its arguments, each an item of its own.
   *
   * @default - that of the task definition
   */
  readonly command?: string[];

  /**
   * The name of the container that `command` and `environment` are for.
   *
   * @default - the task definition's default container
   */
  readonly container?: string;

  /**
   * Variables of the environment. No secrets: everyone who may read the stack or the execution reads them.
   *
   * @default - those of the task definition
   */
  readonly environment?: { [name: string]: string };

  /**
   * What else the task has other than its task definition.
   *
   * @default - nothing
   */
  readonly overrides?: TaskOverrides;

  /**
   * How many tasks are run, all of which must succeed; 0 runs nothing.
   *
   * @default 1
   */
  readonly count?: number;

  /**
   * How long the whole run may take. In a stack, more than 58 minutes are waited for by a wait condition, for about 11
   * hours at most; in a deployment it may be 23 hours.
   *
   * @default Duration.minutes(55)
   */
  readonly timeout?: Duration;

  /**
   * The names of the containers whose exit codes count. Others are not waited for.
   *
   * @default - the essential ones
   */
  readonly containers?: string[];

  /**
   * Exit codes that are success.
   *
   * @default [0]
   */
  readonly successExitCodes?: number[];

  /**
   * Lines of the failed container's log in the reason of a failure, 0 to 100.
   *
   * @default 20
   */
  readonly logLines?: number;

  /**
   * Whether what failed to start for a reason that may pass is launched again.
   *
   * @default true
   */
  readonly retryStartFailures?: boolean;

  /**
   * Rules for the instances on which a task may be placed.
   *
   * @default - none
   */
  readonly placementConstraints?: ecs.PlacementConstraint[];

  /**
   * How instances are chosen for the tasks.
   *
   * @default - none
   */
  readonly placementStrategies?: ecs.PlacementStrategy[];

  /**
   * The name of the task group.
   *
   * @default - ECS's own
   */
  readonly group?: string;

  /**
   * Whether `aws ecs execute-command` works in the task.
   *
   * @default false
   */
  readonly enableExecuteCommand?: boolean;

  /**
   * Whether ECS tags the task with cluster and service.
   *
   * @default false
   */
  readonly enableEcsManagedTags?: boolean;

  /**
   * Whether the task gets the tags of its task definition.
   *
   * @default - it does not
   */
  readonly propagateTags?: ecs.PropagatedTagSource;

  /**
   * Tags of the task.
   *
   * @default - none
   */
  readonly tags?: { [key: string]: string };

  /**
   * A reference id of the task.
   *
   * @default - none
   */
  readonly referenceId?: string;
}

/** The part of the properties that the options are. */
export function renderOptions(options: RunOptions, taskDefinition: ecs.ITaskDefinition | undefined): Record<string, unknown> {
  return withoutUndefined({
    Count: options.count,
    Overrides: allOverrides(options, taskDefinition),
    PlacementConstraints: options.placementConstraints?.flatMap((constraint) =>
      constraint.toJson().map(({ type, expression }) => withoutUndefined({ Type: type, Expression: expression })),
    ),
    PlacementStrategy: options.placementStrategies?.flatMap((strategy) =>
      strategy.toJson().map(({ type, field }) => withoutUndefined({ Type: type, Field: field })),
    ),
    Group: options.group,
    EnableExecuteCommand: options.enableExecuteCommand,
    EnableECSManagedTags: options.enableEcsManagedTags,
    PropagateTags: options.propagateTags,
    Tags: options.tags && tagsOf(options.tags),
    ReferenceId: options.referenceId,
    Timeout: options.timeout?.toSeconds(),
    Containers: options.containers,
    SuccessExitCodes: options.successExitCodes,
    LogLines: options.logLines,
    RetryStartFailures: options.retryStartFailures,
  });
}

/** `overrides` with `command` and `environment` in the container that they are for. */
function allOverrides(options: RunOptions, taskDefinition?: ecs.ITaskDefinition): Record<string, unknown> | undefined {
  const { command, environment, container, overrides = {} } = options;
  if (command === undefined && environment === undefined) {
    if (container !== undefined) {
      throw new Error("'container' names the container of 'command' or 'environment', and neither is given.");
    }
    return renderOverrides(overrides, taskDefinition);
  }
  const short: RunContainerOverride = { name: container, command, environment };
  return renderOverrides({ ...overrides, containers: [short, ...(overrides.containers ?? [])] }, taskDefinition);
}
