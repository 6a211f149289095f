import { readFileSync } from 'fs';
import { join } from 'path';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { problemsOf } from '../src/check';
import { World } from './world';

/** Properties and what `ecs-task-runner check` says of them; a test of that program reads the same table. */
const table = JSON.parse(readFileSync(join(__dirname, 'problems.json'), 'utf8')) as {
  properties: Record<string, unknown>;
  problems: string[];
}[];

test.each(table)('problems have the words of the program: $properties', ({ properties, problems }) => {
  const all = { Cluster: 'production', TaskDefinition: 'migrate:3', ...properties };
  expect(problemsOf(all, 'resource').sort()).toEqual([...problems].sort());
});

test('wrong combinations fail at synth', () => {
  const world = new World();
  world.run({
    launchType: ecs.LaunchType.FARGATE,
    capacityProviderStrategies: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
    count: 12,
  });
  expect(() => world.synthesize()).toThrow(
    /Todobackend\/Migrate\] CapacityProviderStrategy: cannot be given together with LaunchType[^]*Todobackend\/Migrate\] Count: is 12/,
  );
});
