import { planLogDelivery } from '../../flow/logs/delivery/plan';
import { routerOf } from '../../flow/logs/delivery/router';
import type { LogDeliveryQuestion } from '../../flow/logs/delivery/workload';
import { planLogs } from '../../flow/logs/plan';
import { type NodeDisk, simulateNodeLogs } from '../../flow/logs/simulation/node-logs';
import { type RouterSettings, simulateOutage } from '../../flow/logs/simulation/router';
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
  /** The same lines from a task on Fargate, and a router there that is left at its defaults before. */
  readonly task: {
    readonly question: LogDeliveryQuestion;
    readonly before: { readonly retries: number; readonly flushSeconds: number };
  };
}

/** How it is measured. The headline is of a node's disk; a task's is beside it, on the engine that has a node and on no other. */
export const logs: Kind<LogScenario> = {
  measure: measureLogs,
  engines: () => ['k8s'],
  beside: [
    { measure: 'lines of a four-hour outage that a Fargate task loses', unit: 'ratio', by: 'outageLostRatio' },
    { measure: 'disk of the task used at its end', unit: 'ratio', by: 'taskDiskRatio' },
    { measure: 'delivered after it', unit: 's', by: 'outageDrainSeconds' },
  ],
};

const GIB = 1024 ** 3;
/** Fluent Bit's default of `scheduler.cap`. */
const DEFAULT_CAP_SECONDS = 2000;
/** Weeks that are watched. */
const WEEKS = 2;
/** The day of the outage: by then the node keeps as many files as it ever does. */
const OUTAGE_DAY = 10;

/** Log files of a node: deleted by hand before, rotated and shipped as the plan says after. */
function measureLogs(subject: string, { workload, disk, after, task }: LogScenario, seed: number): Measured {
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
  const { before, measured: ofTask, predicted } = measureTask(subject, task, seed);
  return {
    before: { ...simulateNodeLogs(workload, disk, WEEKS, seed), ...before },
    after: {
      measured: { ...measured, ...ofTask },
      predicted: { ...predictionsOf(plan.predictions.peakDiskBytes, disk), ...predicted },
    },
    knobs: plan.knobs,
    timelines: NO_TIMELINES,
  };
}

function predictionsOf(peakDiskBytes: number, { bytes, otherBytes, cleanUpRatio }: NodeDisk): Numbers {
  const diskRatio = (otherBytes + peakDiskBytes) / bytes;
  // A weekly check finds at most the peak, which may be above the ratio every time.
  return { diskRatio, cleanUpsPerWeek: diskRatio > cleanUpRatio ? 1 : 0, lostRatio: 0 };
}

/** A task whose destination goes away: with a router's defaults, and as its plan says. */
function measureTask(subject: string, { question, before }: LogScenario['task'], seed: number) {
  const plan = planLogDelivery(subject, question);
  const { workload, objective } = question;
  const run = (router: RouterSettings) => simulateOutage(workload, router, objective.outageSeconds, seed);
  const disk = GIB * plan.value('ephemeralStorageGiB');
  const planned = routerOf(plan);
  const defaults = run({
    ...planned,
    ...before,
    limitBytes: Number.POSITIVE_INFINITY,
    capSeconds: DEFAULT_CAP_SECONDS,
  });
  const buffered = run(planned);
  const { bufferBytes, drainSeconds } = plan.predictions;
  return {
    before: { outageLostRatio: defaults.lostRatio },
    measured: {
      outageLostRatio: buffered.lostRatio,
      taskDiskRatio: buffered.bufferBytes / disk,
      outageDrainSeconds: buffered.drainSeconds,
    },
    predicted: { outageLostRatio: 0, taskDiskRatio: bufferBytes / disk, outageDrainSeconds: drainSeconds },
  };
}
