/** How long the server access logs of buckets are kept. */
import { chosenKnob } from './alarms';
import type { Knob } from './plan';

/** Days after which the parts of an unfinished upload are deleted by default. */
export const ABORT_DAYS = 7;
export const ABORTING = 'Amazon S3 user guide, aborting incomplete multipart uploads with a lifecycle rule';

/**
 * The days of a bucket of access logs.
 *
 * @param source where the choice is explained
 * @param also what else it is kept for
 */
export function accessLogKnobs(source: string, also = ''): Knob[] {
  return [
    chosenKnob('logRetentionDays', 90, 'days', `a quarter: enough to see who read which object${also}`, source),
    chosenKnob(
      'logDaysAfterInitiation',
      ABORT_DAYS,
      'days',
      'a week to finish an upload; its parts are billed but not listed',
      ABORTING,
    ),
  ];
}
