import { type CaseExercises, sized } from './exercise';
import { runsImage } from './shows';

export const LOG_FLOOD_EXERCISES: CaseExercises = {
  number: 1,
  basic: {
    task: 'A Deployment logs into a volume without a bound, and the rotation beside it copies and truncates. Give the volume a size, and rotate so that no line is lost.',
    rules: ['BP-LOG-001', 'BP-LOG-002'],
  },
  advanced: sized('logs', {
    task: 'A node has a disk of 100 GB, of which 20 GB are not logs. Four files get 84 kB of lines a second, and 2 MB a second for half an hour a day; the destination may be away for four hours. Choose the size and the number of rotated files so that the disk stays below 70 % and nobody cleans up by hand.',
    answers: {
      fileSizeCapBytes: 'size at which a file is rotated, bytes',
      fileCount: 'rotated files that are kept of each file',
    },
    asked: (scenario, choices) => ({ ...scenario, after: { ...scenario.after, choices } }),
  }),
  project: {
    task: 'Ship the logs of every node to Kafka or Elasticsearch: rotation with a bound, a disk queue for the longest outage, and alerts on the disk, the queue and lines that stay behind.',
    resources: { 'apps/DaemonSet': 1, ConfigMap: 1, 'monitoring.coreos.com/PrometheusRule': 1 },
    shows: [
      runsImage('apps/DaemonSet'),
      {
        claim: 'rotated files have a bound on their size and on their number',
        types: ['ConfigMap'],
        lines: [/\b(max)?-?_?size\s*[ :=]\s*"?\d/i, /\b(rotate|max-?_?files?)\s*[ :=]\s*"?\d/i],
      },
      {
        claim: 'a queue on the disk has a bound',
        types: ['ConfigMap'],
        lines: [/queue\.disk|storage\.type\s+filesystem|type: "?disk/i, /(max|limit)_size/i],
      },
    ],
    alerts: {
      'the disk': /disk|filesystem/i,
      'the queue': /queue|buffer/i,
      'lines that stay behind': /lag|behind|delay/i,
    },
  },
};
