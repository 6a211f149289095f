import { Duration } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { EcsTaskRun } from '../src';
import { World } from './world';

const HANDLE = 'AWS::CloudFormation::WaitConditionHandle';
const CONDITION = 'AWS::CloudFormation::WaitCondition';

test('a run on Fargate needs a task runner, a cluster and a task definition', () => {
  const world = new World();
  world.run({ command: ['python3', 'manage.py', 'migrate'], environment: { DEBUG: 'false' } });
  const cluster = world.stack.resolve(world.cluster.clusterName) as unknown;
  expect(world.properties()).toEqual({
    ServiceToken: { 'Fn::ImportValue': 'ecs-task-runner-ServiceToken' },
    Cluster: cluster,
    TaskDefinition: world.stack.resolve(world.taskDefinition.taskDefinitionArn) as unknown,
    Overrides: {
      ContainerOverrides: [
        {
          Name: 'migrate',
          Command: ['python3', 'manage.py', 'migrate'],
          Environment: [{ Name: 'DEBUG', Value: 'false' }],
        },
      ],
    },
    LaunchType: 'FARGATE',
    NetworkConfiguration: {
      AwsvpcConfiguration: {
        Subnets: ['subnet-00000001', 'subnet-00000002'],
        SecurityGroups: [{ 'Fn::GetAtt': [expect.stringMatching(/^MigrateSecurityGroup/), 'GroupId'] }],
        AssignPublicIp: 'DISABLED',
      },
    },
  });
});

test('a public address needs public subnets', () => {
  const world = new World();
  world.run({ assignPublicIp: true });
  expect(world.properties().NetworkConfiguration).toMatchObject({
    AwsvpcConfiguration: { Subnets: ['subnet-00000011', 'subnet-00000012'], AssignPublicIp: 'ENABLED' },
  });
});

test('a task definition without interfaces of its own gets no network', () => {
  const world = new World();
  world.run({ taskDefinition: world.ec2('OnInstances') });
  const properties = world.properties();
  expect(properties).not.toHaveProperty('NetworkConfiguration');
  expect(properties).not.toHaveProperty('LaunchType');
});

test('subnets for such a task definition are refused', () => {
  const world = new World();
  const taskDefinition = world.ec2('OnInstances');
  expect(() => world.run({ taskDefinition, assignPublicIp: false })).toThrow(
    'vpcSubnets, securityGroups and assignPublicIp are for task definitions with the network mode awsvpc',
  );
});

test('a run takes the network of a service', () => {
  const world = new World();
  const networkFrom = ecs.FargateService.fromFargateServiceAttributes(world.stack, 'Service', {
    cluster: world.cluster,
    serviceName: 'web',
  });
  world.run({ networkFrom });
  const properties = world.properties();
  expect(properties.NetworkFrom).toBe('web');
  for (const name of ['NetworkConfiguration', 'LaunchType', 'PlatformVersion']) {
    expect(properties).not.toHaveProperty(name);
  }
});

test('capacity providers take the place of the launch type', () => {
  const world = new World();
  world.run({ capacityProviderStrategies: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] });
  const properties = world.properties();
  expect(properties).not.toHaveProperty('LaunchType');
  expect(properties.CapacityProviderStrategy).toEqual([{ CapacityProvider: 'FARGATE_SPOT', Weight: 1 }]);
});

test('an imported task definition shows no containers, so that one has to be named', () => {
  const world = new World();
  const taskDefinition = ecs.FargateTaskDefinition.fromFargateTaskDefinitionAttributes(world.stack, 'Imported', {
    taskDefinitionArn: 'arn:aws:ecs:eu-west-1:123456789012:task-definition/migrate:3',
    networkMode: ecs.NetworkMode.AWS_VPC,
  });
  expect(() => world.run({ taskDefinition, command: ['true'] }, 'Unnamed')).toThrow("name the one that command");
  world.run({ taskDefinition, command: ['true'], container: 'migrate' });
  expect(world.properties()).toMatchObject({
    TaskDefinition: 'arn:aws:ecs:eu-west-1:123456789012:task-definition/migrate:3',
    Overrides: { ContainerOverrides: [{ Name: 'migrate', Command: ['true'] }] },
  });
});

test('a container without a command of its own is refused', () => {
  expect(() => new World().run({ container: 'migrate' })).toThrow("'container' names the container");
});

test('a failed update is rolled back by a command of its own', () => {
  const world = new World();
  world.run({ command: ['migrate'], rollbackCommand: ['migrate', 'back'] });
  expect(world.properties().RollbackOverrides).toEqual({
    ContainerOverrides: [{ Name: 'migrate', Command: ['migrate', 'back'] }],
  });
});

test('outputs are attributes of the resource', () => {
  const world = new World();
  const run = world.run();
  const outputs = {
    TaskArn: run.taskArn,
    TaskArns: run.taskArns,
    ExitCode: run.exitCode,
    StartedAt: run.startedAt,
    StoppedAt: run.stoppedAt,
    DurationSeconds: run.durationSeconds,
    LogGroup: run.logGroup,
    LogStream: run.logStream,
    ConsoleUrl: run.consoleUrl,
    Skipped: run.skipped,
  };
  for (const [name, value] of Object.entries(outputs)) {
    world.stack.exportValue(value, { name });
  }
  const [[logicalId]] = world.resources('Custom::EcsTask');
  for (const name of Object.keys(outputs)) {
    world.synthesize().hasOutput('*', { Value: { 'Fn::GetAtt': [logicalId, name] }, Export: { Name: name } });
  }
});

test('the run waits for the policies of its roles and for what the cluster needs', () => {
  const world = new World();
  const topic = new sns.Topic(world.stack, 'Topic');
  topic.grantPublish(world.taskDefinition.taskRole);
  world.cluster.enableFargateCapacityProviders();
  const role = new iam.Role(world.stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
  topic.grantPublish(role);
  const taskDefinition = new ecs.FargateTaskDefinition(world.stack, 'Other', { taskRole: role });
  taskDefinition.addContainer('migrate', { image: ecs.ContainerImage.fromRegistry('busybox') });
  world.run();
  world.run({ taskDefinition }, 'Second');
  const [[, first], [, second]] = world.resources('Custom::EcsTask');
  expect(first.DependsOn).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^TaskDefinitionTaskRoleDefaultPolicy/),
      expect.stringMatching(/^TaskDefinitionExecutionRoleDefaultPolicy/),
      expect.stringMatching(/^TaskDefinitionmigrateLogGroup/),
      expect.stringMatching(/^Cluster/),
    ]),
  );
  expect(second.DependsOn).toEqual(expect.arrayContaining([expect.stringMatching(/^RoleDefaultPolicy/)]));
});

test('a service waits for the run, and the run for the database that lets it in', () => {
  const world = new World();
  const database = new Construct(world.stack, 'Database');
  const group = new ec2.SecurityGroup(database, 'Group', { vpc: world.vpc });
  const run = world.run();
  run.node.addDependency(database);
  new ec2.Connections({ securityGroups: [group], defaultPort: ec2.Port.tcp(5432) }).allowDefaultPortFrom(run);
  const service = new ecs.FargateService(world.stack, 'Service', {
    cluster: world.cluster,
    taskDefinition: world.fargate('Web'),
  });
  service.node.addDependency(run);
  const [[logicalId, { DependsOn }]] = world.resources('Custom::EcsTask');
  expect(DependsOn).toEqual(expect.arrayContaining([expect.stringMatching(/^DatabaseGroupfrom/)]));
  const [[, { DependsOn: before }]] = world.resources('AWS::ECS::Service');
  expect(before).toContain(logicalId);
});

test('an hour is the most that CloudFormation waits', () => {
  for (const [seconds, conditions] of [
    [3505, 0],
    [3506, 1],
  ]) {
    const world = new World();
    world.run({ timeout: Duration.seconds(seconds) });
    expect(world.resources(CONDITION)).toHaveLength(conditions);
  }
});

test('a run of more than an hour has a handle, and a condition that waits for it', () => {
  const world = new World();
  const run = world.run({ timeout: Duration.hours(6) });
  const service = new ecs.FargateService(world.stack, 'Service', {
    cluster: world.cluster,
    taskDefinition: world.fargate('Web'),
  });
  service.node.addDependency(run);
  const [[runId]] = world.resources('Custom::EcsTask');
  const [[handle]] = world.resources(HANDLE);
  const [[conditionId, condition]] = world.resources(CONDITION);
  expect(world.properties()).toMatchObject({ Timeout: 21600, WaitConditionHandle: { Ref: handle } });
  expect(condition).toMatchObject({ DependsOn: [runId], Properties: { Handle: { Ref: handle }, Timeout: '21700' } });
  const [[, { DependsOn: before }]] = world.resources('AWS::ECS::Service');
  expect(before).toContain(conditionId);
  expect(() => run.taskArn).toThrow('has its outputs, TaskArn among them, as JSON text in waitCondition.attrData');
});

test('a run of more than half a day is refused', () => {
  expect(() => new World().run({ timeout: Duration.hours(12) })).toThrow('expected at most 43100');
});

/** The logical ids of handle and condition, in a world that a test may change. */
function idsOf(change: (world: World) => void, props = {}): string[] {
  const world = new World();
  change(world);
  world.run({ timeout: Duration.hours(2), command: ['migrate'], ...props });
  return [HANDLE, CONDITION].map((type) => world.resources(type)[0][0]);
}

test('handle and condition get new logical ids with each reason to run, and with nothing else', () => {
  const before = idsOf(() => undefined);
  expect(idsOf((world) => new sns.Topic(world.stack, 'A', {}))).toEqual(before);
  expect(idsOf((world) => { world.taskDefinition.node.addMetadata('a', 'b'); })).toEqual(before);
  for (const [after, what] of [
    [idsOf(() => undefined, { command: ['migrate', '--fast'] }), 'command'],
    [idsOf(() => undefined, { timeout: Duration.hours(3) }), 'timeout'],
    [idsOf(() => undefined, { triggers: { build: 17 } }), 'triggers'],
    [idsOf((world) => { world.taskDefinition.addVolume({ name: 'data' }); }), 'task definition'],
    [idsOf((world) => world.taskDefinition.defaultContainer?.addEnvironment('A', 'b')), 'environment'],
  ] as [string[], string][]) {
    for (const [index, id] of after.entries()) {
      expect(`${what}: ${id}`).not.toBe(`${what}: ${before[index]}`);
    }
  }
});

test('long paths make logical ids that CloudFormation takes', () => {
  const world = new World();
  let scope: Construct = world.stack;
  for (let level = 0; level < 5; level += 1) {
    scope = new Construct(scope, 'L'.repeat(80));
  }
  const { taskRunner, cluster, taskDefinition } = world;
  new EcsTaskRun(scope, 'Migrate', { taskRunner, cluster, taskDefinition, timeout: Duration.hours(2) });
  for (const type of [HANDLE, CONDITION, 'Custom::EcsTask']) {
    expect(world.resources(type)[0][0].length).toBeLessThanOrEqual(255);
  }
});
