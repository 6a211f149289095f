import { App } from 'aws-cdk-lib';
import { TodobackendStack } from './migration';

// The CDK's command line says where it wants the templates; without it they are where it would put them.
const app = new App({ outdir: process.env.CDK_OUTDIR ?? 'cdk.out' });
new TodobackendStack(app, 'Todobackend');
app.synth();
