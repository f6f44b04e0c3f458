/** The alarms of a service behind a load balancer: what is refused first, because its latency is kept while it is. */
import type { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { ApplicationTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { promisedPercentile } from '../../flow/services/alarms';
import type { ServicePlan } from '../../flow/services/workload';
import type { MetricGraph } from '../dashboard';
import type { AlarmRow } from '../watch';

/** The names of all alarms of a service. */
export const BOUNDED_ALARMS: readonly string[] = ['refused', 'slow', 'unhealthy', 'rejectedConnections', 'noRoom'];

/** A metric of Elastic Load Balancing. */
function metricOf(group: ApplicationTargetGroup, ofTargets: boolean) {
  const dimensionsMap = {
    LoadBalancer: group.firstLoadBalancerFullName,
    ...(ofTargets && { TargetGroup: group.targetGroupFullName }),
  };
  return (metricName: string, statistic: string, period: Duration) =>
    new Metric({ namespace: 'AWS/ApplicationELB', metricName, dimensionsMap, statistic, period });
}

/** What stands before the tasks. */
export interface ServiceFront {
  readonly group: ApplicationTargetGroup;
  /** Whether it is Target Optimizer that bounds the requests. */
  readonly optimized: boolean;
  /** Whether the load balancer may have other services behind it: what it counts is then not of this one. */
  readonly shared: boolean;
}

/** The names of the alarms that a service has. */
export function alarmNames({ optimized, shared }: Pick<ServiceFront, 'optimized' | 'shared'>): string[] {
  const absent = [...(optimized ? [] : ['noRoom']), ...(shared ? ['rejectedConnections'] : [])];
  return BOUNDED_ALARMS.filter((name) => !absent.includes(name));
}

/** The rows, in the order in which to look at them. */
export function serviceRows(front: ServiceFront, plan: ServicePlan): AlarmRow[] {
  const { group, optimized, shared } = front;
  const ofTargets = metricOf(group, true);
  const ofBalancer = metricOf(group, false);
  const held = { seconds: 'alarmPeriodSeconds', periods: 'alarmHoldPeriods' };
  return [
    {
      id: 'Refused',
      severity: 'critical',
      metric: (period) => refusedRatio(front, period, plan),
      threshold: 'alarmShedRatio',
      seconds: 'alarmPeriodSeconds',
      periods: 'alarmShedPeriods',
      text: `More requests are refused or fail than promised. Do as many tasks run as maxInstances? If so, the load is above the plan: give the measured peak to the workload. If not, why do none start (events of the service)? Is the work longer than planned? Without refusals the task itself fails: its log.${refusesWith4xx(plan) ? ' With 429 every 4XX of the program counts: the load balancer does not tell them apart.' : ''}${shared ? ' What the load balancer answers by itself is not in it: it counts that for all of its services together.' : ''}`,
    },
    {
      id: 'Slow',
      severity: 'warning',
      metric: (period) => ofTargets('TargetResponseTime', `p${promisedPercentile(plan)}`, period),
      threshold: 'alarmLatencySeconds',
      ...held,
      text: 'Requests take longer than promised. The queue is bounded by time, so it is the work: a slow downstream, a task short of processors, or a service time that is no longer the planned one. Give the measured one to the workload.',
    },
    {
      id: 'Unhealthy',
      severity: 'warning',
      metric: (period) => ofTargets('UnHealthyHostCount', Stats.MINIMUM, period),
      threshold: 'alarmUnhealthy',
      ...held,
      text: 'A task answers no health check. The path must not wait for a slot: a task that refuses is healthy.',
    },
    ...(shared
      ? []
      : [
          {
            id: 'RejectedConnections',
            severity: 'warning' as const,
            metric: (period: Duration) => ofBalancer('RejectedConnectionCount', Stats.SUM, period),
            threshold: 'alarmRejectedConnections',
            seconds: 'alarmPeriodSeconds',
            text: 'The load balancer itself has reached its limit of connections, before any task was asked.',
          },
        ]),
    ...(optimized
      ? [
          {
            id: 'NoRoom',
            severity: 'warning' as const,
            metric: (period: Duration) => ofBalancer('TargetControlWorkQueueLength', Stats.MAXIMUM, period),
            threshold: 'alarmRoom',
            // In the beginning of a planned peak no task has room either.
            seconds: 'alarmPeriodSeconds',
            periods: 'alarmShedPeriods',
            // It counts the free places that agents offer, not requests that wait: it is low that is bad. Without a target group in
            // it: of several that are optimized all are without a place when it fires.
            comparison: ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
            text: 'No task has offered a free place for minutes: the load balancer refuses what comes. Follow the alarm on refused requests; does the agent run in each task?',
          },
        ]
      : []),
  ];
}

/** Whether the program refuses with a status that callers' own errors have as well. */
function refusesWith4xx(plan: ServicePlan): boolean {
  return plan.value('shedStatus') < 500;
}

/** Refused and failed requests, by tasks and by the load balancer, as a share of all. */
function refusedRatio({ group, shared }: ServiceFront, period: Duration, plan: ServicePlan): MathExpression {
  const ofTargets = metricOf(group, true);
  const ofBalancer = metricOf(group, false);
  const by4xx = refusesWith4xx(plan);
  const refusals = by4xx ? ' + FILL(refusals, 0)' : '';
  // Requests that the load balancer refuses are not in those of the targets; they have no target group, so of a balancer with
  // several services they may be of any.
  const itself = shared ? '' : ' + FILL(balancer, 0)';
  return new MathExpression({
    // A count of zero is not published.
    expression: `(FILL(tasks, 0)${refusals}${itself}) / (FILL(served, 0)${itself})`,
    usingMetrics: {
      tasks: ofTargets('HTTPCode_Target_5XX_Count', Stats.SUM, period),
      ...(by4xx && { refusals: ofTargets('HTTPCode_Target_4XX_Count', Stats.SUM, period) }),
      ...(!shared && { balancer: ofBalancer('HTTPCode_ELB_5XX_Count', Stats.SUM, period) }),
      served: ofTargets('RequestCount', Stats.SUM, period),
    },
    label: 'Refused',
    period,
  });
}

/** The graphs of a service. */
export function serviceGraphs(front: ServiceFront, period: Duration, plan: ServicePlan): MetricGraph[] {
  const ofTargets = metricOf(front.group, true);
  return [
    { title: 'Requests', unit: 'a minute', metrics: [ofTargets('RequestCount', Stats.SUM, period)] },
    { title: 'Refused', unit: 'share', metrics: [refusedRatio(front, period, plan)] },
    {
      title: 'Latency',
      unit: 'seconds',
      metrics: ['p50', `p${promisedPercentile(plan)}`].map((quantile) =>
        ofTargets('TargetResponseTime', quantile, period),
      ),
    },
    { title: 'Tasks', unit: 'tasks', metrics: [ofTargets('HealthyHostCount', Stats.MINIMUM, period)] },
  ];
}
