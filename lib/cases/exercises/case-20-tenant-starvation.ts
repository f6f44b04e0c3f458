import { type CaseExercises, sized } from './exercise';

export const TENANT_STARVATION_EXERCISES: CaseExercises = {
  number: 20,
  basic: {
    task: 'Jobs that do not fit a quota are refused where they should wait, and a priority may be used by every tenant. Mend both.',
    rules: ['BP-QUOTA-001', 'BP-QUOTA-002'],
  },
  advanced: sized('shares', {
    task: 'Four tenants share places for 104 jobs of ten minutes; each submits one every 33 s, and one of them ten times as many for two hours. Choose how many places each is guaranteed, so that more than 90 % of the jobs of the others are done in 70 minutes.',
    answers: {
      billing: 'places that billing is guaranteed',
      fraud: 'places that fraud is guaranteed',
      pricing: 'places that pricing is guaranteed',
      risk: 'places that risk is guaranteed',
    },
    asked: (scenario, answers) => ({
      ...scenario,
      tenants: scenario.tenants.map((tenant) => ({ ...tenant, nominalJobs: answers[tenant.name] })),
    }),
  }),
  project: {
    task: 'Build the cluster of the tenants: a queue for each with its guaranteed share, a bound on what it may borrow, priorities that only the right jobs may use, and alerts on jobs that wait longer than promised.',
    resources: {
      'kueue.x-k8s.io/ClusterQueue': 2,
      'kueue.x-k8s.io/LocalQueue': 2,
      'monitoring.coreos.com/PrometheusRule': 1,
    },
    shows: [
      {
        claim: 'two queues have a guaranteed share, and a bound on what they borrow',
        types: ['kueue.x-k8s.io/ClusterQueue'],
        lines: [/nominalQuota: \S/, /borrowingLimit: \S/],
        count: 2,
      },
      {
        claim: 'jobs come by a queue of each tenant',
        types: ['kueue.x-k8s.io/LocalQueue'],
        lines: [/^spec\.clusterQueue: \S/],
        count: 2,
      },
      {
        claim: 'a priority may be used only where a quota lets it',
        types: ['ResourceQuota'],
        lines: [/scopeSelector\.matchExpressions\[0\]\.scopeName: PriorityClass/],
      },
    ],
    alerts: { 'jobs that wait longer than promised': /late|wait/i },
  },
};
