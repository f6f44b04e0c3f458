/**
 * Events of a function: what SAM makes of each type.
 */

import { mapping, type Raw } from '../../../raw';
import { isMapping } from '../../../resolved';
import { addIntegration } from './api';
import { getAtt, type Made, type Owner, ofEvent, type Places, pick } from './made';
import { allow } from './policies';
import { addRule, addSchedule, defined } from './rules';

/** A function whose events are read. */
export interface Handler {
  readonly owner: Owner;
  /** What its events name: the function, or its alias. */
  readonly name: Raw;
  readonly arn: Raw;
  /** The function itself, for the URIs of APIs. */
  readonly id: string;
  /** Collects what the role of the function may do because of its events. */
  readonly statements: Raw[];
}

/** Where each event that Lambda polls names its source. */
const SOURCES: Readonly<Record<string, string>> = {
  SQS: 'Queue',
  Kinesis: 'Stream',
  DynamoDB: 'Stream',
  MSK: 'Stream',
  MQ: 'Broker',
  SelfManagedKafka: '',
  DocumentDB: 'Cluster',
};

const MAPPING_PROPERTIES = [
  'BatchSize',
  'BisectBatchOnFunctionError',
  'DestinationConfig',
  'Enabled',
  'FilterCriteria',
  'FunctionResponseTypes',
  'MaximumBatchingWindowInSeconds',
  'MaximumRecordAgeInSeconds',
  'MaximumRetryAttempts',
  'ParallelizationFactor',
  'ProvisionedPollerConfig',
  'Queues',
  'ScalingConfig',
  'SourceAccessConfigurations',
  'StartingPosition',
  'StartingPositionTimestamp',
  'Topics',
  'TumblingWindowInSeconds',
];

/** Makes what one event needs; false for a type that is not read. */
export function addEvent(made: Made, handler: Handler, name: string, type: unknown, given: Raw): boolean {
  const owner = ofEvent(handler.owner, name);
  const id = `${handler.owner.id}${name}`;
  if (typeof type !== 'string') return false;
  if (Object.hasOwn(SOURCES, type)) {
    addMapping(made, owner, handler, id, given, SOURCES[type]);
    return true;
  }
  const event = Object.hasOwn(PUSHED, type) ? PUSHED[type] : undefined;
  event?.({ made, owner, handler, id, given, name });
  return event !== undefined;
}

function addMapping(made: Made, owner: Owner, handler: Handler, id: string, given: Raw, source: string): void {
  const places: Places = { EventSourceArn: source };
  const properties: Raw = {
    FunctionName: handler.name,
    EventSourceArn: source === '' ? undefined : given[source],
    ...pick(given, MAPPING_PROPERTIES),
  };
  made.add(owner, id, 'AWS::Lambda::EventSourceMapping', defined(properties), places);
  const failure = mapping(mapping(given.DestinationConfig).OnFailure);
  if (failure.Type === 'SQS') handler.statements.push(allow('sqs:SendMessage', failure.Destination));
  if (failure.Type === 'SNS') handler.statements.push(allow('sns:Publish', failure.Destination));
}

interface Pushed {
  readonly made: Made;
  readonly owner: Owner;
  readonly handler: Handler;
  readonly id: string;
  readonly given: Raw;
  readonly name: string;
}

/** What each event that a service pushes makes. */
const PUSHED: Readonly<Record<string, (event: Pushed) => void>> = {
  Schedule: addRuleEvent,
  EventBridgeRule: addRuleEvent,
  CloudWatchEvent: addRuleEvent,
  ScheduleV2: ({ made, owner, handler, id, given }) =>
    addSchedule(made, owner, id, given, { arn: handler.arn, suffix: '', action: 'lambda:InvokeFunction' }),
  S3: addNotification,
  SNS: addSubscription,
  IoTRule: (event) => {
    const payload = { ...pick(event.given, ['Sql', 'AwsIotSqlVersion']), RuleDisabled: false };
    const Actions = [{ Lambda: { FunctionArn: event.handler.arn } }];
    event.made.add(
      event.owner,
      event.id,
      'AWS::IoT::TopicRule',
      { TopicRulePayload: { ...payload, Actions } },
      { TopicRulePayload: '' },
    );
    permit(event, 'iot.amazonaws.com');
  },
  CloudWatchLogs: (event) => {
    const properties = { ...pick(event.given, ['LogGroupName', 'FilterPattern']), DestinationArn: event.handler.arn };
    event.made.add(event.owner, event.id, 'AWS::Logs::SubscriptionFilter', properties);
    permit(event, 'logs.amazonaws.com');
  },
  AlexaSkill: (event) => permit(event, 'alexa-appkit.amazon.com'),
  Cognito: (event) => permit(event, 'cognito-idp.amazonaws.com'),
  Api: (event) => {
    addIntegration(event.made, event.owner, event.handler.arn, 'rest', event.given);
    permit(event, 'apigateway.amazonaws.com');
  },
  HttpApi: (event) => {
    addIntegration(event.made, event.owner, event.handler.arn, 'http', event.given);
    permit(event, 'apigateway.amazonaws.com');
  },
};

function addRuleEvent(event: Pushed): void {
  const started = { arn: event.handler.arn, suffix: 'LambdaTarget', action: 'lambda:InvokeFunction' };
  addRule(event.made, event.owner, event.id, event.given, started);
  permit(event, 'events.amazonaws.com', getAtt(event.id, 'Arn'));
}

/** Lets a service call the function. */
function permit({ made, owner, handler, id }: Pushed, principal: string, source?: unknown): void {
  const properties = { Action: 'lambda:InvokeFunction', FunctionName: handler.name, Principal: principal };
  made.add(owner, `${id}Permission`, 'AWS::Lambda::Permission', defined({ ...properties, SourceArn: source }));
}

/** The bucket of the template gets a notification for every type of event. */
function addNotification(event: Pushed): void {
  const { made, given, handler } = event;
  permit(event, 's3.amazonaws.com');
  const id = isMapping(given.Bucket) && typeof given.Bucket.Ref === 'string' ? given.Bucket.Ref : '';
  const bucket = made.declared(id);
  if (!bucket) {
    made.unread.push(`the S3 event ${event.name} of ${handler.owner.id}, whose bucket is not in the template`);
    return;
  }
  const properties = mapping(bucket.Properties);
  const notification = mapping(properties.NotificationConfiguration);
  const condition = handler.owner.attributes.Condition;
  const added = [given.Events ?? []].flat().map((Event) => {
    const one = defined({ Function: handler.arn, Event, Filter: given.Filter });
    return condition === undefined ? one : { 'Fn::If': [condition, one, { Ref: 'AWS::NoValue' }] };
  });
  const all = [...[notification.LambdaConfigurations ?? []].flat(), ...added];
  made.resources[id] = {
    ...bucket,
    Properties: { ...properties, NotificationConfiguration: { ...notification, LambdaConfigurations: all } },
  };
}

function addSubscription(event: Pushed): void {
  const { made, owner, handler, id, given } = event;
  const through = given.SqsSubscription;
  const subscription = (Protocol: string, Endpoint: unknown) => ({
    Protocol,
    Endpoint,
    TopicArn: given.Topic,
    ...pick(given, ['FilterPolicy', 'FilterPolicyScope', 'RedrivePolicy', 'Region']),
  });
  const places: Places = { TopicArn: 'Topic' };
  if (!through) {
    made.add(owner, id, 'AWS::SNS::Subscription', subscription('lambda', handler.arn), places);
    permit(event, 'sns.amazonaws.com', given.Topic);
    return;
  }
  const own = isMapping(through) ? through : undefined;
  const queue = own ? own.QueueArn : getAtt(`${id}Queue`, 'Arn');
  const mapped = { Queue: queue, BatchSize: own?.BatchSize ?? 10, Enabled: true };
  // Its settings stand in SqsSubscription, which has neither a window nor partial responses.
  const inSubscription = { ...owner, base: `${owner.base}.SqsSubscription` };
  addMapping(made, inSubscription, handler, `${id}EventSourceMapping`, mapped, 'Queue');
  if (!own)
    made.add(inSubscription, `${id}Queue`, 'AWS::SQS::Queue', isFifo(made, given.Topic) ? { FifoQueue: true } : {});
  made.add(owner, id, 'AWS::SNS::Subscription', subscription('sqs', queue), places);
}

function isFifo(made: Made, topic: unknown): boolean {
  const id = isMapping(topic) && typeof topic.Ref === 'string' ? topic.Ref : '';
  return mapping(made.declared(id)?.Properties).FifoTopic === true;
}
