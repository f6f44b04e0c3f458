import { strictEqual } from 'node:assert';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { QueueWorker, WorkerCompute } from '../../lib/aws/queue/queue-worker';
import { RedriveQueue } from '../../lib/aws/queue/redrive-queue';
import { redriveQuestion } from '../../lib/aws/queue/redrive-queue-props';
import { planQueue } from '../../lib/flow/queue/plan';
import { FUNCTION_TIMEOUT_SECONDS, HANDLER_CODE, OBJECTIVE as objective, WORKLOAD as workload } from './workload';

/** A number of the plan by its name, the worker's before the queue's. */
export type Numbers = (name: string) => number;

/** The numbers for the hand-written side, computed in advance, so that only writing is timed. */
export function lookUp(): Numbers {
  const stack = new Stack(new App(), 'Numbers');
  const timeout = Duration.seconds(FUNCTION_TIMEOUT_SECONDS);
  const orders = new RedriveQueue(stack, 'Orders', { workload, objective, functionTimeout: timeout });
  const handler = new LambdaFunction(stack, 'Handler', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    timeout,
    code: Code.fromInline(HANDLER_CODE),
  });
  const compute = WorkerCompute.lambda({ function: handler });
  const worker = new QueueWorker(stack, 'Worker', { queue: orders.queue, workload, objective, compute });
  const known = new Map([...orders.plan.knobs, ...worker.plan.knobs.slice(-3)].map(({ name, value }) => [name, value]));
  known.set('drainSeconds', orders.plan.predictions.drainSeconds);
  return (name) => {
    const value = known.get(name);
    if (value === undefined) throw new Error(`no number '${name}' in the plans`);
    return value;
  };
}

/** Sizes one queue as an author does who asks the library for the numbers of each. */
export function asked(number: number, known: Numbers): Numbers {
  const functionTimeout = Duration.seconds(FUNCTION_TIMEOUT_SECONDS);
  const plan = planQueue(`Orders${number}`, redriveQuestion({ workload, objective, functionTimeout }));
  for (const name of ['maxReceiveCount', 'visibilityTimeoutSeconds', 'alarmBacklog'])
    strictEqual(plan.value(name), known(name), `${name} of a plan that is asked for by hand`);
  return known;
}
