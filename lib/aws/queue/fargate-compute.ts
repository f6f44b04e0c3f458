/** Binds Fargate tasks to a queue. */
import { Annotations } from 'aws-cdk-lib';
import type { Check } from '../../flow/errors';
import { sound } from '../../flow/kinds';
import { LONGEST_STOP_SECONDS } from '../../flow/queue/platforms/fargate';
import type { QueueQuestion } from '../../flow/queue/question';
import type { Consumer, QueuePlan } from '../../flow/queue/workload';
import { warnWithoutInsights } from '../container-insights';
import { sizeChecks, storageCheck, taskHourCost, taskSize } from '../fargate-size';
import { FARGATE_KINDS, type FargateWorkerProps, givenTask, givenTaskChecks } from './fargate-props';
import { scaleOnBacklog } from './fargate-scaling';
import { createFargateParts } from './fargate-task';
import { QueuePlatform } from './queue-platform';
import { type SourceContext, sqsSource } from './task-source';
import {
  planWorker,
  soundCompute,
  type WorkerBinding,
  type WorkerContext,
  type WorkerHost,
  type WorkerTasks,
} from './worker-compute';

/** What a queue is told of tasks, and which props cannot be used. */
export function fargateHost(given: FargateWorkerProps): WorkerHost {
  const { props, checks } = sound(given, FARGATE_KINDS, 'compute');
  return { queueProps: { platform: QueuePlatform.FARGATE, scaleToZero: props.scaleToZero }, checks };
}

/** Runs tasks and scales them on the backlog per task: (visible + in flight) ÷ running tasks. */
export function bindFargate(context: WorkerContext, given: FargateWorkerProps): WorkerBinding {
  const props = soundCompute(context, given, FARGATE_KINDS);
  const question = fargateQuestion(context, props);
  const plan = planWorker(context, question, [...tasksChecks(props), ...contradictions(context, props)]);
  return runTasks({ ...context, source: sqsSource(context.queue) }, props, plan);
}

/** What is wrong with the tasks, wherever they take their items from. */
export function tasksChecks(props: FargateWorkerProps): Check[] {
  const size = taskSize(props, givenTask(props));
  return [...givenTaskChecks(props), ...sizeChecks(size.cpu, size.memoryMiB), storageCheck(props.ephemeralStorageGiB)];
}

/** The consumer with the price of a task, where none was given. */
export function pricedConsumer(consumer: Consumer | undefined, props: FargateWorkerProps): Consumer {
  return {
    ...consumer,
    instanceHourCost: consumer?.instanceHourCost ?? taskHourCost(taskSize(props, givenTask(props))),
  };
}

/** Makes the tasks, or takes the given ones, and scales them as planned. */
export function runTasks(
  context: SourceContext,
  props: FargateWorkerProps,
  plan: QueuePlan,
): WorkerBinding & { readonly tasks: WorkerTasks } {
  const { scope } = context;
  const itemTimeout = plan.value('itemTimeoutSeconds');
  if (itemTimeout > LONGEST_STOP_SECONDS) {
    Annotations.of(scope).addWarningV2(
      'Backpressure::BP-ECS-002',
      `one item may take ${itemTimeout} s and a stopped task gets ${LONGEST_STOP_SECONDS} s: set task scale-in protection while working, or use AWS Batch`,
    );
  }
  const parts = createFargateParts(context, props, plan);
  // Without it the policy would count the whole backlog as that of one task.
  warnWithoutInsights(scope, parts.service.cluster, 'the number of running tasks');
  const { running, ...scaled } = scaleOnBacklog(context, parts.service, plan);
  return { plan, graphs: [{ title: 'Running tasks', metrics: [running] }], tasks: { ...parts, ...scaled } };
}

/** The queue's question where it has one; the task adds only its price. */
function fargateQuestion({ question, planned }: WorkerContext, props: FargateWorkerProps): QueueQuestion {
  const priced = { ...question, consumer: pricedConsumer(question.consumer, props) };
  return planned !== undefined ? priced : { ...priced, platform: 'fargate', scaleToZero: props.scaleToZero };
}

function contradictions({ question, planned }: WorkerContext, { scaleToZero }: FargateWorkerProps): Check[] {
  return [
    {
      refused: planned !== undefined && question.platform !== 'fargate',
      message: `compute must be the platform of the queue's plan, ${question.platform}, got Fargate; give the queue platform QueuePlatform.FARGATE`,
    },
    {
      refused: planned !== undefined && scaleToZero !== undefined && scaleToZero !== (question.scaleToZero ?? false),
      message: `scaleToZero must be that of the queue's plan, ${question.scaleToZero ?? false}, got ${scaleToZero}; give it to the queue`,
    },
  ];
}
