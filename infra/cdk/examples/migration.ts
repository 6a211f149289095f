import { Duration, Stack, StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as rds from 'aws-cdk-lib/aws-rds';
import { EcsTaskRun, TaskRunner } from 'cdk-ecs-task-runner';
import { Construct } from 'constructs';

export class TodobackendStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const vpc = new ec2.Vpc(this, 'Vpc', { maxAzs: 2 });
    const cluster = new ecs.Cluster(this, 'Cluster', { vpc });
    const credentials = new rds.DatabaseSecret(this, 'Credentials', { username: 'todobackend' });
    const database = new rds.DatabaseInstance(this, 'Database', {
      vpc,
      engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17_6 }),
      credentials: rds.Credentials.fromSecret(credentials),
      storageEncrypted: true,
    });
    // Migration and service reach the database by one group of their own.
    const application = new ec2.SecurityGroup(this, 'Application', { vpc });
    database.connections.allowDefaultPortFrom(application);

    const taskDefinition = new ecs.FargateTaskDefinition(this, 'TaskDefinition');
    taskDefinition.addContainer('web', {
      image: ecs.ContainerImage.fromRegistry('123456789012.dkr.ecr.eu-west-1.amazonaws.com/todobackend:1'),
      secrets: { DATABASE_PASSWORD: ecs.Secret.fromSecretsManager(credentials, 'password') },
      environment: { DATABASE_HOST: database.dbInstanceEndpointAddress },
      logging: ecs.LogDrivers.awsLogs({ streamPrefix: 'web' }),
      portMappings: [{ containerPort: 8000 }],
    });

    const migrate = new EcsTaskRun(this, 'Migrate', {
      taskRunner: TaskRunner.fromStack(this, 'ecs-task-runner'),
      cluster,
      taskDefinition,
      securityGroups: [application],
      command: ['python3', 'manage.py', 'migrate', '--no-input'],
      timeout: Duration.minutes(30),
    });
    migrate.node.addDependency(database);

    const service = new ecs.FargateService(this, 'Service', {
      cluster,
      taskDefinition,
      securityGroups: [application],
      minHealthyPercent: 100,
    });
    // The service starts once the migration has succeeded.
    service.node.addDependency(migrate);
  }
}
