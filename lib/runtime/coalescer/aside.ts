/** Keys that could not be invalidated, in a queue for a person: the key and the id of its event, not what the event says. */
import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { MergedKey } from './merge';

/** Messages of one call at most: Amazon SQS API reference, SendMessageBatch. */
const PER_CALL = 10;

/** Sets keys aside. */
export async function parkKeys(sqs: Pick<SQSClient, 'send'>, url: string, keys: readonly MergedKey[]): Promise<void> {
  await park(
    sqs,
    url,
    keys.map(({ key, id, events }) => ({ key, id, events, reason: 'every attempt failed, or the key was refused' })),
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
  for (let from = 0; from < bodies.length; from += PER_CALL) {
    const Entries = bodies
      .slice(from, from + PER_CALL)
      .map((body, index) => ({ Id: String(index), MessageBody: JSON.stringify(body) }));
    const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    // The batch is handed over again: a key that is set aside twice is better than one that is forgotten.
    if (Failed.length > 0) throw new Error('not set aside');
  }
}
