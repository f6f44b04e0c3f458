import { Command, Option } from 'commander';
import { percent } from '../../lib/flow/figures';
import type { Quantiles } from '../../lib/flow/numerics/quantiles';
import type { ResolvedConsumer } from '../../lib/flow/queue/resolve';
import type { SimulationResult } from '../../lib/flow/queue/simulation/simulate';
import type { Predictions, Workload } from '../../lib/flow/queue/workload';
import type { Cell } from '../page/html';
import { AMOUNTS_HELP, amount } from './amount';
import { depth } from './depth';
import { ExitCode, Io, UsageError } from './io';
import { HTML_OPTION, simulatedPage, type Table, writePage } from './page';
import { eachSeed, type SimulateOptions } from './seeds';
import { runnableCases, simulateCase } from './simulate-case';
import { planFor, refusalText, summary } from './size';
import { count, drain, duration, hang, helpText, table, told, wrap } from './text';
import { addWorkloadOptions, inOptions, type Question, question, requireOptions } from './workload-options';

/** Items that a run may have; more takes minutes and proves nothing new. */
const MOST_ITEMS = 50_000_000;
/** Slots that a run may have. */
const MOST_SLOTS = 1_000_000;
const MOST_SEEDS = 1_000;
const MOST_SEED = 2 ** 32 - 1;
/** What a backlog that never drains costs the simulation, which gives up after a day. */
const DAY_SECONDS = 86_400;
/** Points of a timeline, which is enough for any terminal. */
const TIMELINE_POINTS = 240;

/** `backpressure simulate`: a planned queue, or a case before and after, event by event. */
export function registerSimulate(program: Command, io: Io, answered: (exit: number) => void): void {
  const command = program
    .command('simulate')
    .description('simulate a planned queue event by event, or run a case before and after')
    .usage('--steady <per-second> --service <seconds> --latency <seconds> [options] | --case <number>');
  addWorkloadOptions(command)
    .option('--json', 'print JSON; a drain that never ends is null')
    .option(...HTML_OPTION)
    .optionsGroup('Run:')
    .option('--case <number>', 'run a case before and after instead; `npx backpressure cases` lists them')
    .addOption(
      new Option(
        '--engine <engine>',
        'where the case runs after (default: the first engine that it is deployed on)',
      ).choices(['aws', 'k8s', 'gcp']),
    )
    .addOption(whole('--seed', 'same seed, same run; 0 or more', 0, MOST_SEED).default(1))
    .addOption(whole('--seeds', `runs, with consecutive seeds; 1 to ${MOST_SEEDS}`, 1, MOST_SEEDS).default(1))
    .addHelpText('after', () => helpText(helpLines(), io.columns))
    .action((given: SimulateOptions) => {
      answered(given.case === undefined ? simulateWorkload(given, io) : simulateCase(given, given.case, io));
    });
}

/** What the help ends with. A function, because the cases are loaded for it. */
function helpLines(): string[] {
  const numbers = runnableCases().map(({ number }) => number);
  return [
    '',
    `Cases that run: ${numbers.slice(0, -1).join(', ')} or ${numbers.at(-1)}.`,
    AMOUNTS_HELP,
    'Without --latency nothing is planned: give --min-instances and --max-instances the same number.',
    'Exits with 1 when the workload cannot be served as asked, when its backlog never drains, or a case misses its headline.',
    '',
    'Examples:',
    '  npx backpressure simulate --steady 40 --peak 400 --peak-seconds 1800 --service 0.05 --latency 90 --platform lambda',
    '  npx backpressure simulate --steady 16 --peak 56.5 --peak-seconds 1800 --service 2 --min-instances 80 --max-instances 80',
    '  npx backpressure simulate --case 14 --html case-14.html',
  ];
}

function whole(flag: string, help: string, min: number, max: number): Option {
  return new Option(`${flag} <count>`, help).argParser((given) => {
    const value = amount(flag, given);
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new UsageError(`${flag} must be a whole number between ${min} and ${max}, got ${given}`);
    }
    return value;
  });
}

function simulateWorkload(given: SimulateOptions, io: Io): ExitCode {
  const setUp = prepare(given, io);
  if (!setUp) return ExitCode.NO;
  const { name, workload, consumer, predictions, visibilityTimeoutSeconds } = setUp;
  const code = predictions.drainSeconds === Number.POSITIVE_INFINITY ? ExitCode.NO : ExitCode.OK;
  refuseEndless(workload, consumer, given.seeds);
  const { simulate } =
    require('../../lib/flow/queue/simulation/simulate') as typeof import('../../lib/flow/queue/simulation/simulate');
  const { Quantiles } =
    require('../../lib/flow/numerics/quantiles') as typeof import('../../lib/flow/numerics/quantiles');
  const runs = eachSeed(given, io, (seed) => ({
    seed,
    result: simulate({ workload, consumer, seed, visibilityTimeoutSeconds, timelinePoints: TIMELINE_POINTS }),
  }));
  const all = new Quantiles();
  for (const { result } of runs) all.merge(result.latency);
  const outcome = outcomeOf(setUp, runs, all);
  const asked = summary({ ...setUp, workload: setUp.asked });
  const seeds = given.seeds === 1 ? `seed ${given.seed}` : `seeds ${given.seed} to ${given.seed + given.seeds - 1}`;
  const run = `${instancesText(consumer)}, ${seeds}`;
  const endless = code === ExitCode.OK ? undefined : overload(setUp);
  const { timeline } = runs[0].result;
  const drawn = given.seeds === 1 ? run : `${run}; the charts are of seed ${given.seed}`;
  writePage(given.html, io, () => simulatedPage({ asked, outcome, overload: endless, timeline, run: drawn }));
  if (given.json) {
    const described = runs.map(({ seed, result }) => describe(seed, result));
    const answer = described.length === 1 ? described[0] : { runs: described };
    io.out(`${JSON.stringify({ consumer, predictions, ...answer }, undefined, 2)}\n`);
  } else {
    io.out(
      `${[
        hang(asked, io.columns, 2),
        hang(`${' '.repeat(name.length + 2)}${run}`, io.columns, name.length + 2),
        '',
        table(
          outcome.headings.map(({ title, number }) => ({ title, right: number })),
          outcome.rows.map(([label, ...cells]) => [`  ${label}`, ...cells.map((cell) => told(cell, io))]),
          io.columns,
        ),
        ...(endless === undefined ? [] : ['', wrap(endless, io.columns, 2)]),
        '',
        depth(timeline, io, given.seeds === 1 ? '' : ` (seed ${given.seed})`),
      ].join('\n')}\n`,
    );
  }
  return code;
}

/** Predicted beside simulated, over all runs. */
function outcomeOf(
  { workload, consumer, predictions, objective }: SetUp,
  runs: readonly { readonly result: SimulationResult }[],
  all: Quantiles,
): Table {
  const { latencySeconds, latencyQuantile = 0.99 } = objective;
  const span = (read: (result: SimulationResult) => number, say: (value: number) => string) => {
    const values = runs.map(({ result }) => read(result));
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return say(least) === say(most) ? say(least) : `${say(least)} to ${say(most)}`;
  };
  const quantiles = [...new Set([0.5, latencyQuantile, 0.99])].sort();
  const predicted: { [quantile: number]: number } = {
    0.5: predictions.latencyP50Seconds,
    0.99: predictions.latencyP99Seconds,
  };
  const promise = (quantile: number): Cell => {
    if (latencySeconds === undefined || quantile !== latencyQuantile) return '';
    const verdict = all.quantile(quantile) <= latencySeconds;
    return { text: `${verdict ? 'keeps' : 'MISSES'} ${duration(latencySeconds)}`, verdict };
  };
  const drains = workload.peakSeconds || predictions.drainSeconds === Number.POSITIVE_INFINITY;
  return {
    headings: [
      { title: '' },
      { title: 'predicted', number: true },
      { title: 'simulated', number: true },
      { title: '' },
    ],
    rows: [
      ['utilisation at the peak', percent(predictions.utilisation), '', ''],
      ...quantiles.map((quantile) => [
        `latency P${Number((quantile * 100).toPrecision(6))}`,
        predicted[quantile] === undefined ? '' : duration(predicted[quantile]),
        duration(all.quantile(quantile)),
        promise(quantile),
      ]),
      ['peak backlog', count(predictions.peakBacklog), span((result) => result.peakBacklog, count), ''],
      ...(drains
        ? [
            [
              'drained after the peak',
              drain(predictions.drainSeconds),
              span((result) => result.drainSeconds, drain),
              '',
            ],
          ]
        : []),
      ['most instances', count(consumer.maxInstances), span((result) => result.peakInstances, count), ''],
      ['items served', '', span((result) => result.processed, count), ''],
      ['attempts made again', '', span((result) => result.retried, count), ''],
      ['items set aside', '', span((result) => result.poisoned, count), ''],
      ['items lost', '', span((result) => result.lost, count), ''],
    ],
  };
}

/** Why the backlog never drains, and which time the prediction covers. */
function overload({ workload, consumer, coveredSeconds }: SetUp): string {
  const { resolveWorkload, workSeconds } =
    require('../../lib/flow/queue/resolve') as typeof import('../../lib/flow/queue/resolve');
  const { steadyPerSecond } = workload;
  const { maxInstances, slotsPerInstance, maxAttempts } = consumer;
  const served = (maxInstances * slotsPerInstance) / workSeconds(resolveWorkload(workload), maxAttempts);
  const rates = `${figureOf(steadyPerSecond)}/s arrive and ${count(maxInstances)} instances serve ${figureOf(served)}/s`;
  const cause =
    steadyPerSecond > served ? 'more arrives than all instances serve' : 'as much arrives as all instances serve';
  return `${rates}: ${cause}, so the backlog never drains. The predictions cover ${duration(coveredSeconds)}.`;
}

function figureOf(value: number): string {
  const { figure } = require('../../lib/flow/figures') as typeof import('../../lib/flow/figures');
  return figure(Number(value.toPrecision(4)));
}

interface SetUp {
  readonly name: string;
  /** The workload as asked. */
  readonly asked: Workload;
  /** The workload as simulated: a platform may add to the time of an item. */
  readonly workload: Workload;
  readonly objective: { readonly latencySeconds?: number; readonly latencyQuantile?: number };
  readonly consumer: ResolvedConsumer;
  /** What it was planned for. */
  readonly platform?: Question['platform'];
  readonly predictions: Predictions;
  /** The seconds from the begin of the peak that the predictions cover. */
  readonly coveredSeconds: number;
  readonly visibilityTimeoutSeconds?: number;
}

/** Plans what was asked, or takes the instances that were given; undefined when it was refused, and said so. */
function prepare(given: SimulateOptions, io: Io): SetUp | undefined {
  requireOptions(given, ['--steady', '--service']);
  const asked = question(given);
  const { name, workload, objective } = asked;
  const { fixedConsumer } =
    require('../../lib/cases/scenarios/fixed-consumer') as typeof import('../../lib/cases/scenarios/fixed-consumer');
  if (objective.latencySeconds === undefined) {
    const { minInstances, maxInstances, slotsPerInstance, maxAttempts } = asked.consumer;
    if (maxInstances === undefined || minInstances !== maxInstances) {
      throw new UsageError('--latency is required, unless --min-instances and --max-instances are the same number');
    }
    const { CONSUMER_DEFAULTS } =
      require('../../lib/flow/queue/resolve') as typeof import('../../lib/flow/queue/resolve');
    const consumer = fixedConsumer(
      maxInstances,
      slotsPerInstance ?? CONSUMER_DEFAULTS.slotsPerInstance,
      maxAttempts ?? CONSUMER_DEFAULTS.maxAttempts,
    );
    return { name, asked: workload, workload, objective, consumer, ...predict(workload, consumer) };
  }
  const { plan, sizing, refusal } = planFor(asked);
  if (!plan || !sizing) {
    if (given.json)
      io.out(
        `${JSON.stringify({ feasible: false, reason: inOptions(refusal!.reason), waysOut: refusal!.waysOut.map(inOptions) }, undefined, 2)}\n`,
      );
    else io.err(refusalText(refusal!, io));
    return undefined;
  }
  return {
    name,
    asked: workload,
    workload: sizing.workload,
    objective,
    platform: asked.platform,
    consumer: sizing.consumer,
    predictions: plan.predictions,
    coveredSeconds: sizing.workload.peakSeconds + plan.predictions.drainSeconds,
    visibilityTimeoutSeconds: plan.knobs.find((knob) => knob.name === 'visibilityTimeoutSeconds')?.value,
  };
}

/** Foresees the peak and its drain; without a peak, as many seconds as the simulation runs. */
function predict(workload: Workload, consumer: ResolvedConsumer): Pick<SetUp, 'predictions' | 'coveredSeconds'> {
  const { predictQueue } = require('../../lib/flow/queue/plan') as typeof import('../../lib/flow/queue/plan');
  const { STEADY_HORIZON_SECONDS } =
    require('../../lib/flow/queue/resolve') as typeof import('../../lib/flow/queue/resolve');
  const { InvalidInputError } = require('../../lib/flow/errors') as typeof import('../../lib/flow/errors');
  const { resolveWorkload } = require('../../lib/flow/queue/resolve') as typeof import('../../lib/flow/queue/resolve');
  const { peakSeconds } = resolveWorkload(workload);
  try {
    const predictions = predictQueue(workload, consumer);
    if (peakSeconds > 0 || Number.isFinite(predictions.drainSeconds)) {
      return { predictions, coveredSeconds: peakSeconds > 0 ? peakSeconds : STEADY_HORIZON_SECONDS };
    }
    const coveredSeconds = STEADY_HORIZON_SECONDS + DAY_SECONDS;
    return { predictions: predictQueue(workload, consumer, coveredSeconds), coveredSeconds };
  } catch (error) {
    if (error instanceof InvalidInputError) throw new UsageError(inOptions(error.failures.join('; ')));
    throw error;
  }
}

/** Refuses runs that would keep the terminal for minutes. */
function refuseEndless(workload: Workload, consumer: ResolvedConsumer, seeds: number): void {
  const { resolveWorkload, STEADY_HORIZON_SECONDS, workSeconds } =
    require('../../lib/flow/queue/resolve') as typeof import('../../lib/flow/queue/resolve');
  const { steadyPerSecond, peakPerSecond, peakSeconds } = resolveWorkload(workload);
  const slots = consumer.maxInstances * consumer.slotsPerInstance;
  if (slots > MOST_SLOTS) {
    throw new UsageError(
      `--max-instances × --slots must be at most ${count(MOST_SLOTS)} to be simulated, got ${count(slots)}`,
    );
  }
  const work = workSeconds(resolveWorkload(workload), consumer.maxAttempts);
  const seconds = peakSeconds > 0 ? peakSeconds : STEADY_HORIZON_SECONDS;
  const spare = slots / work - steadyPerSecond;
  const backlog = Math.max(0, peakPerSecond - slots / work) * seconds;
  const drain = spare > 0 ? Math.min(DAY_SECONDS, backlog / spare) : DAY_SECONDS;
  const items = (peakPerSecond * seconds + steadyPerSecond * drain) * seeds;
  if (items > MOST_ITEMS) {
    throw new UsageError(
      `a run of ${count(items)} items takes too long, the limit is ${count(MOST_ITEMS)}: give a shorter --peak-seconds${seeds > 1 ? ', fewer --seeds' : ''} or lower rates`,
    );
  }
}

function describe(seed: number, result: SimulationResult): object {
  const { latency: _histogram, quantile: _read, ...numbers } = result;
  return { seed, ...numbers };
}

function instancesText({ minInstances, maxInstances, slotsPerInstance }: ResolvedConsumer): string {
  const range = minInstances === maxInstances ? `${maxInstances}` : `${minInstances} to ${maxInstances}`;
  return `${range} instances with ${slotsPerInstance} ${slotsPerInstance === 1 ? 'slot' : 'slots'}`;
}
