/**
 * The business logic of the reference environment "notifications": a chore that takes `CHORE_SECONDS`, 0 unless set. Put
 * yours in its place.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Context, SQSEvent } from 'aws-lambda';
import { scheduledRuns } from '../scheduled-run/consumer';

const CHORE_MILLIS = 1000 * Number(process.env.CHORE_SECONDS ?? 0);

const consume = scheduledRuns(async () => {
  await wait(CHORE_MILLIS);
});

export const handler = (event: SQSEvent, context: Context) => consume(event, context);
