import { Annotations } from 'aws-cdk-lib';
import type { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import type { ContainerDefinition, FargateService, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { Grant, type IGrantable, type Role } from 'aws-cdk-lib/aws-iam';
import type { CfnTopicRule } from 'aws-cdk-lib/aws-iot';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { CfnTopic } from 'aws-cdk-lib/aws-msk';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { validate } from '../../flow/errors';
import { sound } from '../../flow/kinds';
import type { KafkaTenant } from '../../flow/quotas/workload';
import { loadOf } from '../../flow/streams/load';
import { planStream } from '../../flow/streams/plan';
import type { StreamPlan } from '../../flow/streams/workload';
import { alarmSettingsChecks } from '../alarm-settings';
import { reportsForChildren, subjectOf } from '../subject';
import { createIotRule } from './iot-rule';
import {
  hasDeadTopic,
  type PartitionedStreamProps,
  STREAM_KINDS,
  streamKind,
  streamPropsChecks,
  streamQuestion,
} from './partitioned-stream-props';
import { StreamAlarms, streamAlarmKnobsOf, streamAlarms } from './stream-alarms';
import { streamDashboard } from './stream-dashboard';
import { functionChecks, mapFunction } from './stream-mapping';
import { createDeadTopic, createErrorQueue, createFailureQueue, createStream, createTopic } from './stream-resources';
import { createStreamService, type StreamService } from './stream-service';

/**
 * A stream and its consumers, whose shards or partitions, number and batch are derived together: Amazon Kinesis or a topic of
 * Amazon MSK, read by AWS Lambda or by tasks of AWS Fargate, fed by a rule of AWS IoT or by any producer.
 *
 * Cures a single consumer on too few partitions, of which a quarter of an hour is behind at the end of a peak (case 5). A shard
 * or partition feeds one consumer at a time, so that more consumers alone change nothing. A record that always fails is set
 * aside with an alarm, and does not block the records behind it.
 */
export class PartitionedStream extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: StreamPlan;
  /**
   * The stream of Amazon Kinesis.
   *
   * @default - the records are in a topic
   */
  public readonly stream?: IStream;
  /**
   * The topic of Amazon MSK.
   *
   * @default - the records are in a stream, or the topic was there already
   */
  public readonly topic?: CfnTopic;
  /**
   * The topic of the records that no attempt could handle.
   *
   * @default - they are named in `failureQueue`
   */
  public readonly deadTopic?: CfnTopic;
  /**
   * Where records are named that no attempt could handle. A person decides.
   *
   * @default - they are in `deadTopic`
   */
  public readonly failureQueue?: IQueue;
  /**
   * Hands batches to the function.
   *
   * @default - tasks read the stream
   */
  public readonly mapping?: EventSourceMapping;
  /**
   * The tasks, as many as planned.
   *
   * @default - a function works on the records
   */
  public readonly service?: FargateService;
  /**
   * Their task definition.
   *
   * @default - a function works on the records
   */
  public readonly taskDefinition?: FargateTaskDefinition;
  /**
   * Their container.
   *
   * @default - a function works on the records
   */
  public readonly container?: ContainerDefinition;
  /**
   * Where the tasks log.
   *
   * @default - a function works on the records, or a task definition was given
   */
  public readonly logGroup?: ILogGroup;
  /**
   * The rule that feeds the stream.
   *
   * @default - `iot` was not given
   */
  public readonly rule?: CfnTopicRule;
  /**
   * The role of the rule.
   *
   * @default - `iot` was not given
   */
  public readonly ruleRole?: Role;
  /**
   * Messages that the rule could not put into the stream, each with the reason.
   *
   * @default - `iot` was not given
   */
  public readonly errorQueue?: IQueue;
  /** The alarms, each with a text that says what to do. */
  public readonly alarms: StreamAlarms;
  /**
   * The dashboard.
   *
   * @default - `dashboard` is false
   */
  public readonly dashboard?: Dashboard;

  private readonly props: PartitionedStreamProps;

  /**
   * @throws CapacityError when the promise cannot be kept, with ways out that were each solved
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: PartitionedStreamProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, STREAM_KINDS);
    this.props = usable;
    reportsForChildren(this);
    const plan = planStream(subjectOf(this), streamQuestion(usable), [
      ...checks,
      ...alarmSettingsChecks(usable.alarms, alarmsOf(usable)),
      ...streamPropsChecks(usable),
    ]);
    const { _kinesis: kinesis, _kafka: kafka } = streamKind(usable);
    const { _lambda: lambda, _functionTimeout: timeout } = usable.consumer;
    this.plan = plan.withKnobs(streamAlarmKnobsOf(plan, kinesis !== undefined, usable.iot !== undefined));
    if (lambda !== undefined) validate(subjectOf(this), functionChecks(lambda.function, timeout, this.plan));
    this.warn();

    if (kinesis !== undefined) this.stream = kinesis.stream ?? createStream(this, usable, this.plan);
    else if (!kafka!.existingTopic) this.topic = createTopic(this, usable, this.plan);
    if (hasDeadTopic(usable)) this.deadTopic = createDeadTopic(this, usable, this.plan);
    else this.failureQueue = usable.failureQueue ?? createFailureQueue(this, usable, this.plan);

    if (lambda !== undefined) this.mapping = this.map();
    else {
      const tasks = this.createService();
      this.service = tasks.service;
      this.taskDefinition = tasks.taskDefinition;
      this.container = tasks.container;
      this.logGroup = tasks.logGroup;
    }
    if (usable.iot !== undefined) {
      this.errorQueue = usable.iot.errorQueue ?? createErrorQueue(this, usable, this.plan);
      const made = createIotRule(this, usable.iot, { stream: this.stream, kafka, errorQueue: this.errorQueue });
      this.rule = made.rule;
      this.ruleRole = made.role;
      if (this.topic) this.rule.node.addDependency(this.topic);
    }
    const watched = { plan: this.plan, stream: this.stream, topic: this.consumedTopic(), function: lambda?.function };
    this.alarms = new StreamAlarms(this, 'Alarms', {
      ...watched,
      failureQueue: this.failureQueue,
      logGroup: this.logGroup,
      ruleName: this.rule?.ref,
      errorQueue: this.errorQueue,
      alarmTopic: usable.alarmTopic,
      alarms: usable.alarms,
    });
    if (usable.dashboard ?? true) {
      this.dashboard = streamDashboard(this, { ...watched, alarms: this.alarms, service: this.service });
    }
  }

  /** Lets a producer write to the stream of Amazon Kinesis. On Amazon MSK its user gets the permission on the cluster. */
  public grantWrite(producer: IGrantable): Grant {
    return this.stream?.grantWrite(producer) ?? Grant.drop(producer, '');
  }

  /**
   * The producers of the topic as a tenant of `KafkaQuotas`, which holds them to what the stream is planned for. Give the
   * topic to the quotas, or make it here, not both.
   *
   * @param name name of the tenant, which is also its user unless another is given. 1 to 64 letters, digits, dots, hyphens
   * and underscores
   * @throws InvalidInputError on Amazon Kinesis, whose shards are the quota
   */
  public producerTenant(name: string): KafkaTenant {
    validate(this.node.id, [
      {
        refused: this.stream !== undefined,
        message: 'producerTenant is for Amazon MSK; a shard of Amazon Kinesis is its own quota',
      },
    ]);
    const { steadyPerSecond, peakPerSecond, peakSeconds, recordBytes } = loadOf(streamQuestion(this.props));
    return {
      name,
      steadyBytesPerSecond: steadyPerSecond * recordBytes,
      peakBytesPerSecond: peakPerSecond * recordBytes,
      peakSeconds,
      partitions: this.plan.value('partitions'),
    };
  }

  private warn(): void {
    const kafka = streamKind(this.props)._kafka;
    if (kafka !== undefined && kafka.scramSecret === undefined && this.props.consumer._fargate !== undefined) {
      Annotations.of(this).addWarningV2(
        'Backpressure::stream-worker-iam',
        'without scramSecret the image has to sign in by IAM access control (AWS_MSK_IAM), which the shipped stream-worker does not; give scramSecret, or acknowledge this warning',
      );
    }
    if (streamKind(this.props)._kinesis?.onDemand) {
      for (const remark of this.plan.remarks.filter((text) => text.includes('on demand'))) {
        Annotations.of(this).addWarningV2('Backpressure::stream-on-demand', remark);
      }
    }
  }

  private map(): EventSourceMapping {
    const { consumer, consumerGroup } = this.props;
    const kafka = streamKind(this.props)._kafka;
    const mapping = mapFunction(
      this,
      consumer._lambda!.function,
      {
        stream: this.stream,
        ...(kafka && { kafka: { ...kafka, consumerGroup: consumerGroup! } }),
        failureQueue: this.failureQueue!,
      },
      this.plan,
    );
    if (this.topic) mapping.node.addDependency(this.topic);
    return mapping;
  }

  private createService(): StreamService {
    const { consumer, consumerGroup } = this.props;
    const from = {
      consumerGroup: consumerGroup!,
      stream: this.stream,
      kafka: streamKind(this.props)._kafka,
      failureQueue: this.failureQueue,
    };
    const made = createStreamService(this, subjectOf(this), consumer._fargate!, from, this.plan);
    for (const topic of [this.topic, this.deadTopic]) if (topic) made.service.node.addDependency(topic);
    return made;
  }

  private consumedTopic() {
    const kafka = streamKind(this.props)._kafka;
    return (
      kafka && { clusterArn: kafka.clusterArn, topicName: kafka.topicName, consumerGroup: this.props.consumerGroup! }
    );
  }
}

function alarmsOf(props: PartitionedStreamProps): readonly string[] {
  return streamAlarms({
    isKinesis: streamKind(props)._kafka === undefined,
    isLambda: props.consumer?._fargate === undefined,
    // A task definition that is given logs where it will.
    setsAside: !hasDeadTopic(props) || props.consumer._fargate?.taskDefinition === undefined,
    hasRule: props.iot !== undefined,
  });
}
