import type { Resource } from '../document';
import { oncePer } from '../once-per';
import type { Found, Rule } from '../rule';
import { alarms, metricsOf } from './read/metrics';
import type { Template } from './read/template';

/** Shares of the mails at which Amazon SES pauses an account, by the metric that has them. */
const PAUSED_AT: Readonly<Record<string, number>> = {
  'Reputation.BounceRate': 0.1,
  'Reputation.ComplaintRate': 0.005,
};

const SET = 'AWS::SES::ConfigurationSet';
/** What a sender has to hear of. */
const HEARD = ['bounce', 'complaint'];

/** Rules about mail that Amazon SES sends. */
export const MAIL_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-SES-001',
    title: 'An alarm on a reputation metric has a threshold in percent',
    why: 'Amazon SES publishes its bounce and complaint rates as ratios, 0 to 1. A threshold of 5 is never reached: the alarm is silent while the account is reviewed and paused.',
    source:
      'Amazon SES Developer Guide, "Creating reputation monitoring alarms using CloudWatch": 0.05 for a bounce rate of 5 %',
    severity: 'error',
    cases: [7],
    *check(template) {
      for (const { threshold, name, value } of reputationAlarms(template)) {
        if (value < 1) continue;
        yield {
          at: threshold,
          message: `${name} is a ratio of at most 1, and the alarm waits for ${value}`,
          fix: `set Threshold to a ratio: ${PAUSED_AT[name] / 2} is ${PAUSED_AT[name] * 50} %, half of what an account is paused at`,
        };
      }
    },
  },
  {
    id: 'BP-SES-002',
    title: 'A configuration set without an event of bounces and complaints',
    why: 'The mail was taken, so its sender counts it as sent. Without events nobody removes the address, and the next campaign bounces again, until Amazon SES pauses the account.',
    source: 'Amazon SES Developer Guide, "Monitor email sending using Amazon SES event publishing"',
    severity: 'warning',
    cases: [7],
    *check(template) {
      // Another template may add the destination.
      if (!template.closed) return;
      for (const set of template.ofType(SET)) {
        // By its name another stack may add one.
        if (!template.exported(set) && set.at('Properties', 'Name').decided) yield* unheard(template, set);
      }
    },
  },
  {
    id: 'BP-SES-003',
    title: 'An alarm on a reputation metric fires when the account is paused already',
    why: 'At these rates Amazon SES pauses the account. An alarm at or above them tells what the provider has told already, when no mail leaves any more.',
    source:
      'Amazon SES Developer Guide, sending review process FAQs: an account may be paused at a bounce rate of 10 % or a complaint rate of 0.5 %',
    severity: 'warning',
    cases: [7],
    *check(template) {
      for (const { threshold, name, value } of reputationAlarms(template)) {
        if (value >= 1 || value < PAUSED_AT[name]) continue;
        yield {
          at: threshold,
          message: `waits for ${value}, and Amazon SES may pause the account at ${PAUSED_AT[name]}`,
          fix: `set Threshold well below ${PAUSED_AT[name]}: a review begins at ${name === 'Reputation.BounceRate' ? 0.05 : 0.001}`,
        };
      }
    },
  },
];

/** Alarms on one reputation metric that fire when it rises, with their threshold. */
const reputationAlarms = oncePer((template: Template) =>
  alarms(template).flatMap((alarm) => {
    const threshold = alarm.at('Properties', 'Threshold');
    const value = threshold.number();
    const [metric, ...others] = metricsOf(alarm);
    const name = metric?.name.text() ?? '';
    // In metric math the ratio may have been multiplied.
    if (value === undefined || metric === undefined || metric.id !== undefined || others.length > 0) return [];
    if (metric.namespace.text() !== 'AWS/SES' || !Object.hasOwn(PAUSED_AT, name)) return [];
    if (!/^GreaterThan(OrEqualTo)?Threshold$/.test(alarm.at('Properties', 'ComparisonOperator').text() ?? ''))
      return [];
    return [{ threshold, name, value }];
  }),
);

function* unheard(template: Template, set: Resource): Iterable<Found> {
  const heard = new Set<string>();
  for (const destination of template.ofType('AWS::SES::ConfigurationSetEventDestination')) {
    const name = destination.at('Properties', 'ConfigurationSetName');
    const [meant] = template.findAll(name, SET, 'Name');
    // A name that is not decided may be that of this set.
    if (meant === undefined && (!name.decided || name.text() === undefined)) return;
    if (meant !== set) continue;
    const types = destination.at('Properties', 'EventDestination', 'MatchingEventTypes');
    const enabled = destination.at('Properties', 'EventDestination', 'Enabled').flag(false);
    if (enabled === undefined || !types.decided || !destination.at('Condition').absent) return;
    if (!enabled) continue;
    for (const type of types.items()) {
      const text = type.text();
      if (text === undefined) return;
      heard.add(text.toLowerCase());
    }
  }
  const missing = HEARD.filter((type) => !heard.has(type));
  if (missing.length === 0) return;
  yield {
    at: set.at('Properties'),
    message: `no event destination takes ${missing.join(' and ')} events of this configuration set`,
    fix: `add an AWS::SES::ConfigurationSetEventDestination with MatchingEventTypes ${HEARD.join(', ')}, and remove the addresses that it names`,
  };
}
