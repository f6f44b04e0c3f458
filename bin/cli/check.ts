import { dirname } from 'node:path';
import { Command, Option } from 'commander';
import { InvalidInputError } from '../../lib/flow/errors';
import { grouped } from '../../lib/flow/grouped';
import type { Failure, Level } from '../../lib/rules/check';
import type { Document } from '../../lib/rules/document';
import { printable, Total } from '../../lib/rules/limits';
import { loadRules } from '../../lib/rules/load';
import type { NotRead } from '../../lib/rules/not-read';
import type { Finding } from '../../lib/rules/rule';
import type { Located } from '../../lib/rules/sarif';
import { NeitherError, UnreadableError } from '../../lib/rules/unreadable';
import { beyond, readBaseline, rulesOf, writeBaseline } from './check-baseline';
import { github, json, junit, markdown, summary } from './check-formats';
import { ExitCode, Io, UsageError } from './io';
import { type Candidate, type Found, sourcesAt } from './sources';
import { packageVersion } from './version';

const FORMATS = ['text', 'json', 'sarif', 'junit', 'github', 'markdown'];

const FAIL_ON = ['error', 'warning', 'none'];

/** Findings from which on their number by rule comes first. */
const MANY = 20;

/** `backpressure check`: the rules over templates and manifests of any origin. */
export function registerCheck(program: Command, io: Io, answered: (exit: number) => void): void {
  program
    .command('check')
    .description(
      'find the imbalance in CloudFormation and SAM templates, Kubernetes manifests, workflows and configuration',
    )
    .argument('<paths...>', 'templates, manifests, folders of them, a cdk.out; - reads stdin')
    .addOption(new Option('--format <name>', `how to print the findings: ${FORMATS.join(', ')}`).default('text'))
    .option('--json', 'the same as --format json')
    .option('--strict', 'exit with 2 as well when there is a resource that no rule reads')
    .option(
      '--severity <rule=level>',
      'another severity for a rule: error, warning or off; may be given more than once',
      (given: string, before: readonly string[]) => [...before, given],
      [],
    )
    .option(
      '--rule <pattern>',
      'only this rule, or those of a pattern such as BP-KEDA-*; may be given more than once',
      (given: string, before: readonly string[]) => [...before, given],
      [],
    )
    .addOption(new Option('--fail-on <level>', `the level that exits with 1: ${FAIL_ON.join(', ')}`).default('error'))
    .option('--baseline <file>', 'leave out what is in this file, so that only news is reported')
    .option('--write-baseline <file>', 'write what is found into this file, and exit with 0')
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  backpressure check cdk.out',
        '  backpressure check k8s/ template.yaml --severity BP-LOGS-001=off',
        '  kubectl get scaledobjects -A -o yaml | backpressure check -',
        '  backpressure check cdk.out --format sarif > backpressure.sarif',
        '  backpressure check . --write-baseline backpressure-baseline.json',
        '  backpressure check . --baseline backpressure-baseline.json --fail-on warning --format github',
        '',
        'Exits with 1 when there is a finding at level error, with 2 when a file could not be read or is neither template',
        'nor manifest, with 70 when a rule failed. The findings of the other files are printed all the same.',
        'What no rule reads is named at the end; with --strict the exit code is then 2.',
        'Every rule and its reason: backpressure rules.',
      ].join('\n'),
    )
    .action(async (paths: string[], options: CheckOptions) => {
      const format = options.json ? 'json' : options.format;
      if (!FORMATS.includes(format)) {
        throw new UsageError(`--format must be one of ${FORMATS.join(', ')}, got ${format}`);
      }
      if (!FAIL_ON.includes(options.failOn)) {
        throw new UsageError(`--fail-on must be one of ${FAIL_ON.join(', ')}, got ${options.failOn}`);
      }
      const severities = { ...only(options.rule), ...levels(options.severity) };
      validate(severities);
      const baseline = options.baseline === undefined ? undefined : readBaseline(options.baseline);
      const found = await collect(paths, io);
      const { sources, documents, unreadable } = read(paths, found, io);
      const verdict = loadRules().judge(documents, { severities });
      const failures = [...unreadable, ...verdict.failures];
      for (const failure of failures) io.err(`backpressure check: ${loadRules().failureText(failure)}\n`);
      const notRead = loadRules().notRead(documents);
      if (options.writeBaseline !== undefined) writeBaseline(options.writeBaseline, verdict.findings);
      const { news: findings, gone } = beyond(verdict.findings, baseline ?? new Map());
      for (const place of gone)
        io.err(`backpressure check: the baseline has, and it is not found any more: ${printable(place)}\n`);
      const failing = options.writeBaseline === undefined ? options.failOn : 'none';
      const code = exitCode(findings, failures, options.strict === true && notRead.length > 0, failing);
      io.out(answer(format, { findings, failures, notRead, sources, documents, code }));
      answered(code);
    });
}

/** An internal fault is worse than an unreadable file, and that is worse than a finding. */
function exitCode(
  findings: readonly Finding[],
  failures: readonly Failure[],
  incomplete: boolean,
  failOn: string,
): ExitCode {
  if (failures.some(({ ours }) => ours)) return ExitCode.FAULT;
  if (failures.length > 0 || incomplete) return ExitCode.USAGE;
  const failing = findings.some(({ severity }) => failOn === 'warning' || severity === failOn);
  return failing ? ExitCode.NO : ExitCode.OK;
}

/** A run: what was read, what was found, and how it ends. */
interface Run {
  readonly findings: readonly Finding[];
  readonly failures: readonly Failure[];
  readonly notRead: readonly NotRead[];
  readonly sources: readonly Candidate[];
  readonly documents: readonly Document[];
  readonly code: ExitCode;
}

function answer(format: string, { findings, failures, notRead, sources, documents, code }: Run): string {
  const located = locate(findings, sources);
  const write = Object.hasOwn(WRITERS, format) ? WRITERS[format] : undefined;
  if (write) return write({ findings: located, failures, notRead });
  if (format === 'sarif') {
    const log = loadRules().sarif(located, packageVersion(), { failures, notRead, exitCode: code });
    return `${JSON.stringify(log, undefined, 2)}\n`;
  }
  if (documents.length === 0) return '';
  const unread =
    notRead.length === 0 ? '' : `not read, no rule knows it: ${printable(loadRules().notReadText(notRead))}\n`;
  const first = located.length > MANY ? `${summary(located)}\n` : '';
  return first + report(located, documents) + unread;
}

/** The formats of other programs. */
const WRITERS: Readonly<Record<string, typeof json>> = { json, junit, github, markdown };

interface CheckOptions {
  readonly format: string;
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly rule: readonly string[];
  readonly failOn: string;
  readonly baseline?: string;
  readonly writeBaseline?: string;
  readonly severity: readonly string[];
}

/** Only these rules: all others are off. */
function only(patterns: readonly string[]): Record<string, Level> {
  if (patterns.length === 0) return {};
  const wanted = new Set(patterns.flatMap(rulesOf));
  return Object.fromEntries(loadRules().RULES.flatMap(({ id }) => (wanted.has(id) ? [] : [[id, 'off' as const]])));
}

function levels(given: readonly string[]): Record<string, Level> {
  return Object.fromEntries(
    given.flatMap((pair) => {
      const [id, level, ...rest] = pair.split('=');
      if (!level || rest.length > 0) {
        throw new UsageError(`--severity must be a rule and a level, as in BP-SQS-001=warning, got ${pair}`);
      }
      const ids = id.includes('*') ? rulesOf(id) : [id];
      return ids.map((each) => [each, level as Level] as const);
    }),
  );
}

function validate(severities: Record<string, Level>): void {
  try {
    loadRules().validateSeverities(severities);
  } catch (error) {
    if (error instanceof InvalidInputError)
      throw new UsageError(error.failures.join('; ').replace(/severit(y|ies)(?= (of|names))/g, '--severity'));
    throw error;
  }
}

async function collect(paths: readonly string[], io: Io): Promise<Found> {
  const total = new Total();
  const all: Found = { candidates: [], unreadable: [], links: [], total };
  for (const path of new Set(paths)) {
    const { candidates, unreadable, links } = path === '-' ? await piped(io, total) : sourcesAt(path, total);
    if (candidates.length + unreadable.length === 0)
      unreadable.push(new UnreadableError(path, 'there is no template, JSON or YAML in this folder', true));
    for (const candidate of candidates) all.candidates.push(candidate);
    for (const error of unreadable) all.unreadable.push(error);
    for (const link of links) all.links.push(link);
  }
  // A file under two of the paths counts once.
  return { ...all, candidates: [...new Map(all.candidates.map((source) => [source.file, source])).values()] };
}

async function piped(io: Io, total: Total): Promise<Found> {
  try {
    const text = await io.stdin();
    total.addText('stdin', text);
    return { candidates: [{ file: 'stdin', text, named: true }], unreadable: [], links: [], total };
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    return { candidates: [], unreadable: [error], links: [], total };
  }
}

interface Read {
  readonly sources: readonly Candidate[];
  readonly documents: readonly Document[];
  readonly unreadable: readonly Failure[];
}

/**
 * The files to check. Of a folder's files, those that are neither template nor manifest are counted. One that the user
 * named, that cannot be parsed, or that is over a limit is a failure: a run that has not read it is not green.
 */
function read(paths: readonly string[], { candidates, unreadable, links, total }: Found, io: Io): Read {
  const { documentsIn, documentsOf } = loadRules();
  const sources: (Candidate & { readonly bodies: Record<string, unknown>[] })[] = [];
  const failures = unreadable.map(failureFrom);
  const notices: string[] = [];
  let others = 0;
  for (const candidate of candidates) {
    try {
      sources.push({ ...candidate, bodies: documentsIn(candidate.file, candidate.text, total, notices) });
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      // What cannot be parsed may be a broken template or manifest.
      if (error instanceof NeitherError && !candidate.named) others++;
      else failures.push(failureFrom(error));
    }
  }
  for (const notice of notices) io.err(`backpressure check: ${printable(notice)}\n`);
  const passedOver = [
    ...(others > 0 ? [`${plural(others, 'file')} with neither template nor manifest`] : []),
    ...(links.length > 0 ? [`${plural(links.length, 'symbolic link')}; name one to have it checked`] : []),
  ];
  for (const what of passedOver) io.err(`backpressure check: passed over ${what}\n`);
  if (sources.length + failures.length === 0)
    for (const file of new Set(paths))
      failures.push({ file, message: 'there is neither a template nor a manifest in it', ours: false });
  return { sources, documents: documentsOf(sources), unreadable: together(failures) };
}

/** The templates of one chart fail for one reason: they are one failure. */
function together(failures: readonly Failure[]): Failure[] {
  const folders = grouped(
    failures.map((failure) => [`${dirname(failure.file)}\n${failure.message}`, failure] as const),
  );
  return [...folders.values()].flatMap((same) =>
    same.length <= 3
      ? same
      : [{ ...same[0], file: dirname(same[0].file), message: `${same.length} files: ${same[0].message}` }],
  );
}

function failureFrom({ file, reason }: UnreadableError): Failure {
  return { file, message: reason, ours: false };
}

/** The findings with their lines; only files with findings are parsed once more for it. */
function locate(findings: readonly Finding[], sources: readonly Candidate[]): Located[] {
  const { linesOf } = loadRules();
  const lines = new Map<string, ReturnType<typeof linesOf>>();
  const texts = new Map(sources.map(({ file, text }) => [file, text]));
  return findings.map((finding) => {
    if (!lines.has(finding.file)) {
      lines.set(finding.file, linesOf(texts.get(finding.file)!));
    }
    // In a script or a configuration the message says which line of it.
    const inText = texts.has(finding.file) && finding.path === '' ? /^line (\d+): /.exec(finding.message) : null;
    return { ...finding, line: lines.get(finding.file)!(finding) ?? (inText ? Number(inText[1]) : undefined) };
  });
}

function report(findings: readonly Located[], documents: readonly Document[]): string {
  const resources = documents.flatMap((document) => document.resources);
  const files = new Set(resources.map(({ file }) => file)).size;
  // A macro makes several of one, and two overlays have one base.
  const written = new Set(resources.map(({ source }) => source)).size;
  const over = `${plural(written, 'resource')} in ${plural(files, 'file')}`;
  if (findings.length === 0) return `no findings in ${over}\n`;
  const paths = new Map(
    resources.map(({ file, declaredAs, constructPath }) => [`${file}\n${declaredAs}`, constructPath]),
  );
  const { describe } = loadRules();
  const blocks = findings.map((finding) => {
    const file = printable(finding.file);
    const place = finding.line === undefined ? file : `${file}:${finding.line}`;
    const constructPath = paths.get(`${finding.file}\n${finding.resource}`);
    return `${place}${constructPath ? `  ${printable(constructPath)}` : ''}\n${describe(finding)}\n`;
  });
  const count = (level: string) => findings.filter(({ severity }) => severity === level).length;
  return `${blocks.join('\n')}\n${plural(count('error'), 'error')}, ${plural(count('warning'), 'warning')} in ${over}\n`;
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
