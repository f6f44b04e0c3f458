/** Alerts and graphs of a queue and its worker, the same for every queue: KEDA publishes the depth that it reads. */

import type { ApiObject } from 'cdk8s';
import type { QueuePlan } from '../../flow/queue/workload';
import type { Alert } from '../alert-rules';
import type { Graph } from '../grafana-dashboard';
import { COMPOSITE_METRIC } from '../operators/keda';
import { aboutObject, namespaceOf } from '../promql';
import type { TriggerBinding, WorkerShape } from './trigger';

/** A function of the depth that the scaler reads, in PromQL: the depth itself, or its slope. */
function ofDepth(
  scaler: ApiObject,
  { triggers }: TriggerBinding,
  { perItem }: WorkerShape,
  of: (series: string) => string,
): string {
  const series = (more: Readonly<Record<string, string>>) =>
    aboutObject('keda_scaler_metrics_value', { scaledObject: scaler.name, ...more }, namespaceOf(scaler), of);
  if (triggers.length === 1) return `max(${series({})})`;
  // KEDA publishes no sum for a ScaledJob.
  return perItem ? `sum(max by (metric) (${series({})}))` : `max(${series({ metric: COMPOSITE_METRIC })})`;
}

/** kube-state-metrics about the autoscaler that KEDA makes. */
function ofAutoscaler(scaler: ApiObject, metric: string): string {
  const labels = { horizontalpodautoscaler: `keda-hpa-${scaler.name}` };
  return `max(${aboutObject(`kube_horizontalpodautoscaler_${metric}`, labels, namespaceOf(scaler))})`;
}

/** The alerts of a worker. */
export function queueAlerts(plan: QueuePlan, scaler: ApiObject, binding: TriggerBinding, worker: WorkerShape): Alert[] {
  const depth = ofDepth(scaler, binding, worker, (series) => series);
  const window = `${plan.value('alarmWindowSeconds')}s`;
  const slope = ofDepth(scaler, binding, worker, (series) => `deriv(${series}[${window}])`);
  const alarmBacklog = plan.value('alarmBacklog');
  const alerts: Alert[] = [
    {
      name: 'QueueBacklog',
      expr: `${depth} > ${alarmBacklog}`,
      forSeconds: plan.value('alarmHoldSeconds'),
      severity: 'critical',
      summary: `More than ${alarmBacklog} items wait or are in work, above what is planned.`,
      runbook:
        'Check whether pods run and are ready, whether an item takes longer than planned, whether more arrives than planned. Then allow more instances or throttle the producer.',
    },
    {
      name: 'QueueNeverDrains',
      // A separate alert, because backlog ÷ rate is negative exactly when the backlog never drains.
      expr: `${depth} > ${plan.value('alarmDrainBacklog')} and ${slope} >= 0`,
      forSeconds: plan.value('alarmDrainHoldSeconds'),
      severity: 'critical',
      summary:
        'More items are outstanding than predicted for the peak, and the number grows: more arrives than is finished.',
      runbook:
        'Waiting does not help. If the scaler is at its maximum, raise the workload numbers and deploy. If it cannot read the queue, QueueScalerBlind fires too: follow its runbook.',
    },
    {
      name: 'QueueScalerBlind',
      expr: `sum(${aboutObject('keda_scaler_detail_errors_total', { scaledObject: scaler.name }, namespaceOf(scaler), (series) => `increase(${series}[${window}])`)}) > ${plan.value('alarmScalerErrors')}`,
      forSeconds: plan.value('alarmWindowSeconds'),
      severity: 'warning',
      summary: 'KEDA cannot read the depth of the queue.',
      runbook: `kubectl describe the ScaledObject and its TriggerAuthentication; usually the Secret, a permission of the user or a network policy is the cause. Meanwhile ${worker.blind ? 'the number of replicas stays as it is' : 'the fallback number of replicas runs'}.`,
    },
  ];
  if (worker.perItem) return alerts;
  return [
    ...alerts,
    {
      name: 'QueueWorkerAtMaximum',
      expr: `${ofAutoscaler(scaler, 'status_current_replicas')} >= ${plan.value('maxInstances')} and ${depth} > ${alarmBacklog}`,
      forSeconds: plan.value('alarmWindowSeconds'),
      severity: 'warning',
      summary: `All ${plan.value('maxInstances')} replicas run and the backlog is above its alarm.`,
      runbook:
        'The plan allows no more. Set peakPerSecond or serviceSeconds of the workload to the measured value and deploy; the plan derives the number of replicas.',
    },
  ];
}

/** The peak of the depth that is read; a queue that does not count items in work has no knob for those. */
function predictedPeak(plan: QueuePlan): number {
  return plan.knobs.find(({ name }) => name === 'peakOutstanding')?.value ?? Math.ceil(plan.predictions.peakBacklog);
}

/** The graphs of a worker. */
export function queueGraphs(plan: QueuePlan, scaler: ApiObject, binding: TriggerBinding, worker: WorkerShape): Graph[] {
  const { deadLetters } = binding;
  const flat = (value: number) => `vector(${value})`;
  return [
    {
      title: 'Backlog',
      unit: 'short',
      lines: [
        { legend: 'outstanding', expr: ofDepth(scaler, binding, worker, (series) => series) },
        { legend: 'predicted peak', expr: flat(predictedPeak(plan)) },
        { legend: 'alarm', expr: flat(plan.value('alarmBacklog')) },
      ],
    },
    {
      title: 'Replicas',
      unit: 'short',
      lines: [
        { legend: 'running', expr: ofAutoscaler(scaler, 'status_current_replicas') },
        { legend: 'wanted', expr: ofAutoscaler(scaler, 'status_desired_replicas') },
        { legend: 'maximum', expr: flat(plan.value('maxInstances')) },
      ],
    },
    ...(deadLetters === undefined
      ? []
      : [{ title: 'Dead letters', unit: 'short', lines: [{ legend: 'set aside', expr: deadLetters }] }]),
  ];
}
