/** Alerts and graphs of a queue that merges: how fresh the cache is, and whether events are still merged. */
import type { MergingPlan } from '../../flow/merging/workload';
import type { Alert } from '../alert-rules';
import type { Graph } from '../grafana-dashboard';
import { matching, startingWith } from '../promql';

/** The labels of the mergers' metrics. */
export interface MergerSeries {
  readonly namespace?: string;
  /** Name of the streams, before the number of the shard. */
  readonly stream: string;
}

/** The alerts of the mergers of a stream. */
export function coalescingAlerts(plan: MergingPlan, series: MergerSeries): Alert[] {
  const of = (name: string) => metric(series, name);
  const window = `[${plan.value('alarmWindowSeconds')}s]`;
  return [
    {
      name: 'InvalidationLate',
      expr: `max(${of('oldest_event_seconds')}) > ${plan.value('alarmDelaySeconds')}`,
      forSeconds: plan.value('alarmLateSeconds'),
      severity: 'critical',
      summary: `Events wait for more than ${plan.value('alarmDelaySeconds')} s: the cache is staler than promised.`,
      runbook:
        'Is InvalidationMergerDown firing, follow it. Otherwise kubectl logs of the merger: does what it calls answer, is a call slower than planned? More workers shorten a flush; a second replica for the same shard un-merges it.',
    },
    {
      name: 'InvalidationUnmerged',
      expr: `sum(rate(${of('keys_total')}${window})) > ${plan.value('alarmKeysPerSecond')}`,
      forSeconds: plan.value('alarmUnmergedSeconds'),
      severity: 'warning',
      summary: 'More keys are worked on than merged events leave at the peak.',
      runbook:
        'XINFO CONSUMERS of the group: more than one for a stream un-merges it, so remove it. Otherwise events or distinct keys have grown, or keys have something unique in them: tell the plan, or mend the producer.',
    },
    {
      name: 'InvalidationStreamFilling',
      expr: `max(${of('stream_length')}) > ${plan.value('alarmStreamLength')}`,
      forSeconds: plan.value('alarmLateSeconds'),
      severity: 'critical',
      summary: 'The stream is half full: above its length Redis drops the oldest events.',
      runbook:
        'Restart the merger or mend what it calls before the stream is full. Raise MAXLEN at the producers if Redis has the memory.',
    },
    {
      name: 'InvalidationEventsDropped',
      expr: `max(${of('dropped_events')}) > ${plan.value('alarmDropped')}`,
      forSeconds: 0,
      severity: 'critical',
      summary: 'Redis dropped events before they were merged: their keys stay stale.',
      runbook:
        'Invalidate everything that changed since the outage began, by a prefix or by a new version of the keys. Then raise MAXLEN, and add the number of the metric to the counter that ends in :settled, by INCRBY.',
    },
    {
      name: 'InvalidationKeysSetAside',
      expr: `max(${of('aside_length')}) > ${plan.value('alarmSetAside')}`,
      forSeconds: 0,
      severity: 'warning',
      summary: 'Keys could not be invalidated, and stay stale until they expire.',
      runbook:
        'XRANGE of the stream that ends in :dead names them and the reason. Mend the cause, XADD an event for each key again, and XDEL the entries.',
    },
    {
      name: 'InvalidationMergerDown',
      expr: `(count(${of('stream_length')}) or vector(0)) < ${plan.value('shards')}`,
      forSeconds: plan.value('alarmDownSeconds'),
      severity: 'critical',
      summary: 'A shard has no merger: its events wait.',
      runbook:
        'kubectl get pods of the StatefulSet. On a node that does not answer its pod stays Terminating and is not replaced: delete the node, or the pod with --force once the node is surely off. Then the logs: does Redis answer?',
    },
  ];
}

/** The graphs of the mergers of a stream. */
export function coalescingGraphs(plan: MergingPlan, series: MergerSeries): Graph[] {
  const of = (name: string) => metric(series, name);
  const rate = (name: string) => `sum(rate(${of(name)}[${plan.value('alarmWindowSeconds')}s]))`;
  return [
    {
      title: 'Events and keys a second',
      unit: 'short',
      lines: [
        { legend: 'events', expr: rate('events_total') },
        { legend: 'keys', expr: rate('keys_total') },
        { legend: 'keys at which events are not merged', expr: `vector(${plan.value('alarmKeysPerSecond')})` },
      ],
    },
    {
      title: 'Events a key',
      unit: 'short',
      lines: [
        { legend: 'now', expr: `${rate('events_total')} / ${rate('keys_total')}` },
        { legend: 'at the peak, as planned', expr: `vector(${plan.predictions.mergeRatio})` },
      ],
    },
    {
      title: 'Delay',
      unit: 's',
      lines: [
        { legend: 'of the last flush', expr: `max(${of('delay_seconds')})` },
        { legend: 'oldest event that waits', expr: `max(${of('oldest_event_seconds')})` },
        { legend: 'late', expr: `vector(${plan.value('alarmDelaySeconds')})` },
      ],
    },
    {
      title: 'Events that wait',
      unit: 'short',
      lines: [
        { legend: 'longest stream', expr: `max(${of('stream_length')})` },
        { legend: 'half full', expr: `vector(${plan.value('alarmStreamLength')})` },
      ],
    },
  ];
}

function metric({ namespace, stream }: MergerSeries, name: string): string {
  return `coalescer_${name}${matching({ namespace }, { stream: startingWith(`${stream}:`, '[0-9]+') })}`;
}
