/**
 * The contract of schedule and worker. Without dependencies, so that synthesis loads no SDK.
 */

/** One run, as the schedule sends it. The scheduler fills in time and id when it starts the run. */
export interface ScheduledMessage {
  /** Name of the job. */
  readonly job: string;
  /** The time that the run was planned for, such as `2026-03-01T10:47:00Z`. */
  readonly scheduledTime: string;
  /** Id that the scheduler gives to this start. Another one may be given to the same run. */
  readonly executionId: string;
  /** The run may begin so many seconds after its planned time; later it is skipped, because its next run is due. */
  readonly startWithinSeconds: number;
}
