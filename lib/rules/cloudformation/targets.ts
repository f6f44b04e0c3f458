import { EVENTBRIDGE_RETRIES } from '../../flow/schedule/eventbridge';
import type { Rule } from '../rule';
import { isEnabled } from './read/invocations';
import type { Template } from './read/template';

/** What an SNS subscription can be told to park for; the rest is tried once and has no dead-letter queue. */
const REDRIVABLE = ['sqs', 'lambda', 'http', 'https', 'firehose'];

/** Rules about what is delivered to somebody else's endpoint. */
export const TARGET_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-SNS-001',
    title: 'What a subscription could not deliver is dropped',
    why: 'An endpoint that is gone or refuses is an error that SNS does not retry; the others it gives up in the end. Without a dead-letter queue the message is lost either way.',
    source: 'Amazon SNS Developer Guide, "Amazon SNS dead-letter queues"',
    severity: 'warning',
    cases: [14, 15],
    *check(template) {
      for (const subscription of template.ofType('AWS::SNS::Subscription')) {
        const policy = subscription.at('Properties', 'RedrivePolicy');
        const protocol = subscription.at('Properties', 'Protocol').text() ?? '';
        if (!policy.absent || !REDRIVABLE.includes(protocol)) continue;
        const retried = protocol.startsWith('http') ? '50 retries within an hour' : '100,015 retries within 23 days';
        yield {
          at: policy,
          message: `no RedrivePolicy: a message that its ${protocol} endpoint refuses is dropped, at once or after ${retried}`,
          fix: 'add a RedrivePolicy with the deadLetterTargetArn of a queue, and an alarm on that',
        };
      }
    },
  },
  {
    id: 'BP-EVENTS-001',
    title: 'Events that a target did not take are dropped',
    why: 'EventBridge tries for a day at most, and not at all where the target is gone or refuses. Then the event is gone, and nobody sends it again.',
    source: 'Amazon EventBridge User Guide, "Using dead-letter queues to process undelivered events"',
    severity: 'warning',
    cases: [14, 15],
    *check(template) {
      for (const rule of template.ofType('AWS::Events::Rule')) {
        // A tick of a schedule carries nothing; the next one does what this one left.
        if (!rule.at('Properties', 'EventPattern').present || !isEnabled(rule)) continue;
        for (const target of rule.at('Properties', 'Targets').items()) {
          const queue = target.at('DeadLetterConfig');
          if (!queue.absent) continue;
          const seconds = target.at('RetryPolicy', 'MaximumEventAgeInSeconds').number(EVENTBRIDGE_RETRIES.seconds);
          const tries = target.at('RetryPolicy', 'MaximumRetryAttempts').number(EVENTBRIDGE_RETRIES.tries);
          const bound =
            seconds === undefined || tries === undefined ? '' : ` after ${seconds} s or ${tries} retries at most`;
          yield {
            at: queue,
            message: `no DeadLetterConfig: an event that the target ${target.at('Id').text() ?? 'of this rule'} did not take is dropped${bound}`,
            fix: 'add a DeadLetterConfig with the ARN of a queue, and an alarm on that',
          };
        }
      }
    },
  },
];
