import type { Resource, Value } from '../document';
import { oncePer } from '../once-per';
import type { Rule } from '../rule';
import { alarms, type Metric, metricsOf, OF_QUEUE, ownerOf } from './read/metrics';
import { mayBeFifo } from './read/relations';
import type { Template } from './read/template';

const AGE = 'ApproximateAgeOfOldestMessage';
const QUIET_AGE = 'ApproximateAgeOfOldestMessageInQuietGroups';

/** Rules about fair queues of Amazon SQS: standard queues whose messages have groups. */
export const FAIR_QUEUE_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-SQS-008',
    title: 'An alarm on a fair queue watches the age of all messages only',
    why: 'In a fair queue the messages of a noisy tenant wait, and the others pass them. The age of the oldest message is that of the noisy tenant: its alarm fires while everybody else is served, and says nothing of the others once it has fired.',
    source: 'Amazon SQS Developer Guide, "Amazon SQS fair queues" and "CloudWatch metrics for fair queues"',
    severity: 'warning',
    cases: [20],
    *check(template) {
      for (const queue of fairQueues(template)) {
        const watched = alarms(template).flatMap((alarm) => metricsOf(alarm));
        const owner = (metric: Metric) => ownerOf(template, metric, OF_QUEUE);
        const age = watched.find((metric) => metric.name.text() === AGE && owner(metric) === queue);
        // One whose queue is not decided may be of this one.
        const isQuiet = (metric: Metric) => metric.name.mayBe(QUIET_AGE) && [queue, undefined].includes(owner(metric));
        if (age === undefined || watched.some(isQuiet)) continue;
        yield {
          at: age.name,
          message: `messages of ${queue.name} have groups, and its only alarm on an age is on that of all messages: one noisy group makes it fire, and it hides that the others wait`,
          fix: `add an alarm on ${QUIET_AGE}, and treat this one as a notice`,
        };
      }
    },
  },
];

/** Standard queues to which a rule, a schedule or a pipe of the template sends with a group. */
const fairQueues = oncePer((template: Template): readonly Resource[] => {
  const targets = [
    ...template
      .ofType('AWS::Events::Rule')
      .flatMap((rule) => rule.at('Properties', 'Targets').items())
      .map((target) => ({ arn: target.at('Arn'), group: target.at('SqsParameters', 'MessageGroupId') })),
    ...template.ofType('AWS::Scheduler::Schedule').map((schedule) => ({
      arn: schedule.at('Properties', 'Target', 'Arn'),
      group: schedule.at('Properties', 'Target', 'SqsParameters', 'MessageGroupId'),
    })),
    ...template.ofType('AWS::Pipes::Pipe').map((pipe) => ({
      arn: pipe.at('Properties', 'Target'),
      group: pipe.at('Properties', 'TargetParameters', 'SqsQueueParameters', 'MessageGroupId'),
    })),
  ];
  const sentTo = ({ arn, group }: { readonly arn: Value; readonly group: Value }) =>
    group.present ? template.findAll(arn, 'AWS::SQS::Queue', 'QueueName') : [];
  return [...new Set(targets.flatMap(sentTo))].filter((queue) => !mayBeFifo(queue));
});
