/** One batch of records: each is handled in its order, retried, or set aside; what was done is what may be committed. */

import { RETRY_SECONDS } from '../../flow/streams/run-time';

/** A record of a topic. */
export interface WorkerRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Undefined for a record without a key. */
  readonly key?: string;
  /** The content as text. */
  readonly value: string;
  /** The content as it was sent. */
  readonly bytes: Uint8Array;
  /** Its headers as text. */
  readonly headers: Readonly<Record<string, string>>;
  /** When it was sent, in milliseconds since the epoch. */
  readonly sentAtMillis: number;
  /** 1 for the first attempt of this process. One that ends in the middle of a record leaves no trace of its attempt. */
  readonly attempt: number;
}

/** The business logic. If it throws, the record is tried again; those behind it in its partition wait. */
export type OnWorkerRecord = (record: WorkerRecord) => Promise<void>;

/** A record before it is tried. */
export type Taken = Omit<WorkerRecord, 'attempt'> & { readonly keyBytes?: Uint8Array };

/** What a batch needs of the outside. */
export interface BatchPorts {
  readonly onRecord: OnWorkerRecord;
  /** Attempts at a record before it is set aside. */
  readonly attempts: number;
  /** Keeps a record that no attempt could handle. What it throws ends the batch: nothing of the record is committed. */
  readonly setAside: (record: Taken, error: unknown) => Promise<void>;
  readonly wait: (millis: number) => Promise<void>;
  readonly random: () => number;
  /** Whether the consumer was told to end: a record that fails then is left to the next one. */
  readonly isStopped: () => boolean;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

/** Where a partition goes on. */
export interface Position {
  readonly topic: string;
  readonly partition: number;
  /** The offset after the last record that is done. */
  readonly offset: bigint;
}

/**
 * Handles a batch, also what may be another consumer's by now: one that is left out would be lost with the next commit of its
 * partition, and one that is handled twice is not.
 *
 * @returns where each partition goes on; a partition of which nothing is done is absent
 */
export async function handleBatch(batch: readonly Taken[], ports: BatchPorts): Promise<readonly Position[]> {
  const positions = new Map<string, Position>();
  for (const record of batch) {
    if (!(await isDone(record, ports))) break;
    const { topic, partition, offset } = record;
    positions.set(`${topic}-${partition}`, { topic, partition, offset: offset + 1n });
  }
  return [...positions.values()];
}

/** Tries a record until it is handled or set aside; false when the consumer ends first. */
async function isDone(record: Taken, ports: BatchPorts): Promise<boolean> {
  const { keyBytes: _keyBytes, ...known } = record;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await ports.onRecord({ ...known, attempt });
      return true;
    } catch (error) {
      const name = error instanceof Error ? error.name : typeof error;
      const { topic, partition, offset } = record;
      ports.log({ level: 'warn', failed: `${topic}-${partition}:${offset}`, attempt, error: name });
      // Its last attempt is not yet made: whoever reads on makes it.
      if (attempt < ports.attempts && ports.isStopped()) return false;
      if (attempt >= ports.attempts) {
        await ports.setAside(record, error);
        return true;
      }
      const most = Math.min(RETRY_SECONDS.cap, RETRY_SECONDS.base * 2 ** (attempt - 1));
      await ports.wait(1000 * most * ports.random());
    }
  }
}
