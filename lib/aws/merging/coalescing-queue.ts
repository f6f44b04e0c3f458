import { Annotations, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Dashboard, GraphWidget, MathExpression, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { ISecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { type IStream, Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import {
  type CfnFunction,
  EventSourceMapping,
  type Function as LambdaFunction,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { validate } from '../../flow/errors';
import { sound } from '../../flow/kinds';
import { coalescingAlarmKnobs } from '../../flow/merging/alarms';
import { MERGER_MIB } from '../../flow/merging/costs';
import { planCoalescing } from '../../flow/merging/plan';
import { functionSettings } from '../../flow/merging/settings';
import { waitingQuestion } from '../../flow/merging/waiting';
import type { MergingPlan } from '../../flow/merging/workload';
import { LAMBDA_VISIBILITY_FACTOR } from '../../flow/queue/brokers/sqs';
import { MERGES_TAG } from '../../rules/cloudformation/caches';
import { alarmSettingsChecks, settingsOfPart } from '../alarm-settings';
import { parkedQueue } from '../parked-queue';
import { QUEUE_ALARMS } from '../queue/queue-alarms';
import { oneWorkerCheck, workers } from '../queue/queue-identity';
import { RedriveQueue } from '../queue/redrive-queue';
import { visibilityTimeoutSeconds } from '../queue/worker-compute';
import { RuntimeFunction } from '../runtime-function';
import { reportsForChildren, subjectOf } from '../subject';
import { COALESCING_ALARMS, CoalescingAlarms, mergerMetric } from './coalescing-alarms';
import {
  COALESCING_KINDS,
  type CoalescingQueueProps,
  coalescingChecks,
  coalescingQuestion,
  EventTransport,
} from './coalescing-queue-props';
import type { InvalidatorBinding } from './invalidator-binding';

/**
 * Merges events that name the same key within a window, and hands the distinct keys to a function, to Amazon CloudFront or
 * to a cache.
 *
 * Cures a bulk update that announces every change by itself, so that a few popular keys are invalidated thousands of times
 * and the last of a million announcements waits for twenty minutes (case 9). The window follows from rate, distinct keys,
 * freshness and price. A key always meets the same reader, of which there is one a shard: each further one un-merges. No
 * event is lost: what fails comes again, and a key that always fails is set aside with an alarm.
 */
export class CoalescingQueue extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: MergingPlan;
  /**
   * The stream to put events into, with the cache key as partition key.
   *
   * @default - the transport is SQS
   */
  public readonly stream?: IStream;
  /**
   * The queue to put events into.
   *
   * @default - the transport is Kinesis
   */
  public readonly queue?: IQueue;
  /**
   * The queue with its dead letters and alarms.
   *
   * @default - the transport is Kinesis, or `queue` was given and belongs to no `RedriveQueue`
   */
  public readonly redriveQueue?: RedriveQueue;
  /** Keys that could not be invalidated, and batches that became too old. A person decides. */
  public readonly asideQueue: IQueue;
  /** The function that merges. */
  public readonly merger: LambdaFunction;
  /** Hands batches to the merger, with the window. */
  public readonly mapping: EventSourceMapping;
  /**
   * The security group of the merger, which the cache has to let in.
   *
   * @default - the invalidator is no cache
   */
  public readonly securityGroup?: ISecurityGroup;
  /** The alarms. Those of a queue are `redriveQueue.alarms`. */
  public readonly alarms: CoalescingAlarms;
  /**
   * The dashboard.
   *
   * @default - `dashboard` is false, or events are in a queue, whose dashboard has the graphs
   */
  public readonly dashboard?: Dashboard;

  private readonly props: CoalescingQueueProps;

  /**
   * @throws CapacityError when no window keeps the promise, with ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: CoalescingQueueProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, COALESCING_KINDS);
    this.props = usable;
    reportsForChildren(this);
    const question = coalescingQuestion(usable);
    const plan = planCoalescing(subjectOf(this), question, [
      ...checks,
      ...alarmSettingsChecks(usable.alarms, [
        ...(usable.transport === EventTransport.SQS && usable.queue === undefined ? QUEUE_ALARMS : []),
        ...COALESCING_ALARMS,
      ]),
      ...coalescingChecks(usable),
      oneWorkerCheck(usable.queue),
    ]);
    this.plan = plan.withKnobs(coalescingAlarmKnobs(plan));

    const isQueue = usable.transport === EventTransport.SQS;
    if (isQueue) {
      this.redriveQueue = usable.queue === undefined ? this.createQueue() : RedriveQueue._of(usable.queue);
      this.queue = this.redriveQueue ?? usable.queue;
      this.checkQueue();
      if (this.queue !== undefined) workers.set(this.queue, subjectOf(this));
      this.warnOfReaders();
    } else this.stream = usable.stream ?? this.createStream();
    this.asideQueue = this.createAside();
    const binding = usable.invalidator._bind(this);
    this.securityGroup = binding.network?.securityGroup;
    this.merger = this.createMerger(binding);
    this.mapping = this.createMapping();
    this.alarms = new CoalescingAlarms(this, 'Alarms', {
      merger: this.merger,
      asideQueue: this.asideQueue,
      stream: this.stream,
      plan: this.plan,
      alarmTopic: usable.alarmTopic,
      alarms: settingsOfPart(usable.alarms, COALESCING_ALARMS),
    });
    this.dashboard = this.addGraphs();
  }

  /** Lets a producer send events. */
  public grantSend(producer: IGrantable): Grant {
    return this.stream?.grantWrite(producer) ?? this.queue?.grantSendMessages(producer) ?? Grant.drop(producer, '');
  }

  private createStream(): Stream {
    const { encryptionKey, removalPolicy = RemovalPolicy.RETAIN } = this.props;
    return new Stream(this, 'Stream', {
      streamMode: StreamMode.PROVISIONED,
      shardCount: this.plan.value('shards'),
      retentionPeriod: Duration.seconds(this.plan.value('retentionSeconds')),
      encryption: encryptionKey ? StreamEncryption.KMS : StreamEncryption.MANAGED,
      encryptionKey,
      removalPolicy,
    });
  }

  private createQueue(): RedriveQueue {
    const {
      workload,
      objective,
      consumer,
      functionTimeoutSeconds,
      batchWindowSeconds,
      maxReceiveCount,
      retentionSeconds,
    } = waitingQuestion(coalescingQuestion(this.props), this.plan);
    const { alarmTopic, alarms, encryptionKey, removalPolicy, dashboard } = this.props;
    return new RedriveQueue(this, 'Queue', {
      workload,
      objective,
      consumer,
      functionTimeout: Duration.seconds(functionTimeoutSeconds!),
      batchWindow: Duration.seconds(batchWindowSeconds!),
      maxReceiveCount,
      retention: retentionSeconds === undefined ? undefined : Duration.seconds(retentionSeconds),
      alarmTopic,
      alarms: settingsOfPart(alarms, QUEUE_ALARMS),
      encryptionKey,
      removalPolicy,
      dashboard,
    });
  }

  /** A message that is visible again while its flush still runs is worked on twice, and merges with less. */
  private checkQueue(): void {
    const { queue } = this.props;
    if (queue === undefined) return;
    const visible = this.redriveQueue?.plan.value('visibilityTimeoutSeconds') ?? visibilityTimeoutSeconds(queue);
    const least = LAMBDA_VISIBILITY_FACTOR * this.plan.value('flushTimeoutSeconds') + this.plan.value('windowSeconds');
    if (visible === undefined) {
      Annotations.of(this).addWarningV2(
        'Backpressure::BP-SQS-004',
        `the visibility timeout of the queue is not known here; it has to be at least ${least} s, six times the flush and the window`,
      );
      return;
    }
    validate(subjectOf(this), [
      {
        refused: visible < least,
        message: `queue must have a visibility timeout of at least ${least} s, six times the flush and the window, got ${visible} s; give a RedriveQueue a functionTimeout of ${this.plan.value('flushTimeoutSeconds')} s and a batchWindow of ${this.plan.value('windowSeconds')} s`,
      },
    ]);
  }

  private warnOfReaders(): void {
    Annotations.of(this).addWarningV2('Backpressure::BP-LAMBDA-008', this.plan.remarks[this.plan.remarks.length - 1]);
  }

  private createAside(): Queue {
    return parkedQueue(this, 'Aside', {
      retentionSeconds: this.plan.value('asideRetentionSeconds'),
      encryptionKey: this.props.encryptionKey,
      removalPolicy: this.props.removalPolicy,
      holds: 'It holds keys that could not be invalidated, which wait for a person.',
    });
  }

  private createMerger({ setting, network, grant }: InvalidatorBinding): RuntimeFunction {
    const merger = new RuntimeFunction(this, 'Merger', {
      bundle: 'coalescer',
      description: `Merges the events of ${this.node.path} by key, and invalidates each key once`,
      timeout: Duration.seconds(this.plan.value('flushTimeoutSeconds')),
      memorySize: MERGER_MIB,
      network,
      environment: {
        INVALIDATOR: Stack.of(this).toJsonString(setting),
        ASIDE_QUEUE_URL: this.asideQueue.queueUrl,
        ...functionSettings(this.plan),
        ...(this.props.keyPointer !== undefined && { KEY_OF: this.props.keyPointer }),
      },
    });
    // Only on the function: the rule looks for it there.
    (merger.node.defaultChild as CfnFunction).tags.setTag(MERGES_TAG, 'true');
    this.asideQueue.grantSendMessages(merger);
    this.stream?.grantRead(merger);
    this.queue?.grant(
      merger,
      'sqs:ReceiveMessage',
      'sqs:ChangeMessageVisibility',
      'sqs:DeleteMessage',
      'sqs:GetQueueAttributes',
    );
    this.queue?.encryptionMasterKey?.grantDecrypt(merger);
    grant(merger);
    return merger;
  }

  private createMapping(): EventSourceMapping {
    const { stream, queue, plan } = this;
    const mapping = new EventSourceMapping(this, 'Mapping', {
      target: this.merger,
      batchSize: plan.value('maxBatch'),
      maxBatchingWindow: Duration.seconds(plan.value('windowSeconds')),
      reportBatchItemFailures: true,
      ...(stream === undefined
        ? // Not reserved concurrency: pollers that are throttled would use up the receives of good messages.
          { eventSourceArn: queue!.queueArn, maxConcurrency: plan.value('readers') }
        : {
            eventSourceArn: stream.streamArn,
            startingPosition: StartingPosition.TRIM_HORIZON,
            // More would deal the keys of a shard out to as many flushes at once: calls beyond those of the plan.
            parallelizationFactor: 1,
            bisectBatchOnError: true,
            maxRecordAge: Duration.seconds(plan.value('maxRecordAgeSeconds')),
            onFailure: new SqsDlq(this.asideQueue),
          }),
    });
    // Lambda checks whether the role may read before it creates the mapping.
    if (this.merger.role) mapping.node.addDependency(this.merger.role);
    return mapping;
  }

  private addGraphs(): Dashboard | undefined {
    if (this.props.dashboard === false) return undefined;
    const minute = Duration.seconds(this.plan.value('alarmWindowSeconds'));
    const sum = (name: string) => mergerMetric(this.merger, name, Stats.SUM)(minute);
    const widgets = [
      new GraphWidget({
        title: `events and keys in ${minute.toHumanString()}`,
        width: 12,
        left: ['Events', 'Keys', 'SetAside', 'FlushRefused'].map(sum),
        leftAnnotations: [{ value: this.plan.value('alarmKeys'), label: 'keys: events are not merged' }],
      }),
      new GraphWidget({
        title: 'events a key, and the delay in seconds',
        width: 12,
        left: [
          new MathExpression({
            expression: 'events / keys',
            usingMetrics: { events: sum('Events'), keys: sum('Keys') },
            label: 'events a key',
            period: minute,
          }),
        ],
        leftAnnotations: [{ value: this.plan.predictions.mergeRatio, label: 'as planned at the peak' }],
        right: [mergerMetric(this.merger, 'DelaySeconds', Stats.MAXIMUM)(minute)],
        rightAnnotations: [{ value: this.plan.value('alarmDelaySeconds'), label: 'late' }],
      }),
    ];
    if (this.queue !== undefined) {
      this.redriveQueue?.dashboard?.addWidgets(...widgets);
      return undefined;
    }
    return new Dashboard(this, 'Dashboard', { widgets: [widgets] });
  }
}
