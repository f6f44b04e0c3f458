import { Duration, type Stack } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { QueueWorker, WorkerCompute } from '../../lib/aws/queue/queue-worker';
import { RedriveQueue } from '../../lib/aws/queue/redrive-queue';
import { FUNCTION_TIMEOUT_SECONDS, HANDLER_CODE, OBJECTIVE as objective, WORKLOAD as workload } from './workload';

/** A queue that sets poison aside, and its worker, from this library. */
export function ours(stack: Stack, number: number): void {
  const timeout = Duration.seconds(FUNCTION_TIMEOUT_SECONDS);
  const queue = new RedriveQueue(stack, `Orders${number}`, { workload, objective, functionTimeout: timeout });
  const handler = new LambdaFunction(stack, `Handler${number}`, {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    timeout,
    code: Code.fromInline(HANDLER_CODE),
  });
  const compute = WorkerCompute.lambda({ function: handler });
  new QueueWorker(stack, `Worker${number}`, { queue, compute });
}
