import { type CaseExercises, sized } from './exercise';
import { BOUNDS_CONNECTIONS } from './shows';

export const CI_STORM_EXERCISES: CaseExercises = {
  number: 13,
  basic: {
    task: 'Two workflows share a group and cancel each other, and the next commit cancels a deployment. Give each its own group, and let a deployment end.',
    rules: ['BP-CI-001', 'BP-CI-002'],
  },
  advanced: sized('ci', {
    task: 'Developers push 131 times in the busy hour; a run takes eight minutes, half of the pushes replace one of ten minutes ago, and 15 % touch nothing that is tested. Runs of an older push are cancelled. Twelve merges go through the merge queue, so each is tested twice, and each is deployed in two minutes. Choose how many runners there may be, so that a job waits three minutes at most. At most 32 runners are paid for.',
    engine: 'k8s',
    answers: { maxRunners: 'runners at most' },
    bounds: { maxRunners: { atMost: 32 } },
    asked: (scenario, answers) => ({ ...scenario, on: { ...scenario.on, k8s: { ...scenario.on.k8s!, ...answers } } }),
  }),
  project: {
    task: 'Build the runners of a team: a set that is scaled with what is pushed, with a quota and rights that are its own, and alerts on jobs that wait and on runners that do not come.',
    resources: {
      'actions.github.com/AutoscalingRunnerSet': 1,
      ResourceQuota: 1,
      'networking.k8s.io/NetworkPolicy': 1,
      'monitoring.coreos.com/PrometheusRule': 1,
    },
    shows: [
      {
        claim: 'runners are scaled up to a bound, with an account of their own',
        types: ['actions.github.com/AutoscalingRunnerSet'],
        lines: [/^spec\.githubConfigUrl: \S/, /^spec\.maxRunners: [1-9]/, /serviceAccountName: \S/],
      },
      {
        claim: 'a quota bounds what they take',
        types: ['ResourceQuota'],
        lines: [/^spec\.hard\.\S+: [1-9]/],
      },
      BOUNDS_CONNECTIONS,
    ],
    alerts: { 'jobs that wait': /wait|queue/i, 'runners that do not come': /fail|missing|saturat/i },
  },
};
