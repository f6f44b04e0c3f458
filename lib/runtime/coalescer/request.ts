/** The request to what rebuilds keys, and its answer. */
import type { Outcome } from './flush';
import type { MergedKey } from './merge';

/** What it gets: every key with the value of its last event, and how many events that stands for. */
export interface KeysToRebuild {
  readonly keys: readonly {
    readonly key: string;
    readonly id: string;
    readonly value?: string;
    readonly events: number;
  }[];
}

/** The text of a request. */
export function requestText(keys: readonly MergedKey[]): string {
  const request: KeysToRebuild = { keys: keys.map(({ key, id, value, events }) => ({ key, id, value, events })) };
  return JSON.stringify(request);
}

/** What the answer says: `{"failed": ["key"]}` names those that failed; anything else that no one did. */
export function answered(text: string, keys: readonly MergedKey[]): Outcome {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return {};
  }
  const { failed } = (answer ?? {}) as { failed?: unknown };
  if (!Array.isArray(failed)) return {};
  const own = new Set(keys.map(({ key }) => key));
  return { failed: failed.filter((one): one is string => typeof one === 'string' && own.has(one)) };
}
