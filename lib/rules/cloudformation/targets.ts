import { duration } from '../../flow/figures';
import { EVENTBRIDGE_RETRIES } from '../../flow/schedule/eventbridge';
import type { Value } from '../document';
import type { Found, Rule } from '../rule';
import { functionAt } from './read/functions';
import { isEnabled, isScheduledAsWell, losesFailures } from './read/invocations';
import type { Template } from './read/template';

/** Protocols for which SNS supports a dead-letter queue; the rest is tried once. */
const REDRIVABLE = ['sqs', 'lambda', 'http', 'https', 'firehose'];

/** Rules about deliveries to another party's endpoint. */
export const TARGET_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-SNS-001',
    title: 'Messages that a subscription cannot deliver are dropped',
    why: 'SNS does not retry when an endpoint is missing or refuses, and retries other errors for a limited time. Without a dead-letter queue the message is lost in both cases.',
    source: 'Amazon SNS Developer Guide, "Amazon SNS dead-letter queues"',
    severity: 'warning',
    cases: [14, 15],
    *check(template) {
      for (const subscription of template.ofType('AWS::SNS::Subscription'))
        yield* undelivered(template, subscription.at('Properties'), 'RedrivePolicy');
      for (const topic of template.ofType('AWS::SNS::Topic'))
        for (const inline of topic.at('Properties', 'Subscription').items()) yield* undelivered(template, inline);
    },
  },
  {
    id: 'BP-EVENTS-001',
    title: 'Events that a target does not accept are dropped',
    why: 'EventBridge retries for a day at most, and not at all if the target is missing or refuses. Then the event is lost.',
    source: 'Amazon EventBridge User Guide, "Using dead-letter queues to process undelivered events"',
    severity: 'warning',
    cases: [14, 15],
    *check(template) {
      for (const rule of template.ofType('AWS::Events::Rule')) {
        // A tick of a schedule carries no data; the next one does the work of this one.
        if (!rule.at('Properties', 'EventPattern').present || !isEnabled(rule)) continue;
        for (const target of rule.at('Properties', 'Targets').items()) {
          const queue = target.at('DeadLetterConfig');
          if (!queue.absent || isLog(template, target.at('Arn')) || isSaid(template, target.at('Arn'))) continue;
          if (isScheduledAsWell(template, target)) continue;
          const seconds = target.at('RetryPolicy', 'MaximumEventAgeInSeconds').number(EVENTBRIDGE_RETRIES.seconds);
          const tries = target.at('RetryPolicy', 'MaximumRetryAttempts').number(EVENTBRIDGE_RETRIES.tries);
          const bound =
            seconds === undefined || tries === undefined
              ? ''
              : ` after ${duration(seconds)} or ${tries} retries at most`;
          yield {
            at: queue,
            message: `no DeadLetterConfig: an event that the target ${target.at('Id').text() ?? 'of this rule'} did not accept is dropped${bound}`,
            fix: 'add a DeadLetterConfig with the ARN of a queue, and an alarm on that',
          };
        }
      }
    },
  },
];

/** The finding for a subscription without a dead-letter queue; one within a topic cannot have any. */
function* undelivered(template: Template, subscription: Value, policy?: string): Iterable<Found> {
  const protocol = subscription.at('Protocol').text() ?? '';
  if (!REDRIVABLE.includes(protocol)) return;
  if (policy !== undefined && !subscription.at(policy).absent) return;
  if (protocol === 'lambda' && isSaid(template, subscription.at('Endpoint'))) return;
  const retried = protocol.startsWith('http') ? HTTP_RETRIES : '100,015 retries within 23 days';
  const lost = `a message that its ${protocol} endpoint refuses is dropped, at once or after ${retried}`;
  yield policy === undefined
    ? {
        at: subscription,
        message: `a subscription within its topic cannot have a RedrivePolicy: ${lost}`,
        fix: 'write it as an AWS::SNS::Subscription with a RedrivePolicy, and add an alarm on the queue',
      }
    : {
        at: subscription.at(policy),
        message: `no RedrivePolicy: ${lost}`,
        fix: 'add a RedrivePolicy with the deadLetterTargetArn of a queue, and an alarm on that',
      };
}

/** Amazon SNS Developer Guide, "Amazon SNS message delivery retries": the default policy of HTTP/S endpoints. */
const HTTP_RETRIES = '3 retries, 20 s apart, unless a DeliveryPolicy says otherwise';

/** Whether the function of a target is found to lose its failed events: a delivery that fails is the least of them. */
function isSaid(template: Template, target: Value): boolean {
  const handler = functionAt(template, target);
  return handler !== undefined && losesFailures(template, handler);
}

/** Whether a target is a log group, which accepts every event. */
function isLog(template: Template, target: Value): boolean {
  return template.target(target)?.type === 'AWS::Logs::LogGroup' || /:logs:/.test(target.text() ?? '');
}
