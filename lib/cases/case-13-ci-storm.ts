import { Case } from './case';

export const ciStorm: Case = {
  number: 13,
  slug: 'ci-storm',
  title: 'CI trigger storm',
  summary:
    'Every push starts a full pipeline, also the push that replaces the one of two minutes ago. The runners are a fixed pool, so at the busy hour people wait for builds of outdated commits. Runs of the same branch have to merge into the newest, and the pool has to follow the remaining load.',
  levers: ['merge', 'scale'],
  difficulty: 'beginner',
  domains: ['integration'],
  dependsOn: [],
  headline: {
    text: 'wait 25 → < 3 min',
    changes: [
      {
        measure: 'wait at the peak hour',
        unit: 's',
        before: { relation: 'is', value: 1_500 },
        after: { relation: 'below', value: 180 },
      },
    ],
  },
  constructs: [
    { name: 'CiConcurrency', engines: ['k8s'], form: 'pipeline files and an autoscaled runner set', available: false },
    { name: 'CiConcurrency', engines: ['aws'], form: 'pipeline files and CodeBuild-hosted runners', available: false },
  ],
  trap: 'A concurrency group named after the ref alone is shared by all workflows, and cancelling within it also cancels deployments from main.',
};
