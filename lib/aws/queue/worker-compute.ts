import { type Duration, type IResolvable, Token } from 'aws-cdk-lib';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { type Check, wholeNumber } from '../../flow/errors';
import type { Plan } from '../../flow/plan';
import type { Consumer, Objective, Workload } from '../../flow/queue/workload';

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

/** A number that the template alone decides, or undefined. */
export function resolvedNumber(value: number | IResolvable | undefined): number | undefined {
  return typeof value === 'number' && !Token.isUnresolved(value) ? value : undefined;
}

/** Seconds of a duration that the template alone decides, or undefined. */
export function resolvedSeconds(duration: Duration | undefined): number | undefined {
  // Part of a second is for a check to refuse, by the name of the prop.
  return duration === undefined || duration.isUnresolved() ? undefined : duration.toSeconds({ integral: false });
}

/** A check on a duration that goes into a sum at synthesis: whole seconds, known, within `[min, max]`. */
export function wholeSeconds(name: string, duration: Duration | undefined, min: number, max: number): Check {
  if (duration?.isUnresolved()) return mustBeKnown(name);
  return wholeNumber(`${name} in seconds`, duration?.toSeconds({ integral: false }), min, max);
}

/** A check on a number that goes into a sum at synthesis: whole, known, within `[min, max]`. */
export function knownNumber(name: string, value: number | undefined, min: number, max: number): Check {
  return Token.isUnresolved(value) ? mustBeKnown(name) : wholeNumber(name, value, min, max);
}

function mustBeKnown(name: string): Check {
  return { refused: true, message: `${name} must be known at synthesis, got a token` };
}
