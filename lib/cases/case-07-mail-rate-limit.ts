import { Case } from './case';

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
      available: false,
    },
    { name: 'RateLimitedSender', engines: ['k8s'], form: 'worker with one token bucket in Redis', available: false },
  ],
  trap: 'The bucket is clamped to its rate instead of its burst, so below one a second it never sends; and it lives in one process, so ten senders send ten times the limit.',
};
