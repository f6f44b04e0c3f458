/**
 * Whether an alarm can see what it is meant to watch, and tells anybody.
 */
import type { Resource, Value } from '../document';
import { oncePer } from '../once-per';
import { Composite, Reference } from '../resolved';
import type { Found, Rule } from '../rule';
import { alarms, type Metric, metricsOf, OF_QUEUE, ownerOf } from './read/metrics';
import { isDeadLetterQueue } from './read/relations';
import type { Template } from './read/template';

/** A dimension that names a resource: what its value has to be, in words and as attributes of the resource. */
interface Naming {
  readonly type: string;
  /** The attributes that give the name; '' is what `Ref` gives. */
  readonly right: readonly string[];
  /** What to write. */
  readonly write: string;
}

/** Dimensions by namespace and name. */
const NAMINGS: Readonly<Record<string, Naming>> = {
  'AWS/SQS QueueName': { type: 'AWS::SQS::Queue', right: ['QueueName'], write: '!GetAtt … .QueueName' },
  'AWS/SNS TopicName': { type: 'AWS::SNS::Topic', right: ['TopicName'], write: '!GetAtt … .TopicName' },
  'AWS/Lambda FunctionName': { type: 'AWS::Lambda::Function', right: [''], write: '!Ref' },
  'AWS/Kinesis StreamName': { type: 'AWS::Kinesis::Stream', right: [''], write: '!Ref' },
  'AWS/DynamoDB TableName': { type: 'AWS::DynamoDB::Table', right: [''], write: '!Ref' },
  'AWS/States StateMachineArn': { type: 'AWS::StepFunctions::StateMachine', right: ['', 'Arn'], write: '!Ref' },
};

/** Parked messages from which on an alarm that waits for more comes too late: the first is already a failure. */
const MANY_PARKED = 1000;

/** Rules about what alarms watch and whom they tell. */
export const ALARM_METRIC_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-MSK-003',
    title: 'An alarm on the lag of a stream that commits no offsets',
    why: 'Spark keeps its offsets in its checkpoint and commits none to Kafka. Amazon MSK has no lag of such a group, and publishes no metric for a group with a colon in its name: the alarm never has data.',
    source:
      'Apache Spark, Structured Streaming + Kafka Integration Guide: does not commit any offset; Amazon MSK developer guide, Monitor consumer lags',
    severity: 'error',
    cases: [3],
    *check(template) {
      for (const alarm of alarms(template)) for (const metric of metricsOf(alarm)) yield* lagOfNone(metric);
    },
  },
  {
    id: 'BP-CW-006',
    title: 'An alarm watches a metric that does not exist',
    why: 'A dimension has to be the name of the resource. With its URL or its ARN there is no such metric: the alarm has no data and never fires.',
    source:
      'AWS CloudFormation reference, AWS::SQS::Queue, "Return values": Ref gives the URL; Amazon SQS Developer Guide, "Dimensions for Amazon SQS metrics": QueueName',
    severity: 'error',
    cases: [14],
    *check(template) {
      for (const alarm of alarms(template)) for (const metric of metricsOf(alarm)) yield* misnamed(template, metric);
    },
  },
  {
    id: 'BP-CW-007',
    title: 'An alarm on a dead-letter queue has no action',
    why: 'Without an action the alarm changes its colour on a page that no one watches. Parked messages are deleted unseen at the end of their retention.',
    source: 'AWS CloudFormation reference, AWS::CloudWatch::Alarm: AlarmActions, ActionsEnabled',
    severity: 'warning',
    cases: [14],
    *check(template) {
      if (!template.closed || forwardsAlarms(template)) return;
      for (const [alarm, queue] of onDeadLetterQueues(template)) {
        const actions = alarm.at('Properties', 'AlarmActions');
        const off = alarm.at('Properties', 'ActionsEnabled').flag(true) === false;
        const silent = actions.absent || (actions.decided && actions.items().length === 0);
        // A composite alarm or a deployment may act on its state.
        if ((!silent && !off) || template.mentioning(alarm).length > 0 || template.exportedByName(alarm)) continue;
        yield {
          at: off ? alarm.at('Properties', 'ActionsEnabled') : actions,
          message: off
            ? `its actions are switched off: when ${queue.name} fills, nobody is told`
            : `no AlarmActions: when ${queue.name} fills, nobody is told`,
          fix: 'add AlarmActions with the ARN of a topic that people read',
        };
      }
    },
  },
  {
    id: 'BP-CW-008',
    title: 'An alarm on a dead-letter queue waits for many messages',
    why: 'Every parked message is work that was not done. A threshold for the depth of a working queue is reached late or never, and the messages are deleted before.',
    source: 'Amazon SQS Developer Guide, "Creating alarms for dead-letter queues using Amazon CloudWatch": above 0',
    severity: 'warning',
    cases: [14],
    *check(template) {
      for (const [alarm, queue] of onDeadLetterQueues(template)) {
        const at = alarm.at('Properties', 'Threshold');
        const threshold = at.number();
        if (threshold === undefined || threshold < MANY_PARKED) continue;
        if (!metricsOf(alarm).every(({ id, name }) => id === undefined && DEPTH.test(name.text() ?? ''))) continue;
        if (alarm.at('Properties', 'ComparisonOperator').text()?.startsWith('Greater') !== true) continue;
        yield {
          at,
          message: `fires only above ${threshold} parked messages in ${queue.name}; the first is already a failure`,
          fix: 'set Threshold to 0 and ComparisonOperator to GreaterThanThreshold',
        };
      }
    },
  },
];

const DEPTH = /^ApproximateNumberOfMessages/;

function* misnamed(template: Template, metric: Metric): Iterable<Found> {
  for (const dimension of metric.dimensions.items()) {
    const key = `${metric.namespace.text()} ${dimension.at('Name').text()}`;
    const naming = Object.hasOwn(NAMINGS, key) ? NAMINGS[key] : undefined;
    const at = dimension.at('Value');
    const wrong = naming && wrongValue(template, at, naming);
    if (!naming || wrong === undefined) continue;
    yield {
      at,
      message: `${dimension.at('Name').text()} is ${wrong}, and metrics have the name: there is no such metric, so the alarm never fires`,
      fix: `write ${naming.write}`,
    };
  }
}

/** What a dimension is, in words, where that is certainly not the name of its resource. */
function wrongValue(template: Template, at: Value, { type, right }: Naming): string | undefined {
  const { resolved } = at;
  if (resolved instanceof Reference) {
    const resource = template.resource(resolved.name);
    const attribute = resolved.attribute ?? '';
    if (resolved.made || resource?.type !== type || right.includes(attribute)) return undefined;
    return attribute === ''
      ? `what Ref gives of ${resource.name}, its URL or ARN`
      : `the ${attribute} of ${resource.name}`;
  }
  const text = resolved instanceof Composite ? resolved.parts[0] : at.text();
  const isState = type === 'AWS::StepFunctions::StateMachine';
  if (typeof text !== 'string' || isState) return undefined;
  if (text.startsWith('arn:')) return 'an ARN';
  return /^https?:\/\//.test(text) ? 'a URL' : undefined;
}

/** The alarms that certainly watch a dead-letter queue of the template, each with its queue. */
const onDeadLetterQueues = oncePer((template: Template): readonly (readonly [Resource, Resource])[] =>
  alarms(template).flatMap((alarm) => {
    const owners = metricsOf(alarm).map((metric) => ownerOf(template, metric, OF_QUEUE));
    const [queue] = owners;
    // An alarm over several queues may be about their sum.
    if (!queue || owners.length !== 1 || !isDeadLetterQueue(template, queue)) return [];
    return [[alarm, queue] as const];
  }),
);

/** Whether a rule of EventBridge takes the states of alarms, or may. */
const forwardsAlarms = oncePer((template: Template) =>
  template.ofType('AWS::Events::Rule').some((rule) => {
    const pattern = rule.at('Properties', 'EventPattern');
    if (pattern.absent) return false;
    const sources = pattern.at('source').items();
    return !pattern.decided || sources.length === 0 || sources.some((source) => source.mayBe('aws.cloudwatch'));
  }),
);

/** A metric of Amazon MSK for a consumer group that has no lag there. */
function* lagOfNone(metric: Metric): Iterable<Found> {
  if (metric.namespace.text() !== 'AWS/Kafka') return;
  for (const dimension of metric.dimensions.items()) {
    if (dimension.at('Name').text() !== 'Consumer Group') continue;
    const at = dimension.at('Value');
    const group = at.text() ?? '';
    const spark = group.startsWith('spark-kafka-source');
    if (!spark && !group.includes(':')) continue;
    yield {
      at,
      message: spark
        ? `${group} is a group of Spark, which commits no offsets: there is no lag to alarm on`
        : `${group} has a colon: Amazon MSK publishes no lag of such a group`,
      fix: 'alarm on what the driver reports of itself, such as the offsets behind of its progress, or rename the group',
    };
  }
}
