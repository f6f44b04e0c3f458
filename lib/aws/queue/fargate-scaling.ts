/** How tasks follow the queue: target tracking on the backlog of a task, and a first task for a service that sleeps. */
import { Duration } from 'aws-cdk-lib';
import { CfnScalableTarget, CfnScalingPolicy } from 'aws-cdk-lib/aws-applicationautoscaling';
import { ComparisonOperator, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { FargateService } from 'aws-cdk-lib/aws-ecs';
import { PLATFORM_FACTS } from '../../flow/queue/platforms/facts';
import type { QueuePlan } from '../../flow/queue/workload';
import { createAlarms } from '../watch';
import type { SourceContext } from './task-source';
import type { ScaledTasks } from './worker-compute';

/** SQS, Amazon MQ and Container Insights publish once a minute. */
const METRIC_PERIOD_SECONDS = PLATFORM_FACTS.fargate.pollSeconds;

/** By L1: the L2 refuses metric math in target tracking (aws-cdk issue 20659). */
export function scaleOnBacklog(
  { scope, source }: SourceContext,
  service: FargateService,
  plan: QueuePlan,
): ScaledTasks & { readonly running: Metric } {
  const period = Duration.seconds(METRIC_PERIOD_SECONDS);
  const visible = source.waiting(period);
  const inFlight = source.inWork(period);
  const running = new Metric({
    namespace: 'ECS/ContainerInsights',
    metricName: 'RunningTaskCount',
    dimensionsMap: { ClusterName: service.cluster.clusterName, ServiceName: service.serviceName },
    period,
    statistic: 'Average',
  });
  const target = new CfnScalableTarget(scope, 'ScalableTarget', {
    serviceNamespace: 'ecs',
    scalableDimension: 'ecs:service:DesiredCount',
    resourceId: `service/${service.cluster.clusterName}/${service.serviceName}`,
    minCapacity: plan.value('minInstances'),
    maxCapacity: plan.value('maxInstances'),
  });
  const policy = { serviceNamespace: 'ecs', scalingTargetId: target.ref };
  const scalingPolicy = new CfnScalingPolicy(scope, 'BacklogPerTask', {
    policyName: 'backlog-per-task',
    policyType: 'TargetTrackingScaling',
    ...policy,
    targetTrackingScalingPolicyConfiguration: {
      targetValue: plan.value('backlogPerInstance'),
      scaleOutCooldown: plan.value('scaleOutCooldownSeconds'),
      scaleInCooldown: plan.value('scaleInCooldownSeconds'),
      customizedMetricSpecification: {
        metrics: [
          metricData('visible', visible),
          metricData('inFlight', inFlight),
          metricData('running', running),
          {
            id: 'backlogPerTask',
            label: 'Backlog per task',
            // In-flight messages count, or the scaler stops tasks that are working (keda issue 1663).
            expression: '(visible + inFlight) / FILL(running, 1)',
            returnData: true,
          },
        ],
      },
    },
  });
  if (plan.value('minInstances') > 0) return { running, scalableTarget: target, scalingPolicy };
  const wakeUp = new CfnScalingPolicy(scope, 'WakeUp', {
    policyName: 'wake-up',
    policyType: 'StepScaling',
    ...policy,
    stepScalingPolicyConfiguration: {
      // Not ExactCapacity: the alarm outlasts the start, and would remove tasks that target tracking added meanwhile.
      adjustmentType: 'ChangeInCapacity',
      cooldown: plan.value('wakeUpSeconds'),
      metricAggregationType: 'Maximum',
      stepAdjustments: [{ metricIntervalLowerBound: 0, scalingAdjustment: 1 }],
    },
  });
  const { WorkWhileAsleep: asleep } = createAlarms(scope, {
    plan,
    rows: [
      {
        id: 'WorkWhileAsleep',
        severity: 'warning',
        metric: (period) =>
          new MathExpression({
            expression: 'IF(visible > 0 AND FILL(running, 0) < 1, 1, 0)',
            usingMetrics: { visible, running },
            period,
          }),
        threshold: 'alarmAsleep',
        seconds: 'metricPeriodSeconds',
        comparison: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        text: 'Messages wait and no task runs. This alarm starts the first task; no action is needed.',
      },
    ],
  });
  asleep.addAlarmAction({ bind: () => ({ alarmActionArn: wakeUp.ref }) });
  return { running, scalableTarget: target, scalingPolicy, wakeUpPolicy: wakeUp, wakeUpAlarm: asleep };
}

function metricData(id: string, metric: Metric): CfnScalingPolicy.TargetTrackingMetricDataQueryProperty {
  const { namespace, metricName, dimensions, statistic } = metric;
  const pairs = Object.entries(dimensions ?? {}).map(([name, value]) => ({ name, value: String(value) }));
  return {
    id,
    metricStat: { metric: { namespace, metricName, dimensions: pairs }, stat: statistic },
    returnData: false,
  };
}
