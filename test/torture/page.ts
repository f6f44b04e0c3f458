/** docs/torture.md. */
import { markdownTable } from '../../docs/markdown';
import { figure } from '../../lib/flow/figures';
import { spoken } from './faults';
import type { Compared, Outcome } from './torture';
import { faultsFound } from './verdict';

/** A run, and what else ran. */
interface Shown extends Outcome {
  /** Engines beside it. Default: none. */
  readonly beside?: readonly string[];
  /** What all engines took together. Default: they were not run together. */
  readonly together?: Together;
}

/** Seconds that all engines took, on a machine of so many cores. */
export interface Together {
  readonly seconds: number;
  readonly cores: number;
}

const COLUMNS = [
  'engine',
  'sent',
  'effects',
  'set aside',
  'refused',
  'delivered again',
  'restarts',
  'P50 / P99 / longest',
  'foreseen P99 / longest wait',
  'most that waited, of foreseen',
  'recovery, of foreseen',
  'held',
];

/** An engine on the page: its row, and how to make its run again. */
interface Entry {
  readonly cells: readonly string[];
  readonly line: string;
}

/**
 * The page of runs with all letters.
 *
 * @param titles of all engines, in their order; default: those of the runs
 * @param before the page as it is: an engine that was not run now keeps what stands there, as results stay on the machine that made them
 */
export function pageOf(
  outcomes: readonly Shown[],
  titles: readonly string[] = outcomes.map(({ title }) => title),
  before = '',
): string {
  const run = new Map(outcomes.map((outcome) => [outcome.title, outcome]));
  const entryOf = (title: string): Entry | undefined => {
    const outcome = run.get(title);
    return outcome === undefined ? keptEntry(title, before) : { cells: cellsOf(outcome), line: lineOf(outcome) };
  };
  const found = titles.map((title) => ({ title, entry: entryOf(title) }));
  const entries = found.flatMap(({ entry }) => entry ?? []);
  const without = found.filter(({ entry }) => entry === undefined).map(({ title }) => title);
  return `${[
    '<!-- Written by `npm run torture`. Run it again, do not edit this page. -->',
    '# Torture',
    '',
    'The shipped consumers with planned numbers, while consumers are killed with SIGKILL and started again, and the engine is',
    'restarted, crashes, and is cut off for a while; which of these an engine takes stands beside its seed, and why in',
    '`test/torture/engines`. Of the letters 2 % are sent twice, 0.5 % can never have their effect, and 0.1 % are made to do harm:',
    'nested 5,000 deep, a mebibyte long, with names that mask alike, with forged attributes where the engine carries attributes.',
    'The clock of the first consumer is a minute ahead, that of the second a minute behind; the backfill on MongoDB has one',
    'consumer, whose clock is ahead. In mid-flood there are two rolling restarts: every consumer, one after the other, is ended in',
    'order and started again, once with another version number and the same program, once with the numbers of a changed plan.',
    '',
    markdownTable(
      COLUMNS,
      entries.map(({ cells }) => cells),
    ),
    '',
    ...(without.length === 0 ? [] : [`No run with all letters was made yet of: ${without.join('; ')}.`, '']),
    'Effects are committed with the key of their delivery, each commit is one file, and an effect that is in two commits was made',
    'twice. Pub/Sub, webhooks and SQS have the key of their shipped consumer, and Redis the `Idempotency-Key` that it sends; on Kafka',
    'and RabbitMQ the key is the letter that the handler was given. With SQS the commit is a transaction of DynamoDB. With MongoDB',
    'the effect is the date of a document, which must be right at the end and set once; runs of the backfill that end say how many',
    'dates they set. Delivered again is what the store had to recognize, copies of the sender with it: engines promise at least once.',
    'On Pub/Sub, RabbitMQ and MongoDB nothing but names and numbers is said of a letter that fails. On the others its error, or a copy',
    'of it, is quoted, and its secrets have to be masked there.',
    '',
    'Foreseen is a fluid of the planned rates with the faults counted in, as long as each was measured to last. Recovery is from the',
    'end of the last fault, the cut, until no more letters wait than without a fault. In a cut nothing passes between the engine and',
    'all others, and connections stay open. A run has held when its books close, each kind of fault struck, and the most that waited',
    'and the recovery are at most a quarter off. Waits are foreseen where what came first is taken first, without work and chance.',
    'They are not judged: what a consumer had in hand when it was killed waits for longer than all others. A plan cannot foresee when',
    'a fault comes, how long an engine takes to start, and what is delivered again.',
    '',
    'What is measured and goes into the forecast: on Kafka when the partitions of a killed consumer were dealt out again, which is a',
    'session later, and up to a second one where a broker that restarts has begun it anew; for webhooks also when the partitions that',
    'the changed plan adds were dealt out, because receivers write to them before; on MongoDB the pause between two runs of the',
    'backfill, each of which dates what was there when it began. From the changed plan on its rate counts.',
    '',
    ...(outcomes.length === titles.length ? inAll(outcomes) : []),
    'What a full disk does is a test of its own, `test/engines/full-disk.test.ts`: rows of cases 1 and 15 in [proof.md](proof.md).',
    '',
    ...entries.map(({ line }) => line),
  ].join('\n')}\n`;
}

function cellsOf(outcome: Shown): string[] {
  const { title, messages, books, restarts, latency, waits, backlog, recovery } = outcome;
  const wrong = faultsFound(outcome, true);
  return [
    title,
    figure(messages),
    figure(books.effects),
    figure(books.aside),
    figure(books.refused),
    figure(books.repeated),
    figure(restarts),
    `${figure(latency.p50)} / ${figure(latency.p99)} / ${figure(latency.most)} s`,
    waits === undefined ? '–' : `${figure(waits.p99)} / ${figure(waits.most)} s`,
    `${figure(backlog.measured)} of ${figure(backlog.predicted)}`,
    `${figure(recovery.measured)} of ${figure(recovery.predicted)} s`,
    wrong.length === 0 ? 'yes' : `no: ${wrong.join('; ')}`,
  ];
}

/** What the page has of an engine already. */
function keptEntry(title: string, before: string): Entry | undefined {
  const lines = before.split('\n');
  const row = lines.find((line) => line.startsWith(`| ${title} |`));
  const line = lines.find((one) => one.startsWith(`- ${title},`) || one.startsWith(`- ${title}:`));
  if (row === undefined || line === undefined) return undefined;
  const cells = row.slice(2, -2).split(' | ');
  // A row of before a column was added says something else.
  return cells.length === COLUMNS.length ? { cells, line } : undefined;
}

/** How long a run of all engines took, when these are all of one. */
function inAll(outcomes: readonly Shown[]): string[] {
  const all = outcomes[0]?.together;
  if (all === undefined || outcomes.some(({ together }) => together?.seconds !== all.seconds)) return [];
  return [
    `All engines took ${figure(all.seconds / 60)} minutes on ${all.cores} cores, beside one another as far as these go.`,
    '',
  ];
}

/** How to make a run again, and its numbers that are in no plan. */
function lineOf({
  title,
  on,
  beside = [],
  seed,
  perSecond,
  faults,
  struck,
  assumed,
  takeover,
  cleared,
}: Shown): string {
  const measured = [
    ...compared('until the work of a killed consumer went on', takeover, 's'),
    ...compared('worked off after the last fault', cleared, 'letters/s'),
  ];
  return [
    `- ${title}${on ? `, ${on}` : ''}${beside.length > 0 ? `, beside ${beside.join(', ')}` : ''}: seed ${seed}, ${figure(perSecond)} letters/s, ${struck.length} of ${faults.length} faults struck: ${spoken(faults)}.`,
    `Assumed: ${assumed}.`,
    ...(measured.length === 0 ? [] : [`Measured: ${measured.join(', ')}.`]),
  ].join(' ');
}

function compared(what: string, { predicted, measured }: Compared, unit: string): string[] {
  return measured === undefined ? [] : [`${what} ${figure(measured)} of ${figure(predicted)} ${unit}`];
}
