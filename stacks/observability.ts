import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { MetricsSampling } from '../lib/aws/metrics/metrics-sampling';
import { TOO_MANY_METRICS_ON_AWS } from '../lib/cases/case-19-too-many-metrics';

/** Observability: a workspace of Amazon Managed Service for Prometheus with a budget of series (case 19). */
export class ObservabilityStack extends Stack {
  /** The workspace with its budget. */
  public readonly metrics: MetricsSampling;

  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, {
      description: 'Observability: a Prometheus workspace with a budget of series',
      ...props,
    });
    const alarmTopic = new Topic(this, 'Alarms', { enforceSSL: true });
    this.metrics = new MetricsSampling(this, 'Metrics', { ...TOO_MANY_METRICS_ON_AWS, alarmTopic });
    new CfnOutput(this, 'RemoteWrite', { value: this.metrics.remoteWriteConfig });
  }
}
