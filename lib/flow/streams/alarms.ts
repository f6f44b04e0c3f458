/** The numbers of the alarms of a stream, each with its reason. */
import { chosenKnob, firstOneKnob, rateWindowKnob } from '../alarms';
import type { Knob } from '../plan';
import type { StreamPlan } from './workload';

const PAGE = 'this library, docs/constructs/partitioned-stream.md';
const K8S_PAGE = 'this library, docs/constructs/k8s-partitioned-stream.md';
const LATE_SHARE = 0.8;
const WINDOW_SECONDS = 60;
const LATE_WINDOWS = 3;
const REFUSED_WINDOWS = 2;
const UNSEEN_WINDOWS = 15;
const IDLE_WINDOWS = 3;
const HOT_RATIO = 2;
const HOT_SECONDS = 300;

/** The age of a record at which consumers are late: nearer to the promise than to what is planned. */
export function lateSecondsKnob(plan: StreamPlan): Knob {
  const latencySeconds = plan.value('latencySeconds');
  const { latencyP99Seconds } = plan.predictions;
  return {
    name: 'alarmAgeSeconds',
    value: Math.max(LATE_SHARE * latencySeconds, (latencyP99Seconds + latencySeconds) / 2),
    unit: 's',
    formula: `${LATE_SHARE} × latency, never nearer to what is planned than half way to the latency`,
    inputs: { latencySeconds, latencyP99Seconds },
    source: PAGE,
  };
}

/** The lag at which consumers are behind. */
export function lagKnob(plan: StreamPlan): Knob {
  const { peakLag, peakPerSecond } = plan.predictions;
  const promised = plan.knobs.find(({ name }) => name === 'maxLag')?.value;
  const latencySeconds = plan.value('latencySeconds');
  const most = Math.min(promised ?? Number.POSITIVE_INFINITY, latencySeconds * peakPerSecond);
  return {
    name: 'alarmLag',
    value: Math.ceil(Math.max(LATE_SHARE * most, (Math.min(peakLag, most) + most) / 2)),
    unit: 'records',
    formula: `${LATE_SHARE} × the lag that is allowed, at most peak × latency; never nearer to what is planned than half way to it`,
    inputs: { latencySeconds, peakPerSecond, ...(promised !== undefined && { maxLag: promised }), peakLag },
    source: "Little's law, L = λW",
  };
}

const LATE: readonly Knob[] = [
  chosenKnob('alarmWindowSeconds', WINDOW_SECONDS, 's', 'one sample: metrics are published once a minute', PAGE),
  chosenKnob('alarmLateWindows', LATE_WINDOWS, 'windows', 'in a row: a deployment is over by then', PAGE),
];

/** The alarms of CloudWatch on a stream of Amazon Kinesis. */
export function kinesisAlarmKnobs(plan: StreamPlan): Knob[] {
  const late = lateSecondsKnob(plan);
  return [
    late,
    {
      name: 'alarmAgeMilliseconds',
      value: Math.ceil(1000 * late.value),
      unit: 'ms',
      formula: 'the same in milliseconds, which Kinesis and Lambda report ages in',
      inputs: { alarmAgeSeconds: late.value },
      source: 'Amazon Kinesis Data Streams developer guide, GetRecords.IteratorAgeMilliseconds',
    },
    ...LATE,
    firstOneKnob('alarmRefused', 'records', 'a producer that is refused and does not retry loses its record', PAGE),
    chosenKnob('alarmRefusedWindows', REFUSED_WINDOWS, 'windows', 'in a row: producers retry one refusal', PAGE),
    firstOneKnob('alarmIdle', 'records', 'what comes in while nobody reads has no age that an alarm could see', PAGE),
    chosenKnob(
      'alarmIdleWindows',
      IDLE_WINDOWS,
      'windows',
      'in a row: a mapping or a task that begins has begun',
      PAGE,
    ),
    ...ofRecords(),
  ];
}

/** The alarms of CloudWatch on a topic of Amazon MSK. */
export function topicAlarmKnobs(plan: StreamPlan): Knob[] {
  return [
    lateSecondsKnob(plan),
    lagKnob(plan),
    ...LATE,
    firstOneKnob(
      'alarmLagUnseen',
      'samples',
      'a group that never committed, or that is dealt out anew, has no lag',
      PAGE,
    ),
    chosenKnob(
      'alarmUnseenWindows',
      UNSEEN_WINDOWS,
      'windows',
      'in a row without a sample: longer than any group takes to deal out its partitions',
      PAGE,
    ),
    ...ofRecords(),
  ];
}

function ofRecords(): Knob[] {
  return [
    firstOneKnob('alarmSetAside', 'records', 'what no attempt could handle waits for a person', PAGE),
    firstOneKnob('alarmErrors', 'errors', 'a batch that fails is repeated, and its partition waits', PAGE),
  ];
}

/** The alarms of CloudWatch on an IoT rule. */
export function ruleAlarmKnobs(): Knob[] {
  return [firstOneKnob('alarmUndelivered', 'records', 'what a rule cannot deliver is not in the stream', PAGE)];
}

/** The alerts of Prometheus beside those of the worker. */
export function streamAlertKnobs(plan: StreamPlan): Knob[] {
  const { value } = lagKnob(plan);
  const partitions = plan.value('partitions');
  return [
    chosenKnob(
      'alarmHotRatio',
      HOT_RATIO,
      '× the mean',
      'a partition with twice the lag of the mean has a key that is too frequent, or a consumer that hangs',
      K8S_PAGE,
    ),
    {
      name: 'alarmHotLag',
      value: Math.max(1, Math.ceil(value / partitions)),
      unit: 'records',
      formula: 'the lag of the other alarm ÷ partitions: below its share no partition delays anything',
      inputs: { alarmLag: value, partitions },
      source: K8S_PAGE,
    },
    chosenKnob('alarmHotSeconds', HOT_SECONDS, 's', 'as long: a batch that was slow is made up for by then', K8S_PAGE),
    firstOneKnob('alarmSetAside', 'records', 'what no attempt could handle waits for a person', K8S_PAGE),
    rateWindowKnob(),
  ];
}
