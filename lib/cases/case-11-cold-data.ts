import { Case } from './case';

/** Bytes a day of which a year costs 5,000 USD a month at that price of a GB. */
const bytesPerDay = (usdPerGb: number) => ((5_000 / usdPerGb) * 2 ** 30) / 365;

/** What is written, and the retention: as much on each engine as costs 5,000 USD a month before. */
export const COLD_DATA = {
  on: {
    aws: { workload: { bytesPerDay: bytesPerDay(0.023), objectBytes: 2 ** 20, retentionDays: 365 } },
    gcp: { workload: { bytesPerDay: bytesPerDay(0.02), objectBytes: 2 ** 20, retentionDays: 365 }, store: 'gcs' },
  },
} as const;

export const coldData: Case = {
  number: 11,
  slug: 'cold-data',
  title: 'Cold data piles up in S3',
  summary:
    'Raw logs go into a bucket and are never deleted or moved to a cheaper class, though logs older than a month are rarely read. Old versions and abandoned uploads stay as well, hidden in listings. The bill grows with age; old data has to be moved and deleted continuously.',
  levers: ['bound'],
  difficulty: 'beginner',
  domains: ['integration'],
  dependsOn: [],
  headline: {
    text: '$5,000 → $2,800 a month',
    changes: [
      {
        measure: 'storage bill',
        unit: 'USD/month',
        before: { relation: 'is', value: 5_000 },
        after: { relation: 'at most', value: 2_800 },
      },
    ],
  },
  constructs: [
    {
      name: 'ArchiveBucket',
      engines: ['aws'],
      form: 'S3 lifecycle with an object-size floor and a cost estimate',
      available: true,
      deployed: 'ColdData/Archive',
    },
    {
      name: 'ArchiveBucket',
      engines: ['gcp'],
      form: 'Cloud Storage lifecycle or Autoclass, by which costs less',
      available: true,
      deployed: 'gcp/archive',
    },
  ],
  trap: 'Below about 256 KB an object the usual rule costs more than it saves: each transition is charged, infrequent access bills at least 128 KB and Glacier adds 40 KB. It also leaves out old versions, one of the causes.',
  scenario: {
    kind: 'storage',
    calibration:
      '$5,000 a month is 217,391 GB at the list price of S3 Standard ($0.023 a GB of 2^30 bytes): a year of logs, written at 596 GB a day in objects of 1 MB on average, with negligible reads. Objects vary in size (standard deviation = mean), and each is priced through its own life. The rule keeps a year as before, so no saving comes from deleting; the bill includes another 30 days for deleted objects. On Google Cloud 250,000 GB cost as much in Standard storage ($0.020); there deleted objects stay for 7 days.',
    answers: [{ measure: 'storage bill', by: 'monthlyCost' }],
    sizeVariation: 1,
    after: { on: COLD_DATA.on },
  },
};
