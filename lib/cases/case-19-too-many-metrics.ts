import { Case } from './case';

export const tooManyMetrics: Case = {
  number: 19,
  slug: 'too-many-metrics',
  title: 'Too many metrics',
  summary:
    'Every target reports every second with labels that never repeat, and the time-series database pays for each combination in memory, on disk and in every query. Most of it is never queried. Fewer series have to be scraped, and sums for dashboards have to be recorded in advance.',
  levers: ['merge', 'throttle'],
  difficulty: 'beginner',
  domains: ['performance', 'diagnosis'],
  dependsOn: [],
  headline: {
    text: '20 M → 8 M series',
    changes: [
      {
        measure: 'active series',
        unit: 'series',
        before: { relation: 'is', value: 20e6 },
        after: { relation: 'at most', value: 8e6 },
      },
    ],
  },
  constructs: [
    {
      name: 'MetricsSampling',
      engines: ['k8s'],
      form: 'monitors with keep and drop lists, recording rules',
      available: false,
    },
    {
      name: 'MetricsSampling',
      engines: ['aws'],
      form: 'Amazon Managed Prometheus, rule groups, scraper',
      available: false,
    },
  ],
  trap: 'Dropping temporary pods after the scrape removes real counters from the sums and saves no scrape. A scrape interval above two minutes breaks the five-minute look-back.',
};
