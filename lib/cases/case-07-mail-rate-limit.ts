import type { ProviderLimit, RatesObjective, RatesWorkload } from '../flow/rates/workload';
import { Case } from './case';

/** A campaign of half a million mails, by a provider that takes 100 a second and 700,000 a day; 1.5 % of the addresses do not exist. */
export const MAILING: { workload: RatesWorkload; objective: RatesObjective; limit: ProviderLimit } = {
  workload: { campaignMessages: 500_000, callSeconds: 0.15, undeliverableRatio: 0.015 },
  objective: { completeSeconds: 7200 },
  limit: { perSecond: 100, perDay: 700_000 },
};

export const mailRateLimit: Case = {
  number: 7,
  slug: 'mail-rate-limit',
  title: 'Mail provider rate limit',
  summary:
    "A campaign hands its whole mailing to the provider at once. The provider refuses mail above its limit and, after many refusals, blocks the sender, which harms the reputation of the domain. The mailing has to leave at the provider's rate, for any number of senders, and a refusal has to slow it down.",
  levers: ['throttle'],
  difficulty: 'beginner',
  domains: ['integration'],
  dependsOn: [],
  headline: {
    text: 'bounces 8 % → 1.5 %; blocks 1/week → 0',
    changes: [
      {
        measure: 'bounces',
        unit: 'ratio',
        before: { relation: 'is', value: 0.08 },
        after: { relation: 'at most', value: 0.015 },
      },
      {
        measure: 'blocks a week',
        unit: 'blocks',
        before: { relation: 'is', value: 1 },
        after: { relation: 'is', value: 0 },
      },
    ],
  },
  constructs: [
    {
      name: 'RateLimitedSender',
      engines: ['aws'],
      form: 'SQS, Lambda, one token bucket in DynamoDB',
      available: true,
      deployed: 'Notifications/Mailing',
    },
    {
      name: 'RateLimitedSender',
      engines: ['k8s'],
      form: 'fixed pods on one token bucket in Redis; a provider by SMTP or HTTP',
      available: true,
      deployed: 'notifications/Mailing',
    },
    {
      name: 'RateLimitedSender',
      engines: ['gcp'],
      form: 'one queue of Cloud Tasks, whose rate is below the limit by what it saves, and Cloud Run',
      available: true,
      deployed: 'gcp/mailing',
    },
  ],
  trap: 'The bucket is clamped to its rate instead of its burst, so below one a second it never sends; and it lives in one process, so ten senders send ten times the limit.',
  scenario: {
    kind: 'rates',
    calibration:
      'Before: 16 senders call the provider one mail after another, 149.4 ms each: 107.1/s against a limit of 100 in any second. What is refused is lost, 6.6 % of all, and of the rest 1.5 % go to addresses that do not exist: 8 % do not arrive. A campaign of which 5 % or more is refused or bounces gets the sender blocked, and there is one a week. After: the same campaign at the rate of the plan, nothing refused. The 1.5 % that is left are the dead addresses: a limit cures refusals and no address. Validating and suppressing addresses may take it lower.',
    answers: [
      { measure: 'bounces', by: 'failedRatio' },
      { measure: 'blocks a week', by: 'blocksPerWeek' },
    ],
    ...MAILING,
    senders: 16,
    senderCallSeconds: 0.1494,
    campaignsPerWeek: 1,
    blockedAtRatio: 0.05,
  },
};
