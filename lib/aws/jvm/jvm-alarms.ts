import type { Duration } from 'aws-cdk-lib';
import {
  type Alarm,
  ComparisonOperator,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { FargateService } from 'aws-cdk-lib/aws-ecs';
import { type IRule, Rule } from 'aws-cdk-lib/aws-events';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { validate } from '../../flow/errors';
import { type Kinds, needed, sound, TEXT } from '../../flow/kinds';
import type { Plan } from '../../flow/plan';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import type { MetricGraph } from '../dashboard';
import { ECS_SERVICE, PLAN, TOPIC } from '../kinds';
import { triggersOf } from '../rule-metrics';
import { type AlarmRow, createAlarms } from '../watch';

/** As `lib/runtime/gc-exporter/embedded.ts` writes it. */
const NAMESPACE = 'Backpressure/Jvm';

/**
 * What the alarms of a JVM watch.
 */
export interface JvmAlarmsProps {
  /**
   * The value of `Service`, the dimension of the exporter's metrics. Two services need two.
   */
  readonly metricService: string;

  /**
   * The service whose tasks have the JVM. Its cluster has Container Insights.
   */
  readonly service: FargateService;

  /**
   * The plan with the numbers: `alarmStalls`, `alarmWindowSeconds`, `alarmPauseRatio`, `alarmCycleSeconds`,
   * `alarmPeriodSeconds`, `alarmAllocationBytesPerSecond`, `alarmLiveBytes`, `alarmTaskMebibytes`, `alarmHoldPeriods`,
   * `metricSeconds`, `alarmKills`, `alarmLogs` and `alarmDownPeriods`, as in the plan of `JvmService`.
   */
  readonly plan: Plan;

  /**
   * Where the alarms go.
   *
   * @default - nowhere; the alarms exist without an action
   */
  readonly alarmTopic?: ITopic;

  /**
   * Where alarms of each severity go, what they are called, and which are silent.
   *
   * @default - all to `alarmTopic`, with names from CloudFormation
   */
  readonly alarms?: AlarmSettings;
}

/**
 * The alarms of a JVM: stalls first, because pauses look perfect while threads wait for memory.
 */
export class JvmAlarms extends Construct {
  /** Threads waited for memory. */
  public readonly stalls: Alarm;
  /** More pauses than one of a hundred are longer than promised. */
  public readonly longPauses: Alarm;
  /** A collection takes longer than the heap was sized for. */
  public readonly slowCollections: Alarm;
  /** One JVM allocates more than planned. */
  public readonly allocation: Alarm;
  /** More stays reachable than the heap was sized for. */
  public readonly liveSet: Alarm;
  /** A task uses more memory than every part of it was planned to. */
  public readonly memory: Alarm;
  /** The kernel killed a container for its memory. */
  public readonly killed: Alarm;
  /** The log is not read: the other alarms have no data. */
  public readonly logMissing: Alarm;
  /** Matches tasks of the service with a container that was killed for its memory. */
  public readonly killedRule: Rule;
  /** All of them. */
  public readonly all: Alarm[];

  /**
   * @throws InvalidInputError when the plan lacks a knob, or a prop is of another kind
   */
  constructor(scope: Construct, id: string, props: JvmAlarmsProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    validate(id, checks);
    const { metricService, service, plan, alarmTopic, alarms } = usable;
    this.killedRule = createKilledRule(this, service);
    const rows = [...logRows(metricService), memoryRow(service), killedRow(this.killedRule)];
    const made = createAlarms(this, { rows, plan, alarmTopic, alarms });
    this.stalls = made.Stalls;
    this.longPauses = made.LongPauses;
    this.slowCollections = made.SlowCollections;
    this.allocation = made.Allocation;
    this.liveSet = made.LiveSet;
    this.memory = made.Memory;
    this.killed = made.Killed;
    this.logMissing = made.LogMissing;
    this.all = Object.values(made);
  }
}

/** The names of all alarms of a JVM. */
export const JVM_ALARMS: readonly string[] = [
  'stalls',
  'longPauses',
  'slowCollections',
  'allocation',
  'liveSet',
  'logMissing',
  'memory',
  'killed',
];

const KINDS: Kinds<JvmAlarmsProps> = {
  metricService: needed(TEXT),
  service: needed(ECS_SERVICE),
  plan: needed(PLAN),
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
};

/** A metric of the exporter, all tasks of the service together. */
export function jvmMetric(service: string, metricName: string, statistic: string, period: Duration): Metric {
  return new Metric({ namespace: NAMESPACE, metricName, dimensionsMap: { Service: service }, statistic, period });
}

/** Memory of the largest task in MiB, from Container Insights. */
export function taskMemory({ cluster, serviceName }: FargateService, period: Duration): Metric {
  return new Metric({
    namespace: 'ECS/ContainerInsights',
    metricName: 'MemoryUtilized',
    dimensionsMap: { ClusterName: cluster.clusterName, ServiceName: serviceName },
    statistic: Stats.MAXIMUM,
    period,
  });
}

function logRows(service: string): AlarmRow[] {
  const metric = (name: string, statistic: string) => (period: Duration) => jvmMetric(service, name, statistic, period);
  return [
    {
      id: 'Stalls',
      severity: 'critical',
      metric: metric('Stalls', Stats.SUM),
      threshold: 'alarmStalls',
      seconds: 'alarmWindowSeconds',
      text: 'Threads wait for memory: the collector came too late, and requests stand still, whatever the pauses are. Compare live set, allocation and collection with the plan. Where one is above it, give the measured one to the workload, and deploy the larger heap that follows; until then more tasks give each less to do. Where none is, the task is short of processors.',
    },
    {
      id: 'LongPauses',
      severity: 'warning',
      metric: (period) =>
        new MathExpression({
          expression: 'IF(pauses > 0, long / pauses, 0)',
          usingMetrics: { long: metric('LongPauses', Stats.SUM)(period), pauses: metric('Pauses', Stats.SUM)(period) },
          period,
        }),
      threshold: 'alarmPauseRatio',
      seconds: 'alarmPeriodSeconds',
      text: 'More than one pause of a hundred is longer than promised. gc.log in the task names the phase that took the time. For G1 it is what survives (survivorRatio), for ZGC a task that is short of processors.',
    },
    {
      id: 'SlowCollections',
      severity: 'warning',
      // Not the longest: one that is slow by itself needs no person. Not the mean: that of one task would be lost.
      metric: metric('CollectionSeconds', 'p90'),
      threshold: 'alarmCycleSeconds',
      seconds: 'alarmPeriodSeconds',
      text: 'Collections take longer than the heap was sized for: stalls come next. Is the live set above the plan? Give the measured time to the construct as cycle, or more processors.',
    },
    {
      id: 'Allocation',
      severity: 'warning',
      metric: metric('AllocatedBytesPerSecond', 'p90'),
      threshold: 'alarmAllocationBytesPerSecond',
      // Told at each collection, so that not every minute has a value.
      seconds: 'alarmPeriodSeconds',
      text: 'One JVM allocates more than planned. More requests: more tasks. More a request: a recording of the flight recorder shows where (Object Allocation Sample). Then give the measured rate to the workload.',
    },
    {
      id: 'LiveSet',
      severity: 'warning',
      metric: metric('LiveBytes', Stats.MAXIMUM),
      threshold: 'alarmLiveBytes',
      seconds: 'metricSeconds',
      periods: 'alarmHoldPeriods',
      text: 'More stays reachable than the heap was sized for: from here on it is too small. A set that grows without end is a leak: compare two class histograms. Otherwise give the measured set to the workload.',
    },
    {
      id: 'LogMissing',
      severity: 'warning',
      metric: metric('LogsRead', Stats.MINIMUM),
      threshold: 'alarmLogs',
      seconds: 'metricSeconds',
      periods: 'alarmDownPeriods',
      comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
      missing: TreatMissingData.BREACHING,
      text: 'The log of the collector is not read: no other alarm of this JVM has data. Does a task run, and in it the container gc-exporter? Does the JVM read JDK_JAVA_OPTIONS (only the launcher java of Java 9 or later does), and is it started without -Xlog of its own?',
    },
  ];
}

function memoryRow(service: FargateService): AlarmRow {
  return {
    id: 'Memory',
    severity: 'warning',
    metric: (period) => taskMemory(service, period),
    threshold: 'alarmTaskMebibytes',
    seconds: 'metricSeconds',
    periods: 'alarmHoldPeriods',
    text: 'A task uses more memory than planned: it is memory beside the heap, which is bounded. jcmd 1 VM.native_memory (with -XX:NativeMemoryTracking=summary) names the part: threads, classes, direct buffers, or memory of a native library, which no flag bounds. At the limit of the container the kernel kills the JVM, without a heap dump.',
  };
}

/** Without a target: a program that is killed reports nothing, so what EventBridge matched is counted. */
function createKilledRule(scope: Construct, { cluster, serviceName }: FargateService): Rule {
  return new Rule(scope, 'KilledRule', {
    description: `Tasks of ${scope.node.path} with a container that was killed for its memory`.slice(0, 512),
    eventPattern: {
      source: ['aws.ecs'],
      detailType: ['ECS Task State Change'],
      detail: {
        clusterArn: [cluster.clusterArn],
        group: [`service:${serviceName}`],
        lastStatus: ['STOPPED'],
        containers: { reason: [{ prefix: 'OutOfMemory' }] },
      },
    },
  });
}

function killedRow(rule: IRule): AlarmRow {
  return {
    id: 'Killed',
    severity: 'critical',
    metric: triggersOf(rule),
    threshold: 'alarmKills',
    seconds: 'alarmWindowSeconds',
    text: 'The kernel killed a container for its memory: no heap dump, no OutOfMemoryError. The heap is bounded, and so are classes, code and direct buffers; jcmd 1 VM.native_memory in another task (with -XX:NativeMemoryTracking=summary) names the part that is not as planned. Then give a larger task.',
  };
}

/** The graphs of a JVM. */
export function jvmGraphs(metricService: string, service: FargateService, period: Duration): MetricGraph[] {
  const metric = (name: string, statistic: string) => jvmMetric(metricService, name, statistic, period);
  return [
    {
      title: 'Heap',
      unit: 'bytes',
      metrics: [metric('HeapAfterBytes', Stats.MAXIMUM), metric('LiveBytes', Stats.MAXIMUM)],
    },
    {
      title: 'Allocation of one JVM',
      unit: 'bytes a second',
      metrics: [metric('AllocatedBytesPerSecond', Stats.MAXIMUM)],
    },
    {
      title: 'Threads waited, program stopped',
      unit: 'seconds',
      metrics: [metric('StallSeconds', Stats.SUM), metric('PauseSeconds', Stats.SUM)],
    },
    {
      title: 'Collection',
      unit: 'seconds',
      metrics: [metric('CollectionSeconds', 'p90'), metric('CollectionSeconds', Stats.MAXIMUM)],
    },
    { title: 'Memory of the largest task', unit: 'MiB', metrics: [taskMemory(service, period)] },
  ];
}
