/** A record that no attempt could handle, as it is set aside: unchanged, with the reason in more headers. */
import { Masking } from '../masking';
import type { Taken } from './batch';

const MOST_CHARACTERS = 1000;

/** What is produced to the topic of the records that were set aside. */
export interface DeadLetter {
  readonly topic: string;
  readonly key?: Buffer;
  readonly value: Buffer;
  readonly headers: Record<string, string>;
}

const masking = new Masking();

/**
 * The record with where it was and why it failed. Its content stays as it is, so that it can be produced again; the text of an
 * error often quotes content, so it is masked.
 */
export function deadLetter(deadTopic: string, record: Taken, error: unknown): DeadLetter {
  const { topic, partition, offset, bytes, keyBytes, headers } = record;
  const name = error instanceof Error ? error.name : typeof error;
  const message = error instanceof Error ? error.message : String(error);
  return {
    topic: deadTopic,
    ...(keyBytes === undefined ? {} : { key: Buffer.from(keyBytes) }),
    value: Buffer.from(bytes),
    headers: {
      ...headers,
      'backpressure-topic': topic,
      'backpressure-partition': String(partition),
      'backpressure-offset': String(offset),
      'backpressure-error': name,
      'backpressure-message': masking.text(message.slice(0, MOST_CHARACTERS)),
    },
  };
}
