import { type CaseExercises, sized } from './exercise';
import { BOUNDS_CONNECTIONS, runsImage } from './shows';

export const REPLICA_LAG_EXERCISES: CaseExercises = {
  number: 8,
  basic: {
    task: 'A replica applies transactions in another order than they were committed in, and an alarm on its lag is silent when replication stops. Mend both.',
    rules: ['BP-RDS-002', 'BP-RDS-003'],
  },
  advanced: sized('replica', {
    task: '2,400 transactions a second are committed for ten minutes, half of them imports that may wait, and the replica applies 2,000. A throttle slows the imports down. Choose how often a heartbeat is written, how often the lag is read and how often the writers ask, so that the replica is never ten seconds behind. Nothing may be asked or written more often than every 0.2 s.',
    answers: {
      heartbeatSeconds: 'seconds from one heartbeat to the next',
      tickSeconds: 'seconds from one look at the lag to the next',
      writerPollSeconds: 'seconds from one question of a writer to its next',
    },
    bounds: { heartbeatSeconds: { atLeast: 0.2 }, tickSeconds: { atLeast: 0.2 }, writerPollSeconds: { atLeast: 0.2 } },
    asked: (scenario, answers) => ({ ...scenario, question: { ...scenario.question, ...answers } }),
  }),
  project: {
    task: 'Build what keeps a replica fresh: options of source and replica by the names of their version, a heartbeat, a signal that bulk writers follow, and alerts on the lag, on a replica that stands still and on a signal that nobody gives.',
    resources: {
      ConfigMap: 1,
      'apps/Deployment': 1,
      'networking.k8s.io/NetworkPolicy': 1,
      'monitoring.coreos.com/PrometheusRule': 1,
    },
    shows: [
      {
        claim: 'source and replica have their options',
        types: ['ConfigMap'],
        lines: [/^data\.\S+: .*(replica|slave)_\w+/is],
      },
      {
        claim: 'a heartbeat is written',
        types: ['apps/Deployment', 'ConfigMap'],
        lines: [/heartbeat/i],
      },
      runsImage('apps/Deployment'),
      BOUNDS_CONNECTIONS,
    ],
    alerts: {
      'the lag': /lag/i,
      'a replica that stands still': /stopped|stands still|not running/i,
      'a signal that nobody gives': /guard|signal/i,
    },
  },
};
