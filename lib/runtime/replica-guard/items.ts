/** Items of the table in which a guard on AWS leaves its signal, and writers their names. */
import type { ReplicaSignal } from './signal';

/** Partition key: all items of one guard. */
export const GUARD_KEY = 'guard';
/** Sort key: `signal`, or `writer#` and the name of a writer. */
export const ITEM_KEY = 'item';
/** Attribute by which the table forgets writers. */
export const EXPIRY = 'expiresAt';
export const SIGNAL_ITEM = 'signal';
export const WRITER_PREFIX = 'writer#';

/** An attribute as DynamoDB's API has it. */
export interface Attribute {
  readonly S?: string;
  readonly N?: string;
}

/** The signal and the epoch of the guard that made it. */
export function signalItem(guard: string, epoch: number, signal: ReplicaSignal): Record<string, Attribute> {
  return {
    [GUARD_KEY]: { S: guard },
    [ITEM_KEY]: { S: SIGNAL_ITEM },
    epoch: { N: String(epoch) },
    signal: { S: JSON.stringify(signal) },
  };
}

/** The signal of an item; undefined for one without. */
export function signalOf(item: Readonly<Record<string, Attribute>> | undefined): ReplicaSignal | undefined {
  const text = item?.signal?.S;
  return text === undefined ? undefined : (JSON.parse(text) as ReplicaSignal);
}

/** A writer that has asked. DynamoDB deletes within days; who counts compares `atMillis`. */
export function writerItem(guard: string, writer: string, atMillis: number): Record<string, Attribute> {
  return {
    [GUARD_KEY]: { S: guard },
    [ITEM_KEY]: { S: `${WRITER_PREFIX}${writer}` },
    atMillis: { N: String(atMillis) },
    [EXPIRY]: { N: String(Math.ceil(atMillis / 1000) + KEPT_SECONDS) },
  };
}

/** Seconds that a writer's item is kept at least. */
const KEPT_SECONDS = 3600;
