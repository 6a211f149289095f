import { Fn } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import { DeploymentHookProps, addHook } from './deployment-hook';

/** What the task runner's stack exports. */
export interface TaskRunnerAttributes {
  /** The export `…-ServiceToken`: the function that CloudFormation calls for a run. */
  readonly serviceToken: string;

  /**
   * The export `…-HookFunctionArn`: the function that ECS calls for a deployment.
   *
   * @default - `hook` cannot be used
   */
  readonly hookFunctionArn?: string;

  /**
   * The export `…-HookRoleArn`: the role with which ECS calls that function.
   *
   * @default - `hook` cannot be used
   */
  readonly hookRoleArn?: string;

  /**
   * The export `…-StateMachineArn`: the state machine for direct runs.
   *
   * @default - `stateMachineArn` cannot be used
   */
  readonly stateMachineArn?: string;
}

/** A task runner that is deployed in this account and region. */
export class TaskRunner extends Construct {
  /**
   * The task runner of a stack that `infra/deploy` made.
   *
   * @param scope where the construct belongs
   * @param id its name there
   * @param stackName the name of the task runner's stack, where it is not the same as `id`
   */
  public static fromStack(scope: Construct, id: string, stackName?: string): TaskRunner {
    const exported = (name: string) => Fn.importValue(`${stackName ?? id}-${name}`);
    return new TaskRunner(scope, id, {
      serviceToken: exported('ServiceToken'),
      hookFunctionArn: exported('HookFunctionArn'),
      hookRoleArn: exported('HookRoleArn'),
      stateMachineArn: exported('StateMachineArn'),
    });
  }

  /**
   * A task runner whose ARNs are known.
   *
   * @param scope where the construct belongs
   * @param id its name there
   * @param attributes its ARNs
   */
  public static fromAttributes(scope: Construct, id: string, attributes: TaskRunnerAttributes): TaskRunner {
    return new TaskRunner(scope, id, attributes);
  }

  /** The function that CloudFormation calls for a run. */
  public readonly serviceToken: string;

  private constructor(
    scope: Construct,
    id: string,
    private readonly attributes: TaskRunnerAttributes,
  ) {
    super(scope, id);
    this.serviceToken = attributes.serviceToken;
  }

  /** The state machine: its executions, with properties as their input, are direct runs. */
  public get stateMachineArn(): string {
    return this.attribute('stateMachineArn');
  }

  /**
   * Has each deployment of a service wait for a run, whoever deploys. Cluster, task definition and network are those
   * that are being deployed.
   *
   * @param service the service, whose deployments are blue/green, linear or canary
   * @param props what is run
   */
  public hook(service: ecs.BaseService, props: DeploymentHookProps): void {
    addHook(service, this.attribute('hookFunctionArn'), this.attribute('hookRoleArn'), props);
  }

  private attribute(name: 'hookFunctionArn' | 'hookRoleArn' | 'stateMachineArn'): string {
    const value = this.attributes[name];
    if (value === undefined) {
      throw new Error(`${this.node.path}: fromAttributes was given no ${name}, which is needed here.`);
    }
    return value;
  }
}
