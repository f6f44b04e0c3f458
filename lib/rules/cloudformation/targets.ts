import { EVENTBRIDGE_RETRIES } from '../../flow/schedule/eventbridge';
import type { Rule } from '../rule';
import { isEnabled } from './read/invocations';
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
          if (!queue.absent) continue;
          const seconds = target.at('RetryPolicy', 'MaximumEventAgeInSeconds').number(EVENTBRIDGE_RETRIES.seconds);
          const tries = target.at('RetryPolicy', 'MaximumRetryAttempts').number(EVENTBRIDGE_RETRIES.tries);
          const bound =
            seconds === undefined || tries === undefined ? '' : ` after ${seconds} s or ${tries} retries at most`;
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
