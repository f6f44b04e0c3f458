/** Alerts and graphs of a JVM: stalls first, because pauses look perfect while threads wait for memory. */
import { duration, sizeText } from '../../flow/figures';
import type { JvmPlan } from '../../flow/jvm/workload';
import type { Alert } from '../alert-rules';
import type { Graph } from '../grafana-dashboard';
import { aboutObject, matching, startingWith } from '../promql';

/** The labels of a JVM's metrics. */
export interface JvmSeries {
  readonly namespace?: string;
  /** Name of the Deployment, the label `service` of the exporter. */
  readonly service: string;
  /** Name of the JVM's container. */
  readonly container: string;
}

/** The alerts of a JVM. */
export function jvmAlerts(plan: JvmPlan, series: JvmSeries): Alert[] {
  const of = (name: string) => metric(series, name);
  const value = (name: string) => plan.value(name);
  const window = `[${value('alarmWindowSeconds')}s]`;
  const hold = value('alarmHoldSeconds');
  // Two collections: over a shorter time without any there is no mean, and nothing would hold.
  const collections = `[${hold}s]`;
  return [
    {
      name: 'JvmAllocationStall',
      expr: `sum(increase(${of('stalls_total')}${window})) > ${value('alarmStalls')}`,
      forSeconds: 0,
      severity: 'critical',
      summary:
        'Threads wait for memory: the collector came too late, and requests stand still, whatever the pauses are.',
      runbook:
        'Compare live set, allocation rate and cycle with the plan on the dashboard. Where one is above it, give the measured one to the workload, and deploy the larger heap that follows. Until then more replicas give each less to do. Where none is, the node is short of processors: the collector needs its own.',
    },
    {
      name: 'JvmPausesLong',
      expr: `sum(increase(${of('long_pauses_total')}${collections})) / sum(increase(${of('pauses_total')}${collections})) > ${value('alarmPauseRatio')}`,
      forSeconds: hold,
      severity: 'warning',
      summary: `More than one pause of a hundred is longer than ${duration(value('alarmPauseSeconds'))}, as promised.`,
      runbook:
        'gc.log in the container: the phases of a long pause say what took the time. For G1 it is what survives (survivorRatio); for ZGC a node that is short of processors.',
    },
    {
      name: 'JvmCollectionSlow',
      expr: `max(rate(${of('cycle_seconds_total')}${collections}) / rate(${of('cycles_total')}${collections})) > ${value('alarmCycleSeconds')}`,
      forSeconds: hold,
      severity: 'warning',
      summary: `A collection takes longer than ${duration(value('alarmCycleSeconds'))}: the heap was sized for less, and stalls come next.`,
      runbook:
        'Is the live set above the plan, or are the processors of the node taken? Give the measured time to the construct as cycle, or more processors.',
    },
    {
      name: 'JvmAllocationAbovePlan',
      expr: `max(rate(${of('allocated_bytes_total')}${collections})) > ${value('alarmAllocationBytesPerSecond')}`,
      forSeconds: hold,
      severity: 'warning',
      summary: `One JVM allocates more than ${sizeText(value('alarmAllocationBytesPerSecond'))}/s, above the plan.`,
      runbook:
        'More requests: more replicas. More a request: a recording of the flight recorder shows where (jcmd 1 JFR.dump, Object Allocation Sample). Then give the measured rate to the workload.',
    },
    {
      name: 'JvmLiveSetAbovePlan',
      expr: `max(${of('live_bytes')}) > ${value('alarmLiveBytes')}`,
      forSeconds: hold,
      severity: 'warning',
      summary: `More than ${sizeText(value('alarmLiveBytes'))} stay reachable: from here on the heap is too small.`,
      runbook:
        'A set that grows without end is a leak: jcmd 1 GC.class_histogram, twice. Otherwise give the measured set to the workload.',
    },
    {
      name: 'JvmMemoryNearLimit',
      expr: `max(${ofContainer('container_memory_working_set_bytes', series)}) > ${value('alarmMemoryBytes')}`,
      forSeconds: hold,
      severity: 'warning',
      summary: `The container uses more than ${sizeText(value('alarmMemoryBytes'))}: memory beside the heap is not as planned.`,
      runbook:
        'jcmd 1 VM.native_memory (with -XX:NativeMemoryTracking=summary) names the part: threads, classes, direct buffers, or memory of a native library, which no flag bounds.',
    },
    {
      name: 'JvmContainerKilled',
      expr: `max(${killed(series, window)}) > ${value('alarmKills')}`,
      forSeconds: 0,
      severity: 'critical',
      summary: 'The kernel killed the JVM for its memory: no heap dump, no OutOfMemoryError.',
      runbook:
        'The heap is not it: it is bounded and inside the limit. Follow JvmMemoryNearLimit, and raise the part that was larger than planned.',
    },
    {
      name: 'JvmLogMissing',
      expr: `min(${of('up')}) == 0 or absent(${of('up')})`,
      forSeconds: value('alarmDownSeconds'),
      severity: 'warning',
      summary: 'The log of the collector is not read: no other alert of this JVM has data.',
      runbook:
        'kubectl get pods: does the container gc-exporter run? Does the JVM read JDK_JAVA_OPTIONS (only the launcher `java` of Java 9 or later does), and is it started without -Xlog of its own?',
    },
  ];
}

/** The graphs of a JVM. */
export function jvmGraphs(plan: JvmPlan, series: JvmSeries): Graph[] {
  const of = (name: string) => metric(series, name);
  const rate = (name: string) => `rate(${of(name)}[${plan.value('alarmWindowSeconds')}s])`;
  const planned = (name: string) => `vector(${plan.value(name)})`;
  return [
    {
      title: 'Heap',
      unit: 'bytes',
      lines: [
        { legend: 'heap', expr: planned('heapBytes') },
        { legend: 'after a collection', expr: `max(${of('heap_after_bytes')})` },
        { legend: 'live', expr: `max(${of('live_bytes')})` },
        { legend: 'live, alarm', expr: planned('alarmLiveBytes') },
      ],
    },
    {
      title: 'Allocation a second',
      unit: 'bytes',
      lines: [
        { legend: 'most of one JVM', expr: `max(${rate('allocated_bytes_total')})` },
        { legend: 'alarm', expr: planned('alarmAllocationBytesPerSecond') },
      ],
    },
    {
      title: 'Stalls and pauses a second',
      unit: 's',
      lines: [
        { legend: 'threads waited', expr: `sum(${rate('stall_seconds_total')})` },
        { legend: 'stopped', expr: `max(${rate('pause_seconds_total')})` },
      ],
    },
    {
      title: 'Collection',
      unit: 's',
      lines: [
        { legend: 'longest mean', expr: `max(${rate('cycle_seconds_total')} / ${rate('cycles_total')})` },
        { legend: 'planned', expr: planned('cycleSeconds') },
        { legend: 'alarm', expr: planned('alarmCycleSeconds') },
      ],
    },
    {
      title: 'Memory of the container',
      unit: 'bytes',
      lines: [
        { legend: 'used', expr: `max(${ofContainer('container_memory_working_set_bytes', series)})` },
        { legend: 'limit', expr: planned('memoryBytes') },
      ],
    },
  ];
}

function metric({ namespace, service }: JvmSeries, name: string): string {
  return `gc_log_${name}${matching({ namespace, service })}`;
}

/** A metric of the kubelet or of kube-state-metrics about the JVM's container in each pod of the Deployment. */
function ofContainer(
  name: string,
  { namespace, service, container }: JvmSeries,
  of?: (series: string) => string,
  labels: Readonly<Record<string, string>> = {},
): string {
  // ReplicaSet and pod each add a hash.
  const pod = startingWith(`${service}-`, '[a-z0-9]+-[a-z0-9]+');
  return aboutObject(name, { container, ...labels }, namespace, of, { pod });
}

/** Restarts within the window of pods whose last container was killed. The reason alone stays until the pod is replaced. */
function killed(series: JvmSeries, window: string): string {
  const restarts = ofContainer(
    'kube_pod_container_status_restarts_total',
    series,
    (one) => `increase(${one}${window})`,
  );
  const reason = { reason: 'OOMKilled' };
  const killedOnce = ofContainer('kube_pod_container_status_last_terminated_reason', series, undefined, reason);
  return `sum by (pod) (${restarts}) * on (pod) max by (pod) (${killedOnce})`;
}
