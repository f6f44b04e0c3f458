import type { CiPipeline } from '../flow/ci/pipelines';
import type { CiQuestion } from '../flow/ci/workload';
import { Case } from './case';

/** What one company pushes in its busy hour: jobs of eight minutes; every second push replaces one of about ten minutes ago. */
const STORM: Pick<CiQuestion, 'workload' | 'objective'> = {
  workload: {
    pushesPerHourPeak: 131,
    runSeconds: 480,
    runVariation: 0.5,
    repushRatio: 0.5,
    repushSeconds: 600,
    skippableRatio: 0.15,
  },
  objective: { waitSeconds: 180 },
};

/** The same on Kubernetes, in runners of a runner set. */
export const STORM_ON_ARC = { ...STORM, platform: 'arc' } as const;

/** The same on AWS, in builds of CodeBuild; the quota is what the account was given on request. */
export const STORM_ON_CODEBUILD = { ...STORM, platform: 'codebuild', quota: 60 } as const;

/** What runs there: tests of each push, and a deployment of each merge. */
export const STORM_PIPELINES: CiPipeline[] = [
  {
    name: 'shop',
    paths: ['src/**', 'test/**', 'package*.json'],
    required: true,
    mergeQueue: true,
    jobs: [
      {
        name: 'test',
        steps: [{ uses: 'actions/checkout@v5' }, { run: 'npm ci' }, { run: 'npm test' }],
      },
      {
        name: 'deploy',
        needs: ['test'],
        deploysTo: 'production',
        permissions: { contents: 'read', 'id-token': 'write' },
        steps: [{ uses: 'actions/checkout@v5' }, { run: 'npm ci' }, { run: 'npm run deploy' }],
      },
    ],
  },
];

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
    {
      name: 'CiConcurrency',
      engines: ['k8s'],
      form: 'pipeline files and an autoscaled runner set',
      available: true,
      deployed: 'delivery/Runners',
    },
    {
      name: 'CiConcurrency',
      engines: ['aws'],
      form: 'pipeline files and CodeBuild-hosted runners',
      available: true,
      deployed: 'Delivery/Runners',
    },
  ],
  trap: 'A concurrency group named after the ref alone is shared by all workflows, and cancelling within it also cancels deployments from main.',
  scenario: {
    kind: 'ci',
    calibration:
      'Before: 12 runners that are always there, jobs of 480 s with a coefficient of variation of 0.5, and 131 pushes in the peak hour after two hours at 40 % of it. The runners can do 90 an hour, so the queue grows by 41 in the hour, and the last waits for 41 ÷ 90 of an hour, 27 min; the 95th percentile over 200 such hours is about 25 min. Half of the pushes replace one of about ten minutes ago, and 15 % change only texts. After: the same pushes. A newer push ends the run of the older one, texts start none, and the pool is that of the plan, whose runners take 60 s to start. None of the three is enough alone: with the 12 runners merging leaves 7.6 min, and merging with filters 4.3 min; the 22 runners of the plan, without either, 3.2 min.',
    answers: [{ measure: 'wait at the peak hour', by: 'waitP95Seconds' }],
    on: { k8s: STORM_ON_ARC, aws: STORM_ON_CODEBUILD },
    before: { runners: 12 },
    quietHours: 2,
    quietRatio: 0.4,
    peaks: 200,
  },
};
