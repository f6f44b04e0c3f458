/** What a rule of EventBridge matched. */
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IRule } from 'aws-cdk-lib/aws-events';

/** Events that the rule matched, counted also where it has no target. */
export function triggersOf({ ruleName: RuleName }: IRule) {
  return (period: Metric['period']): Metric =>
    new Metric({
      namespace: 'AWS/Events',
      metricName: 'TriggeredRules',
      dimensionsMap: { RuleName },
      statistic: Stats.SUM,
      period,
    });
}
