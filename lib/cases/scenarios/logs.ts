import { planLogs } from '../../flow/logs/plan';
import { type NodeDisk, simulateNodeLogs } from '../../flow/logs/simulation/node-logs';
import type { LogsChoices, LogsObjective, LogsWorkload } from '../../flow/logs/workload';
import type { Answer, Numbers } from '../scenario';
import type { Kind } from './kind';
import { type Measured, NO_TIMELINES } from './measured';

/** Log files on the disk of a node: deleted by hand before, rotated and shipped after. */
export interface LogScenario {
  readonly kind: 'logs';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  /** What is logged. One peak a day, at some time of it. */
  readonly workload: LogsWorkload;
  readonly disk: {
    readonly bytes: number;
    /** Bytes of everything but logs and their queue. */
    readonly otherBytes: number;
    /** A person checks the disk once a week, and deletes log files when more than this share of it is used. */
    readonly cleanUpRatio: number;
  };
  readonly after: {
    readonly objective: LogsObjective;
    readonly choices: LogsChoices;
    /** Bytes of log lines that leave the node per second at most, while the destination takes them. */
    readonly shipBytesPerSecond: number;
  };
}

/** How it is measured. */
export const logs: Kind<LogScenario> = { measure: measureLogs };

/** Weeks that are watched. */
const WEEKS = 2;
/** The day of the outage: by then the node keeps as many files as it ever does. */
const OUTAGE_DAY = 10;

/** Log files of a node: deleted by hand before, rotated and shipped as the plan says after. */
function measureLogs(subject: string, { workload, disk, after }: LogScenario, seed: number): Measured {
  const plan = planLogs(subject, { workload, objective: after.objective, ...after.choices });
  const queue = plan.knob('diskQueueBytes').inputs;
  const measured = simulateNodeLogs(workload, disk, WEEKS, seed, {
    rotation: {
      fileSizeCapBytes: plan.value('fileSizeCapBytes'),
      fileCount: plan.value('fileCount'),
      rotationSeconds: plan.value('rotationSeconds'),
      compressBytesPerSecond: plan.knob('rotationSeconds').inputs.compressBytesPerSecond,
    },
    queue: {
      maxBytes: plan.value('diskQueueBytes'),
      bytesPerLogByte: 1 + queue.envelopeBytes / queue.lineBytes,
      shipBytesPerSecond: after.shipBytesPerSecond,
    },
    outage: { day: OUTAGE_DAY, seconds: after.objective.outageSeconds },
  });
  return {
    before: simulateNodeLogs(workload, disk, WEEKS, seed),
    after: { measured, predicted: predictionsOf(plan.predictions.peakDiskBytes, disk) },
    knobs: plan.knobs,
    timelines: NO_TIMELINES,
  };
}

function predictionsOf(peakDiskBytes: number, { bytes, otherBytes, cleanUpRatio }: NodeDisk): Numbers {
  const diskRatio = (otherBytes + peakDiskBytes) / bytes;
  // A weekly check finds at most the peak, which may be above the ratio every time.
  return { diskRatio, cleanUpsPerWeek: diskRatio > cleanUpRatio ? 1 : 0, lostRatio: 0 };
}
