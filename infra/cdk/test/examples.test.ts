import { readFileSync } from 'fs';
import { join } from 'path';
import { App, Duration } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { migrateInDeployments } from '../examples/deployment-hook';
import { TodobackendStack } from '../examples/migration';
import { World, written } from './world';

test('the example with a database can be deployed', () => {
  const template = written(new TodobackendStack(new App(), 'Todobackend'));
  template.resourceCountIs('Custom::EcsTask', 1);
});

test('the example of a deployment hook can be deployed', () => {
  const world = new World();
  const { cluster, taskDefinition } = world;
  const deploymentStrategy = ecs.DeploymentStrategy.BLUE_GREEN;
  migrateInDeployments(new ecs.FargateService(world.stack, 'Service', { cluster, taskDefinition, deploymentStrategy, minHealthyPercent: 100 }));
  world.synthesize().resourceCountIs('AWS::ECS::Service', 1);
});

test('hello', () => {
  const world = new World();
  const run = world.run({ command: ['echo', 'hello'] });
  world.stack.exportValue(run.taskArn, { name: 'HelloTaskArn' });
  world.synthesize();
});

test('hello for hours', () => {
  const world = new World();
  world.run({ command: ['echo', 'hello'], timeout: Duration.hours(6) });
  expect(world.resources('AWS::CloudFormation::WaitCondition')).toHaveLength(1);
});

test.each(['migration', 'deployment-hook'])('the README shows the example %s', (name) => {
  const example = readFileSync(join(__dirname, '..', 'examples', `${name}.ts`), 'utf8');
  const readme = readFileSync(join(__dirname, '..', 'README.md'), 'utf8');
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
});
