/** One run: what the message says, and whether it may still begin. Pure. */
import type { ScheduledMessage } from './contract';

/** One run of a job. */
export interface ScheduledRun {
  /** Name of the job. */
  readonly job: string;
  /** The time that the run was planned for, in milliseconds since the epoch. */
  readonly scheduledAtMillis: number;
  /** The same in text, in UTC: with the name of the job the identity of the run. */
  readonly scheduledTime: string;
  /** Id that the scheduler gives to this start. Another one may be given to the same run. */
  readonly executionId: string;
  /** The run must begin before this time, in milliseconds since the epoch. */
  readonly startBeforeMillis: number;
}

/** The message is not one of a schedule. It is never usable, so it ends as a dead letter. */
export class NotARunError extends Error {
  public override readonly name = 'NotARunError';
}

/**
 * The run that a message is about.
 *
 * @throws NotARunError when the message has no usable name, time or limit
 */
export function runIn(body: string): ScheduledRun {
  const { job, scheduledTime, executionId, startWithinSeconds } = parsed(body);
  if (typeof job !== 'string' || job === '') throw new NotARunError('job must be the name of a job');
  const scheduledAtMillis = typeof scheduledTime === 'string' ? Date.parse(scheduledTime) : Number.NaN;
  if (Number.isNaN(scheduledAtMillis)) throw new NotARunError('scheduledTime must be a time');
  if (typeof startWithinSeconds !== 'number' || !(startWithinSeconds > 0)) {
    throw new NotARunError('startWithinSeconds must be above 0');
  }
  return {
    job,
    scheduledAtMillis,
    scheduledTime: new Date(scheduledAtMillis).toISOString(),
    executionId: typeof executionId === 'string' ? executionId : '',
    startBeforeMillis: scheduledAtMillis + startWithinSeconds * 1000,
  };
}

function parsed(body: string): Partial<Record<keyof ScheduledMessage, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Named below.
  }
  throw new NotARunError('the body must be a JSON object');
}

/** Name and planned time, which are the same however often the scheduler or the queue delivers the run. */
export function identityOf({ job, scheduledTime }: ScheduledRun): string {
  return JSON.stringify([job, scheduledTime]);
}

/** Whether it would begin too late. A run from the future, by a clock that is behind, begins now. */
export function isLate({ startBeforeMillis }: ScheduledRun, nowMillis: number): boolean {
  return nowMillis > startBeforeMillis;
}

/** Seconds after its planned time. */
export function lateSeconds({ scheduledAtMillis }: ScheduledRun, nowMillis: number): number {
  return Math.max(0, (nowMillis - scheduledAtMillis) / 1000);
}
