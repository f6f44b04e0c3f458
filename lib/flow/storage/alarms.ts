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
