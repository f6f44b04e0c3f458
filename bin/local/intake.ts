/**
 * One local run of order intake: deploy, warm up, flood, predict from the rates as they were, close the books.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Quantiles } from '../../lib/flow/numerics/quantiles';
import { WEBHOOK_FLOOD } from '../../stacks/order-intake';
import { type Books, closeBooks } from './books';
import { mixOf, type PlannedDelivery, planDeliveries } from './deliveries';
import { type Deployment, deployLocally } from './deploy';
import { type LocalAws, workerPids } from './emulator';
import { flood } from './flood';
import { Observer } from './observe';
import { type DepthSample, type Figures, type FloodRun, floodWorkload, offPace, pacesOf, predict } from './prediction';
import type { Progress } from './progress';
import { type LocalSetting, localSettings, planOf, STACK } from './settings';

/** The machine-readable result, `dist/report/run.json`. */
export interface RunReport extends Books {
  readonly predicted: Figures;
  readonly measured: Figures;
  /** Inputs of the prediction: the rates as they were in the run, the stack's own knob. */
  readonly basis: {
    readonly perSecond: number;
    /** Deliveries a second that the sender was asked for. */
    readonly askedPerSecond: number;
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
  /** What is set otherwise than in a real account, each with the value there. */
  readonly settings: readonly LocalSetting[];
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

/** Enough for every slot to start its process and to be busy a few times. */
const WARM_UP_DELIVERIES = 160;
/** The emulator counts a queue by walking it: polled too often, a deep one becomes slow. */
const SAMPLE_MILLIS = 500;
/** A run is given up after so long, and so much longer for each delivery: a busy machine served one in 60 ms. */
const SETTLE_MILLIS = 25 * 60_000;
const SETTLE_MILLIS_EACH = 200;

/** Runs it against a local AWS that is up, and returns the report. */
export async function runIntake(options: RunOptions, aws: LocalAws): Promise<RunReport> {
  const { root, progress, signal } = options;
  const deployment = await progress.stage('deploy', () => deployLocally(root, aws.endpoint, STACK, signal));
  sayDropped(deployment, progress);
  saySettings(progress);
  const observer = new Observer(aws.endpoint);
  const target = await targetOf(deployment, observer, aws.endpoint);

  // Poison and forgeries are retried later: waiting for them would count as work.
  const mix = { ...mixOf(WARM_UP_DELIVERIES), poison: 0, forged: 0 };
  const first = planDeliveries(mix, options.seed + 1);
  await progress.stage('warm up', () => warmUp(options, observer, target, first));
  const deliveries = planDeliveries(mixOf(options.deliveries), options.seed);
  const run = await progress.stage('flood and drain', () => floodAndDrain(options, aws, observer, target, deliveries));
  // Both rates as they were, so that a busy machine changes the prediction with the measurement.
  const sentPerSecond = deliveries.length / ((run.sent.endedAt - run.sent.startedAt) / 1000);
  const pace = pacesOf(run, target.slots);
  const workload = floodWorkload(sentPerSecond, target.slots / pace.during, deliveries.length);
  const prediction = predict(workload, target.slots / pace.after, target.slots);
  const all = [...first, ...deliveries];
  const { books, latency } = await progress.stage('count every delivery', async () => {
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
    // The warm-up is over when the flood begins; its latencies are not the flood's.
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
      askedPerSecond: options.perSecond,
      floodSeconds: workload.peakSeconds ?? 0,
      slots: target.slots,
    },
    planned: promiseOfStack(),
    settings: localSettings(),
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

/** The first invocations start their processes: they are sent, and served, before the clock runs. */
async function warmUp(
  { perSecond, signal }: RunOptions,
  observer: Observer,
  target: Target,
  deliveries: readonly PlannedDelivery[],
): Promise<void> {
  await flood(target.url, deliveries, target.secrets, perSecond, () => {}, signal);
  await until(signal, SETTLE_MILLIS, async () => isEmpty(await observer.depth(target.queueUrl)));
}

function slowSender(asked: number, sent: number): string[] {
  return sent < 0.95 * asked ? [`asked for ${asked}/s, this machine sent ${sent.toFixed(0)}/s`] : [];
}

/** The promise of the stack in a real account: its plan is that of case 15. */
function promiseOfStack(): RunReport['planned'] {
  const { predictions } = planOf(WEBHOOK_FLOOD);
  const { breaksAtLoad = Number.POSITIVE_INFINITY, breaksAtServiceTime = Number.POSITIVE_INFINITY } = predictions;
  return { latencySeconds: WEBHOOK_FLOOD.objective.latencySeconds, breaksAtLoad, breaksAtServiceTime };
}

interface Observed extends FloodRun {
  readonly notes: readonly string[];
}

async function floodAndDrain(
  options: RunOptions,
  aws: LocalAws,
  observer: Observer,
  target: Target,
  deliveries: readonly PlannedDelivery[],
): Promise<Observed> {
  const { progress, signal } = options;
  const poison = deliveries.filter(({ kind }) => kind === 'poison').length;
  const depth: DepthSample[] = [];
  const notes: string[] = [];
  const startedAt = Date.now();
  let sent = 0;
  let drainedAt: number | undefined;
  let floodEnded: number | undefined;
  let killed = false;

  progress.startFlood(deliveries.length, poison);
  const sending = flood(target.url, deliveries, target.secrets, options.perSecond, (count) => (sent = count), signal);
  sending.then((result) => (floodEnded = result.endedAt)).catch(() => {});
  try {
    const timeoutMillis = SETTLE_MILLIS + SETTLE_MILLIS_EACH * deliveries.length;
    const settled = until(signal, timeoutMillis, async () => {
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
    if (Date.now() > end) throw new Error(`the queues did not settle within ${Math.round(timeoutMillis / 60_000)} min`);
    await wait(everyMillis, undefined, { signal });
  }
}

function saySettings(progress: Progress): void {
  progress.say('set for one machine (in a real account):');
  for (const { name, here, account } of localSettings()) progress.say(`  ${name}: ${here} (${account})`);
}

function sayDropped({ dropped }: Deployment, progress: Progress): void {
  const byType = new Map<string, number>();
  for (const { resourceType } of dropped) byType.set(resourceType, (byType.get(resourceType) ?? 0) + 1);
  if (byType.size === 0) return;
  progress.say('left out, because the local AWS cannot hold them (a real account can):');
  for (const [type, count] of byType) progress.say(`  ${count} × ${type}`);
}
