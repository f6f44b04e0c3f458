/**
 * Whether alarms can publish to their topics.
 */

import { grouped } from '../../flow/grouped';
import type { Resource, Value } from '../document';
import { oncePer } from '../once-per';
import { Composite, isMapping } from '../resolved';
import type { Found, Rule } from '../rule';
import type { Template } from './read/template';

const TOPIC = 'AWS::SNS::Topic';
const ACTIONS = ['AlarmActions', 'OKActions', 'InsufficientDataActions'];
const CLOUDWATCH = 'cloudwatch.amazonaws.com';
const MANAGED_KEY = /(^|[:/])alias\/aws\/sns$/;

/** Rules about the way from an alarm to its recipients. */
export const ALARM_TOPIC_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-CW-005',
    title: 'An alarm cannot publish to its topic',
    why: 'A policy of a topic replaces the default one, which lets alarms publish, and an encrypted topic also needs permission on its key. An alarm without permission changes its state but fails to publish, and no message is sent.',
    source:
      'AWS Knowledge Center, "Why didn\'t I receive an SNS notification for my CloudWatch alarm trigger?"; Amazon SNS Developer Guide, "Key management"',
    severity: 'error',
    cases: [14],
    *check(template) {
      // A macro may add the statement that is missing here.
      if (!template.closed) return;
      for (const [topic, alarms] of alarmsByTopic(template)) {
        const who = alarms.length === 1 ? alarms[0].name : `${alarms[0].name} and ${alarms.length - 1} more`;
        yield* shutOutByPolicy(template, topic, who);
        yield* shutOutByKey(template, topic, who);
      }
    },
  },
];

/** The alarms that are certain to be sent somewhere, by topic of the template. */
function alarmsByTopic(template: Template): ReadonlyMap<Resource, readonly Resource[]> {
  const sent = template
    .ofType('AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm')
    .filter((alarm) => alarm.at('Properties', 'ActionsEnabled').flag(true) === true)
    .flatMap((alarm) =>
      ACTIONS.flatMap((name) => alarm.at('Properties', name).items())
        .map((action) => template.find(action, TOPIC, 'TopicName'))
        .filter((topic) => topic !== undefined)
        .map((topic) => [topic, alarm] as const),
    );
  return new Map([...grouped(sent)].map(([topic, alarms]) => [topic, [...new Set(alarms)]]));
}

function* shutOutByPolicy(template: Template, topic: Resource, who: string): Iterable<Found> {
  const { certain, possible, open } = topicPolicies(template);
  const policies = certain.get(topic) ?? [];
  if (policies.length === 0 || open || possible.has(topic)) return;
  const statements = policies.map((policy) => policy.at('Properties', 'PolicyDocument', 'Statement'));
  // With several policies for a topic it is not decided which one holds.
  if (statements.some((list) => mayAdmit(list, 'sns:Publish'))) return;
  yield {
    at: statements[0],
    message: `replaces the default policy of ${topic.name} and has no statement that lets CloudWatch publish: ${who} cannot`,
    fix: `add { Effect: Allow, Principal: { Service: ${CLOUDWATCH} }, Action: sns:Publish, Resource: !Ref ${topic.name}, Condition: { StringEquals: { aws:SourceAccount: !Ref AWS::AccountId } } }`,
  };
}

/** Policies by topic: those that are certain, topics that may have another one, and whether any topic may. */
const topicPolicies = oncePer((template: Template) => {
  const named = template.ofType('AWS::SNS::TopicPolicy', 'AWS::SNS::TopicInlinePolicy').flatMap((policy) =>
    [...policy.at('Properties', 'Topics').items(), ...policy.at('Properties', 'TopicArn').items()].map((topic) => ({
      policy,
      topic: template.find(topic, TOPIC, 'TopicName'),
      sure: policy.type === 'AWS::SNS::TopicPolicy' && policy.at('Condition').absent,
    })),
  );
  return {
    certain: grouped(named.filter(({ sure }) => sure).map(({ topic, policy }) => [topic, policy] as const)),
    possible: new Set(named.filter(({ sure }) => !sure).map(({ topic }) => topic)),
    open: named.some(({ topic }) => topic === undefined),
  };
});

function* shutOutByKey(template: Template, topic: Resource, who: string): Iterable<Found> {
  const id = topic.at('Properties', 'KmsMasterKeyId');
  const { resolved } = id;
  const text = resolved instanceof Composite ? resolved.parts[resolved.parts.length - 1] : id.text();
  if (typeof text === 'string' && MANAGED_KEY.test(text)) {
    yield {
      at: id,
      message: `is encrypted with alias/aws/sns, whose policy admits no alarm and cannot be changed: ${who} cannot publish`,
      fix: `encrypt it with a key of your own, whose policy allows kms:Decrypt and kms:GenerateDataKey* to ${CLOUDWATCH}`,
    };
    return;
  }
  const key = keyAt(template, id);
  const statements = key?.at('Properties', 'KeyPolicy', 'Statement');
  if (!key || !statements || key.at('Condition').present) return;
  if (mayAdmit(statements, 'kms:Decrypt') && mayAdmit(statements, 'kms:GenerateDataKey')) return;
  yield {
    at: statements,
    message: `encrypts ${topic.name} and does not let CloudWatch use it: ${who} cannot publish`,
    fix: `add { Effect: Allow, Principal: { Service: ${CLOUDWATCH} }, Action: [kms:Decrypt, 'kms:GenerateDataKey*'], Resource: '*' }`,
  };
}

/** The key of the template, by itself or by an alias. */
function keyAt(template: Template, id: Value): Resource | undefined {
  const key = template.find(id, 'AWS::KMS::Key', '');
  const alias = template.find(id, 'AWS::KMS::Alias', 'AliasName');
  return key ?? (alias && template.find(alias.at('Properties', 'TargetKeyId'), 'AWS::KMS::Key', ''));
}

/** Whether one of the statements admits CloudWatch, or may turn out to. Conditions are taken to hold. */
function mayAdmit(statements: Value, action: string): boolean {
  if (!statements.decided) return true;
  return statements.items().some((statement) => {
    if (!statement.decided) return true;
    const actions = statement.at('Action');
    // Without an Action there is a NotAction.
    const named = actions.absent || actions.items().some((each) => mayMatch(each, action));
    return statement.at('Effect').mayBe('Allow') && named && mayBeCloudWatch(statement.at('Principal'));
  });
}

function mayMatch(pattern: Value, action: string): boolean {
  const text = pattern.text();
  if (text === undefined) return true;
  const expression = text
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    // Consecutive stars become one: otherwise every combination would be tried.
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${expression}$`, 'i').test(action);
}

function mayBeCloudWatch(principal: Value): boolean {
  // Without a Principal there is a NotPrincipal.
  if (principal.absent) return true;
  if (!isMapping(principal.resolved)) return mayBeText(principal, '*');
  const services = principal.at('Service').items();
  const accounts = principal.at('AWS').items();
  return (
    services.some((one) => mayBeText(one, CLOUDWATCH) || mayBeText(one, '*')) ||
    accounts.some((one) => mayBeText(one, '*'))
  );
}

/** Whether it is this text, or may be once the rest of it is known: of an account's ARN it is certain that it is no `*`. */
function mayBeText(value: Value, text: string): boolean {
  const { resolved } = value;
  if (resolved instanceof Composite) {
    return resolved.parts.every((part) => typeof part !== 'string' || text.includes(part));
  }
  return value.mayBe(text);
}
