/**
 * Asynchronous callers of a Lambda function: Lambda has to keep their failed events.
 */

import { grouped } from '../../../flow/grouped';
import type { Resource, Value } from '../../document';
import { oncePer } from '../../once-per';
import { own } from '../../own';
import { functionAt } from './functions';
import type { Template } from './template';

/** Services that call a function asynchronously, by the principal of their permission, and what people call them. */
const ASYNCHRONOUS: Readonly<Record<string, string>> = {
  'sns.amazonaws.com': 'Amazon SNS',
  's3.amazonaws.com': 'Amazon S3',
  'iot.amazonaws.com': 'AWS IoT',
  'logs.amazonaws.com': 'CloudWatch Logs',
  'ses.amazonaws.com': 'Amazon SES',
  'codecommit.amazonaws.com': 'CodeCommit',
  'config.amazonaws.com': 'AWS Config',
  'cloudformation.amazonaws.com': 'CloudFormation',
};

/** Something that starts a function and does not wait for it. */
interface Sender {
  /** Name of the sender. */
  readonly name: string;
  /** What people call the service; given when only a permission tells of it. */
  readonly service?: string;
  /** The function, as the sender names it. */
  readonly handler: Value;
}

/**
 * Callers that certainly start a function with an event that is not repeated.
 *
 * A repeating schedule does not count: its next run does the work of the failed one.
 */
export function asynchronousSenders(template: Template, handler: Resource): readonly string[] {
  const senders = sendersTo(template).get(handler) ?? [];
  const named = [...new Set(senders.filter(({ service }) => service === undefined).map(({ name }) => name))];
  // A permission starts nothing: it tells that its service does, unless the template has the sender itself.
  const services = senders.flatMap(({ name, service }) =>
    service !== undefined && !named.includes(name) ? [service] : [],
  );
  return named.length > 0 ? named : [...new Set(services)];
}

/** Whether failed events of a function are certain to be lost. */
export function losesFailures(template: Template, handler: Resource): boolean {
  return (
    template.closed &&
    asynchronousSenders(template, handler).length > 0 &&
    !mayKeepFailures(template, handler) &&
    !template.exportedByName(handler)
  );
}

/** Tries of an asynchronous event: the first, and two more unless its configuration says otherwise. */
export function triesOf(template: Template, handler: Resource): number | undefined {
  const retries = (configurations(template).get(handler) ?? []).map((config) =>
    config.at('Properties', 'MaximumRetryAttempts').number(USUAL_RETRIES),
  );
  const [first = USUAL_RETRIES] = retries;
  return retries.some((one) => one !== first) ? undefined : first + 1;
}

/** AWS Lambda Developer Guide, "Asynchronous invocation". */
const USUAL_RETRIES = 2;

/** The configurations of asynchronous invocations, by function. */
const configurations = oncePer((template: Template) =>
  grouped(
    template
      .ofType('AWS::Lambda::EventInvokeConfig')
      .map((config) => [functionAt(template, config.at('Properties', 'FunctionName')), config] as const),
  ),
);

/** Seconds after which an asynchronous event that was not taken is dropped; undefined when not decided. */
export function longestWait(template: Template, handler: Resource): number | undefined {
  const [config, ...more] = configurations(template).get(handler) ?? [];
  if (more.length > 0) return undefined;
  return config ? config.at('Properties', 'MaximumEventAgeInSeconds').number(USUAL_AGE_SECONDS) : USUAL_AGE_SECONDS;
}

const USUAL_AGE_SECONDS = 21_600;

/** Names of the senders, by the function that they start. */
const sendersTo = oncePer((template: Template) => {
  const named = (source: Value) => template.target(source)?.name ?? source.resource.name;
  const senders: Sender[] = [
    ...template
      .ofType('AWS::SNS::Subscription')
      .filter((subscription) => subscription.at('Properties', 'Protocol').text() === 'lambda')
      .map((subscription) => ({
        name: named(subscription.at('Properties', 'TopicArn')),
        handler: subscription.at('Properties', 'Endpoint'),
      })),
    ...template
      .ofType('AWS::Events::Rule')
      .filter((rule) => rule.at('Properties', 'EventPattern').present && isEnabled(rule))
      .flatMap((rule) => rule.at('Properties', 'Targets').items())
      .filter((target) => !isScheduledAsWell(template, target))
      .map((target) => ({ name: target.resource.name, handler: target.at('Arn') })),
    ...template
      .ofType('AWS::Scheduler::Schedule')
      .filter((schedule) => schedule.at('Properties', 'ScheduleExpression').text()?.startsWith('at('))
      .map((schedule) => ({ name: schedule.name, handler: schedule.at('Properties', 'Target', 'Arn') })),
    ...template
      .ofType('AWS::S3::Bucket')
      .flatMap((bucket) => bucket.at('Properties', 'NotificationConfiguration', 'LambdaConfigurations').items())
      .map((configuration) => ({ name: configuration.resource.name, handler: configuration.at('Function') })),
    ...template.ofType('AWS::Lambda::Permission').flatMap((permission) => {
      const service = own(ASYNCHRONOUS, permission.at('Properties', 'Principal').text() ?? '');
      if (service === undefined) return [];
      const source = template.target(permission.at('Properties', 'SourceArn'));
      return [
        {
          name: source?.name ?? '',
          service: source?.name ?? service,
          handler: permission.at('Properties', 'FunctionName'),
        },
      ];
    }),
    ...template
      .ofType('AWS::IoT::TopicRule')
      .flatMap((rule) => rule.at('Properties', 'TopicRulePayload', 'Actions').items())
      .map((action) => ({ name: action.resource.name, handler: action.at('Lambda', 'FunctionArn') })),
    ...template
      .ofType('AWS::Logs::SubscriptionFilter')
      .map((filter) => ({ name: filter.name, handler: filter.at('Properties', 'DestinationArn') })),
    ...template
      .ofType('AWS::SNS::Topic')
      .flatMap((topic) => topic.at('Properties', 'Subscription').items())
      .filter((subscription) => subscription.at('Protocol').text() === 'lambda')
      .map((subscription) => ({ name: subscription.resource.name, handler: subscription.at('Endpoint') })),
  ];
  return grouped(senders.map((sender) => [functionAt(template, sender.handler), sender] as const));
});

/** Whether a schedule starts the same function with the same words: an event that is lost holds nothing, and the next tick does its work. */
export function isScheduledAsWell(template: Template, target: Value): boolean {
  const input = target.at('Input').text();
  const handler = functionAt(template, target.at('Arn'));
  return input !== undefined && handler !== undefined && scheduled(template).has(`${handler.name} ${input}`);
}

/** What rules start on a schedule: the function, and the words that it is given. */
const scheduled = oncePer(
  (template: Template) =>
    new Set(
      template
        .ofType('AWS::Events::Rule')
        .filter((rule) => rule.at('Properties', 'ScheduleExpression').present && isEnabled(rule))
        .flatMap((rule) => rule.at('Properties', 'Targets').items())
        .map((target) => `${functionAt(template, target.at('Arn'))?.name} ${target.at('Input').text()}`),
    ),
);

/** Whether a rule or a schedule is switched on, for certain. */
export function isEnabled(schedule: Resource): boolean {
  return schedule.at('Properties', 'State').text('ENABLED')?.startsWith('ENABLED') === true;
}

/** Whether failed events may go to a dead-letter queue or a destination. */
export function mayKeepFailures(template: Template, handler: Resource): boolean {
  const configured = destinations(template);
  return !handler.at('Properties', 'DeadLetterConfig').absent || configured.has(handler) || configured.has(undefined);
}

/** The functions whose failures may have a destination; undefined among them for one that is not decided. */
const destinations = oncePer(
  (template: Template) =>
    new Set(
      template
        .ofType('AWS::Lambda::EventInvokeConfig')
        .filter((config) => !config.at('Properties', 'DestinationConfig', 'OnFailure').absent)
        .map((config) => functionAt(template, config.at('Properties', 'FunctionName'))),
    ),
);
