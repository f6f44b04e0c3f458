import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnQueue, type IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Check } from '../../flow/errors';
import { type Kinds, sound } from '../../flow/kinds';
import { planQueue } from '../../flow/queue/plan';
import type { QueueQuestion } from '../../flow/queue/question';
import type { QueuePlan } from '../../flow/queue/workload';
import { resolvedNumber } from '../tokens';
import type { RedriveQueueProps } from './redrive-queue-props';

/** The input of a compute that binds itself to a queue. Internal: users pick a compute, they do not write one. */
export interface WorkerContext {
  readonly scope: Construct;
  readonly subject: string;
  readonly queue: IQueue;
  /**
   * The question that the plan answers: that of the redrive queue, or that of the worker's own props.
   */
  readonly question: QueueQuestion;
  /** Whether the queue already has a plan, which the worker uses unchanged. */
  readonly planned: boolean;
}

/** What the redrive queue of a compute has to be told, as it was given. */
export interface WorkerHost {
  readonly queueProps: Pick<RedriveQueueProps, 'platform' | 'functionTimeout' | 'batchWindow' | 'scaleToZero'>;
  /** What is wrong with the props of the compute. */
  readonly checks: readonly Check[];
  /** The function, when the compute is one. */
  readonly function?: LambdaFunction;
}

/** The result of binding a compute to a queue. */
export interface WorkerBinding {
  readonly plan: QueuePlan;
  /** The worker's graphs on the queue's dashboard. */
  readonly graphs: readonly WorkerGraph[];
}

/** One graph of a worker. */
export interface WorkerGraph {
  readonly title: string;
  readonly metrics: readonly IMetric[];
}

/**
 * The props of a compute when each is what it has to be.
 *
 * @throws InvalidInputError when one is not, together with what is wrong with the workload
 */
export function soundCompute<P>({ subject, question }: WorkerContext, given: P, kinds: Kinds<P>): P {
  const { props, checks } = sound(given, kinds, 'compute');
  if (checks.length > 0) planQueue(subject, question, checks);
  return props;
}

/** A worker registered with its queue. */
export interface ServingWorker extends WorkerBinding {
  readonly scope: Construct;
  readonly subject: string;
}

/** The visibility timeout of a queue of this app in seconds; undefined for an imported queue or an unresolved value. */
export function visibilityTimeoutSeconds(queue: IQueue): number | undefined {
  const resource = queue.node.defaultChild;
  if (!(resource instanceof CfnQueue)) return undefined;
  // CloudFormation's default is 30 s.
  return resolvedNumber(resource.visibilityTimeout ?? 30);
}
