import type { LogDeliveryQuestion } from '../flow/logs/delivery/workload';
import type { LogsObjective, LogsWorkload } from '../flow/logs/workload';
import { Case } from './case';

/** The disk of a node. That system and images take a fifth of it is an assumption. */
export const NODE_DISK = { bytes: 100e9, otherBytes: 20e9, cleanUpRatio: 0.7 };

/** What a node logs and may spend on it. */
export const NODE_LOGS: { workload: LogsWorkload; objective: LogsObjective } = {
  workload: {
    steadyBytesPerSecond: 84_000,
    peakBytesPerSecond: 2_000_000,
    peakSeconds: 1800,
    lineBytes: 250,
    logFiles: 4,
  },
  // The rest of the disk, up to a point below 70 % of it.
  objective: { diskBudgetBytes: 0.69 * NODE_DISK.bytes - NODE_DISK.otherBytes, outageSeconds: 4 * 3600 },
};

/** The same lines from a task on Fargate, in a region whose streams take 5 MiB/s. */
export const TASK_LOGS: LogDeliveryQuestion = { ...NODE_LOGS, tasks: 1, streamBytesPerSecond: 5 * 1024 ** 2 };

export const logFlood: Case = {
  number: 1,
  slug: 'log-flood',
  title: 'Log flood fills the disk',
  summary:
    'At busy hours a service writes log lines faster than they are shipped or deleted, and the local disk is the only buffer. Every line has to be kept for audit, so a person runs `rm` once a week, sometimes too late: the disk fills and the service stops. The buffer needs a cap derived from the disk, and a shipper that keeps up and survives an outage of its destination.',
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
    {
      name: 'LogShipping',
      engines: ['k8s'],
      form: 'Filebeat DaemonSet with a rotator beside it',
      available: true,
      deployed: 'log-shipping/NodeLogs',
    },
    {
      name: 'LogShipping',
      engines: ['aws'],
      form: 'Fluent Bit in each task, to Firehose and an archive',
      available: true,
      deployed: 'WebTier/AuditLogs',
    },
  ],
  trap: 'Truncating a file in place (`copytruncate`) loses the lines written during the copy; rotating daily without a size cap bounds nothing; a memory queue of 4,096 events does not survive an outage; acknowledgement by the leader only loses audit lines on a failover; Fluent Bit tries a chunk twice and then discards it, unless `Retry_Limit` says otherwise.',
  scenario: {
    kind: 'logs',
    calibration:
      'A disk of 100 GB, of which 20 GB are not logs (an assumption). Lines come at 84 kB/s and for half an hour a day at 2 MB/s: 75 GB a week, which fill the disk to 95 % until a person runs `rm` on the seventh day; nothing was shipped. After: the same lines, incompressible, in four files; the destination is down for four hours from the beginning of a peak, when the node already keeps the most files. The plan’s budget is 69 % of the disk minus the 20 GB. The plan does not know how often peaks come and assumes the worst: every file rotated at a peak, all at their largest at the same moment, and a whole segment of the queue that waits for its last line. Most rotations of the run fall outside a peak, so it stays about twelve points below. A person still checks once a week, and finds nothing to do. Beside the headline: the same lines from one task on Fargate, whose Firehose is away for the same four hours. Before, its router has the defaults of Fluent Bit (chunks in memory, each tried once more after 5 to 10 s); after, it has the plan’s buffer on the task’s disk, in a region where a stream takes 5 MiB/s.',
    answers: [
      { measure: 'disk used at the peak', by: 'diskRatio' },
      { measure: 'manual clean-ups a week', by: 'cleanUpsPerWeek' },
    ],
    workload: NODE_LOGS.workload,
    disk: NODE_DISK,
    after: { objective: NODE_LOGS.objective, choices: {}, shipBytesPerSecond: 4_000_000 },
    task: { question: TASK_LOGS, before: { retries: 1, flushSeconds: 1 } },
  },
};
