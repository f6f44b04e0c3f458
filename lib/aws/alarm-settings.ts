/** Where alarms go, what they are called, and which of them are silent: one shape for every construct that has alarms. */
import { Annotations, Stack, Token } from 'aws-cdk-lib';
import type { Alarm, IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct, IConstruct } from 'constructs';
import { type Check, shown } from '../flow/errors';
import { nearest } from '../flow/fields';
import { type Kind, type Kinds, listOf, mapOf, struct, TEXT } from '../flow/kinds';
import { allowAlarms } from './alarm-topic';
import { cut } from './descriptions';
import { ALARM_ACTION, TOPIC } from './kinds';

/** Amazon CloudWatch API reference, PutMetricAlarm. */
const LONGEST_DESCRIPTION = 1024;
/** The same page; one more may be of the construct itself, such as the breaker of a sender. */
const MOST_ACTIONS = 3;
/** The same page allows 255 characters in a name; the longest of ours has fewer than 55. */
const LONGEST_PREFIX = 200;

/** How urgent an alarm is. Critical: the promise is broken, or work is lost or stands still, until a person acts. */
export type Severity = 'critical' | 'warning';

/**
 * Where alarms of one severity go.
 */
export interface AlarmRoute {
  /**
   * The topic that is told when an alarm fires. It gets the permission for CloudWatch to publish, and so does its key.
   *
   * @default - the construct's `alarmTopic`
   */
  readonly topic?: ITopic;

  /**
   * The topic that is told when an alarm is over. It gets the same permission.
   *
   * @default - nobody is told
   */
  readonly okTopic?: ITopic;

  /**
   * What else happens when an alarm fires: an action of aws-cdk-lib, such as `SsmAction`, or your own. A `LambdaAction` for
   * several alarms needs `useUniquePermissionId: true`. An
   * `SnsAction` is taken too, but its topic gets no permission here: give the topic as `topic`. At most 3: CloudWatch allows
   * five actions, with the topic and one that the construct may add.
   *
   * @default - nothing else
   */
  readonly actions?: IAlarmAction[];

  /**
   * What else happens when an alarm is over. At most 3.
   *
   * @default - nothing else
   */
  readonly okActions?: IAlarmAction[];
}

/**
 * Where the alarms of a construct go, what they are called, and which of them are silent.
 */
export interface AlarmSettings {
  /**
   * Where the critical alarms go: those on a broken promise, and on work that is lost or stands still until a person acts.
   *
   * @default - to the construct's `alarmTopic`
   */
  readonly critical?: AlarmRoute;

  /**
   * Where the warnings go: all other alarms.
   *
   * @default - to the construct's `alarmTopic`
   */
  readonly warning?: AlarmRoute;

  /**
   * The names of the alarms are this, a hyphen and the name of the alarm: `orders-age`. Names of alarms are unique in an
   * account and region, so two constructs need two prefixes: a second one with the same names is refused, and where stacks do
   * not say where they are deployed, a warning says so. 1 to 200 characters.
   *
   * @default - names from CloudFormation, which are unique
   */
  readonly namePrefix?: string;

  /**
   * Alarms that do nothing, by name, each with the reason: `{ age: 'batch job, watched by its deadline' }`. They are still
   * made and shown on dashboards, without actions, and their text begins with the reason. Names are those of the alarms'
   * members: `age`, `timeToDrain`; the alarm on refused deliveries of a sender is `refused.<sender>`,
   * that on the series of a source `series.<source>`.
   *
   * @default - none
   */
  readonly silence?: { readonly [alarm: string]: string };
}

const ROUTE_KINDS: Kinds<AlarmRoute> = {
  topic: TOPIC,
  okTopic: TOPIC,
  actions: listOf(ALARM_ACTION),
  okActions: listOf(ALARM_ACTION),
};

/** What the settings have to be. */
export const ALARM_SETTINGS: Kind = only<AlarmSettings>({
  critical: only(ROUTE_KINDS),
  warning: only(ROUTE_KINDS),
  namePrefix: TEXT,
  silence: mapOf(TEXT),
});

/** An object with these fields and no other: an alarm whose route is ignored calls nobody. */
function only<T>(kinds: Kinds<T>): Kind {
  const known = Object.keys(kinds);
  return (name, value) => {
    const { value: usable, faults } = struct(kinds)(name, value);
    const isStruct = typeof value === 'object' && value !== null && !Array.isArray(value);
    const unknown = (isStruct ? Object.keys(value) : [])
      .filter((field) => !known.includes(field) && !faults.some((fault) => fault.startsWith(`${field} is unknown`)))
      .map((field) => `${name}.${field} is unknown; there are ${known.join(', ')}`);
    return { value: usable, faults: [...faults, ...unknown] };
  };
}

/**
 * What is wrong with the settings.
 *
 * @param names the alarms that there can be
 */
export function alarmSettingsChecks(settings: AlarmSettings | undefined, names: readonly string[]): Check[] {
  const { namePrefix, silence = {} } = settings ?? {};
  const isName = namePrefix === undefined || Token.isUnresolved(namePrefix) || NAME.test(namePrefix);
  return [
    {
      refused: !isName,
      message: `alarms.namePrefix must be 1 to ${LONGEST_PREFIX} characters without controls, got ${shown(namePrefix)}`,
    },
    ...(['critical', 'warning'] as const).flatMap((severity) =>
      (['actions', 'okActions'] as const).map((name) => {
        const count = settings?.[severity]?.[name]?.length ?? 0;
        return {
          refused: count > MOST_ACTIONS,
          message: `alarms.${severity}.${name} must be at most ${MOST_ACTIONS}, got ${count}`,
        };
      }),
    ),
    ...Object.entries(silence).flatMap(([name, reason]) => [
      {
        refused: !names.includes(name),
        message: `alarms.silence has ${shown(name)}, and there is no such alarm; did you mean ${nearest(name, names)}? There are ${names.join(', ')}`,
      },
      {
        refused: reason.trim() === '',
        message: `alarms.silence.${name} must be the reason, got an empty text`,
      },
    ]),
  ];
}

/**
 * Whether another construct of the app has alarms of these names already. In one stack, and in stacks of one account and
 * region, the deployment would fail; where account and region are not known, it may, which is said.
 *
 * @param names the alarms that are made
 */
export function alarmNameChecks(
  scope: Construct,
  settings: AlarmSettings | undefined,
  names: readonly string[],
): Check[] {
  const { namePrefix } = settings ?? {};
  if (namePrefix === undefined || Token.isUnresolved(namePrefix)) return [];
  const stack = deployedAs(scope);
  const taken = named.get(scope.node.root) ?? [];
  named.set(scope.node.root, taken);
  const ours = names.map((name) => alarmName(namePrefix, name));
  const others = taken.filter((other) => other.names.some((name) => ours.includes(name)));
  const clashing = others.find((other) => other.stack === stack || isOnePlace(other.stack, stack));
  const perhaps = others.find((other) => isPerhapsOnePlace(other.stack, stack));
  if (clashing === undefined && perhaps !== undefined) {
    Annotations.of(scope).addWarningV2(
      'Backpressure::alarm-names',
      `alarms.namePrefix ${shown(namePrefix)} is also that of ${perhaps.path}, in the stack ${perhaps.stack.stackName}. In one account and region the deployment of the second stack fails, because names of alarms are unique there: give it another prefix, or both stacks their env`,
    );
  }
  if (clashing === undefined) taken.push({ path: scope.node.path, stack, names: ours });
  return [
    {
      refused: clashing !== undefined,
      message: `alarms.namePrefix must be of one construct in an account and region, and ${clashing?.path} has an alarm ${clashing?.names.find((name) => ours.includes(name))} already; give another prefix than ${shown(namePrefix)}`,
    },
  ];
}

/** The names of alarms that are given, by app. */
const named = new WeakMap<IConstruct, { path: string; stack: Stack; names: readonly string[] }[]>();

/** The stack that is deployed: that around a nested one. */
function deployedAs(scope: Construct): Stack {
  const stack = Stack.of(scope);
  return stack.nestedStackParent === undefined ? stack : deployedAs(stack.nestedStackParent);
}

function isOnePlace(one: Stack, other: Stack): boolean {
  const known = [one, other].every(
    ({ account, region }) => !Token.isUnresolved(account) && !Token.isUnresolved(region),
  );
  return known && isPerhapsOnePlace(one, other);
}

function isPerhapsOnePlace(one: Stack, other: Stack): boolean {
  return (['account', 'region'] as const).every(
    (place) => Token.isUnresolved(one[place]) || Token.isUnresolved(other[place]) || one[place] === other[place],
  );
}

function alarmName(prefix: string, name: string): string {
  return `${prefix}-${name}`;
}

const NAME = new RegExp(`^[^\\p{Cc}]{1,${LONGEST_PREFIX}}$`, 'u');

/** The settings for a part of a construct that makes the alarms of these names. */
export function settingsOfPart(
  settings: AlarmSettings | undefined,
  names: readonly string[],
): AlarmSettings | undefined {
  if (settings?.silence === undefined) return settings;
  const silence = Object.fromEntries(Object.entries(settings.silence).filter(([name]) => names.includes(name)));
  return { ...settings, silence };
}

/** Properties of an alarm that follow from the settings. */
export function alarmProps(settings: AlarmSettings | undefined, name: string, text: string) {
  const { namePrefix, silence = {} } = settings ?? {};
  const reason = Object.hasOwn(silence, name) ? silence[name] : undefined;
  return {
    alarmName: namePrefix === undefined ? undefined : alarmName(namePrefix, name),
    actionsEnabled: reason === undefined ? undefined : false,
    alarmDescription: reason === undefined ? text : describedAs(`Silent: ${reason.trim()}. ${text}`),
  };
}

/** A text as the description of an alarm, cut to what CloudWatch takes. */
export function describedAs(text: string): string {
  return cut(text, LONGEST_DESCRIPTION);
}

/** Adds what happens when the alarm fires and when it is over. */
export function addActions(
  scope: Construct,
  alarm: Alarm,
  severity: Severity,
  { alarms, alarmTopic }: { readonly alarms?: AlarmSettings; readonly alarmTopic?: ITopic },
): void {
  const route = alarms?.[severity] ?? {};
  const { topic = alarmTopic, okTopic } = route;
  if (topic) allowAlarms(scope, topic, route.topic === undefined ? 'alarmTopic' : `alarms.${severity}.topic`);
  if (okTopic) allowAlarms(scope, okTopic, `alarms.${severity}.okTopic`);
  const actions = distinct(scope, alarm, topic, route.actions);
  const okActions = distinct(scope, alarm, okTopic, route.okActions);
  if (actions.length > 0) alarm.addAlarmAction(...actions);
  if (okActions.length > 0) alarm.addOkAction(...okActions);
}

/** The topic and the other actions, each topic once: CloudWatch would publish to it as often as it is named. */
function distinct(
  scope: Construct,
  alarm: Alarm,
  topic: ITopic | undefined,
  actions: readonly IAlarmAction[] = [],
): IAlarmAction[] {
  const told = new Set<string>();
  return [...(topic === undefined ? [] : [new SnsAction(topic)]), ...actions].filter((action) => {
    if (!(action instanceof SnsAction)) return true;
    const { alarmActionArn } = action.bind(scope, alarm);
    const isNew = !told.has(alarmActionArn);
    told.add(alarmActionArn);
    return isNew;
  });
}
