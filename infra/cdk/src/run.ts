import { createHash } from 'crypto';
import { CfnResource, CfnWaitCondition, CfnWaitConditionHandle, Lazy, Names, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct, Dependable, IDependable } from 'constructs';
import { problemsOf } from './check';
import { TaskOverrides, renderOverrides } from './overrides';
import { withoutUndefined } from './render';
import { renderOptions } from './run-options';
import { EcsTaskRunProps } from './run-props';
import { volumeConfiguration } from './volume';

/** The run's time when nothing says another: 55 minutes, as the task runner has it. */
const DEFAULT_TIMEOUT_SECONDS = 3300;
/** A run that takes longer is not waited for by CloudFormation itself: of its hour 95 s are kept for the reply. */
const LONGEST_WITHOUT_CONDITION = 3505;
/** Seconds that a condition waits longer than the run may take. 95 s are needed to stop the task and to reply. */
const CONDITION_MARGIN = 100;
/** Seconds that a condition waits at most. */
const LONGEST_CONDITION = 43200;
/** Characters of a logical id. */
const MAX_LOGICAL_ID = 255;
/** Characters of the hash at the end of one. */
const HASH_LENGTH = 8;

/**
 * Runs an ECS task when the stack is created, and when an update changes it. The stack waits for the task, and fails
 * when the task does.
 *
 * What depends on this construct waits for the end of the run.
 *
 * @example
 * service.node.addDependency(migrate);
 */
export class EcsTaskRun extends Construct implements ec2.IConnectable {
  /** The security groups of the run, for `database.connections.allowDefaultPortFrom(run)`. */
  public readonly connections: ec2.Connections;

  /** The custom resource. */
  public readonly resource: CfnResource;

  /** The condition that waits for a run of more than an hour. */
  public readonly waitCondition?: CfnWaitCondition;

  public constructor(scope: Construct, id: string, props: EcsTaskRunProps) {
    super(scope, id);
    const network = this.network(scope, id, props);
    this.connections = new ec2.Connections({ securityGroups: network.securityGroups });
    const properties: Record<string, unknown> = {
      ServiceToken: props.taskRunner.serviceToken,
      ...renderProperties(props),
      ...withoutUndefined({ NetworkConfiguration: network.configuration }),
    };
    this.resource = new CfnResource(this, 'Resource', { type: 'Custom::EcsTask', properties });
    const seconds = props.timeout?.toSeconds() ?? DEFAULT_TIMEOUT_SECONDS;
    if (seconds > LONGEST_WITHOUT_CONDITION) {
      this.waitCondition = this.waitInACondition(seconds, properties, props.taskDefinition);
    }
    this.dependOnWhatIsNeeded(props, network.dependencies);
    const roots = { dependencyRoots: [this.waitCondition ?? this.resource] };
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- as its documentation has it
    Dependable.implement(this, roots);
    this.node.addValidation({
      validate: () => problemsOf(Stack.of(this).resolve(properties), 'resource'),
    });
  }

  /** ARN of the task; of the first one when there are several. */
  public get taskArn(): string {
    return this.output('TaskArn');
  }

  /** ARNs of all tasks, separated by commas. */
  public get taskArns(): string {
    return this.output('TaskArns');
  }

  /** Exit code of the first container that counts. */
  public get exitCode(): string {
    return this.output('ExitCode');
  }

  /** When the containers started. */
  public get startedAt(): string {
    return this.output('StartedAt');
  }

  /** When the containers had exited. */
  public get stoppedAt(): string {
    return this.output('StoppedAt');
  }

  /** Whole seconds between the two. */
  public get durationSeconds(): string {
    return this.output('DurationSeconds');
  }

  /** Log group of the first container that counts. */
  public get logGroup(): string {
    return this.output('LogGroup');
  }

  /** Log stream of the first container that counts. */
  public get logStream(): string {
    return this.output('LogStream');
  }

  /** Address of the task in the console. */
  public get consoleUrl(): string {
    return this.output('ConsoleUrl');
  }

  /** Why nothing was run. */
  public get skipped(): string {
    return this.output('Skipped');
  }

  private output(name: string): string {
    if (this.waitCondition) {
      throw new Error(
        `${this.node.path}: a run of more than an hour has its outputs, ${name} among them, as JSON text in ` +
          'waitCondition.attrData.',
      );
    }
    return this.resource.getAtt(name).toString();
  }

  private network(scope: Construct, id: string, props: EcsTaskRunProps): Network {
    const isConfigured = props.vpcSubnets !== undefined || props.securityGroups !== undefined || props.assignPublicIp !== undefined;
    const hasOwnInterface = props.taskDefinition.networkMode === ecs.NetworkMode.AWS_VPC;
    if (!isConfigured && (!hasOwnInterface || props.networkFrom !== undefined)) {
      return { securityGroups: [], dependencies: [] };
    }
    if (!hasOwnInterface) {
      throw new Error(
        `${this.node.path}: vpcSubnets, securityGroups and assignPublicIp are for task definitions with the network mode ` +
          `awsvpc, and that of this one is ${props.taskDefinition.networkMode}.`,
      );
    }
    const { vpc } = props.cluster;
    const subnetType = props.assignPublicIp ? ec2.SubnetType.PUBLIC : ec2.SubnetType.PRIVATE_WITH_EGRESS;
    const subnets = vpc.selectSubnets(props.vpcSubnets ?? { subnetType });
    // Beside this construct and not in it: a database that lets the group in is then no part of a circle when this
    // construct is made to depend on the database.
    const securityGroups = props.securityGroups ?? [
      new ec2.SecurityGroup(scope, `${id}SecurityGroup`, { vpc, description: `Tasks of ${Names.uniqueId(this)}`.slice(0, 255) }),
    ];
    const configuration = {
      AwsvpcConfiguration: {
        Subnets: subnets.subnetIds,
        SecurityGroups: securityGroups.map(({ securityGroupId }) => securityGroupId),
        AssignPublicIp: props.assignPublicIp ? 'ENABLED' : 'DISABLED',
      },
    };
    return { configuration, securityGroups, dependencies: [subnets.internetConnectivityEstablished] };
  }

  /**
   * A handle and a condition that waits for its signal. CloudFormation counts signals when it creates a condition and
   * never again, so that both get new logical ids with each run.
   */
  private waitInACondition(
    seconds: number,
    properties: object,
    taskDefinition: ecs.ITaskDefinition,
  ): CfnWaitCondition {
    if (seconds + CONDITION_MARGIN > LONGEST_CONDITION) {
      throw new Error(
        `${this.node.path}: Timeout: is ${seconds}; expected at most ${LONGEST_CONDITION - CONDITION_MARGIN}: a wait ` +
          'condition waits for 12 hours at most.',
      );
    }
    const handle = new CfnWaitConditionHandle(this, 'Handle');
    const condition = new CfnWaitCondition(this, 'Condition', {
      handle: handle.ref,
      timeout: (seconds + CONDITION_MARGIN).toString(),
    });
    condition.node.addDependency(this.resource);
    const stack = Stack.of(this);
    for (const resource of [handle, condition]) {
      const logicalId = stack.resolve(resource.logicalId) as string;
      resource.overrideLogicalId(
        Lazy.uncachedString({
          produce: () => logicalId.slice(0, MAX_LOGICAL_ID - HASH_LENGTH) + hashOf(stack, properties, taskDefinition),
        }),
      );
    }
    this.resource.addPropertyOverride('WaitConditionHandle', handle.ref);
    return condition;
  }

  /**
   * Cluster and task definition are made with all that belongs to them: capacity, roles with their policies, log
   * groups. A task in a private subnet needs the way out as well.
   */
  private dependOnWhatIsNeeded(props: EcsTaskRunProps, network: IDependable[]): void {
    const { cluster, taskDefinition } = props;
    const needed: IDependable[] = [cluster, taskDefinition, ...network];
    // That of an imported task definition may not be known, and throws.
    const roles = isImported(taskDefinition) ? [] : [taskDefinition.taskRole, taskDefinition.executionRole];
    needed.push(...roles.filter((role) => role !== undefined));
    this.resource.node.addDependency(...needed);
  }
}

interface Network {
  readonly configuration?: object;
  readonly securityGroups: ec2.ISecurityGroup[];
  readonly dependencies: IDependable[];
}

/** The properties of the resource, but for the network. */
function renderProperties(props: EcsTaskRunProps): Record<string, unknown> {
  const { taskDefinition, rollbackCommand, rollbackOverrides = {} } = props;
  const rollback: TaskOverrides =
    rollbackCommand === undefined
      ? rollbackOverrides
      : {
          ...rollbackOverrides,
          containers: [{ name: props.container, command: rollbackCommand }, ...(rollbackOverrides.containers ?? [])],
        };
  return withoutUndefined({
    Cluster: props.cluster.clusterName,
    TaskDefinition: taskDefinition.taskDefinitionArn,
    ...renderOptions(props, taskDefinition),
    LaunchType: props.launchType ?? defaultLaunchType(props),
    CapacityProviderStrategy: props.capacityProviderStrategies?.map(({ capacityProvider, weight, base }) =>
      withoutUndefined({ CapacityProvider: capacityProvider, Weight: weight, Base: base }),
    ),
    PlatformVersion: props.platformVersion,
    NetworkFrom: props.networkFrom?.serviceName,
    Instances: props.instances,
    VolumeConfigurations: props.volumes?.map(volumeConfiguration),
    ServiceTimeout: props.serviceTimeout?.toSeconds(),
    RunOnCreate: props.runOnCreate,
    RunOnUpdate: props.runOnUpdate,
    RunOnRollback: props.runOnRollback,
    RollbackOverrides: renderOverrides(rollback, taskDefinition),
    RollbackFailure: props.rollbackFailure,
    UpdateCriteria: props.updateCriteria?.map((criterion) => criterion._render()),
    Triggers: props.triggers as unknown,
  });
}

/** Where nothing says another. */
function defaultLaunchType(props: EcsTaskRunProps): ecs.LaunchType | undefined {
  const { taskDefinition, capacityProviderStrategies, networkFrom, instances } = props;
  const isForFargateAlone = taskDefinition.isFargateCompatible && !taskDefinition.isEc2Compatible;
  const isSaid = capacityProviderStrategies !== undefined || networkFrom !== undefined || instances !== undefined;
  return isForFargateAlone && !isSaid ? ecs.LaunchType.FARGATE : undefined;
}

/** A hash of what makes CloudFormation update the run. */
function hashOf(stack: Stack, properties: object, taskDefinition: ecs.ITaskDefinition): string {
  const all = JSON.stringify([stack.resolve(properties), contentsOf(taskDefinition)]);
  return createHash('sha256').update(all).digest('hex').slice(0, HASH_LENGTH);
}

/**
 * What a revision of the task definition is made of: another one makes a new revision, and the text of its reference
 * stays the same. Tags make none.
 */
function contentsOf(taskDefinition: ecs.ITaskDefinition): unknown {
  const resource = taskDefinition.node.defaultChild;
  if (isImported(taskDefinition) || resource === undefined) {
    return undefined;
  }
  const template = Stack.of(resource).resolve(
    (resource as unknown as { _toCloudFormation(): object })._toCloudFormation(),
  ) as { Resources: Record<string, { Properties: object }> };
  const [{ Properties: properties }] = Object.values(template.Resources);
  return { ...properties, Tags: undefined };
}

/** Whether the task definition belongs to another app, or was made by other means. */
function isImported(taskDefinition: ecs.ITaskDefinition): boolean {
  return !CfnResource.isCfnResource(taskDefinition.node.defaultChild);
}
