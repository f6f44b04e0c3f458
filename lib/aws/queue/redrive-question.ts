/** The question that the plan of a redrive queue answers, from its props, and what of them is refused. */
import { Duration, Token } from 'aws-cdk-lib';
import { type Check, oneOf } from '../../flow/errors';
import type { QueueQuestion } from '../../flow/queue/question';
import { resolvedNumber, resolvedSeconds } from '../tokens';
import { QueuePlatform } from './queue-platform';
import type { RedriveQueueProps } from './redrive-queue';

/** A FIFO queue loses its order with every redrive, so that nothing is redriven there unasked. */
const FIFO_REDRIVES = 0;

/** The question. Unresolved tokens go to the queue as they are; the plan uses its derived value instead. */
export function redriveQuestion(props: RedriveQueueProps): QueueQuestion {
  const { workload, objective, consumer, fifo = false } = props;
  const maxRedrives = props.maxRedrives ?? (fifo ? FIFO_REDRIVES : undefined);
  return {
    workload,
    // Without a price of an instance a ceiling bounds whoever serves the queue, not the queue.
    objective: consumer?.instanceHourCost === undefined ? { ...objective, monthlyCost: undefined } : objective,
    consumer,
    platform: props.platform ?? QueuePlatform.LAMBDA,
    broker: 'sqs',
    scaleToZero: props.scaleToZero,
    functionTimeoutSeconds: resolvedSeconds(props.functionTimeout),
    batchWindowSeconds: resolvedSeconds(props.batchWindow),
    maxReceiveCount: resolvedNumber(props.maxReceiveCount),
    retentionSeconds: resolvedSeconds(props.retention),
    redrive: {
      maxRedrives,
      redrivesPerSecond: props.redrivesPerSecond,
      successRatioFloor: props.successRatioFloor,
    },
  };
}

/** What is wrong with the props, beside what the plan refuses. */
export function redriveChecks(props: RedriveQueueProps): Check[] {
  const { platform, retention, maskedFields } = props;
  return [
    ...unresolvedChecks(props),
    oneOf('platform', platform, Object.values(QueuePlatform)),
    {
      refused: retention?.isUnresolved() === true && retention.unitLabel() !== 'seconds',
      message: `retention must be in seconds when it is a token, got ${retention?.unitLabel()}`,
    },
    {
      refused: maskedFields?.some((name) => name.includes(',') || name.trim() === '') ?? false,
      message: `maskedFields must be names without commas, got ${maskedFields?.join(' | ')}`,
    },
  ];
}

/** These go into sums at synthesis, so a value that only the deployment knows is of no use. */
function unresolvedChecks(props: RedriveQueueProps): Check[] {
  const { functionTimeout, batchWindow, maxRedrives, redrivesPerSecond, successRatioFloor } = props;
  const unresolved = (value: Duration | number | undefined) =>
    value instanceof Duration ? value.isUnresolved() : Token.isUnresolved(value);
  return Object.entries({ functionTimeout, batchWindow, maxRedrives, redrivesPerSecond, successRatioFloor }).map(
    ([name, value]) => ({ refused: unresolved(value), message: `${name} must be known at synthesis, got a token` }),
  );
}
