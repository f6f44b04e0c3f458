/** Alerts and graphs of a service: what it refuses first, because its latency is kept while it does. */
import type { ApiObject } from 'cdk8s';
import { duration, percent } from '../../flow/figures';
import { ServiceAdmission, type ServicePlan } from '../../flow/services/workload';
import type { Alert } from '../alert-rules';
import type { Graph } from '../grafana-dashboard';
import { aboutObject } from '../promql';
import { arriving, gate, hasLimit, inFlight, latency, load, refused, type ServiceSeries } from './service-series';

/** The alerts of a service. */
export function serviceAlerts(plan: ServicePlan, series: ServiceSeries, scaler: ApiObject | undefined): Alert[] {
  const value = (name: string) => plan.value(name);
  const window = `[${value('alarmWindowSeconds')}s]`;
  const { namespace, admission, service } = series;
  const alerts: Alert[] = [
    {
      name: 'ServiceSheds',
      expr: `${refused(series, window, value('shedStatus'))} / ${arriving(series, window)} > ${value('alarmShedRatio')}`,
      forSeconds: value('alarmShedSeconds'),
      severity: 'critical',
      summary: `More than ${percent(value('alarmShedRatio'))} of the requests are refused, as nothing else could be done in time.`,
      runbook:
        'By reason on the dashboard. full or late: do as many pods run as maxInstances? If so, the load is above the plan: give the measured peak to the workload. If not, why do none start (kubectl describe the ScaledObject, kubectl get events)? Is the work longer than planned: compare its time with serviceSeconds. away: the program does not answer; kubectl logs.',
    },
    {
      name: 'ServiceBusy',
      expr: busy(plan, series, window),
      forSeconds: value('alarmBusySeconds'),
      severity: 'warning',
      summary: `More than ${percent(value('alarmBusyRatio'))} of all slots are taken, and more pods did not help.`,
      runbook:
        'Slots are taken by more requests or by longer ones. If requests arrive as planned, a downstream is slow: its time-outs and its breaker are in the plan. More slots only help a program that waits.',
    },
    {
      name: 'ServiceSlow',
      expr: `${latency(series, window, value('alarmLatencyQuantile'))} > ${value('alarmLatencySeconds')}`,
      forSeconds: value('alarmLatencyHoldSeconds'),
      severity: 'warning',
      summary: `More than ${percent(1 - value('alarmLatencyQuantile'))} of the accepted requests take longer than ${duration(value('alarmLatencySeconds'))}.`,
      runbook:
        'The queue is bounded by time, so it is the work: a slow downstream, a node short of processors, or a service time that is no longer the planned one. Give the measured one to the workload: the queue gets shorter, and pods more.',
    },
    ...(hasLimit(plan) ? [limited(plan, series)] : []),
    ...(admission === ServiceAdmission.ENVOY ? [] : [missing(plan, series)]),
    ...(scaler === undefined
      ? []
      : [
          {
            name: 'ServiceScalerBlind',
            expr: `sum(${aboutObject('keda_scaler_detail_errors_total', { scaledObject: scaler.name }, namespace, (one) => `increase(${one}${window})`)}) > ${value('alarmScalerErrors')}`,
            forSeconds: value('alarmWindowSeconds'),
            severity: 'warning' as const,
            summary: 'KEDA cannot read the load of the service.',
            runbook: `kubectl describe the ScaledObject: is the address of Prometheus right, and may KEDA reach it? Meanwhile ${value('fallbackReplicas')} pods run.`,
          },
        ]),
  ];
  // What is summed has lost the label of its service.
  return alerts.map((alert) => ({ ...alert, labels: { service } }));
}

/** In work beside the slots that may be used now; of Envoy's requests only their time is known. */
function busy(plan: ServicePlan, series: ServiceSeries, window: string): string {
  const limit = plan.value('alarmBusyRatio');
  if (series.admission !== ServiceAdmission.ENVOY) {
    const usable = hasLimit(plan) ? 'limit' : 'slots';
    return `sum(${gate(series, 'working')}) / sum(${gate(series, usable)}) > ${limit}`;
  }
  return `${inFlight(series, window)} / ${plan.value('maxInstances') * plan.value('slotsPerInstance')} > ${limit}`;
}

function limited(plan: ServicePlan, series: ServiceSeries): Alert {
  const ratio = plan.value('alarmLimitRatio');
  return {
    name: 'ServiceLimited',
    expr: `sum(${gate(series, 'limit')}) / sum(${gate(series, 'slots')}) < ${ratio}`,
    forSeconds: plan.value('alarmBusySeconds'),
    severity: 'warning',
    summary: `The program is so slow that fewer than ${percent(ratio)} of its slots are used: it has less capacity than planned.`,
    runbook:
      'The latency of what is accepted is kept; the rest is refused. What takes the time: a downstream, or processors that another pod uses? If the work itself has become longer, give its time to the workload: the plan then has more pods.',
  };
}

function missing(plan: ServicePlan, series: ServiceSeries): Alert {
  return {
    name: 'ServiceUnread',
    expr: `absent(${gate(series, 'slots')})`,
    forSeconds: plan.value('alarmDownSeconds'),
    severity: 'warning',
    summary: 'Nothing is measured of the service: neither its autoscaler nor any other alert has data.',
    runbook:
      'kubectl get pods: does one run? Does Prometheus select the PodMonitor, and may it connect (monitoringNamespace)? A program that bounds itself serves /metrics with the names of the gate.',
  };
}

/** The graphs of a service. */
export function serviceGraphs(plan: ServicePlan, series: ServiceSeries): Graph[] {
  const window = `[${plan.value('alarmWindowSeconds')}s]`;
  const planned = (name: string) => `vector(${plan.value(name)})`;
  return [
    {
      title: 'Requests a second',
      unit: 'short',
      lines: [
        { legend: 'arriving', expr: arriving(series, window) },
        { legend: 'refused', expr: refused(series, window, plan.value('shedStatus')) },
      ],
    },
    {
      title: `Latency of ${percent(plan.value('alarmLatencyQuantile'))}`,
      unit: 's',
      lines: [
        { legend: 'accepted', expr: latency(series, window, plan.value('alarmLatencyQuantile')) },
        { legend: 'promised', expr: planned('alarmLatencySeconds') },
      ],
    },
    {
      title: 'In flight',
      unit: 'short',
      lines: [
        { legend: 'in flight', expr: inFlight(series, window) },
        ...(hasLimit(plan)
          ? [{ legend: 'for the slots that the limit leaves', expr: load(series, window, plan) }]
          : []),
        { legend: 'one pod more, at each', expr: planned('targetPerReplica') },
      ],
    },
    ...(series.admission === ServiceAdmission.ENVOY
      ? []
      : [
          {
            title: 'Refused a second, by reason',
            unit: 'short',
            lines: [
              { legend: '{{reason}}', expr: `sum by (reason) (rate(${gate(series, 'refused_total')}${window}))` },
            ],
          },
        ]),
  ];
}
