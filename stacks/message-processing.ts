import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { QueueWorker, WorkerCompute } from '../lib/aws/queue/queue-worker';
import { RedriveQueue } from '../lib/aws/queue/redrive-queue';
import { MESSAGES } from '../lib/cases/case-14-poison-messages';

/** Reports only messages that are not JSON as failed: put your business logic at the comment. */
const WORKER = `
exports.handler = async ({ Records }) => ({
  batchItemFailures: Records.filter(({ body }) => {
    try {
      JSON.parse(body); // Do the work here; a message that throws is retried.
      return false;
    } catch {
      return true;
    }
  }).map(({ messageId }) => ({ itemIdentifier: messageId })),
});
`;

/**
 * Message processing: a queue on which no message blocks the others, consumed by a Lambda function (case 14).
 */
export class MessageProcessingStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, { description: 'Message processing: poison is set aside, redriven and quarantined', ...props });
    const alarms = new Topic(this, 'Alarms', { enforceSSL: true });
    const { objective, consumer } = MESSAGES.on.aws;
    const messages = new RedriveQueue(this, 'Messages', {
      workload: MESSAGES.workload,
      objective,
      consumer,
      alarmTopic: alarms,
    });
    const logGroup = new LogGroup(this, 'Logs', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // The managed policy may create and write any log group of the account.
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    const worker = new LambdaFunction(this, 'Function', {
      role,
      logGroup,
      description: 'Works through messages and reports those that fail',
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromInline(WORKER),
      timeout: Duration.seconds(messages.plan.value('itemTimeoutSeconds')),
    });
    new QueueWorker(this, 'Worker', { queue: messages, compute: WorkerCompute.lambda({ function: worker }) });
    new CfnOutput(this, 'QueueUrl', { value: messages.queueUrl });
  }
}
