import { Lazy, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { problemsOf } from './check';
import { RunOptions, renderOptions } from './run-options';

/** What each deployment of a service waits for. */
export interface DeploymentHookProps extends RunOptions {
  /**
   * The stage of the deployment that waits.
   *
   * @default ecs.DeploymentLifecycleStage.PRE_SCALE_UP - before the first task of the new version starts
   */
  readonly stage?: ecs.DeploymentLifecycleStage;
}

/** The run's time when nothing says another: 55 minutes, as the task runner has it. */
const DEFAULT_TIMEOUT_SECONDS = 3300;
/** Minutes that ECS waits for the hook after the run's time: for calls that are repeated, and for the reply. */
const MARGIN_MINUTES = 10;

/** A hook as CloudFormation has it. */
interface Hook {
  readonly hookTargetArn: string;
  readonly roleArn: string;
  readonly lifecycleStages: string[];
  readonly hookDetails: string;
}

/** Adds a hook to those that the service has. */
export function addHook(service: ecs.BaseService, functionArn: string, roleArn: string, props: DeploymentHookProps): void {
  const resource = service.node.defaultChild as ecs.CfnService;
  const details = renderOptions(props, service.taskDefinition);
  const hook: Hook = {
    hookTargetArn: functionArn,
    roleArn,
    lifecycleStages: [props.stage ?? ecs.DeploymentLifecycleStage.PRE_SCALE_UP],
    hookDetails: Stack.of(service).toJsonString(details),
  };
  const minutes = Math.ceil((props.timeout?.toSeconds() ?? DEFAULT_TIMEOUT_SECONDS) / 60) + MARGIN_MINUTES;
  const before = resource.deploymentConfiguration;
  resource.deploymentConfiguration = Lazy.uncachedAny({
    produce: (context) => {
      const configuration = (context.resolve(before) ?? {}) as { lifecycleHooks?: object[] };
      const hooks = configuration.lifecycleHooks ?? [];
      // CloudFormation knows this property, and older versions of the CDK do not.
      resource.addPropertyOverride(`DeploymentConfiguration.LifecycleHooks.${hooks.length}.TimeoutConfiguration`, {
        TimeoutInMinutes: minutes,
        Action: 'ROLLBACK',
      });
      return { ...configuration, lifecycleHooks: [...hooks, hook] };
    },
  });
  service.node.addValidation({
    validate: () => {
      // These two are the service's.
      const known = { Cluster: 'cluster', TaskDefinition: 'task-definition' };
      const problems = problemsOf(Stack.of(service).resolve({ ...known, ...details }), 'direct-run');
      if (!('Overrides' in details)) {
        problems.push('Overrides: is missing: the command of the service itself would never end; give command or overrides');
      }
      return problems.map((problem) => `hook: ${problem}`);
    },
  });
}
