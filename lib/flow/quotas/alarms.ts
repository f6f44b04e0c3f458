/** The numbers of the alarms on Kafka quotas, each with its reason: on Amazon MSK, and under Strimzi. */
import { CLOUDWATCH_LONGEST_SECONDS, chosenKnob, firstOneKnob, RATE_WINDOW_SECONDS, rateWindowKnob } from '../alarms';
import type { Knob } from '../plan';
import type { KafkaTenant, QuotasPlan } from './workload';

const OWN = 'this library, docs/constructs/kafka-quotas.md';
/** Window over which throttle times are averaged. */
const WINDOW_SECONDS = 300;

/** Kafka enforces a rate over a window of 11 s; on a real broker it stayed within 15 % (test/engines). */
const TOLERANCE = 1.15;

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

/** The numbers of the alerts on the quotas of a cluster under Strimzi: Prometheus compares with them. */
export function quotaAlertKnobs(plan: QuotasPlan, tenants: readonly KafkaTenant[]): Knob[] {
  const own = 'this library, docs/constructs/k8s-kafka-quotas.md';
  return [
    rateWindowKnob(),
    firstOneKnob('alarmThrottleMilliseconds', 'ms', 'the duration of throttling matters more than its amount', own),
    ...throttledAlertKnobs(plan, tenants, own),
    ...plan.tenants.flatMap(({ name, producerByteRate, consumerByteRate }) => [
      enforcedKnob(`alarmProducerByteRate.${name}`, { producerByteRate }),
      enforcedKnob(`alarmConsumerByteRate.${name}`, { consumerByteRate }),
    ]),
    firstOneKnob('alarmUnderReplicated', 'partitions', 'one more broker down, and writes to it stop', own),
    chosenKnob(
      'alarmUnseenSeconds',
      3600,
      's',
      'an idle client has no metrics after an hour, so their absence means nothing before',
      'Apache Kafka documentation, Monitoring: sensors of an idle client are removed after an hour',
    ),
  ];
}

/** How long a tenant may be throttled: one within its share hardly, one beyond it for as long as is planned. */
function throttledAlertKnobs(plan: QuotasPlan, tenants: readonly KafkaTenant[], source: string): Knob[] {
  const hold = 2 * RATE_WINDOW_SECONDS;
  const { value: throttled, inputs } = throttledKnob(plan, tenants);
  return [
    ...(plan.tenants.every(({ peakWaitSeconds }) => peakWaitSeconds > 0)
      ? []
      : [chosenKnob('alarmHoldSeconds', hold, 's', '2 windows: a burst may exceed a share for seconds', source)]),
    ...(plan.tenants.every(({ peakWaitSeconds }) => peakWaitSeconds === 0)
      ? []
      : [
          {
            name: 'alarmThrottledHoldSeconds',
            value: Math.max(hold, Math.ceil(throttled)),
            unit: 's',
            formula: `the longest peak of a tenant, and the time until its delayed records are written; at least 2 windows, ${hold} s`,
            inputs,
            source,
          },
        ]),
  ];
}

/** Above it, a quota is not enforced. */
function enforcedKnob(name: string, rate: Knob['inputs']): Knob {
  return {
    name,
    value: Math.ceil(Object.values(rate)[0] * TOLERANCE),
    unit: 'bytes/s',
    formula: '⌈quota × 1.15⌉: a broker enforces a rate over 11 s, and stayed within 15 % of it',
    inputs: { ...rate, tolerance: TOLERANCE },
    source: 'measured with Apache Kafka: test/engines/kafka-quotas.test.ts',
  };
}
