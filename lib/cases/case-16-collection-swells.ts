import { Case } from './case';

export const collectionSwells: Case = {
  number: 16,
  slug: 'collection-swells',
  title: 'MongoDB collection swells',
  summary:
    "Events and scratch data that are worthless after a while stay in the collection for ever, because deleting them is somebody's chore. Queries slow down and the disk bill grows with age rather than with use. Every document needs a date of expiry when it is written, and the old ones have to leave at a pace that the database bears.",
  levers: ['bound'],
  difficulty: 'beginner',
  domains: ['integration'],
  dependsOn: [],
  headline: {
    text: '500 → < 120 GB',
    changes: [
      {
        measure: 'collection size',
        unit: 'bytes',
        before: { relation: 'is', value: 500e9 },
        after: { relation: 'below', value: 120e9 },
      },
    ],
  },
  constructs: [
    {
      name: 'TtlCollection',
      engines: ['k8s'],
      form: 'throttled backfill Job, then the index, then a watch',
      available: true,
    },
    { name: 'TtlCollection', engines: ['aws'], form: 'the same on DocumentDB; DynamoDB TTL', available: false },
  ],
  trap: 'A TTL index created cold on 500 GB starts by deleting most of it, through one thread and through replication.',
};
