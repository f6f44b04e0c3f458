import { Command, Option } from 'commander';
import { type Case, DIFFICULTIES, DOMAINS, type Level } from '../../lib/cases/case';
import { percent } from '../../lib/flow/figures';
import { ExitCode, Io, UsageError } from './io';
import { duration, hang, helpText, table, wrap } from './text';

/** `backpressure cases`: the twenty cases in learning order, or one of them in full. */
export function registerCases(program: Command, io: Io, answered: (exit: number) => void): void {
  program
    .command('cases')
    .description('list the twenty cases in the order in which to learn them, or show one')
    .argument('[number]', 'the case to show, 1 to 20')
    .addOption(choice('--domain', DOMAINS, 'only cases of this domain'))
    .addOption(choice('--difficulty', DIFFICULTIES, 'only cases of this difficulty'))
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      helpText(
        [
          '',
          'Examples:',
          '  npx backpressure cases --domain security',
          '  npx backpressure cases 14',
          '  npx backpressure cases --json',
        ],
        io.columns,
      ),
    )
    .action((number: string | undefined, options: CasesOptions) => {
      const text = number === undefined ? list(options, io) : show(number, options, io);
      io.out(`${text}\n`);
      answered(ExitCode.OK);
    });
}

interface CasesOptions {
  readonly domain?: string;
  readonly difficulty?: string;
  readonly json?: boolean;
}

function choice(flag: string, allowed: readonly string[], description: string): Option {
  return new Option(`${flag} <name>`, `${description}: ${allowed.join(', ')}`).argParser((given) => {
    if (!allowed.includes(given)) throw new UsageError(`${flag} must be one of ${allowed.join(', ')}, got ${given}`);
    return given;
  });
}

function caseNamed(given: string): Case {
  const { CASES, caseOf } = catalogue();
  if (!/^\d+$/.test(given)) {
    throw new UsageError(`a case is a whole number between 1 and ${CASES.length}, got ${given === '' ? "''" : given}`);
  }
  try {
    return caseOf(Number(given));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function list(options: CasesOptions, io: Io): string {
  const { inLearningOrder, placeOf } = catalogue();
  const cases = inLearningOrder()
    .filter(({ difficulty }) => options.difficulty === undefined || difficulty === options.difficulty)
    .filter(({ domains }) => options.domain === undefined || (domains as readonly string[]).includes(options.domain));
  if (options.json) return JSON.stringify(cases.map(asJson), undefined, 2);
  if (cases.length === 0) {
    return `No case of domain ${options.domain} is ${options.difficulty}.`;
  }
  const rows = cases.map((each) => [
    String(placeOf(each.number).step ?? '·'),
    String(each.number),
    each.title,
    each.difficulty,
    each.levers.join(', '),
    each.headline.text,
  ]);
  const columns = [
    { title: 'step', right: true },
    { title: 'case', right: true },
    { title: 'title' },
    { title: 'difficulty' },
    { title: 'levers' },
    { title: 'before → after' },
  ];
  const runnable = cases.filter((each) => each.scenario).map((each) => each.number);
  return [
    table(columns, rows, io.columns),
    '',
    wrap('In the order in which to learn them; · stands beside the case above it.', io.columns),
    `Show one: npx backpressure cases ${cases[0].number}.`,
    ...(runnable.length > 0
      ? [
          wrap(
            `Run one: npx backpressure simulate --case ${runnable[0]}${runnable.length > 1 ? ` (also ${runnable.slice(1).join(', ')})` : ''}.`,
            io.columns,
          ),
        ]
      : []),
  ].join('\n');
}

function show(given: string, options: CasesOptions, io: Io): string {
  const filter = options.domain ? '--domain' : options.difficulty ? '--difficulty' : undefined;
  if (filter) throw new UsageError(`${filter} filters the list and cannot be combined with case ${given}`);
  const subject = caseNamed(given);
  if (options.json) return JSON.stringify(asJson(subject), undefined, 2);
  const { caseOf } = catalogue();
  const { step, beside } = catalogue().placeOf(subject.number);
  const fact = (name: string, value: string) => hang(`  ${name.padEnd(14)}${value}`, io.columns, 16);
  return [
    `${subject.number}  ${subject.title}`,
    '',
    wrap(subject.summary, io.columns),
    '',
    fact('levers', subject.levers.join(', ')),
    fact('difficulty', subject.difficulty),
    fact('domains', subject.domains.join(', ')),
    fact('learn', step !== undefined ? `step ${step} of the path` : `beside case ${beside}`),
    ...subject.dependsOn.map((number) => fact('after', `${number}  ${caseOf(number).title}`)),
    '',
    hang(`Before → after: ${subject.headline.text}`, io.columns, 2),
    table(
      [{ title: '' }, { title: 'before', right: true }, { title: 'after', right: true }],
      subject.headline.changes.map((change) => [
        `  ${change.measure}`,
        level(change.before, change.unit),
        level(change.after, change.unit),
      ]),
      io.columns,
    ),
    '',
    'Constructs:',
    table(
      [{ title: '' }, { title: '' }, { title: '' }],
      subject.constructs.map((construct) => [
        `  ${construct.name} (${construct.engines.join(', ')})`,
        construct.available ? 'available' : 'not yet',
        construct.form,
      ]),
      io.columns,
    )
      .split('\n')
      .slice(1)
      .join('\n'),
    ...(subject.absent ?? []).flatMap(({ engine, reason, instead }) => [
      '',
      `None on ${engine}:`,
      wrap(`${reason} ${instead}`, io.columns, 2),
    ]),
    '',
    'Trap:',
    wrap(subject.trap, io.columns, 2),
    ...(subject.scenario ? ['', `Run it: npx backpressure simulate --case ${subject.number}`] : []),
  ].join('\n');
}

/** A level of a change as text. */
export function level({ relation, value }: Level, unit: string): string {
  const sign = { is: '', below: '< ', above: '> ', 'at most': '≤ ' }[relation];
  return `${sign}${amount(value, unit)}`;
}

/** A value with its unit as text. */
export function amount(value: number, unit: string): string {
  switch (unit) {
    case 's':
      return duration(value);
    case 'ratio':
      return percent(value);
    case 'bytes':
      return `${Number((value / 1e9).toPrecision(3))} GB`;
    case 'USD/month':
      return `$${Math.round(value).toLocaleString('en-US')} a month`;
    default:
      return `${(value >= 10 ? Math.round(value) : Number(value.toPrecision(3))).toLocaleString('en-US')} ${value === 1 ? one(unit) : unit}`;
  }
}

/** The counted thing, in the singular. */
function one(unit: string): string {
  return unit === 'series' ? unit : unit.replace(/s$/, '');
}

function asJson(subject: Case): object {
  const { scenario, ...rest } = subject;
  return { ...rest, ...catalogue().placeOf(subject.number), runnable: scenario !== undefined };
}

// Loaded when a case is shown: `--help` and `size` stay quick.
function catalogue(): typeof import('../../lib/cases/catalogue') {
  return require('../../lib/cases/catalogue');
}
