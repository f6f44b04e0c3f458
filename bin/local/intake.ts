/**
 * One local run of order intake: deploy, calibrate, predict, flood, close the books.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { WEBHOOKS } from '../../lib/cases/case-15-webhook-flood';
import { Quantiles } from '../../lib/flow/numerics/quantiles';
import { planQueue, predictQueue } from '../../lib/flow/queue/plan';
import { simulate } from '../../lib/flow/queue/simulation/simulate';
import type { Workload } from '../../lib/flow/queue/workload';
import { type Books, closeBooks } from './books';
import { mixOf, type PlannedDelivery, planDeliveries } from './deliveries';
import { type Deployment, deployLocally } from './deploy';
import { type LocalAws, workerPids } from './emulator';
import { type FloodResult, flood } from './flood';
import { Observer } from './observe';
import type { Progress } from './progress';

/** The four figures that are predicted before the flood and measured during it. */
export interface Figures {
  readonly peakBacklog: number;
  readonly latencyP50Seconds: number;
  readonly latencyP99Seconds: number;
  readonly drainSeconds: number;
}

/** Waiting messages at a moment since the flood began. */
export interface DepthSample {
  readonly seconds: number;
  readonly backlog: number;
}

/** The machine-readable result, `dist/report/run.json`. */
export interface RunReport extends Books {
  readonly predicted: Figures;
  readonly measured: Figures;
  /** Inputs of the prediction: the rates as they were in the run, the stack's own knob. */
  readonly basis: {
    readonly perSecond: number;
    readonly floodSeconds: number;
    /** Seconds that one slot was busy with one delivery while the flood lasted, the sender's share of the machine included. */
    readonly serviceSeconds: number;
    /** The same after it. */
    readonly drainServiceSeconds: number;
    readonly slots: number;
  };
  /** What the stack promises at the size that it is planned for, and the multiple of it at which the promise breaks. */
  readonly planned: {
    readonly latencySeconds: number;
    readonly breaksAtLoad: number;
    readonly breaksAtServiceTime: number;
  };
  readonly droppedResourceTypes: readonly string[];
  readonly stages: readonly { readonly name: string; readonly seconds: number }[];
  readonly notes: readonly string[];
  readonly depth: { readonly measured: readonly DepthSample[]; readonly predicted: readonly DepthSample[] };
}

/** How large a run is. */
export interface RunOptions {
  readonly root: string;
  readonly deliveries: number;
  readonly perSecond: number;
  readonly seed: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export const STACK = 'OrderIntake';
/** Enough for every slot to be busy many times over. */
const CALIBRATION_DELIVERIES = 800;
/** The emulator counts a queue by walking it: polled too often, a deep one becomes slow. */
const SAMPLE_MILLIS = 1000;
const SETTLE_TIMEOUT_MILLIS = 25 * 60_000;
/** Two paces that are this far apart are worth a note. */
const OFF_PACE = 0.2;
/** No item arrives beside the flood; the smallest rate that counts as one. */
const NOTHING_PER_SECOND = 1e-6;
const SERVICE_VARIATION = 0.3;

/** Runs it against a local AWS that is up, and returns the report. */
export async function runIntake(options: RunOptions, aws: LocalAws): Promise<RunReport> {
  const { root, progress, signal } = options;
  const deployment = await progress.stage('deploy', () => deployLocally(root, aws.endpoint, STACK, signal));
  sayDropped(deployment, progress);
  const observer = new Observer(aws.endpoint);
  const target = await targetOf(deployment, observer, aws.endpoint);

  // Poison and forgeries are retried later: waiting for them would count as work.
  const mix = { ...mixOf(CALIBRATION_DELIVERIES), poison: 0, forged: 0 };
  const calibration = planDeliveries(mix, options.seed + 1);
  const perSecond = await progress.stage('calibrate', () => calibrate(options, observer, target, calibration));
  const deliveries = planDeliveries(mixOf(options.deliveries), options.seed);
  const run = await progress.stage('flood and drain', () =>
    floodAndDrain({ ...options, perSecond }, aws, observer, target, deliveries),
  );
  // Both rates as they were, so that a busy machine changes the prediction with the measurement.
  const sentPerSecond = deliveries.length / ((run.sent.endedAt - run.sent.startedAt) / 1000);
  const pace = pacesOf(run, target.slots);
  const workload = floodWorkload(sentPerSecond, target.slots / pace.during, deliveries.length);
  const prediction = predict(workload, target.slots / pace.after, target.slots);
  const all = [...calibration, ...deliveries];
  const { books, latency } = await progress.stage('close the books', async () => {
    const ledger = await observer.ledger(target.ledgerTable);
    const refusals = await observer.logged(target.logGroup, 'Refused');
    const books = closeBooks({
      deliveries: all,
      ledger,
      quarantine: await observer.quarantined(target.quarantineUrl, mixOf(options.deliveries).poison),
      refusedMessageIds: refusals.filter((line) => line.Refused === 1).map((line) => String(line.messageId)),
      parked: (await observer.depth(target.refusedUrl)).visible,
      turnedAway: run.sent.turnedAway,
      log: JSON.stringify(await observer.logged(target.logGroup, 'Failed')),
    });
    const latency = new Quantiles();
    // Calibration is over when the flood begins; its latencies are not the flood's.
    for (const entry of ledger) {
      if (entry.receivedAtMillis >= run.sent.startedAt)
        latency.record((entry.bookedAtMillis - entry.receivedAtMillis) / 1000);
    }
    return { books, latency };
  });
  return {
    ...books,
    predicted: prediction.figures,
    measured: {
      peakBacklog: Math.max(...run.depth.map((sample) => sample.backlog)),
      latencyP50Seconds: latency.quantile(0.5),
      latencyP99Seconds: latency.quantile(0.99),
      drainSeconds: run.drainSeconds,
    },
    basis: {
      serviceSeconds: target.slots / pace.during,
      drainServiceSeconds: target.slots / pace.after,
      perSecond: sentPerSecond,
      floodSeconds: workload.peakSeconds ?? 0,
      slots: target.slots,
    },
    planned: promiseOfStack(),
    droppedResourceTypes: [...new Set(deployment.dropped.map((resource) => resource.resourceType))].sort(),
    stages: progress.stages,
    notes: [...slowSender(options.perSecond, sentPerSecond), ...offPace(pace), ...run.notes],
    depth: { measured: run.depth, predicted: prediction.depth },
  };
}

interface Target {
  readonly url: string;
  readonly queueUrl: string;
  readonly deadLetterUrl: string;
  readonly quarantineUrl: string;
  readonly refusedUrl: string;
  readonly ledgerTable: string;
  readonly logGroup: string;
  readonly intakeFunction: string;
  readonly slots: number;
  readonly secrets: Readonly<Record<string, string>>;
}

async function targetOf({ outputs }: Deployment, observer: Observer, endpoint: string): Promise<Target> {
  return {
    // The emulator serves an API under its own path; a real account under the URL of the output WebhookUrl.
    url: `${endpoint}/restapis/${outputs.RestApiId}/v1/_user_request_/`,
    queueUrl: outputs.QueueUrl,
    deadLetterUrl: outputs.DeadLetterQueueUrl,
    quarantineUrl: outputs.QuarantineQueueUrl,
    refusedUrl: outputs.RefusedQueueUrl,
    ledgerTable: outputs.LedgerTable,
    logGroup: outputs.IntakeLogGroup,
    intakeFunction: outputs.IntakeFunction,
    slots: Number(outputs.MaxConcurrency),
    secrets: {
      github: await observer.secret(outputs.GithubSecretArn),
      shop: await observer.secret(outputs.ShopSecretArn),
    },
  };
}

/**
 * Deliveries a second: as requested, or the most that the sender reaches here. The first invocations start their processes,
 * so a quarter is sent before the clock runs.
 */
async function calibrate(
  options: RunOptions,
  observer: Observer,
  target: Target,
  deliveries: readonly PlannedDelivery[],
): Promise<number> {
  const { perSecond, signal } = options;
  const warmUp = deliveries.slice(0, deliveries.length / 4);
  const timed = deliveries.slice(warmUp.length);
  const drained = async () => isEmpty(await observer.depth(target.queueUrl));
  await flood(target.url, warmUp, target.secrets, perSecond, () => {}, signal);
  await until(signal, SETTLE_TIMEOUT_MILLIS, drained);
  const sent = await flood(target.url, timed, target.secrets, perSecond, () => {}, signal);
  await until(signal, SETTLE_TIMEOUT_MILLIS, drained, 50);
  return Math.min(perSecond, timed.length / ((sent.endedAt - sent.startedAt) / 1000));
}

function slowSender(asked: number, sent: number): string[] {
  return sent < 0.95 * asked ? [`asked for ${asked}/s, this machine sent ${sent.toFixed(0)}/s`] : [];
}

/** Deliveries served in a second. */
interface Pace {
  readonly during: number;
  readonly after: number;
}

/** Fewer than so many for each slot are gone before a pace can be measured. */
const FEWEST_A_SLOT = 4;

/** What the slots served while the flood lasted, and what they served of the backlog that it left. */
function pacesOf({ sent, depth, drainSeconds }: FloodRun, slots: number): Pace {
  const floodSeconds = (sent.endedAt - sent.startedAt) / 1000;
  const left = depth.filter(({ seconds }) => seconds <= floodSeconds).at(-1)?.backlog ?? 0;
  const during = (sent.accepted - left) / floodSeconds;
  return { during, after: left >= FEWEST_A_SLOT * slots && drainSeconds > 0 ? left / drainSeconds : during };
}

function offPace({ during, after }: Pace): string[] {
  if (Math.abs(after / during - 1) <= OFF_PACE) return [];
  const perSecond = (pace: number) => `${pace.toFixed(0)}/s`;
  return [
    `served ${perSecond(during)} during the flood and ${perSecond(after)} after it: sender and worker share the emulator's one thread, which walks its whole queue for every message; the peak and the median are predicted from the first, the P99 and the drain from the second`,
  ];
}

function floodWorkload(perSecond: number, serviceSeconds: number, count: number): Workload {
  // No delivery arrives after the flood; the smallest rate represents that.
  return {
    steadyPerSecond: NOTHING_PER_SECOND,
    peakPerSecond: perSecond,
    peakSeconds: count / perSecond,
    serviceSeconds,
    serviceVariation: SERVICE_VARIATION,
  };
}

/**
 * The closed form for the figures, the simulation for the curve. The emulator runs every slot from the start. What the
 * flood leaves is a burst at its end: the last to arrive wait for all of it, at the pace of that time.
 */
function predict(
  flood: Workload,
  drainServiceSeconds: number,
  slots: number,
): { figures: Figures; depth: DepthSample[] } {
  const consumer = {
    slotsPerInstance: 1,
    pollSeconds: 1,
    decideSeconds: 0,
    startSeconds: 0,
    minInstances: slots,
    maxInstances: slots,
    backlogPerInstance: 1,
    maxAttempts: 5,
  };
  const floodSeconds = flood.peakSeconds ?? 0;
  const { timeline } = simulate({ workload: flood, consumer, seed: 1 });
  const curve = timeline.map(({ seconds, backlog }) => ({ seconds, backlog }));
  const figures = predictQueue(flood, consumer);
  const burstItems = Math.round(figures.peakBacklog);
  if (burstItems < FEWEST_A_SLOT * slots) return { figures: pick(figures), depth: curve };
  const left: Workload = {
    steadyPerSecond: NOTHING_PER_SECOND,
    burstItems,
    serviceSeconds: drainServiceSeconds,
    serviceVariation: SERVICE_VARIATION,
  };
  const drain = predictQueue(left, consumer);
  const after = simulate({ workload: left, consumer, seed: 1 }).timeline;
  return {
    figures: {
      peakBacklog: figures.peakBacklog,
      latencyP50Seconds: figures.latencyP50Seconds,
      latencyP99Seconds: drain.latencyP99Seconds,
      drainSeconds: drain.drainSeconds,
    },
    depth: [
      ...curve.filter(({ seconds }) => seconds <= floodSeconds),
      ...after
        .filter(({ seconds }) => seconds > 0)
        .map(({ seconds, backlog }) => ({ seconds: floodSeconds + seconds, backlog })),
    ],
  };
}

/** The promise of the deployed stack: its plan is that of case 15. */
function promiseOfStack(): RunReport['planned'] {
  const { workload, on } = WEBHOOKS;
  const { predictions } = planQueue(STACK, { workload, ...on.aws });
  const { breaksAtLoad = Number.POSITIVE_INFINITY, breaksAtServiceTime = Number.POSITIVE_INFINITY } = predictions;
  return { latencySeconds: on.aws.objective.latencySeconds, breaksAtLoad, breaksAtServiceTime };
}

interface FloodRun {
  readonly sent: FloodResult;
  readonly depth: DepthSample[];
  readonly drainSeconds: number;
  readonly notes: string[];
}

async function floodAndDrain(
  options: RunOptions,
  aws: LocalAws,
  observer: Observer,
  target: Target,
  deliveries: readonly PlannedDelivery[],
): Promise<FloodRun> {
  const { progress, signal } = options;
  const poison = deliveries.filter(({ kind }) => kind === 'poison').length;
  const depth: DepthSample[] = [];
  const notes: string[] = [];
  const startedAt = Date.now();
  let sent = 0;
  let drainedAt: number | undefined;
  let floodEnded: number | undefined;
  let killed = false;

  progress.startFlood(deliveries.length);
  const sending = flood(target.url, deliveries, target.secrets, options.perSecond, (count) => (sent = count), signal);
  sending.then((result) => (floodEnded = result.endedAt)).catch(() => {});
  try {
    const settled = until(signal, SETTLE_TIMEOUT_MILLIS, async () => {
      const main = await observer.depth(target.queueUrl);
      const now = Date.now();
      const [dead, quarantine] = await Promise.all(
        [target.deadLetterUrl, target.quarantineUrl].map((url) => observer.depth(url)),
      );
      depth.push({ seconds: (now - startedAt) / 1000, backlog: main.visible });
      if (floodEnded !== undefined && main.visible === 0) drainedAt ??= now;
      progress.flood({
        sent,
        processed: sent - main.visible - main.inFlight,
        backlog: main.visible,
        quarantined: quarantine.visible,
      });
      if (!killed && sent > deliveries.length / 2) {
        killed = true;
        notes.push(await killOneWorker(aws, target.intakeFunction));
      }
      return floodEnded !== undefined && isEmpty(main) && isEmpty(dead) && quarantine.visible >= poison;
    });
    // If one fails, both end: a failed sender must not be awaited.
    const [result] = await Promise.all([sending, settled]);
    return { sent: result, depth, drainSeconds: ((drainedAt ?? Date.now()) - result.endedAt) / 1000, notes };
  } finally {
    progress.endFlood();
  }
}

async function killOneWorker(aws: LocalAws, functionName: string): Promise<string> {
  if (aws.pid === undefined) return 'no worker was killed: the AWS at AWS_ENDPOINT_URL was not started here';
  const [victim] = await workerPids(aws.pid, functionName);
  if (victim === undefined) throw new Error(`no running worker of ${functionName} was found to kill`);
  process.kill(victim, 'SIGKILL');
  return `worker process ${victim} was killed in the middle of the flood`;
}

function isEmpty(depth: { visible: number; inFlight: number; delayed: number }): boolean {
  return depth.visible + depth.inFlight + depth.delayed === 0;
}

async function until(
  signal: AbortSignal,
  timeoutMillis: number,
  met: () => Promise<boolean>,
  everyMillis = SAMPLE_MILLIS,
): Promise<void> {
  const end = Date.now() + timeoutMillis;
  while (!(await met())) {
    signal.throwIfAborted();
    if (Date.now() > end) throw new Error(`the queues did not settle within ${timeoutMillis / 60_000} min`);
    await wait(everyMillis, undefined, { signal });
  }
}

function pick({ peakBacklog, latencyP50Seconds, latencyP99Seconds, drainSeconds }: Figures): Figures {
  return { peakBacklog, latencyP50Seconds, latencyP99Seconds, drainSeconds };
}

function sayDropped({ dropped }: Deployment, progress: Progress): void {
  const byType = new Map<string, number>();
  for (const { resourceType } of dropped) byType.set(resourceType, (byType.get(resourceType) ?? 0) + 1);
  if (byType.size === 0) return;
  progress.say('left out, because the local AWS cannot hold them (a real account can):');
  for (const [type, count] of byType) progress.say(`  ${count} × ${type}`);
}
