/** Items of the table in which a guard on AWS leaves its signal, and writers their names. */
import type { ReplicaSignal } from './signal';

/** Partition key: the name of a guard, for its signal, or that of its writers. */
export const GUARD_KEY = 'guard';
/** Sort key: `signal`, or the name of a writer. */
export const ITEM_KEY = 'item';
/** Attribute by which the table forgets writers. */
export const EXPIRY = 'expiresAt';
export const SIGNAL_ITEM = 'signal';

/**
 * Partition of the writers of a guard. It is not that of the signal: rights on items go by partition, and a writer must not be
 * able to write a signal.
 */
export function writersOf(guard: string): string {
  return `${guard}#writers`;
}

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

/** A writer that has asked, by its own clock. DynamoDB deletes within days; who counts looks at `atMillis`. */
export function writerItem(guard: string, writer: string, atMillis: number): Record<string, Attribute> {
  return {
    [GUARD_KEY]: { S: writersOf(guard) },
    [ITEM_KEY]: { S: writer },
    atMillis: { N: String(atMillis) },
    [EXPIRY]: { N: String(Math.ceil(atMillis / 1000) + KEPT_SECONDS) },
  };
}

/** Seconds that a writer's item is kept at least. */
export const KEPT_SECONDS = 3600;
