/**
 * The worker's side of a spread schedule: a run happens once however often it is delivered, a run that would begin too
 * late is skipped, and a failed one is retried with jitter. The user writes the business logic.
 */
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBClient, type TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { ChangeMessageVisibilityCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { fullJitter } from '../../flow/queue/backoff';
import { TransactionalPersistence } from '../commit';
import { countMetric, recordMetric } from '../metrics';
import { identityOf, isLate, lateSeconds, runIn, type ScheduledRun } from './run';

export type { ScheduledRun } from './run';

/** One attempt at a run. */
export interface Attempt {
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** When this attempt is ended, in milliseconds since the epoch. Another one may begin after it. */
  readonly endsAtMillis: number;
}

/** Collects writes that are committed with the key of the run or not at all. Most jobs need none. */
export interface RunEffects {
  add(...writes: TransactWriteItem[]): void;
}

/** The business logic. If it throws, the run is attempted again, as long as it may begin. */
export type OnRun = (run: ScheduledRun & Attempt, effects: RunEffects) => Promise<void>;

/** What became of a delivered run. */
export type RunOutcome = 'done' | 'duplicate' | 'skipped';

/** Settings of the worker and its AWS clients; all have defaults. */
export interface RunOptions {
  /** Table of the keys of runs that were done. Default: `IDEMPOTENCY_TABLE`. */
  readonly idempotencyTable?: string;
  /** Seconds that a key is kept. Default: `IDEMPOTENCY_SECONDS`, or 28 days. */
  readonly idempotencySeconds?: number;
  /** The queue that is consumed. Default: `QUEUE_URL`; without one a failed run waits for its visibility timeout. */
  readonly queueUrl?: string;
  readonly backoffBaseSeconds?: number;
  readonly backoffCapSeconds?: number;
  readonly dynamo?: DynamoDBClient;
  readonly sqs?: Pick<SQSClient, 'send'>;
  readonly now?: () => number;
}

/** The run would begin when its next one is due. */
class TooLateError extends Error {
  public override readonly name = 'TooLateError';
}

/** Makes what runs one message; for a container that polls the queue itself. */
export function scheduledRun(onRun: OnRun, options: RunOptions = {}) {
  const environment = process.env;
  const table = options.idempotencyTable ?? environment.IDEMPOTENCY_TABLE ?? '';
  const keptSeconds = options.idempotencySeconds ?? Number(environment.IDEMPOTENCY_SECONDS ?? 28 * 86_400);
  const dynamo = options.dynamo ?? new DynamoDBClient({});
  const now = options.now ?? Date.now;

  /**
   * @param body the message
   * @param attempt 1 for the first attempt
   * @param remainingMillis how long this attempt may take; after that another worker may begin the run again
   * @throws when the run has to be attempted again
   */
  return async (body: string, attempt: number, remainingMillis: number): Promise<RunOutcome> => {
    const run = runIn(body);
    const beganAt = now();
    const persistence = new TransactionalPersistence(table, dynamo);
    const config = new IdempotencyConfig({ expiresAfterSeconds: keptSeconds, hashFunction: 'sha256' });
    config.registerLambdaContext({ getRemainingTimeInMillis: () => remainingMillis } as Context);
    let fresh = false;
    const once = makeIdempotent(
      async (_key: string) => {
        // Only here: a second delivery of a run that was done is late as well, and nothing was skipped.
        if (isLate(run, beganAt)) throw new TooLateError();
        fresh = true;
        await onRun({ ...run, attempt, endsAtMillis: beganAt + remainingMillis }, persistence);
        return '';
      },
      // Independent of the function's name, so that a renamed function repeats no run.
      { persistenceStore: persistence, config, keyPrefix: 'run' },
    );
    try {
      await once(identityOf(run));
    } catch (error) {
      if (!(error instanceof TooLateError)) throw error;
      const seconds = String(Math.round(lateSeconds(run, beganAt)));
      countMetric('Skipped', {}, { job: run.job, scheduledTime: run.scheduledTime, lateSeconds: seconds });
      return 'skipped';
    }
    if (!fresh) {
      countMetric('Duplicate', {}, { job: run.job });
      return 'duplicate';
    }
    countMetric('Runs', {}, { job: run.job });
    recordMetric('LateSeconds', lateSeconds(run, beganAt), 'Seconds', { job: run.job });
    return 'done';
  };
}

/** Makes the Lambda handler. Settings come from the environment that `SpreadSchedule` writes. */
export function scheduledRuns(onRun: OnRun, options: RunOptions = {}) {
  const environment = process.env;
  const queueUrl = options.queueUrl ?? environment.QUEUE_URL ?? '';
  const baseSeconds = options.backoffBaseSeconds ?? Number(environment.BACKOFF_BASE_SECONDS ?? 10);
  const capSeconds = options.backoffCapSeconds ?? Number(environment.BACKOFF_CAP_SECONDS ?? 900);
  const sqs = options.sqs ?? new SQSClient({});
  const runOne = scheduledRun(onRun, options);

  /** SQS has no backoff of its own: a failed run is hidden for a random time that doubles with each attempt. */
  async function backOff({ receiptHandle, attributes }: SQSRecord): Promise<void> {
    if (queueUrl === '') return;
    const attempt = Number(attributes.ApproximateReceiveCount);
    const VisibilityTimeout = Math.ceil(fullJitter(attempt - 1, Math.random, { baseSeconds, capSeconds }));
    await sqs.send(
      new ChangeMessageVisibilityCommand({ QueueUrl: queueUrl, ReceiptHandle: receiptHandle, VisibilityTimeout }),
    );
  }

  return async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
    const failures: string[] = [];
    for (const record of event.Records) {
      try {
        await runOne(
          record.body,
          Number(record.attributes.ApproximateReceiveCount),
          context.getRemainingTimeInMillis(),
        );
      } catch (error) {
        failures.push(record.messageId);
        countMetric('Failed', {}, { messageId: record.messageId, error: reasonOf(error) });
        // A lost visibility change only means that the retry comes later; it must not fail the rest of the batch.
        await backOff(record).catch((lost) => console.warn(JSON.stringify({ backoff: reasonOf(lost) })));
      }
    }
    return { batchItemFailures: failures.map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

/** Only the kind of failure: an error of the SDK may quote its item. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
