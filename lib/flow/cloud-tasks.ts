/** Limits of a queue of Google Cloud Tasks, and when it takes an attempt for lost. */
import type { Knob } from './plan';

/** Limits of one queue. Source: Google Cloud Tasks, Quotas and limits; reference, Task: dispatchDeadline. */
export const CLOUD_TASKS = {
  dispatchesPerSecond: 500,
  dispatchesAtOnce: 5000,
  dispatchDeadlineSeconds: { least: 15, most: 1800 },
} as const;

/** Where numbers of Cloud Tasks are from. */
export const CLOUD_TASKS_SOURCES = {
  quotas: 'Google Cloud Tasks, Quotas and limits',
  retry: 'Google Cloud Tasks reference, RetryConfig',
  monitoring: 'Google Cloud, Cloud Monitoring metrics: cloudtasks.googleapis.com',
} as const;

/** From Cloud Run's time-out to its answer at Cloud Tasks: an assumption. */
export const TASK_ANSWER_SECONDS = 5;

/** When a queue gives up an attempt that Cloud Run may take `requestTimeoutSeconds` for. */
export function dispatchDeadlineKnob(requestTimeoutSeconds: number): Knob {
  const { least } = CLOUD_TASKS.dispatchDeadlineSeconds;
  return {
    name: 'dispatchDeadlineSeconds',
    value: Math.max(least, requestTimeoutSeconds + TASK_ANSWER_SECONDS),
    unit: 's',
    formula: `time-out of a request + ${TASK_ANSWER_SECONDS} s for its answer, at least ${least} s: Cloud Run gives an attempt up first, so that no retry begins beside it`,
    inputs: { requestTimeoutSeconds, answerSeconds: TASK_ANSWER_SECONDS },
    source: 'Cloud Tasks reference, Task: dispatchDeadline, 15 s to 30 min',
  };
}
