import { Duration } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { TaskRunner } from 'cdk-ecs-task-runner';

export function migrateInDeployments(service: ecs.FargateService): void {
  TaskRunner.fromStack(service, 'ecs-task-runner').hook(service, {
    command: ['python3', 'manage.py', 'migrate', '--no-input'],
    timeout: Duration.minutes(30),
  });
}
