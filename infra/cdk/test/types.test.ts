import { readFileSync } from 'fs';
import { join } from 'path';
import { Duration, Size } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { ContainerResourceType, EcsTaskRunProps, RollbackFailure, RunContainerOverride, TaskOverrides, UpdateCriterion } from '../src';
import { World } from './world';

interface Schema {
  if?: { type?: string };
  enum?: string[];
  items?: Schema;
  properties?: Record<string, Schema & { $ref?: string }>;
  then?: Schema;
  else?: Schema;
}

const schema = JSON.parse(readFileSync(join(__dirname, '..', 'schema', 'resource.json'), 'utf8')) as Schema;

/** The schemas of all places below this one, by their paths. */
function placesOf(at: Schema, path = ''): [string, Schema][] {
  // One item by itself may stand for a list of one; the types have lists only.
  const branches = at.if?.type === 'array' ? [at.then] : [at.then, at.else];
  const inside = branches.filter((branch) => branch !== undefined);
  const properties = Object.entries(at.properties ?? {}).filter(([, { $ref }]) => $ref === undefined);
  return [
    [path, at],
    ...inside.flatMap((branch) => placesOf(branch, path)),
    ...(at.items ? placesOf(at.items, `${path}[]`) : []),
    ...properties.flatMap(([name, property]) => placesOf(property, path === '' ? name : `${path}.${name}`)),
  ] as [string, Schema][];
}

/** The paths of all values in a value that a schema describes. */
function pathsOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) {
    return [path, ...value.flatMap((item) => pathsOf(item, `${path}[]`))];
  }
  if (typeof value !== 'object' || value === null || path === 'Triggers' || isFunction(value)) {
    return [path];
  }
  return [path, ...Object.entries(value).flatMap(([name, member]) => pathsOf(member, path === '' ? name : `${path}.${name}`))];
}

function isFunction(value: object): boolean {
  return /^(Ref|Fn::.*)$/.test(Object.keys(value)[0] ?? '');
}

function propertiesOf(props: (world: World) => Partial<EcsTaskRunProps>): Record<string, unknown> {
  const world = new World();
  world.run(props(world));
  return world.properties();
}

/** Everything that goes together, and what goes with none of it. */
const runs: ((world: World) => Partial<EcsTaskRunProps>)[] = [
  ({ stack }) => {
    const role = iam.Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::123456789012:role/role');
    const container: RunContainerOverride = {
      name: 'migrate',
      command: ['migrate'],
      environment: { A: 'b' },
      environmentFiles: [{ bucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'bucket'), key: 'a.env' }],
      cpu: 128,
      memoryLimitMiB: 256,
      memoryReservationMiB: 128,
      resourceRequirements: [{ type: ContainerResourceType.GPU, value: '1' }],
    };
    const overrides: TaskOverrides = {
      containers: [container],
      cpu: 256,
      memoryMiB: 512,
      executionRole: role,
      taskRole: role,
      ephemeralStorage: Size.gibibytes(30),
      inferenceAccelerators: [{ deviceName: 'a', deviceType: 'eia1.medium' }],
    };
    return {
      overrides,
      rollbackOverrides: overrides,
      rollbackFailure: RollbackFailure.IGNORE,
      count: 2,
      launchType: ecs.LaunchType.FARGATE,
      platformVersion: ecs.FargatePlatformVersion.VERSION1_4,
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-00000001')],
      assignPublicIp: true,
      placementConstraints: [ecs.PlacementConstraint.memberOf('attribute:a == b'), ecs.PlacementConstraint.distinctInstances()],
      placementStrategies: [ecs.PlacementStrategy.spreadAcrossInstances(), ecs.PlacementStrategy.packedByCpu()],
      group: 'migrations',
      enableExecuteCommand: true,
      enableEcsManagedTags: true,
      propagateTags: ecs.PropagatedTagSource.TASK_DEFINITION,
      tags: { team: 'web' },
      referenceId: 'r',
      volumes: [
        {
          name: 'data',
          role,
          size: Size.gibibytes(10),
          snapshotId: 'snap-0123',
          volumeInitializationRate: 100,
          volumeType: ec2.EbsDeviceVolumeType.GP3,
          encrypted: true,
          kmsKey: kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:123456789012:key/0123'),
          iops: 3000,
          throughput: 125,
          fileSystemType: ecs.FileSystemType.XFS,
          deleteOnTermination: true,
          tags: { team: 'web' },
          propagateTags: ecs.PropagatedTagSource.NONE,
        },
      ],
      timeout: Duration.hours(2),
      serviceTimeout: Duration.minutes(30),
      runOnCreate: false,
      runOnUpdate: true,
      runOnRollback: false,
      updateCriteria: [UpdateCriterion.TASK_DEFINITION, UpdateCriterion.environment('migrate', 'A')],
      triggers: { build: [17, { any: 'value' }] },
      containers: ['migrate'],
      successExitCodes: [0, 3],
      logLines: 50,
      retryStartFailures: false,
    };
  },
  () => ({ capacityProviderStrategies: [{ capacityProvider: 'FARGATE_SPOT', weight: 1, base: 1 }] }),
  ({ stack, cluster }) => ({
    networkFrom: ecs.FargateService.fromFargateServiceAttributes(stack, 'Service', { cluster, serviceName: 'web' }),
  }),
  (world) => ({ taskDefinition: world.ec2('OnInstances'), instances: ['0123456789abcdef'] }),
];

test('the types have every property of the schema, and no other', () => {
  const written = runs.flatMap((run) => pathsOf(propertiesOf(run)));
  const places = placesOf(schema).map(([path]) => path);
  expect([...new Set(written)].sort()).toEqual([...new Set(places)].sort());
});

test('enumerations have the words of the schema', () => {
  const words = (path: string) => placesOf(schema).find(([place, at]) => place === path && at.enum)?.[1].enum;
  for (const [path, values] of [
    ['LaunchType', ecs.LaunchType],
    ['VolumeConfigurations[].ManagedEBSVolume.VolumeType', ec2.EbsDeviceVolumeType],
    ['VolumeConfigurations[].ManagedEBSVolume.FilesystemType', ecs.FileSystemType],
    ['VolumeConfigurations[].ManagedEBSVolume.TagSpecifications[].PropagateTags', ecs.PropagatedTagSource],
    ['RollbackFailure', RollbackFailure],
    ['Overrides.ContainerOverrides[].ResourceRequirements[].Type', ContainerResourceType],
  ] as [string, Record<string, string>][]) {
    expect([path, words(path)]).toEqual([path, expect.arrayContaining(Object.values(values))]);
  }
});
