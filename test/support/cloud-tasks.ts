/** Plays a queue of Google Cloud Tasks over HTTP: dispatches, retries what is not 2xx, and deletes what is used up. */
import { setTimeout as wait } from 'node:timers/promises';

/** One dispatch of a task, and its answer. */
export interface Dispatch {
  readonly task: string;
  readonly retryCount: number;
  readonly status: number;
  readonly retryAfter: string | null;
}

/** How it dispatches. */
export interface TaskPlay {
  /** Tasks in flight at most. */
  readonly maxConcurrentDispatches: number;
  /** Dispatches a second; what is saved at the start leaves at once. Default: as fast as they are taken. */
  readonly perSecond?: number;
  readonly saved?: number;
  /** Waits before a retry. Default: none. */
  readonly backoffMillis?: number;
  /** Attempts after which a task is deleted. */
  readonly deleteAfter: number;
  /** Whether a task that was answered is delivered once more, as a queue that delivers at least once may do. */
  readonly repeats?: (task: string) => boolean;
}

/** Dispatches bodies by the names of their tasks, to one address after the other, until each is answered with 2xx or deleted. */
export async function playTasks(url: string | readonly string[], tasks: ReadonlyMap<string, string>, play: TaskPlay) {
  const dispatches: Dispatch[] = [];
  const deleted: string[] = [];
  const began = Date.now();
  const { perSecond = Number.POSITIVE_INFINITY, saved = 0, backoffMillis = 0 } = play;
  const urls = [url].flat();
  let turns = 0;
  const waiting = [...tasks.keys()];
  const dispatch = async (task: string, retryCount: number): Promise<boolean> => {
    turns += 1;
    const address = urls[turns % urls.length];
    const due = began + Math.max(0, (1000 * (turns - saved)) / perSecond);
    if (due > Date.now()) await wait(due - Date.now());
    const response = await fetch(address, {
      method: 'POST',
      body: tasks.get(task),
      headers: {
        'content-type': 'application/json',
        'x-cloudtasks-queuename': 'mailing',
        'x-cloudtasks-taskname': task,
        'x-cloudtasks-taskretrycount': String(retryCount),
      },
    });
    await response.arrayBuffer();
    dispatches.push({ task, retryCount, status: response.status, retryAfter: response.headers.get('retry-after') });
    return response.ok;
  };
  const worker = async () => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      let retryCount = 0;
      while (!(await dispatch(task, retryCount))) {
        retryCount += 1;
        if (retryCount >= play.deleteAfter) {
          deleted.push(task);
          break;
        }
        if (backoffMillis > 0) await wait(backoffMillis);
      }
      if (play.repeats?.(task)) await dispatch(task, 0);
    }
  };
  await Promise.all(Array.from({ length: play.maxConcurrentDispatches }, worker));
  return { dispatches, deleted };
}
