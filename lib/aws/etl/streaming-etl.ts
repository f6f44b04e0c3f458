import { Annotations, Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { Alarm, Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import type { MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { CfnTopic } from 'aws-cdk-lib/aws-msk';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { accessLogKnobs } from '../../flow/access-logs';
import { etlAlarmKnobs, keeperKnobs, landingAlarmKnobs } from '../../flow/etl/alarms';
import { planEtl } from '../../flow/etl/plan';
import type { EtlPlan } from '../../flow/etl/workload';
import { sound } from '../../flow/kinds';
import { resourceTimeoutKnobs } from '../../flow/resource-timeouts';
import { createAccessLogs } from '../access-logs';
import { CLOSED_BUCKET, encryptedWith } from '../closed-bucket';
import { dashboardOf } from '../dashboard';
import { retainPolicyOf } from '../retained-policy';
import { createAlarms } from '../watch';
import { jobRows, jobSections, landingRows, landingSections, type OfJob, type OfLanding } from './etl-alarms';
import { ETL_KINDS, inputChecks, questionOf } from './etl-checks';
import { createFilters, jobMetric, landingMetric } from './etl-metrics';
import type { EtlJob, EtlLanding } from './etl-parts';
import { createLanding } from './landing';
import { createKeeper } from './run-keeper';
import { createJob, type JobParts } from './spark-job';
import type { StreamingEtlProps } from './streaming-etl-props';

/**
 * A stream of small batches into a table, in place of a nightly batch.
 *
 * Cures a report that is a day old because all records are worked on at night (case 3). Raw records land in an Iceberg table by
 * a managed delivery; aggregates are merged into a Delta table by a Spark job on Amazon EMR Serverless. How often a batch runs,
 * how much it may read and on how many cores follow from the freshness. One run owns checkpoint and table: a function ends it
 * before it starts another one, and starts it again when the service gives it up.
 */
export class StreamingEtl extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: EtlPlan;
  /** The topic, where it is made. */
  public readonly topic?: CfnTopic;
  /** The stream of Kinesis, where that is the source. */
  public readonly stream?: IStream;
  /** The key of a stream that is made, unless `encryptionKey` was given. */
  public readonly streamKey?: Key;
  /** The bucket of the access logs, where one is made. */
  public readonly logBucket?: Bucket;
  /** The delivery. Only with `StreamSink.landing()`. */
  public readonly landing?: EtlLanding;
  /** The Spark job. Only with `StreamSink.aggregate()`. */
  public readonly job?: EtlJob;
  /** What reads the metrics of the job from its log. None with a delivery, which has its own. */
  public readonly metricFilters: MetricFilter[];
  /** The table is staler than promised. */
  public readonly lateAlarm: Alarm;
  /** Records are not in the table because they cannot be read. */
  public readonly rejectedAlarm: Alarm;
  /** Batches take longer than the time between two triggers. Only of a job. */
  public readonly slowAlarm?: Alarm;
  /** Records wait after a batch. Only of a job. */
  public readonly behindAlarm?: Alarm;
  /** The service gave a run up. Only of a job. */
  public readonly restartedAlarm?: Alarm;
  /** The keeper of the run fails. Only of a job. */
  public readonly keeperErrorsAlarm?: Alarm;
  /** The dashboard. */
  public readonly dashboard: Dashboard;

  private readonly props: StreamingEtlProps;
  private readonly removalPolicy: RemovalPolicy;

  /**
   * @throws CapacityError when nothing keeps the promise, with ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: StreamingEtlProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, ETL_KINDS);
    // Log delivery by bucket policy: with the older way, by ACL, the log bucket could not have its ACLs disabled.
    this.node.setContext('@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy', true);
    const planned = planEtl(id, questionOf(usable), [...checks, ...inputChecks(usable)]);
    const isLanding = usable.sink._landing !== undefined;
    this.plan = planned.withKnobs([
      ...(isLanding
        ? landingAlarmKnobs(planned)
        : [...etlAlarmKnobs(planned), ...keeperKnobs(planned), ...resourceTimeoutKnobs()]),
      ...accessLogKnobs('this library, docs/constructs/streaming-etl.md'),
    ]);
    this.props = usable;
    this.removalPolicy = usable.removalPolicy ?? RemovalPolicy.RETAIN;
    for (const remark of this.plan.remarks) Annotations.of(this).addInfoV2('Backpressure::etl-plan', remark);

    const { source } = usable;
    this.topic = source._createTopic(this, this.plan, this.removalPolicy);
    this.stream = source._stream(this, this.plan, () => this.keyOfStream(), this.removalPolicy);
    this.streamKey = this.node.tryFindChild('StreamKey') as Key | undefined;
    if (isLanding) this.landing = this.createLanding();
    else this.job = this.createJob();
    this.logBucket = this.node.tryFindChild('Logs') as Bucket | undefined;

    const { queryName, alarmTopic, alarms: settings } = usable;
    const period = Duration.seconds(this.plan.value('alarmWindowSeconds'));
    this.metricFilters = this.job === undefined ? [] : createFilters(this, queryName, this.job.logGroup);
    const ofJob: OfJob = (name, seconds) => jobMetric(this, queryName, name, seconds);
    const ofLanding: OfLanding = (name, seconds) =>
      landingMetric(this.landing as EtlLanding, source, this.stream, name, seconds);
    const rows = this.job === undefined ? landingRows(ofLanding) : jobRows(ofJob, this.job.keeper);
    const made = createAlarms(this, { rows, plan: this.plan, alarmTopic, alarms: settings });
    this.lateAlarm = made.LateAlarm;
    this.rejectedAlarm = made.RejectedAlarm;
    this.slowAlarm = made.SlowAlarm;
    this.behindAlarm = made.BehindAlarm;
    this.restartedAlarm = made.RestartedAlarm;
    this.keeperErrorsAlarm = made.KeeperErrorsAlarm;
    const sections = this.job === undefined ? landingSections(ofLanding, period) : jobSections(ofJob, period);
    this.dashboard = dashboardOf(this, Object.values(made), sections);
  }

  private createLanding(): EtlLanding {
    const { queryName, source, sink, encryptionKey } = this.props;
    return createLanding(this, {
      queryName,
      source,
      encryptionKey,
      plan: this.plan,
      topic: this.topic,
      stream: this.stream,
      options: sink._landing!,
      removalPolicy: this.removalPolicy,
      deadLetterBucket: () => this.createBucket('DeadLetters'),
    });
  }

  private createJob(): EtlJob {
    const { queryName, source, sink, encryptionKey } = this.props;
    const parts: JobParts = {
      queryName,
      source,
      encryptionKey,
      plan: this.plan,
      options: sink._aggregate!,
      bucket: (id) => this.createBucket(id),
    };
    const job = createJob(this, parts);
    const kept = createKeeper(this, parts, job);
    // The job reads the topic as soon as it runs.
    if (this.topic !== undefined) kept.run.node.addDependency(this.topic);
    return { ...job, ...kept };
  }

  /** No rule lets its objects expire: a checkpoint that loses a file begins anew, and Delta deletes its own. */
  private createBucket(id: string): Bucket {
    const bucket = new Bucket(this, id, {
      ...CLOSED_BUCKET,
      ...encryptedWith(this.props.encryptionKey),
      removalPolicy: this.removalPolicy,
      serverAccessLogsBucket: this.accessLogs(),
      serverAccessLogsPrefix: `${id.toLowerCase()}/`,
    });
    retainPolicyOf(bucket, this.removalPolicy);
    return bucket;
  }

  private accessLogs(): IBucket {
    const known = this.props.serverAccessLogsBucket ?? (this.node.tryFindChild('Logs') as Bucket | undefined);
    if (known !== undefined) return known;
    return createAccessLogs(this, 'Logs', this.plan, this.removalPolicy);
  }

  private keyOfStream(): IKey {
    return (
      this.props.encryptionKey ??
      new Key(this, 'StreamKey', {
        description: `Records of ${this.props.queryName} on their way`,
        enableKeyRotation: true,
        removalPolicy: this.removalPolicy,
      })
    );
  }
}
