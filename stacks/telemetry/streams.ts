import { CfnOutput, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { RuntimeFunction } from '../../lib/aws/runtime-function';
import { PartitionedStream } from '../../lib/aws/streams/partitioned-stream';
import { StreamConsumer } from '../../lib/aws/streams/stream-consumer';
import { METRICS } from '../../lib/cases/case-05-iot-metrics';
import { planStream } from '../../lib/flow/streams/plan';

/** Where the metrics go. */
export interface DeviceMetricsProps {
  readonly alarmTopic: ITopic;
}

/**
 * Metrics of devices: a rule of AWS IoT puts them into a stream of Amazon Kinesis, and a function keeps the last reading of each
 * device in a table (case 5).
 */
export class DeviceMetrics extends Construct {
  /** The stream, its rule and its alarms. */
  public readonly stream: PartitionedStream;
  /** The last reading of each device. */
  public readonly readings: Table;

  constructor(scope: Construct, id: string, { alarmTopic }: DeviceMetricsProps) {
    super(scope, id);
    this.readings = new Table(this, 'Readings', {
      partitionKey: { name: 'device', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const { workload, objective, on } = METRICS;
    // The function is made before the stream, whose plan is the same.
    const plan = planStream('Stream', { workload, objective, ...on.aws });
    const consumer = new RuntimeFunction(this, 'Consumer', {
      bundle: 'device-readings',
      description: 'Keeps the last reading of each device',
      timeout: Duration.seconds(plan.value('batchTimeoutSeconds')),
      environment: { READINGS_TABLE: this.readings.tableName },
    });
    this.readings.grant(consumer, 'dynamodb:UpdateItem');
    this.stream = new PartitionedStream(this, 'Stream', {
      workload,
      objective,
      consumer: StreamConsumer.lambda({ function: consumer }),
      iot: { sql: "SELECT * FROM 'devices/+/metrics'" },
      alarmTopic,
    });
    new CfnOutput(this, 'ReadingsTable', { value: this.readings.tableName });
  }
}
