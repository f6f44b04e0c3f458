import { Case } from './case';

/** Bytes written, and the retention. */
export const COLD_DATA = {
  // 5,000 USD ÷ 0.023 USD/GB, spread over the year that is kept.
  workload: { bytesPerDay: ((5_000 / 0.023) * 2 ** 30) / 365, objectBytes: 2 ** 20, retentionDays: 365 },
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
    { name: 'ArchiveBucket', engines: ['gcp'], form: 'Cloud Storage lifecycle', available: false },
  ],
  trap: 'Below about 256 KB an object the usual rule costs more than it saves: each transition is charged, infrequent access bills at least 128 KB and Glacier adds 40 KB. It also leaves out old versions, one of the causes.',
  scenario: {
    kind: 'storage',
    calibration:
      '$5,000 a month is 217,391 GB at the list price of S3 Standard ($0.023 a GB of 2^30 bytes): a year of logs, written at 596 GB a day in objects of 1 MB on average, with negligible reads. Objects vary in size (standard deviation = mean), and each is priced through its own life. The rule keeps a year as before, so no saving comes from deleting; the bill includes another 30 days for deleted objects.',
    answers: [{ measure: 'storage bill', by: 'monthlyCost' }],
    workload: COLD_DATA.workload,
    sizeVariation: 1,
    after: { objective: {}, choices: {} },
  },
};
