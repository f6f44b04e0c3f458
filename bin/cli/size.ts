import { Command, Option } from 'commander';
import type { CapacityError } from '../../lib/flow/errors';
import { percent } from '../../lib/flow/figures';
import { ExplainFormat } from '../../lib/flow/plan';
import type { SolvedQueue } from '../../lib/flow/queue/plan';
import type { Objective, QueuePlan } from '../../lib/flow/queue/workload';
import { AMOUNTS_HELP } from './amount';
import { ExitCode, Io, UsageError } from './io';
import { HTML_OPTION, sizePage, writePage } from './page';
import { drain, duration, hang, hanging, helpText, table } from './text';
import { addWorkloadOptions, inOptions, Question, question, requireOptions } from './workload-options';

const EXAMPLE =
  'npx backpressure size --steady 40 --peak 400 --peak-seconds 1800 --service 0.05 --latency 90 --platform lambda';

/** `backpressure size`: workload and objective in, every knob with its reason out. */
export function registerSize(program: Command, io: Io, answered: (exit: number) => void): void {
  const command = program
    .command('size')
    .description('derive every knob of a queue and its consumers from workload and objective')
    .usage('--steady <per-second> --service <seconds> --latency <seconds> [options]');
  addWorkloadOptions(command)
    .option('--json', 'print JSON, with formula, inputs and source of every knob')
    .option('--explain', 'print formula, inputs and source of every knob')
    .addOption(
      new Option('--format <format>', 'how --explain prints (default: text)').choices(Object.values(ExplainFormat)),
    )
    .option(...HTML_OPTION)
    .addHelpText(
      'after',
      helpText(
        [
          ...['', AMOUNTS_HELP, '', 'Examples:', `  ${EXAMPLE}`, `  ${EXAMPLE} --explain --format markdown`],
          ...['', 'Exits with 1, and says what would help, when the workload cannot be served as asked.'],
        ],
        io.columns,
      ),
    )
    .action((given: Record<string, unknown>) => {
      requireOptions(given, ['--steady', '--service', '--latency']);
      if (given.format !== undefined && !given.explain)
        throw new UsageError('--format is of --explain, which is missing');
      if (given.json && given.explain)
        throw new UsageError('--json cannot be combined with --explain; give --format json');
      const asked = question(given);
      const { plan, sizing, refusal } = planFor(asked);
      if (plan && sizing) {
        const { latencySeconds = 0, latencyQuantile = 0.99 } = asked.objective;
        writePage(given.html as string | undefined, io, () =>
          sizePage({ asked: summary(asked), plan, sizing, latencySeconds, latencyQuantile }),
        );
      }
      if (given.json) io.out(`${JSON.stringify(plan ? feasible(plan) : infeasible(refusal!), undefined, 2)}\n`);
      else if (plan)
        io.out(`${given.explain ? explained(plan, given.format as ExplainFormat, io) : sheet(plan, asked, io)}\n`);
      else io.err(refusalText(refusal!, io));
      answered(plan ? ExitCode.OK : ExitCode.NO);
    });
}

/** The result: a plan with its sizing, or the refusal with its reason. */
export interface Sized extends Partial<SolvedQueue> {
  readonly refusal?: CapacityError;
}

/**
 * Sizes the given workload.
 *
 * @throws UsageError when the numbers are outside their ranges; the message names the options
 */
export function planFor({ name, objective, ...asked }: Question): Sized {
  // Loaded when something is sized, so that `--help` stays quick.
  const { solveQueue } = require('../../lib/flow/queue/plan') as typeof import('../../lib/flow/queue/plan');
  const errors = require('../../lib/flow/errors') as typeof import('../../lib/flow/errors');
  try {
    return solveQueue(name, { ...asked, objective: objective as Objective });
  } catch (error) {
    if (error instanceof errors.CapacityError) return { refusal: error };
    if (error instanceof errors.InvalidInputError) throw new UsageError(inOptions(error.failures.join('; ')));
    throw error;
  }
}

/** The refusal as text: the bottleneck, then each way out on its own line. */
export function refusalText(refusal: CapacityError, { errColumns }: Io): string {
  const ways = refusal.waysOut.map((way, index) => `  ${index === 0 ? 'either' : 'or    '} ${inOptions(way)}`);
  return [`${refusal.subject}: ${inOptions(refusal.reason)}`, ...ways]
    .map((line) => `${hang(line, errColumns, 9)}\n`)
    .join('');
}

/** The page of reasons; its text keeps to the terminal, and the other forms are for programs. */
function explained(plan: QueuePlan, format: ExplainFormat | undefined, { columns }: Io): string {
  const text = plan.explain(format);
  if (format !== undefined && format !== ExplainFormat.TEXT) return text;
  return hanging(text, columns);
}

function feasible(plan: QueuePlan): object {
  const knobs = plan.knobs.map(({ name, ...knob }) => [name, knob]);
  return { feasible: true, knobs: Object.fromEntries(knobs), predictions: plan.predictions };
}

function infeasible(refusal: CapacityError): object {
  return { feasible: false, reason: inOptions(refusal.reason), waysOut: refusal.waysOut.map(inOptions) };
}

/** The question, in one line, with the platform: the same workload has another plan on another one. */
export function summary({
  name,
  workload,
  objective,
  platform,
}: Pick<Question, 'name' | 'workload' | 'objective' | 'platform'>): string {
  const { figure } = require('../../lib/flow/figures') as typeof import('../../lib/flow/figures');
  const { PLATFORM_FACTS } =
    require('../../lib/flow/queue/platforms/facts') as typeof import('../../lib/flow/queue/platforms/facts');
  const { steadyPerSecond, peakPerSecond, peakSeconds, serviceSeconds, burstItems } = workload;
  const peak = burstItems
    ? `, ${figure(burstItems)} at once`
    : peakPerSecond !== undefined && peakSeconds
      ? `, ${figure(peakPerSecond)}/s for ${duration(peakSeconds)}`
      : '';
  const { latencySeconds, latencyQuantile = 0.99 } = objective;
  const item = `${name}: ${figure(steadyPerSecond)}/s${peak}, ${duration(serviceSeconds)} an item`;
  // Without a promise nothing is planned, and instances that are given run anywhere.
  if (latencySeconds === undefined) return item;
  const runs = platform === undefined ? `${PLATFORM_FACTS.other.title} (--platform)` : PLATFORM_FACTS[platform].title;
  return `${item}; ${percent(latencyQuantile)} within ${duration(latencySeconds)}; on ${runs}`;
}

function sheet(plan: QueuePlan, asked: Question, io: Io): string {
  const { figure } = require('../../lib/flow/figures') as typeof import('../../lib/flow/figures');
  const { breakingMultiple, noticeablyBadPeak } =
    require('../../lib/flow/queue/expected') as typeof import('../../lib/flow/queue/expected');
  const expected = plan.predictions;
  const bad = noticeablyBadPeak(expected);
  return [
    hang(summary(asked), io.columns, 2),
    '',
    table(
      [{ title: '  knob' }, { title: 'value', right: true }, { title: '' }, { title: 'because' }],
      plan.knobs.map((knob) => [`  ${knob.name}`, figure(knob.value), knob.unit, knob.formula]),
      io.columns,
    ),
    '',
    '  expect',
    ...(
      [
        ['utilisation at the peak', percent(expected.utilisation)],
        ['probability of waiting', percent(expected.waitProbability)],
        ['latency P50', duration(expected.latencyP50Seconds)],
        ['latency P99', duration(expected.latencyP99Seconds)],
        ...(bad === undefined ? [] : [['P99 of a bad peak', `${duration(bad)}, one in twenty is worse`]]),
        ['peak backlog', `${figure(Math.round(expected.peakBacklog))} items`],
        ...(plan.peaked ? [['drained after the peak', drain(expected.drainSeconds)]] : []),
        ['reaction of the scaler', duration(expected.reactionSeconds)],
        ['breaks at', `${breakingMultiple(expected.breaksAtLoad)} the load`],
        ['', `${breakingMultiple(expected.breaksAtServiceTime)} the service time`],
        ...(expected.monthlyCost === undefined ? [] : [['instances a month', `$${figure(expected.monthlyCost)}`]]),
      ] as [string, string][]
    ).map(([what, value]) => hang(`  ${what.padEnd(27)}${value}`, io.columns, 29)),
  ].join('\n');
}
