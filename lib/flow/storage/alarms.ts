/** The numbers of the alarms on a stock in Amazon S3, each with its reason. */
import { chosenKnob } from '../alarms';
import type { Knob } from '../plan';
import type { StoragePlan } from './workload';

const DAY = 86_400;

/** The numbers of the alarms on the stock and of its budget; `storedBytesLimit` and `budgetLimit` are in the plan. */
export function stockAlarmKnobs(plan: StoragePlan): Knob[] {
  const { breakEvenObjectBytes } = plan.predictions;
  return [
    chosenKnob(
      'alarmSampleSeconds',
      DAY,
      's',
      'one sample of bytes and objects: there are no finer ones',
      'Amazon S3 user guide, Metrics and dimensions: storage metrics are published once a day',
    ),
    // Where nothing moves, no object is too small.
    ...(plan.transitions.length === 0
      ? []
      : [
          {
            name: 'alarmObjectBytes',
            value: breakEvenObjectBytes,
            unit: 'bytes',
            formula: 'the break-even: a mean object below it is not worth moving',
            inputs: { breakEvenObjectBytes },
            source: 'this library, docs/constructs/archive-bucket.md',
          },
        ]),
    chosenKnob(
      'alarmBudgetPercent',
      100,
      'percent',
      'of budgetLimit: the head-room is in the limit already',
      'AWS Budgets API reference, Notification.Threshold',
    ),
  ];
}

/** The numbers of the alert policy on a bucket of Cloud Storage; `storedBytesLimit` is in the plan. */
export function bucketAlarmKnobs(): Knob[] {
  return [
    chosenKnob(
      'alarmSampleSeconds',
      DAY,
      's',
      'one sample of the bytes: there are no finer ones',
      'Google Cloud metrics, storage: v2/total_bytes is measured once a day',
    ),
    chosenKnob(
      'alarmCloseSeconds',
      7 * DAY,
      's',
      'the longest: a bucket is measured once a day, so that an incident outlives a sample that is missing',
      'Cloud Monitoring API reference, AlertStrategy.autoClose: 30 minutes to 7 days',
    ),
  ];
}
