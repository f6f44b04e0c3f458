import { Command, Option } from 'commander';
import { BROKER_FACTS, type BrokerName } from '../../lib/flow/queue/brokers/facts';
import { PLATFORM_FACTS, type PlatformName } from '../../lib/flow/queue/platforms/facts';
import type { QueueQuestion } from '../../lib/flow/queue/question';
import type { Consumer, Objective, Workload } from '../../lib/flow/queue/workload';
import { type Amount, amount } from './amount';
import { UsageError } from './io';

/** An option that carries one number, and the prop of the library that it sets. */
interface NumberOption {
  readonly flag: string;
  readonly prop: keyof Workload | keyof Objective | keyof Consumer | 'partitions';
  readonly unit: Amount;
  readonly help: string;
}

// Ranges are checked by lib/flow, once; the help only repeats them.
const PLATFORM_NAMES = Object.keys(PLATFORM_FACTS);
const BROKER_NAMES = Object.keys(BROKER_FACTS);

const WORKLOAD: readonly NumberOption[] = [
  { flag: '--steady', prop: 'steadyPerSecond', unit: 'per-second', help: 'arrivals outside the peak; above 0' },
  {
    flag: '--peak',
    prop: 'peakPerSecond',
    unit: 'per-second',
    help: 'arrivals during the peak; at least --steady (default: no peak)',
  },
  { flag: '--peak-seconds', prop: 'peakSeconds', unit: 'seconds', help: 'length of the peak; 0 or more (default: 0)' },
  {
    flag: '--burst',
    prop: 'burstItems',
    unit: 'count',
    help: 'items that arrive at one moment, in place of a peak (default: 0)',
  },
  {
    flag: '--service',
    prop: 'serviceSeconds',
    unit: 'seconds',
    help: 'mean time one item keeps one slot busy; above 0',
  },
  {
    flag: '--service-variation',
    prop: 'serviceVariation',
    unit: 'ratio',
    help: 'standard deviation ÷ mean of it, 0 to 10 (default: 1)',
  },
  {
    flag: '--bytes',
    prop: 'itemBytes',
    unit: 'bytes',
    help: 'mean size of one item in the queue; above 0 (default: 1024)',
  },
  {
    flag: '--failure-ratio',
    prop: 'failureRatio',
    unit: 'ratio',
    help: 'attempts that fail and are retried, 0 to below 1 (default: 0)',
  },
  {
    flag: '--poison-ratio',
    prop: 'poisonRatio',
    unit: 'ratio',
    help: 'items that can never be served, 0 to below 1 (default: 0)',
  },
];

const OBJECTIVE: readonly NumberOption[] = [
  { flag: '--latency', prop: 'latencySeconds', unit: 'seconds', help: 'from arrival to the end of service; above 0' },
  {
    flag: '--quantile',
    prop: 'latencyQuantile',
    unit: 'ratio',
    help: 'share of items that keep --latency, 0.5 to below 1 (default: 0.99)',
  },
  {
    flag: '--max-backlog',
    prop: 'maxBacklog',
    unit: 'items',
    help: 'most items that may wait; above 0 (default: what --latency allows)',
  },
  {
    flag: '--headroom',
    prop: 'headroom',
    unit: 'multiple',
    help: 'of the load that is planned for; above 1, at most 10 (default: 1.25, or less where other options leave less)',
  },
  {
    flag: '--monthly-cost',
    prop: 'monthlyCost',
    unit: 'usd',
    help: 'most that all instances may cost in a month; above 0, needs --instance-hour-cost (default: no ceiling)',
  },
];

const CONSUMER: readonly NumberOption[] = [
  {
    flag: '--slots',
    prop: 'slotsPerInstance',
    unit: 'count',
    help: 'items one instance serves at a time; 1 or more (default: 1)',
  },
  {
    flag: '--start',
    prop: 'startSeconds',
    unit: 'seconds',
    help: 'from the request for an instance to its first item (default: 30)',
  },
  { flag: '--poll', prop: 'pollSeconds', unit: 'seconds', help: 'between two polls of the backlog (default: 30)' },
  {
    flag: '--decide',
    prop: 'decideSeconds',
    unit: 'seconds',
    help: 'from reading the backlog to requesting instances (default: 15)',
  },
  {
    flag: '--min-instances',
    prop: 'minInstances',
    unit: 'count',
    help: 'fewest instances, checked (default: derived)',
  },
  { flag: '--max-instances', prop: 'maxInstances', unit: 'count', help: 'most instances, checked (default: derived)' },
  {
    flag: '--instance-limit',
    prop: 'instanceLimit',
    unit: 'count',
    help: 'most instances that can exist (default: no limit)',
  },
  {
    flag: '--max-attempts',
    prop: 'maxAttempts',
    unit: 'count',
    help: 'attempts at an item before it is set aside; 1 or more (default: 5)',
  },
  {
    flag: '--item-timeout',
    prop: 'itemTimeoutSeconds',
    unit: 'seconds',
    help: 'after which an attempt is given up (default: what 99.9 % of the attempts take)',
  },
  {
    flag: '--instance-hour-cost',
    prop: 'instanceHourCost',
    unit: 'usd',
    help: 'price of one instance for an hour (default: no cost is planned)',
  },
];

const BROKER: readonly NumberOption[] = [
  {
    flag: '--partitions',
    prop: 'partitions',
    unit: 'count',
    help: 'partitions of the topic, which bound the instances (Kafka); 1 or more (default: no bound)',
  },
];

const GROUPS = [
  { title: 'Workload:', options: WORKLOAD },
  { title: 'Objective:', options: OBJECTIVE },
  { title: 'Consumer:', options: CONSUMER },
];

const ALL: readonly NumberOption[] = [...GROUPS.flatMap(({ options }) => options), ...BROKER];
/** The switch that lets the last instance stop. */
const SCALE_TO_ZERO = '--scale-to-zero';

/** Values of the options, by receiver. */
export interface Question extends Pick<QueueQuestion, 'partitions' | 'scaleToZero'> {
  readonly name: string;
  readonly workload: Workload;
  readonly objective: Partial<Objective>;
  readonly consumer: Consumer;
  readonly platform?: PlatformName;
  readonly broker?: BrokerName;
}

/** Adds the options of workload, objective and consumer to a command. */
export function addWorkloadOptions(command: Command): Command {
  const add = (options: readonly NumberOption[]) => {
    for (const { flag, unit, help } of options) {
      command.addOption(new Option(`${flag} <${unit}>`, help).argParser((given) => amount(flag, given, unit)));
    }
    return command;
  };
  for (const { title, options } of GROUPS) {
    command.optionsGroup(title);
    add(options);
  }
  command
    .optionsGroup('Platform:')
    .addOption(
      new Option('--platform <platform>', 'what runs the instances (default: other, 75 s until one helps)').choices(
        PLATFORM_NAMES,
      ),
    )
    .option(SCALE_TO_ZERO, 'let the last instance stop when nothing waits (default: at least one runs)')
    .addOption(new Option('--broker <broker>', 'where items wait (default: sqs)').choices(BROKER_NAMES));
  return add(BROKER).optionsGroup('Output:').option('--name <name>', 'name in the answer', 'Workload');
}

/** Collects the given options; others stay absent, so that the library's defaults hold. */
export function question(given: Record<string, unknown>): Question {
  const collect = (options: readonly NumberOption[]) =>
    Object.fromEntries(
      options.map((option) => [option.prop, given[key(option.flag)]]).filter(([, value]) => value !== undefined),
    );
  return {
    name: String(given.name),
    workload: collect(WORKLOAD) as unknown as Workload,
    objective: collect(OBJECTIVE) as Partial<Objective>,
    consumer: collect(CONSUMER) as Consumer,
    platform: given.platform as PlatformName | undefined,
    broker: given.broker as BrokerName | undefined,
    ...collect(BROKER),
    scaleToZero: given[key(SCALE_TO_ZERO)] as boolean | undefined,
  };
}

/** Refuses a command line that lacks one of the options; names all that are missing at once. */
export function requireOptions(given: Record<string, unknown>, flags: readonly string[]): void {
  const missing = ALL.filter(({ flag }) => flags.includes(flag) && given[key(flag)] === undefined);
  if (missing.length > 0) {
    throw new UsageError(
      `required: ${missing.map(({ flag, unit, help }) => `${flag} <${unit}> (${help})`).join(', ')}`,
    );
  }
}

/** The flags among these that were given. */
export function givenFlags(given: Record<string, unknown>): string[] {
  return [...ALL.map(({ flag }) => flag), SCALE_TO_ZERO].filter((flag) => given[key(flag)] !== undefined);
}

/** A sentence of the library in the words of the command line: props become options. */
export function inOptions(sentence: string): string {
  const named = [...ALL, { flag: SCALE_TO_ZERO, prop: 'scaleToZero' }];
  return named.reduce((text, { flag, prop }) => text.replace(nameOf(prop), flag), sentence);
}

/** The prop with its path. The name of one is also a word, `40 partitions`: it is the prop where a failure begins with it. */
function nameOf(prop: string): RegExp {
  const place = prop === 'partitions' ? '(?<=^|; )' : '\\b(?:(?:workload|objective|consumer)\\.)?';
  return new RegExp(`${place}${prop}\\b`, 'g');
}

/** The name under which commander keeps an option: `--peak-seconds` as `peakSeconds`. */
function key(flag: string): string {
  return flag.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
