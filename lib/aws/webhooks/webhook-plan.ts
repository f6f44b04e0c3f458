/** The numbers of a webhook buffer: what is refused, where the API throttles, and when its alarms ring. */
import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { between, type Check, oneOf, validate } from '../../flow/errors';
import type { Knob, Plan } from '../../flow/plan';
import type { Workload } from '../../flow/queue/workload';
import { REFUSED_ALARM_SECONDS, refusedKnob, refusedSourceCheck, sourceNameChecks } from '../../flow/webhooks/refused';
import { REFUSED_RETENTION_SECONDS } from '../../runtime/webhook/contract';
import { removalCheck } from '../removal-policy';
import { resolvedSeconds, wholeSeconds } from '../tokens';
import { WebhookIdentity, WebhookScheme, type WebhookSource } from './webhook-source';

/** The peak is a mean: within a second arrivals vary, and a throttled sender may not come back for minutes. */
const THROTTLE_HEADROOM = 2;
/** AWS WAF counts over five minutes by default. */
const WAF_WINDOW_SECONDS = 300;
/** Limits of a rate-based rule, AWS WAF developer guide. */
const WAF_LIMIT = { min: 10, max: 2_000_000_000 };

/** Over how many seconds the alarms of the API count. */
export const API_ALARM_SECONDS = 300;
/** Amazon SQS service level agreement: 99.9 % of a month. */
const UNAVAILABLE_SHARE = 0.001;

/** A replay must not take what the deliveries of today need. AWS Lambda developer guide: maximum concurrency is 2 or more. */
const REPLAY_CONCURRENCY = 2;

/** The props of a webhook buffer that are checked before anything is made. */
export interface WebhookQuestion {
  readonly sources: readonly WebhookSource[];
  readonly workload: Workload;
  readonly idempotencyRetention?: Duration;
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * Checks sources and times.
 *
 * @throws InvalidInputError when a prop is out of range, with all of them named
 */
export function checkWebhooks(subject: string, question: WebhookQuestion): void {
  const { sources, workload, idempotencyRetention, removalPolicy } = question;
  const names = sources.map((source) => source.name);
  validate(subject, [
    ...sourceNameChecks('sources', 'sources.name', names),
    notConstructor('sources.name', names),
    ...sources.map(({ name, scheme }) =>
      oneOf(`sources.scheme of ${name}`, scheme ?? null, Object.values(WebhookScheme)),
    ),
    ...sources.map(({ name, identity }) =>
      oneOf(`sources.identity of ${name}`, identity, Object.values(WebhookIdentity)),
    ),
    ...sources.map((source) => wholeSeconds('sources.tolerance', source.tolerance, 1, 3600)),
    ...sources.map(({ name, secretPerTenant, secret }) => ({
      refused: secretPerTenant === true && secret === undefined,
      message: `sources.secret must be given with secretPerTenant, for nobody can generate the secrets of tenants; got none for '${name}'`,
    })),
    ...sources.map((source) => refusedSourceCheck(source, workload)),
    wholeSeconds('idempotencyRetention', idempotencyRetention, 3600, 365 * 86_400),
    removalCheck(removalPolicy),
    between('workload.steadyPerSecond', workload.steadyPerSecond, 0),
  ]);
}

/** A check on names that become ids: a tree of constructs keeps children in an object that has this name already. */
export function notConstructor(prop: string, names: readonly string[]): Check {
  return {
    refused: names.includes('constructor'),
    message: `${prop} must not be 'constructor', a name that the construct tree cannot hold`,
  };
}

/** A delivery that comes back after its key is forgotten has its effect twice. */
export function checkKeysOutliveQueue(subject: string, queuePlan: Plan, idempotencyRetention?: Duration): void {
  const kept = resolvedSeconds(idempotencyRetention);
  const retention = queuePlan.value('retentionSeconds');
  validate(subject, [
    {
      refused: kept !== undefined && kept < retention,
      message: `idempotencyRetention must be at least the queue's retention, ${retention} s, got ${kept} s`,
    },
  ]);
}

/** What the API adds to the plan of the queue. */
export function webhookKnobs({ workload, sources }: WebhookQuestion): Knob[] {
  return [
    ...throttleKnobs(workload),
    ...alarmKnobs(workload, sources.length),
    ...parkingKnobs(workload),
    ...sources.map((source) => refusedKnob(workload, source, sources.length)),
  ];
}

function throttleKnobs(workload: Workload): Knob[] {
  const peak = workload.peakPerSecond ?? workload.steadyPerSecond;
  const rate = Math.ceil(THROTTLE_HEADROOM * peak);
  const inputs = { peakPerSecond: peak, headroom: THROTTLE_HEADROOM };
  return [
    {
      name: 'throttleRatePerSecond',
      value: rate,
      unit: 'requests/s',
      formula: 'head-room × peak arrivals',
      inputs,
      source: 'Amazon API Gateway developer guide, Throttle requests to your REST APIs',
    },
    {
      name: 'throttleBurst',
      value: Math.min(5000, 2 * rate),
      unit: 'requests',
      formula: 'two seconds at the throttle rate, at most the account quota of 5,000',
      inputs: { throttleRatePerSecond: rate },
      source: 'Amazon API Gateway developer guide, Throttle requests to your REST APIs',
    },
    {
      name: 'wafRequestsPerFiveMinutes',
      value: Math.min(WAF_LIMIT.max, Math.max(WAF_LIMIT.min, rate * WAF_WINDOW_SECONDS)),
      unit: 'requests',
      formula: 'throttle rate × 300 s: one honest sender may be the whole peak, and comes from few addresses',
      inputs: { throttleRatePerSecond: rate },
      source: 'AWS WAF developer guide, Rate-based rule statement: 10 to 2,000,000,000 in five minutes',
    },
  ];
}

function alarmKnobs({ steadyPerSecond }: Workload, sources: number): Knob[] {
  const arrivals = steadyPerSecond * API_ALARM_SECONDS;
  return [
    {
      name: 'alarmUndelivered',
      value: Math.floor(UNAVAILABLE_SHARE * arrivals),
      unit: 'deliveries',
      formula:
        '⌊0.1 % of what arrives in five minutes at the steady rate⌋: more 5xx than the queue may have on a good day',
      inputs: { steadyPerSecond, seconds: API_ALARM_SECONDS },
      source: 'Amazon SQS service level agreement: 99.9 %',
    },
    {
      name: 'alarmRefused',
      value: Math.max(1, Math.floor(arrivals / sources / 2)),
      unit: 'deliveries',
      formula:
        'half of what one source sends in five minutes at the steady rate, at least 1: rings when a whole source is refused, or as much is throttled, and not for a forgery now and then',
      inputs: { steadyPerSecond, seconds: API_ALARM_SECONDS, sources },
      source: 'an assumption: sources send alike; API Gateway counts its 429 among the 4xx',
    },
  ];
}

function parkingKnobs({ steadyPerSecond, peakPerSecond = steadyPerSecond, peakSeconds = 0 }: Workload): Knob[] {
  const peak = Math.max(0, peakPerSecond - steadyPerSecond) * Math.min(peakSeconds, REFUSED_ALARM_SECONDS);
  return [
    {
      name: 'parkedPerHour',
      value: Math.max(1, Math.ceil(steadyPerSecond * REFUSED_ALARM_SECONDS + peak)),
      unit: 'deliveries',
      formula:
        '⌈steady rate × 3,600 s + (peak − steady rate) × min(peak seconds, 3,600 s)⌉ for each source: one source may be the whole workload, and all of an hour with a peak in it can be parked',
      inputs: { steadyPerSecond, peakPerSecond, peakSeconds },
      source: 'this library, docs/decisions/0013-refused-deliveries-are-parked.md',
    },
    {
      name: 'refusedRetentionSeconds',
      value: REFUSED_RETENTION_SECONDS,
      unit: 's',
      formula: 'as long as Amazon SQS keeps a message',
      inputs: {},
      source: 'Amazon SQS developer guide, Message quotas: 60 s to 14 days',
    },
    {
      name: 'replayConcurrency',
      value: REPLAY_CONCURRENCY,
      unit: 'invocations',
      formula: 'the least that Lambda takes: a replay must not hold up the deliveries of today',
      inputs: {},
      source: 'AWS Lambda developer guide, Configuring scaling behavior for SQS event source mappings: 2 to 1,000',
    },
  ];
}
