/** The numbers of the alarms on Kafka quotas of Amazon MSK, each with its reason. */
import { CLOUDWATCH_LONGEST_SECONDS, chosenKnob, firstOneKnob } from '../alarms';
import type { Knob } from '../plan';
import type { KafkaTenant, QuotasPlan } from './workload';

const OWN = 'this library, docs/constructs/kafka-quotas.md';
/** Window over which throttle times are averaged. */
const WINDOW_SECONDS = 300;

/** Planned duration of throttling. */
export function throttledKnob(plan: QuotasPlan, tenants: readonly KafkaTenant[]): Knob {
  const lengths = tenants.map(({ name, peakSeconds = 0 }) => peakSeconds + plan.tenant(name).peakWaitSeconds);
  return {
    name: 'alarmThrottledSeconds',
    value: Math.max(...lengths),
    unit: 's',
    formula: 'the longest peak of a tenant, and the time until its delayed records are written',
    inputs: Object.fromEntries(tenants.map(({ name }, index) => [name, lengths[index]])),
    source: 'derived here from the tenants given',
  };
}

/**
 * The numbers of the alarms on throttled tenants and on the function that repairs quotas.
 *
 * @throws InvalidInputError when the plan has no `alarmThrottledSeconds`
 */
export function quotaAlarmKnobs(plan: QuotasPlan): Knob[] {
  const throttled = plan.value('alarmThrottledSeconds');
  return [
    chosenKnob(
      'alarmWindowSeconds',
      WINDOW_SECONDS,
      's',
      'throttle times are averaged over this window',
      'Amazon MSK developer guide, Metrics for monitoring: published once a minute',
    ),
    firstOneKnob('alarmThrottleMilliseconds', 'ms', 'the duration of throttling matters more than its amount', OWN),
    {
      name: 'alarmThrottledWindows',
      value: Math.min(CLOUDWATCH_LONGEST_SECONDS / WINDOW_SECONDS, 1 + Math.ceil(throttled / WINDOW_SECONDS)),
      unit: 'windows',
      formula:
        '1 + ⌈time throttled as planned ÷ window⌉, a day at most: throttling a planned peak is what quotas are for',
      inputs: { alarmThrottledSeconds: throttled, alarmWindowSeconds: WINDOW_SECONDS },
      source: 'Amazon CloudWatch API reference, PutMetricAlarm: period × evaluation periods is at most a day',
    },
    firstOneKnob('alarmQuotasRepaired', 'quotas', 'only a person, or a second owner, alters a quota', OWN),
    firstOneKnob('alarmRepairErrors', 'errors', 'drift stays unseen until the next successful check', OWN),
  ];
}

/** Time-out of the function that sets quotas. */
export function repairTimeoutKnob(): Knob {
  return chosenKnob(
    'repairTimeoutSeconds',
    60,
    's',
    'a sign-in and two requests to the brokers take seconds; a run of a minute hangs',
    OWN,
  );
}

/** How often quotas are checked: the period of the alarms on the result of a check. */
export function repairIntervalKnob(seconds: number, given: boolean): Knob {
  return chosenKnob(
    'repairIntervalSeconds',
    seconds,
    's',
    given ? 'given' : 'an hour: how long an altered quota may hold',
    OWN,
  );
}
