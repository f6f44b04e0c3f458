import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Plan } from '../../flow/plan';
import type { Consumer, Objective, Workload } from '../../flow/queue/workload';
import { resolvedNumber } from '../tokens';

/** What a compute gets to bind itself to a queue. Internal: users pick a compute, they don't write one. */
export interface WorkerContext {
  readonly scope: Construct;
  readonly subject: string;
  readonly queue: IQueue;
  readonly workload: Workload;
  readonly objective: Objective;
  readonly consumer: Consumer;
}

/** What a compute leaves behind. */
export interface WorkerBinding {
  readonly plan: Plan;
}

/** The visibility timeout of a queue of this app in seconds; undefined for an imported queue or an unresolved value. */
export function visibilityTimeoutSeconds(queue: IQueue): number | undefined {
  const resource = queue.node.defaultChild;
  if (!(resource instanceof CfnQueue)) return undefined;
  // CloudFormation's default is 30 s.
  return resolvedNumber(resource.visibilityTimeout ?? 30);
}
