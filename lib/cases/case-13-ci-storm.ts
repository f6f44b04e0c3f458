import type { CiPipeline } from '../flow/ci/pipelines';
import type { CiQuestion } from '../flow/ci/workload';
import { Case } from './case';

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

/**
 * What one company pushes in its busy hour: jobs of eight minutes; every second push replaces one of about ten minutes ago.
 * Twelve pull requests are merged through the merge queue, so each is tested in the queue and again on main, and deployed.
 */
const STORM: Pick<CiQuestion, 'workload' | 'objective' | 'pipelines'> = {
  workload: {
    pushesPerHourPeak: 131,
    runSeconds: 480,
    runVariation: 0.5,
    repushRatio: 0.5,
    repushSeconds: 600,
    skippableRatio: 0.15,
    mergesPerHourPeak: 12,
    deploysPerHourPeak: 12,
    deploySeconds: 120,
  },
  objective: { waitSeconds: 180 },
  pipelines: STORM_PIPELINES,
};

/** The same on Kubernetes, in runners of a runner set. */
export const STORM_ON_ARC = { ...STORM, platform: 'arc' } as const;

/** The same on AWS, in builds of CodeBuild; the quota is what the account was given on request. */
export const STORM_ON_CODEBUILD = { ...STORM, platform: 'codebuild', quota: 60 } as const;

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
      'Before: 14 runners that are always there, jobs of 480 s with a coefficient of variation of 0.5, and in the peak hour, after two hours at 40 % of it, 131 pushes, 12 merges that are tested in the merge queue and again on main, and 12 deployments of 120 s. That is as much work as 158 jobs, and the runners can do 105 an hour, so the queue grows by 53 in the hour, and the last waits for 53 ÷ 105 of an hour, 30 min; a merge whose first job waits comes to main later, and the 95th percentile over 200 such hours is about 25 min. Half of the pushes replace one of about ten minutes ago, and 15 % change only texts. After: the same pushes, merges and deployments. A newer push ends the run of the older one, texts start none, and the pool is that of the plan, whose runners take 60 s to start. With the 14 runners merging leaves 9.1 min, and merging with filters 6.0 min. The 27 runners of the plan, without either, leave 2.5 min, but 7.2 min at 1.25 × the load, where all three together leave 1.7 min; without merging and filters the same promise and head-room need 35 runners.',
    answers: [{ measure: 'wait at the peak hour', by: 'waitP95Seconds' }],
    on: { k8s: STORM_ON_ARC, aws: STORM_ON_CODEBUILD },
    before: { runners: 14 },
    quietHours: 2,
    quietRatio: 0.4,
    peaks: 200,
  },
};
