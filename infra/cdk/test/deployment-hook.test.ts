import { CfnParameter, Duration, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { DeploymentHookProps, TaskRunner } from '../src';
import { World } from './world';

function serviceOf(world: World, props: Partial<ecs.FargateServiceProps> = {}): ecs.FargateService {
  const { cluster, taskDefinition } = world;
  return new ecs.FargateService(world.stack, 'Service', { cluster, taskDefinition, minHealthyPercent: 100, ...props });
}

function hooksOf(world: World): Record<string, unknown>[] {
  const [[, { Properties }]] = world.resources('AWS::ECS::Service');
  return (Properties.DeploymentConfiguration as { LifecycleHooks: Record<string, unknown>[] }).LifecycleHooks;
}

test('each deployment of a service waits for a run', () => {
  const world = new World();
  world.taskRunner.hook(serviceOf(world), { command: ['migrate'], timeout: Duration.minutes(30) });
  expect(hooksOf(world)).toEqual([
    {
      LifecycleStages: ['PRE_SCALE_UP'],
      HookTargetArn: { 'Fn::ImportValue': 'ecs-task-runner-HookFunctionArn' },
      RoleArn: { 'Fn::ImportValue': 'ecs-task-runner-HookRoleArn' },
      HookDetails: '{"Overrides":{"ContainerOverrides":[{"Name":"migrate","Command":["migrate"]}]},"Timeout":1800}',
      TimeoutConfiguration: { TimeoutInMinutes: 40, Action: 'ROLLBACK' },
    },
  ]);
});

test('what only the deployment knows is joined into the text of the details', () => {
  const world = new World();
  const level = new CfnParameter(world.stack, 'Level').valueAsString;
  world.taskRunner.hook(serviceOf(world), { command: ['migrate', level] });
  expect(hooksOf(world)[0].HookDetails).toEqual({
    'Fn::Join': [
      '',
      [
        '{"Overrides":{"ContainerOverrides":[{"Name":"migrate","Command":["migrate","',
        { Ref: 'Level' },
        '"]}]}}',
      ],
    ],
  });
});

test('a hook stands beside the hooks and settings that the service has', () => {
  const world = new World();
  const handler = lambda.Function.fromFunctionArn(world.stack, 'Other', 'arn:aws:lambda:eu-west-1:123456789012:function:other');
  const role = iam.Role.fromRoleArn(world.stack, 'Role', 'arn:aws:iam::123456789012:role/role');
  const lifecycleStages = [ecs.DeploymentLifecycleStage.POST_SCALE_UP];
  const service = serviceOf(world, {
    bakeTime: Duration.minutes(5),
    deploymentStrategy: ecs.DeploymentStrategy.BLUE_GREEN,
    lifecycleHooks: [new ecs.DeploymentLifecycleLambdaTarget(handler, 'First', { lifecycleStages, role })],
  });
  world.taskRunner.hook(service, { command: ['migrate'] });
  world.taskRunner.hook(service, { command: ['warm'], stage: ecs.DeploymentLifecycleStage.POST_TEST_TRAFFIC_SHIFT });
  service.addLifecycleHook(new ecs.DeploymentLifecycleLambdaTarget(handler, 'Last', { lifecycleStages, role }));
  const hooks = hooksOf(world);
  expect(hooks.map(({ LifecycleStages }) => LifecycleStages)).toEqual([
    ['POST_SCALE_UP'],
    ['POST_SCALE_UP'],
    ['PRE_SCALE_UP'],
    ['POST_TEST_TRAFFIC_SHIFT'],
  ]);
  expect(hooks.map(({ TimeoutConfiguration }) => TimeoutConfiguration !== undefined)).toEqual([false, false, true, true]);
  const [[, { Properties }]] = world.resources('AWS::ECS::Service');
  expect(Properties.DeploymentConfiguration).toMatchObject({ BakeTimeInMinutes: 5, Strategy: 'BLUE_GREEN' });
});

test.each<[DeploymentHookProps, string]>([
  [{}, 'hook: Overrides: is missing: the command of the service itself would never end'],
  [{ command: ['a'], timeout: Duration.hours(24) }, 'hook: Timeout: is 86400; expected a whole number from 1 to 82800'],
  [{ command: ['a'], count: 11 }, 'hook: Count: is 11; expected a whole number from 0 to 10'],
])('a hook that could not run fails at synth: %j', (props, problem) => {
  const world = new World();
  world.taskRunner.hook(serviceOf(world), props);
  expect(() => world.synthesize()).toThrow(problem);
});

test('a task runner whose ARNs are given has those that were given', () => {
  const world = new World();
  const stack = Stack.of(world.cluster);
  const some = TaskRunner.fromAttributes(stack, 'Some', { serviceToken: 'arn:aws:lambda:eu-west-1:123456789012:function:start' });
  expect(some.serviceToken).toBe('arn:aws:lambda:eu-west-1:123456789012:function:start');
  const needed = 'Todobackend/Some: fromAttributes was given no';
  expect(() => some.stateMachineArn).toThrow(`${needed} stateMachineArn`);
  expect(() => { some.hook(serviceOf(world), { command: ['a'] }); }).toThrow(`${needed} hookFunctionArn`);
  const named = TaskRunner.fromStack(stack, 'Runner', 'task-runner-of-the-team');
  expect(stack.resolve(named.stateMachineArn)).toEqual({ 'Fn::ImportValue': 'task-runner-of-the-team-StateMachineArn' });
});
