/**
 * Asynchronous callers of a Lambda function: Lambda has to keep their failed events.
 */

import { grouped } from '../../../flow/grouped';
import type { Resource, Value } from '../../document';
import { oncePer } from '../../once-per';
import { functionAt } from './functions';
import type { Template } from './template';

/** Services that call a function asynchronously, by their permission. */
const ASYNCHRONOUS_PRINCIPALS = ['sns.amazonaws.com', 's3.amazonaws.com'];

/** Something that starts a function and does not wait for it. */
interface Sender {
  /** Name of the sender. */
  readonly name: string;
  /** The function, as the sender names it. */
  readonly handler: Value;
}

/**
 * Callers that certainly start a function with an event that is not repeated.
 *
 * A repeating schedule does not count: its next run does the work of the failed one.
 */
export function asynchronousSenders(template: Template, handler: Resource): readonly string[] {
  const own = sendersTo(template).get(handler) ?? [];
  return [...new Set(own)];
}

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
      .map((target) => ({ name: target.resource.name, handler: target.at('Arn') })),
    ...template
      .ofType('AWS::Scheduler::Schedule')
      .filter((schedule) => schedule.at('Properties', 'ScheduleExpression').text()?.startsWith('at('))
      .map((schedule) => ({ name: schedule.name, handler: schedule.at('Properties', 'Target', 'Arn') })),
    ...template
      .ofType('AWS::S3::Bucket')
      .flatMap((bucket) => bucket.at('Properties', 'NotificationConfiguration', 'LambdaConfigurations').items())
      .map((configuration) => ({ name: configuration.resource.name, handler: configuration.at('Function') })),
    ...template
      .ofType('AWS::Lambda::Permission')
      .filter((permission) => ASYNCHRONOUS_PRINCIPALS.includes(permission.at('Properties', 'Principal').text() ?? ''))
      .map((permission) => ({
        name: named(permission.at('Properties', 'SourceArn')),
        handler: permission.at('Properties', 'FunctionName'),
      })),
  ];
  return grouped(senders.map((sender) => [functionAt(template, sender.handler), sender.name] as const));
});

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
