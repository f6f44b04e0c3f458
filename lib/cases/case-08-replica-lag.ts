import { ReplicaEngine, type ReplicationObjective, type ReplicationWorkload } from '../flow/replication/workload';
import { Case } from './case';

/**
 * 2,400 commits a second for ten minutes, half of them imports that may wait; one thread applies 2,000, and more threads add
 * little because nine of ten transactions touch the same few rows.
 */
export const WRITE_PEAK: {
  workload: ReplicationWorkload;
  objective: ReplicationObjective;
  engine: ReplicaEngine;
  cpu: number;
} = {
  workload: {
    steadyCommitsPerSecond: 1000,
    peakCommitsPerSecond: 2400,
    peakSeconds: 600,
    applySeconds: 0.0005,
    parallelShare: 0.1,
    bulkShare: 0.5,
  },
  objective: { lagSeconds: 9.5 },
  engine: ReplicaEngine.MYSQL_8_4,
  cpu: 8,
};

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
      form: 'RDS parameter groups, heartbeat, throttle signal',
      available: true,
      deployed: 'WebTier/OrdersDatabase/Replica',
    },
    {
      name: 'ReplicaLagGuard',
      engines: ['k8s'],
      form: 'mysqld configuration, heartbeat, throttle controller',
      available: true,
      deployed: 'services/OrdersReplica',
    },
  ],
  trap: 'The parameter names are deprecated and commit order is not preserved, so a reader can see an effect before its cause. A throttle that only halves never recovers.',
  scenario: {
    kind: 'replica',
    calibration:
      'Before: one thread applies 2,000 commits a second, 0.5 ms each, and 2,400 come for 600 s. The last of them is applied 120 s after it was committed: 600 × (1.2 − 1). That is 120 s after the peak, and at its end the replica shows only 100 s. After: the workers of the plan, and its throttle, whose signal takes 3 s from a lag to the last writer. The bound is planned for a quarter more than the peak.',
    answers: [{ measure: 'replica lag at the peak', by: 'lagSeconds' }],
    question: WRITE_PEAK,
    splitParallelShare: 0.8,
  },
};
