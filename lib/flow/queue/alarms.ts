/** The numbers of a queue's alarms, each with its reason: period, number of periods, threshold. */
import { CLOUDWATCH_LONGEST_SECONDS, chosenKnob, firstOneKnob } from '../alarms';
import type { Knob } from '../plan';
import type { QueuePlan } from './workload';

const OWN = 'this library, docs/constructs/redrive-queue.md';
const SQS_METRICS = 'Amazon SQS developer guide, Available CloudWatch metrics: published once a minute';
const ALARM_PERIODS = 'Amazon CloudWatch user guide, Using Amazon CloudWatch alarms: M out of N data points';

const MINUTE = 60;
/** Window over which rates are averaged and events counted. */
const WINDOW_SECONDS = 300;
/** Stands for "never" in the time to drain: a week, which is above any threshold. */
const NEVER_SECONDS = 604_800;
/** Windows of the circuit within which held letters are seen at least once. */
const HELD_WINDOWS = 4;
const UNATTENDED_WINDOWS = 3;

/**
 * The numbers of the CloudWatch alarms on a queue of Amazon SQS: those of the queue and its dead letters and, when the
 * plan redrives, those of the redriver.
 *
 * @throws InvalidInputError when the plan has no `alarmAgeSeconds`
 */
export function queueAlarmKnobs(plan: QueuePlan): Knob[] {
  const redrives = plan.knobs.some(({ name }) => name === 'redriveWindowSeconds');
  return [...sampleKnobs(), ...drainKnobs(plan), ...letterKnobs(), ...(redrives ? redriverAlarmKnobs(plan) : [])];
}

function sampleKnobs(metrics = SQS_METRICS, own = OWN): Knob[] {
  return [
    chosenKnob('alarmSampleSeconds', MINUTE, 's', 'one sample of depth and age: there are no finer ones', metrics),
    chosenKnob('alarmSamples', 3, 'samples', 'samples of depth and age that an alarm evaluates', ALARM_PERIODS),
    chosenKnob(
      'alarmSamplesAbove',
      2,
      'samples',
      'of alarmSamples above the threshold: one may be chance, and one may be missing',
      ALARM_PERIODS,
    ),
    chosenKnob('alarmWindowSeconds', WINDOW_SECONDS, 's', 'rates are averaged, and events counted, over this', own),
  ];
}

function drainKnobs(plan: QueuePlan): Knob[] {
  const { drainSeconds, reactionSeconds } = plan.predictions;
  const age = plan.value('alarmAgeSeconds');
  const reaction = Math.max(1, Math.ceil(reactionSeconds / WINDOW_SECONDS));
  return [
    chosenKnob(
      'drainNeverSeconds',
      NEVER_SECONDS,
      's',
      'means never in the time to drain: a negative or missing value would keep the alarm silent',
      OWN,
    ),
    {
      name: 'alarmDrainSeconds',
      value: Math.min(NEVER_SECONDS - 1, Math.ceil(Math.max(drainSeconds, age))),
      unit: 's',
      formula: '⌈max(drain predicted, alarm on age)⌉, below never',
      inputs: { drainSeconds, alarmAgeSeconds: age, drainNeverSeconds: NEVER_SECONDS },
      source: OWN,
    },
    {
      name: 'alarmDrainWindows',
      value: Math.min(CLOUDWATCH_LONGEST_SECONDS / WINDOW_SECONDS, 1 + reaction),
      unit: 'windows',
      formula: '1 + ⌈reaction of the scaler ÷ window⌉, a day at most: until the scaler has reacted, producers win',
      inputs: { reactionSeconds, alarmWindowSeconds: WINDOW_SECONDS },
      source: 'Amazon CloudWatch API reference, PutMetricAlarm: period × evaluation periods is at most a day',
    },
  ];
}

function letterKnobs(): Knob[] {
  return [
    firstOneKnob('alarmDeadLetters', 'letters', 'a message that failed every attempt needs a person or a redrive', OWN),
    firstOneKnob('alarmQuarantined', 'letters', 'only a person takes a message out of quarantine', OWN),
  ];
}

/**
 * The numbers of the CloudWatch alarms on a redriver.
 *
 * @throws InvalidInputError when the plan has no `redriveWindowSeconds` or no `stuckHoldSeconds`
 */
export function redriverAlarmKnobs(plan: QueuePlan): Knob[] {
  const window = plan.value('redriveWindowSeconds');
  const hold = plan.value('stuckHoldSeconds');
  return [
    chosenKnob(
      'alarmUnattendedWindows',
      UNATTENDED_WINDOWS,
      'windows',
      'windows in a row with a letter in each: a working redriver takes a letter within seconds',
      OWN,
    ),
    firstOneKnob('alarmOpenCircuits', 'signs', 'an open circuit holds every dead letter', OWN),
    {
      name: 'alarmCircuitSeconds',
      value: wholeMinutes(HELD_WINDOWS * window),
      unit: 's',
      formula:
        '4 windows of the circuit, in whole minutes up to a day: held letters are seen at least once in this time',
      inputs: { redriveWindowSeconds: window },
      source: OWN,
    },
    {
      name: 'alarmStuckSeconds',
      value: wholeMinutes(hold + WINDOW_SECONDS),
      unit: 's',
      formula:
        'longest hold + window, in whole minutes up to a day: a stuck letter is tried and counted once in this time',
      inputs: { stuckHoldSeconds: hold, alarmWindowSeconds: WINDOW_SECONDS },
      source: OWN,
    },
    firstOneKnob('alarmRedriverErrors', 'errors', 'dead letters stay where they are while the redriver fails', OWN),
    firstOneKnob('alarmTableFailures', 'failures', 'a missing permission needs a person', OWN),
  ];
}

/** The numbers of the alarm that starts the first instance: it counts waiting messages while no instance runs. */
export function asleepKnobs(metricPeriodSeconds: number, metrics = SQS_METRICS): Knob[] {
  return [
    chosenKnob(
      'metricPeriodSeconds',
      metricPeriodSeconds,
      's',
      'one period is enough: a second one would delay the start',
      metrics,
    ),
    chosenKnob(
      'alarmAsleep',
      1,
      'state',
      '1 while messages wait and nothing runs, otherwise 0',
      'this library, docs/constructs/queue-worker.md',
    ),
  ];
}

const OF_WORKER = 'this library, docs/constructs/k8s-queue-worker.md';

/** Those that are the same for every worker. */
const KEDA_ALARMS: readonly Knob[] = [
  chosenKnob('alarmWindowSeconds', WINDOW_SECONDS, 's', 'rates are taken, and events counted, over this', OF_WORKER),
  firstOneKnob('alarmScalerErrors', 'errors', 'a scaler that cannot read the queue does not follow it', OF_WORKER),
  chosenKnob('alarmSampleSeconds', MINUTE, 's', 'one sample: Prometheus scrapes at least once a minute', OF_WORKER),
  chosenKnob(
    'alarmHoldSeconds',
    2 * MINUTE,
    's',
    'the backlog stays above its alarm for two samples: one may be chance',
    OF_WORKER,
  ),
];

/** The numbers of the alerts on a worker that KEDA scales: Prometheus compares with them. */
export function kedaAlarmKnobs(plan: QueuePlan): Knob[] {
  const { peakBacklog, reactionSeconds } = plan.predictions;
  // A queue with alarms of its own on the broker's number has no such knob.
  const peakOutstanding = plan.knobs.find(({ name }) => name === 'peakOutstanding')?.value ?? Math.ceil(peakBacklog);
  return [
    ...KEDA_ALARMS,
    {
      name: 'alarmDrainBacklog',
      value: peakOutstanding + 1,
      unit: 'items',
      formula: 'peakOutstanding + 1: above it, and still growing, producers win',
      inputs: { peakOutstanding },
      source: OF_WORKER,
    },
    {
      name: 'alarmDrainHoldSeconds',
      value: Math.ceil((reactionSeconds + WINDOW_SECONDS) / MINUTE) * MINUTE,
      unit: 's',
      formula: 'reaction of the scaler + window, in whole minutes: until the scaler has reacted, producers win',
      inputs: { reactionSeconds, alarmWindowSeconds: WINDOW_SECONDS },
      source: OF_WORKER,
    },
  ];
}

/** The numbers of the alert policies on a subscription of Pub/Sub. */
export function subscriptionAlarmKnobs(): Knob[] {
  const own = 'this library, docs/constructs/gcp-redrive-queue.md';
  return [
    ...incidentKnobs(),
    chosenKnob(
      'alarmHoldSeconds',
      2 * MINUTE,
      's',
      'depth and age stay above the threshold for two samples: one may be chance',
      own,
    ),
    chosenKnob('alarmWindowSeconds', WINDOW_SECONDS, 's', 'dead letters are counted over this', own),
    firstOneKnob('alarmDeadLetters', 'letters', 'a message that failed every attempt needs a person', own),
  ];
}

/** The numbers of the alert policy on what scales a worker pool of Cloud Run. */
export function poolAlarmKnobs(): Knob[] {
  const own = 'this library, docs/constructs/gcp-queue-worker.md';
  return [
    firstOneKnob('alarmSilent', 'state', '1 while the scaler writes nothing, otherwise no value', own),
    chosenKnob(
      'alarmSilentSeconds',
      600,
      's',
      'the scaler writes what it asks for at each poll; without a value for so long it does not run',
      own,
    ),
  ];
}

/** The numbers that every alert policy of Cloud Monitoring has. */
export function incidentKnobs(): Knob[] {
  return [
    chosenKnob(
      'alarmSampleSeconds',
      MINUTE,
      's',
      'one sample: a shorter window is empty',
      'Google Cloud metrics, pubsub and run: sampled every 60 seconds',
    ),
    chosenKnob(
      'alarmCloseSeconds',
      86_400,
      's',
      'an incident without new data closes after a day: the shortest time that keeps it open over a quiet night',
      'Cloud Monitoring API reference, AlertStrategy.autoClose: 30 minutes to 7 days',
    ),
  ];
}

/**
 * The numbers of the CloudWatch alarms on a queue of Amazon MQ for RabbitMQ and on its broker.
 *
 * @param brokerConnections connections that the broker accepts; without it none are counted
 */
export function amazonMqAlarmKnobs(plan: QueuePlan, brokerConnections: number | undefined): Knob[] {
  const own = 'this library, docs/constructs/rabbit-mq-queue.md';
  const metrics = 'Amazon MQ developer guide, Available CloudWatch metrics for RabbitMQ: published once a minute';
  const asleep = plan.value('minInstances') === 0;
  return [
    ...sampleKnobs(metrics, own),
    // A service that may sleep has none while nothing waits.
    ...(asleep
      ? []
      : [chosenKnob('alarmConsumers', 1, 'consumers', 'fewer: nothing takes messages off the queue', metrics)]),
    chosenKnob(
      'alarmMemoryRatio',
      0.8,
      '× the limit',
      'below 1, where the broker blocks every producer',
      'RabbitMQ, Memory Alarms; Amazon MQ developer guide, RABBITMQ_MEMORY_ALARM',
    ),
    chosenKnob(
      'alarmDiskRatio',
      2,
      '× the limit',
      'above 1, where the broker blocks every producer',
      'RabbitMQ, Free Disk Space Alarms; Amazon MQ developer guide, RABBITMQ_DISK_ALARM',
    ),
    chosenKnob('alarmCpuPercent', 80, '%', 'above it, the broker and not the workers decides the rate', own),
    chosenKnob('alarmCpuWindows', 3, 'windows', 'a peak of minutes is planned', own),
    ...(brokerConnections === undefined
      ? []
      : [
          {
            name: 'alarmConnections',
            value: Math.floor(0.8 * brokerConnections),
            unit: 'connections',
            formula: '80 % of what one node accepts: in a cluster one node may have to take them all',
            inputs: { brokerConnections },
            source: 'Amazon MQ developer guide, Default resource limits',
          },
        ]),
  ];
}

/** How the objects of a RabbitMQ broker are declared and repaired, and the numbers of the alarms on that. */
export function topologyKnobs(repairSeconds: number, isGiven: boolean): Knob[] {
  const own = 'this library, docs/constructs/rabbit-mq-queue.md';
  return [
    chosenKnob(
      'declareTimeoutSeconds',
      MINUTE,
      's',
      'a secret and some twenty requests to the broker take seconds; a run of a minute hangs',
      own,
    ),
    chosenKnob(
      'repairIntervalSeconds',
      repairSeconds,
      's',
      isGiven ? 'given' : 'an hour: how long a deleted policy may stay away',
      own,
    ),
    firstOneKnob('alarmRepaired', 'objects', 'only a person, or a second owner, changes them', own),
    firstOneKnob('alarmRepairErrors', 'errors', 'drift stays unseen until the next successful check', own),
  ];
}

/** CloudWatch takes whole minutes, up to a day. */
function wholeMinutes(seconds: number): number {
  return Math.min(CLOUDWATCH_LONGEST_SECONDS, Math.max(MINUTE, Math.ceil(seconds / MINUTE) * MINUTE));
}
