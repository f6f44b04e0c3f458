import { Case } from './case';

export const replicaLag: Case = {
  number: 8,
  slug: 'replica-lag',
  title: 'MySQL replica lag',
  summary:
    'The primary commits on many threads and the replica applies on few. At a peak of writes the replica falls two minutes behind, and its readers decide on old data. The replica has to apply in parallel, and when even that is too slow the writers have to slow down.',
  levers: ['scale', 'throttle'],
  difficulty: 'advanced',
  domains: ['performance', 'diagnosis'],
  dependsOn: [12],
  headline: {
    text: 'lag 120 s → < 10 s',
    changes: [
      {
        measure: 'replica lag at the peak',
        unit: 's',
        before: { relation: 'is', value: 120 },
        after: { relation: 'below', value: 10 },
      },
    ],
  },
  constructs: [
    {
      name: 'ReplicaLagGuard',
      engines: ['aws'],
      form: 'RDS parameter group, lag alarm, throttle signal',
      available: false,
    },
    {
      name: 'ReplicaLagGuard',
      engines: ['k8s'],
      form: 'mysqld configuration, heartbeat, throttle controller',
      available: false,
    },
  ],
  trap: 'The parameter names are deprecated and commit order is not preserved, so a reader can see an effect before its cause. A throttle that only halves never recovers.',
};
