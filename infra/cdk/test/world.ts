import { mkdirSync, writeFileSync } from 'fs';
import { join } from 'path';
import { App, DefaultStackSynthesizer, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { EcsTaskRun, EcsTaskRunProps, TaskRunner } from '../src';

/** A resource as it stands in a template. */
export interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
  DependsOn?: string[];
}

/** A stack with all that a run needs. */
export class World {
  public readonly app = new App();
  public readonly stack = new Stack(this.app, 'Todobackend', {
    synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }),
  });
  public readonly taskRunner = TaskRunner.fromStack(this.stack, 'ecs-task-runner');
  public readonly vpc = ec2.Vpc.fromVpcAttributes(this.stack, 'Vpc', {
    vpcId: 'vpc-00000001',
    availabilityZones: ['a', 'b'],
    publicSubnetIds: ['subnet-00000011', 'subnet-00000012'],
    privateSubnetIds: ['subnet-00000001', 'subnet-00000002'],
  });
  public readonly cluster = new ecs.Cluster(this.stack, 'Cluster', { vpc: this.vpc });
  public readonly taskDefinition = this.fargate('TaskDefinition');

  public fargate(id: string): ecs.FargateTaskDefinition {
    const taskDefinition = new ecs.FargateTaskDefinition(this.stack, id);
    taskDefinition.addContainer('migrate', {
      image: ecs.ContainerImage.fromRegistry('public.ecr.aws/docker/library/busybox:1.37'),
      logging: ecs.LogDrivers.awsLogs({ streamPrefix: 'migrate' }),
    });
    return taskDefinition;
  }

  public ec2(id: string): ecs.Ec2TaskDefinition {
    const taskDefinition = new ecs.Ec2TaskDefinition(this.stack, id);
    taskDefinition.addContainer('migrate', {
      image: ecs.ContainerImage.fromRegistry('public.ecr.aws/docker/library/busybox:1.37'),
      memoryLimitMiB: 128,
    });
    return taskDefinition;
  }

  public run(props: Partial<EcsTaskRunProps> = {}, id = 'Migrate'): EcsTaskRun {
    const { taskRunner, cluster, taskDefinition } = this;
    return new EcsTaskRun(this.stack, id, { taskRunner, cluster, taskDefinition, ...props });
  }

  public synthesize(): Template {
    return written(this.stack);
  }

  /** What stands in the template under this type, by logical ids. */
  public resources(type: string): [string, Resource][] {
    return Object.entries(this.synthesize().findResources(type) as Record<string, Resource>);
  }

  /** The properties of the one run of the template. */
  public properties(): Record<string, unknown> {
    const runs = this.resources('Custom::EcsTask');
    expect(runs).toHaveLength(1);
    return runs[0][1].Properties;
  }
}

/** How many templates each test has written. */
const counts = new Map<string, number>();

/**
 * The template of a stack. It is also written into the directory that `TEMPLATES` names, where `ecs-task-runner check` and
 * cfn-lint read it.
 */
export function written(stack: Stack): Template {
  const template = Template.fromStack(stack);
  const directory = process.env.TEMPLATES;
  if (directory !== undefined) {
    mkdirSync(directory, { recursive: true });
    const name = (expect.getState().currentTestName ?? '').replace(/[^a-z0-9]+/gi, '-').slice(0, 120);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    const file = count === 1 ? `${name}.json` : `${name}-${count}.json`;
    writeFileSync(join(directory, file), JSON.stringify(template.toJSON(), undefined, 1));
  }
  return template;
}
