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

/**
 * What the answer says: `{"failed": ["key"]}` names those that failed; an empty answer, or JSON without `failed`, that all
 * are done.
 *
 * @throws Error when it cannot be understood, because to take it for a success could leave a key stale in silence
 */
export function answered(text: string, keys: readonly MergedKey[]): Outcome {
  if (text.trim() === '') return {};
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw notUnderstood();
  }
  const { failed } = (answer ?? {}) as { failed?: unknown };
  if (failed === undefined || failed === null) return {};
  const own = new Set<unknown>(keys.map(({ key }) => key));
  if (!Array.isArray(failed) || !failed.every((one) => own.has(one))) throw notUnderstood();
  return { failed };
}

function notUnderstood(): Error {
  return Object.assign(new Error('the answer is neither empty nor JSON with keys of the call'), {
    name: 'AnswerNotUnderstood',
  });
}
