/** Keys that could not be invalidated, in a queue for a person: the key and the id of its event, not what the event says. */
import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { MergedKey } from './merge';

/** Messages of one call at most: Amazon SQS API reference, SendMessageBatch. */
const PER_CALL = 10;
/** Calls at once: a batch of 10,000 paths that are all refused has to be set aside before the function is ended. */
const AT_ONCE = 20;
/** Characters of a key that are kept, so that ten messages are one call. One of SQS may be as long as a message. */
const MOST_CHARACTERS = 4096;

/** Sets keys aside. */
export async function parkKeys(sqs: Pick<SQSClient, 'send'>, url: string, keys: readonly MergedKey[]): Promise<void> {
  await park(
    sqs,
    url,
    keys.map(({ key, id, events }) => ({
      key: key.slice(0, MOST_CHARACTERS),
      id,
      events,
      reason: 'every attempt failed, or the key was refused',
    })),
  );
}

/** Sets records without a key aside, by their ids. */
export async function parkMalformed(
  sqs: Pick<SQSClient, 'send'>,
  url: string,
  records: readonly { readonly id: string; readonly reason: string }[],
): Promise<void> {
  await park(sqs, url, records);
}

async function park(sqs: Pick<SQSClient, 'send'>, QueueUrl: string, bodies: readonly object[]): Promise<void> {
  const calls: (readonly object[])[] = [];
  for (let from = 0; from < bodies.length; from += PER_CALL) calls.push(bodies.slice(from, from + PER_CALL));
  let next = 0;
  const work = async () => {
    while (next < calls.length) {
      const call = calls[next];
      next += 1;
      const Entries = call.map((body, index) => ({ Id: String(index), MessageBody: JSON.stringify(body) }));
      const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
      // The batch is handed over again: a key that is set aside twice is better than one that is forgotten.
      if (Failed.length > 0) throw new Error('not set aside');
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
