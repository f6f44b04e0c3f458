import type { Resource, Value } from '../document';
import type { Rule } from '../rule';
import type { Template } from './read/template';

/** A substitution template of AWS IoT. */
const TEMPLATE = /\$\{[^}]+\}/;

/** Rules about rules of AWS IoT. */
export const IOT_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-IOT-001',
    title: 'A rule of AWS IoT gives every record the same key',
    why: 'A record comes to the shard of its partition key. With a text that has no substitution template every record has the same key: one shard takes all of them, 1,000 records and 1 MiB a second at most, and more shards change nothing.',
    source: 'AWS IoT Core Developer Guide, "Kinesis Data Streams": partitionKey, usually an expression',
    severity: 'error',
    cases: [5],
    *check(template) {
      for (const rule of rulesOf(template)) {
        for (const action of actionsOf(rule)) {
          const key = action.at('Kinesis', 'PartitionKey');
          const text = key.text();
          if (text === undefined || TEMPLATE.test(text)) continue;
          yield {
            at: key,
            message: `every record has the partition key ${JSON.stringify(text)}: all of them come to one shard, which takes 1,000 a second`,
            fix: `use an expression that differs between devices, such as \${clientid()} or \${topic(2)}`,
          };
        }
      }
    },
  },
  {
    id: 'BP-IOT-002',
    title: 'What a rule of AWS IoT cannot deliver is lost',
    why: 'An action fails when a stream refuses a record, a permission is missing or a service is away. Without an error action the message is gone: a device that was told that its message arrived does not send it again.',
    source: 'AWS IoT Core Developer Guide, "Error handling (error action)"',
    severity: 'warning',
    cases: [5],
    *check(template) {
      for (const rule of rulesOf(template)) {
        const at = rule.at('Properties', 'TopicRulePayload', 'ErrorAction');
        const actions = actionsOf(rule);
        // Of a rule that only publishes again, nothing leaves AWS IoT.
        const leaving = actions.filter((action) => action.at('Republish').absent);
        if (!at.absent || leaving.length === 0 || isDisabled(rule)) continue;
        yield {
          at,
          message: `no ErrorAction: a message that ${leaving.length === 1 ? 'its action' : `one of its ${leaving.length} actions`} cannot deliver is lost`,
          fix: 'add an ErrorAction, such as an SQS queue that nothing reads, with an alarm on its depth',
        };
      }
    },
  },
];

function rulesOf(template: Template): readonly Resource[] {
  return template.ofType('AWS::IoT::TopicRule');
}

function actionsOf(rule: Resource): readonly Value[] {
  return rule.at('Properties', 'TopicRulePayload', 'Actions').items();
}

function isDisabled(rule: Resource): boolean {
  return rule.at('Properties', 'TopicRulePayload', 'RuleDisabled').flag(false) !== false;
}
