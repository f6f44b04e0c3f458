/** The numbers of a webhook buffer: its checks, the API's throttle and the alarms' thresholds. */

import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { resolveArrivals } from '../../flow/arrivals';
import type { Check } from '../../flow/errors';
import { type Knob, type Plan, unlessGiven } from '../../flow/plan';
import type { Workload } from '../../flow/queue/workload';
import { apiAlarmKnobs, parkingAlarmKnobs } from '../../flow/webhooks/alarms';
import { apiCostRemark } from '../../flow/webhooks/cost';
import { idempotencyKnob, KEPT_SECONDS } from '../../flow/webhooks/keys';
import { REFUSED_ALARM_SECONDS, refusedKnob } from '../../flow/webhooks/refused';
import { PEAK_HEADROOM, sourceChecks, TOLERANCE_SECONDS } from '../../flow/webhooks/sources';
import { REFUSED_RETENTION_SECONDS } from '../../runtime/webhook/contract';
import { removalCheck } from '../removal-policy';
import { resolvedNumber, resolvedSeconds, wholeSeconds } from '../tokens';
import { frontChecks, hasRateRule, MOST_BURST, type WebhookFront } from './front-checks';
import type { WebhookSource } from './webhook-source';

/** AWS WAF counts over five minutes by default. */
const WAF_WINDOW_SECONDS = 300;
/** Limits of a rate-based rule, AWS WAF developer guide. */
const WAF_LIMIT = { min: 10, max: 2_000_000_000 };

/** A replay must leave capacity for new deliveries. AWS Lambda developer guide: maximum concurrency is 2 or more. */
const REPLAY_CONCURRENCY = 2;

/** The props of a webhook buffer that are checked before anything is made. */
export interface WebhookQuestion extends WebhookFront {
  readonly sources: readonly WebhookSource[];
  readonly idempotencyRetention?: Duration;
  readonly removalPolicy?: RemovalPolicy;
}

/** Checks on sources and times. */
export function webhookChecks(question: WebhookQuestion): Check[] {
  const { sources, workload, idempotencyRetention, removalPolicy } = question;
  const own = [
    wholeSeconds('idempotencyRetention', idempotencyRetention, KEPT_SECONDS.min, KEPT_SECONDS.max),
    removalCheck(removalPolicy),
    ...frontChecks(question),
  ];
  // It is said already that there are none.
  if (sources === undefined) return own;
  return [
    ...sourceChecks(sources, workload),
    notConstructor(
      'sources.name',
      sources.map(({ name }) => name),
    ),
    ...sources.map((source) =>
      wholeSeconds('sources.tolerance', source.tolerance, TOLERANCE_SECONDS.min, TOLERANCE_SECONDS.max),
    ),
    ...sources.map(({ name, secretPerTenant, secret }) => ({
      refused: secretPerTenant === true && secret === undefined,
      message: `sources.secret must be given with secretPerTenant, because the secrets of tenants cannot be generated; got none for '${name}'`,
    })),
    ...own,
  ];
}

/** A check on names that become ids: the construct tree keeps children in an object that already has this property. */
export function notConstructor(prop: string, names: readonly string[]): Check {
  return {
    refused: names.includes('constructor'),
    message: `${prop} must not be 'constructor', a name that the construct tree cannot hold`,
  };
}

/**
 * The knobs that the API adds to the plan of the queue.
 *
 * @throws InvalidInputError when keys do not outlive the queue
 */
export function webhookKnobs(queuePlan: Plan, question: WebhookQuestion): Knob[] {
  const { workload, sources, idempotencyRetention } = question;
  return [
    idempotencyKnob(queuePlan, 'idempotencyRetention', resolvedSeconds(idempotencyRetention)),
    ...throttleKnobs(question),
    ...apiAlarmKnobs(workload, sources.length),
    ...parkingKnobs(workload),
    ...parkingAlarmKnobs(),
    ...sources.map((source) => refusedKnob(workload, source, sources.length)),
  ];
}

/** What the API costs, as the plan says it. */
export function webhookRemark(plan: Plan, { workload, firewall }: WebhookFront): string {
  const protectedBy = hasRateRule(firewall) ? 'made' : firewall?.webAclArn === undefined ? 'none' : 'given';
  return apiCostRemark(workload.steadyPerSecond, plan.value('throttleRatePerSecond'), protectedBy);
}

function throttleKnobs({ workload, throttle, firewall }: WebhookFront): Knob[] {
  const { peakPerSecond: peak } = resolveArrivals(workload);
  const rate = resolvedNumber(throttle?.ratePerSecond) ?? Math.ceil(PEAK_HEADROOM * peak);
  const burst = resolvedNumber(throttle?.burst);
  const inputs = { peakPerSecond: peak, headroom: PEAK_HEADROOM };
  return [
    {
      name: 'throttleRatePerSecond',
      value: rate,
      unit: 'requests/s',
      ...unlessGiven(throttle?.ratePerSecond, 'head-room × peak arrivals', inputs),
      source: 'Amazon API Gateway developer guide, Throttle requests to your REST APIs',
    },
    {
      name: 'throttleBurst',
      value: burst ?? Math.min(MOST_BURST, Math.ceil(2 * rate)),
      unit: 'requests',
      ...unlessGiven(throttle?.burst, 'two seconds at the throttle rate, at most the account quota of 5,000', {
        throttleRatePerSecond: rate,
      }),
      source: 'Amazon API Gateway developer guide, Throttle requests to your REST APIs',
    },
    ...(hasRateRule(firewall) ? [rateRuleKnob(rate)] : []),
  ];
}

function rateRuleKnob(rate: number): Knob {
  return {
    name: 'wafRequestsPerFiveMinutes',
    value: Math.min(WAF_LIMIT.max, Math.max(WAF_LIMIT.min, Math.ceil(rate * WAF_WINDOW_SECONDS))),
    unit: 'requests',
    formula: 'throttle rate × 300 s: one honest sender may be the whole peak, from few addresses',
    inputs: { throttleRatePerSecond: rate },
    source: 'AWS WAF developer guide, Rate-based rule statement: 10 to 2,000,000,000 in five minutes',
  };
}

function parkingKnobs(workload: Workload): Knob[] {
  const { steadyPerSecond, peakPerSecond, peakSeconds } = resolveArrivals(workload);
  const peak = Math.max(0, peakPerSecond - steadyPerSecond) * Math.min(peakSeconds, REFUSED_ALARM_SECONDS);
  return [
    {
      name: 'parkedPerHour',
      value: Math.max(1, Math.ceil(steadyPerSecond * REFUSED_ALARM_SECONDS + peak)),
      unit: 'deliveries',
      formula:
        '⌈steady rate × 3,600 s + (peak − steady rate) × min(peak seconds, 3,600 s)⌉ for each source: one source may be the whole workload, and everything from an hour with a peak can be parked',
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
      formula: 'the least that Lambda accepts: a replay must not delay new deliveries',
      inputs: {},
      source: 'AWS Lambda developer guide, Configuring scaling behavior for SQS event source mappings: 2 to 1,000',
    },
  ];
}
