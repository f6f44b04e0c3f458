import { Case } from './case';

export const logFlood: Case = {
  number: 1,
  slug: 'log-flood',
  title: 'Log flood fills the disk',
  summary:
    'At the busy hours a service writes log lines faster than anything ships or deletes them, and the local disk is the only buffer. Every line has to be kept for audit, so the remedy so far was a person with `rm`, who comes once a week and sometimes too late: the disk fills and the service stops with it. The buffer needs a cap that follows from the disk, and a shipper that keeps up and survives an outage of its destination.',
  levers: ['bound', 'throttle'],
  difficulty: 'intermediate',
  domains: ['performance', 'diagnosis'],
  dependsOn: [],
  headline: {
    text: 'disk 95 % → < 70 %, no manual clean-up',
    changes: [
      {
        measure: 'disk used at the peak',
        unit: 'ratio',
        before: { relation: 'is', value: 0.95 },
        after: { relation: 'below', value: 0.7 },
      },
      {
        measure: 'manual clean-ups a week',
        unit: 'clean-ups',
        before: { relation: 'is', value: 1 },
        after: { relation: 'is', value: 0 },
      },
    ],
  },
  constructs: [
    { name: 'LogShipping', engines: ['k8s'], form: 'Filebeat DaemonSet with a rotator beside it', available: true },
    { name: 'LogShipping', engines: ['aws'], form: 'Fluent Bit sidecar to Firehose', available: false },
  ],
  trap: 'Truncating a file in place (`copytruncate`) loses the lines written during the copy; rotating daily without a size cap bounds nothing; a memory queue of 4,096 events is no buffer for an outage; acknowledging at the leader only loses audit lines on a failover.',
};
