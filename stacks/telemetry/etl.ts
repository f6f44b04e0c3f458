import { CfnOutput, RemovalPolicy } from 'aws-cdk-lib';
import {
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  type ISecurityGroup,
  SecurityGroup,
  SubnetType,
  type Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { CLOSED_BUCKET, encryptedWith } from '../../lib/aws/closed-bucket';
import { EtlSource, MskBrokers } from '../../lib/aws/etl/etl-source';
import { StreamSink } from '../../lib/aws/etl/stream-sink';
import { StreamingEtl } from '../../lib/aws/etl/streaming-etl';
import { PAGE_VIEWS, RAW_PAGE_VIEWS } from '../../lib/cases/case-03-batch-to-streaming';
import { acknowledge } from '../acknowledgements';

/** Where the job runs, and what it reads. */
export interface TelemetryEtlProps {
  readonly clusterArn: string;
  readonly brokers: ISecurityGroup;
  readonly vpc: Vpc;
  readonly alarmTopic: ITopic;
}

/** What Spark needs beside the jars of EMR, in one file: one name is short, and one upload cannot be half done. */
const JAR = 'streaming-etl.jar';

/**
 * Page views as they are, and counted (case 3). The counts come from the cluster. The raw records come over a stream of Kinesis:
 * only Express brokers have a managed delivery, the cluster has Standard ones, and a second cluster costs more than the stream.
 */
export class TelemetryEtl extends Construct {
  /** Views of each page in windows of five minutes. */
  public readonly pageViews: StreamingEtl;
  /** The records as they are. */
  public readonly rawPageViews: StreamingEtl;
  /** Where the jar has to be before the first run: a run without it fails, and starts again once it is there. */
  public readonly jars: Bucket;

  constructor(scope: Construct, id: string, { clusterArn, brokers, vpc, alarmTopic }: TelemetryEtlProps) {
    super(scope, id);
    const vpcSubnets = { subnetType: SubnetType.PRIVATE_ISOLATED };
    this.jars = new Bucket(this, 'Jars', {
      ...CLOSED_BUCKET,
      ...encryptedWith(undefined),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    acknowledge(this.jars, {
      'AwsSolutions-S1': 'It holds one public library, which the job reads when a run starts.',
    });
    this.pageViews = new StreamingEtl(this, 'PageViews', {
      ...PAGE_VIEWS,
      queryName: 'page-views',
      source: EtlSource.mskTopic({ clusterArn, topicName: 'page.views', brokers: MskBrokers.STANDARD }),
      sink: StreamSink.aggregate({
        vpc,
        vpcSubnets,
        clusterSecurityGroup: brokers,
        schema: 'page STRING, at TIMESTAMP',
        eventTime: 'at',
        keys: ['page'],
        jarBucket: this.jars,
        jarKeys: [JAR],
      }),
      alarmTopic,
    });
    this.rawPageViews = new StreamingEtl(this, 'RawPageViews', {
      workload: RAW_PAGE_VIEWS.workload,
      objective: RAW_PAGE_VIEWS.objective,
      queryName: 'raw-page-views',
      source: EtlSource.kinesisStream(),
      sink: StreamSink.landing({
        schema: JSON.stringify({
          $schema: 'http://json-schema.org/draft-07/schema#',
          type: 'object',
          properties: { page: { type: 'string' }, at: { type: 'string', format: 'date-time' } },
          required: ['page', 'at'],
        }),
        timeColumn: 'at',
        tableNamespace: 'telemetry',
        tableName: 'page_views',
      }),
      alarmTopic,
    });
    this.createEndpoints(vpc);
    new CfnOutput(this, 'Jar', { value: `s3://${this.jars.bucketName}/${JAR}` });
  }

  /** The VPC has no other way out: S3 for tables, checkpoint and code, CloudWatch Logs for what the driver reports. */
  private createEndpoints(vpc: Vpc): void {
    const s3 = vpc.addGatewayEndpoint('S3', { service: GatewayVpcEndpointAwsService.S3 });
    const securityGroup = new SecurityGroup(this, 'LogsEndpoint', {
      vpc,
      description: 'CloudWatch Logs for the workers of jobs',
      allowAllOutbound: false,
    });
    const logs = vpc.addInterfaceEndpoint('CloudWatchLogs', {
      service: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
      securityGroups: [securityGroup],
      open: false,
    });
    const { job } = this.pageViews;
    logs.connections.allowDefaultPortFrom(job!.securityGroup, 'Output of the job');
    // A run that starts before them cannot read its program.
    job!.run.node.addDependency(s3, logs);
  }
}
