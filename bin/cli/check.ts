import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { Command, Option } from 'commander';
import { InvalidInputError } from '../../lib/flow/errors';
import { grouped } from '../../lib/flow/grouped';
import type { Failure } from '../../lib/rules/check';
import type { Document } from '../../lib/rules/document';
import { printable, Total } from '../../lib/rules/limits';
import { loadRules } from '../../lib/rules/load';
import type { Report, Reported } from '../../lib/rules/report/report';
import type { Finding } from '../../lib/rules/rule';
import type { Known } from '../../lib/rules/settings/baseline';
import { FAIL_ON, FORMATS } from '../../lib/rules/settings/choices';
import { UnreadableError } from '../../lib/rules/unreadable';
import { bodiesOf } from './check/bodies';
import { mend, withReplacements } from './check/mend';
import { type CheckOptions, isOwnFile, type Settings, settingsOf } from './check/settings';
import { ExitCode, Io, UsageError } from './io';
import { readText } from './read-file';
import { explain } from './rules';
import { type Candidate, called, type Found, sourcesAt } from './sources';
import { hanging, helpText } from './text';
import { packageVersion } from './version';
import { writeText } from './write-file';

/** An option that may be given several times. Without it `shown` holds. */
function repeated(flags: string, says: string, shown: string): Option {
  const add = (given: string, before: readonly string[]) => [...before, given];
  return new Option(flags, `${says}; may be repeated`).argParser(add).default([], shown);
}

/** An option whose values are shown and completed. What is given is judged with all that is given, not alone. */
function offering(flags: string, says: string, values: readonly string[]): Option {
  const option = new Option(flags, says);
  option.argChoices = [...values];
  return option;
}

/** `backpressure check`: the rules over templates and manifests of any origin. */
export function registerCheck(program: Command, io: Io, answered: (exit: number) => void): void {
  program
    .command('check')
    .description(
      'find the imbalance in CloudFormation and SAM templates, Kubernetes manifests, workflows and configuration',
    )
    .argument('[paths...]', 'templates, manifests, folders of them, a cdk.out; - reads stdin')
    .addOption(offering('--format <name>', 'how to print the findings (default: text)', FORMATS))
    .option('--json', 'the same as --format json')
    .addOption(
      repeated('--severity <rule=level>', 'severity of a rule or a pattern: error, warning or off', "the rule's own"),
    )
    .addOption(repeated('--rule <rule>', 'run only this rule or pattern, as in BP-KEDA-*', 'all'))
    .addOption(offering('--fail-on <level>', 'the lowest severity that exits with 1 (default: error)', FAIL_ON))
    .option('--strict', 'exit with 2 when a resource is not read, or an acknowledgement no longer holds')
    .option('--baseline <file>', 'report only findings that are not in this file')
    .option('--write-baseline', 'write the findings into the baseline (default: backpressure-baseline.json)')
    .addOption(repeated('--include <pattern>', 'check only these files', 'all'))
    .addOption(repeated('--exclude <pattern>', 'leave out these files', 'none'))
    .option(
      '--config <file>',
      'the configuration (default: backpressure.config.json, .yaml or .ts at the paths or above)',
    )
    .option('--no-config', 'read no configuration')
    .option('--fix', 'mend in YAML files what is safe to mend, and show the difference')
    .option('--dry-run', 'with --fix: show the difference, and write nothing')
    .option('--explain <rule>', 'explain a rule and exit')
    .addHelpText(
      'after',
      helpText(
        [
          '',
          'Examples:',
          '  npx backpressure check cdk.out',
          "  npx backpressure check k8s/ template.yaml --severity 'BP-LOGS-*=off' --fail-on warning",
          '  kubectl get scaledobjects -A -o yaml | npx backpressure check -',
          '  npx backpressure check k8s/ --write-baseline',
          '  npx backpressure check cdk.out --format sarif > backpressure.sarif',
          '',
          'Exits with 1 when there is a finding at level error, with 2 when a file could not be read or is neither template',
          'nor manifest, with 70 when a rule failed. The findings of the other files are printed all the same.',
          'What no rule reads is named at the end; with --strict the exit code is then 2.',
          'Every rule and its reason: npx backpressure rules.',
        ],
        io.columns,
      ),
    )
    .action(async (paths: string[], options: CheckOptions) => {
      if (options.explain !== undefined) {
        io.out(explain(options.explain, io));
        return answered(ExitCode.OK);
      }
      if (paths.length === 0)
        throw new UsageError("missing required argument 'paths'; see npx backpressure check --help");
      const settings = settingsOf(paths, options);
      const found = await collect(paths, io, settings);
      const judged = (all: Found, told: Io) => {
        return reportOf(settings, read(paths, all, told));
      };
      const before = judged(found, io);
      // What is judged again has been told already.
      const again = (all: Found) => judged(all, { ...io, err: () => {} });
      const { out, report } = options.fix ? mend(before, found, again, options) : { out: '', report: before };
      if (settings.format === 'text') io.out(out);
      else io.err(out);
      for (const failure of report.failures) io.err(`backpressure check: ${loadRules().failureText(failure)}\n`);
      for (const notice of report.notices) io.err(`backpressure check: ${printable(notice)}\n`);
      // After --fix nothing is left that it has a value for.
      const withFixes = settings.format === 'sarif' && !(options.fix && !options.dryRun);
      io.out(written(withFixes ? withReplacements(report, found, again) : report, settings, io));
      answered(report.exitCode);
    });
}

/** Judges, and sets apart what is acknowledged or known. */
function reportOf(settings: Settings, { sources, documents, unreadable, notices: ofFiles }: Read): Report {
  const { acknowledge, constructPaths, counted, judge, leveled, notRead, offEverywhere } = loadRules();
  const verdict = judge(documents, { severities: offEverywhere(settings.layers) });
  const counts = counted(documents);
  const pathOf = constructPaths(documents);
  const findings = leveled(verdict.findings, settings.layers, settings.relative).map((finding) => {
    const constructPath = pathOf(finding.file, finding.resource);
    return constructPath === undefined ? finding : { ...finding, constructPath };
  });
  const scope = settings.scope(counts.files);
  const { left, accepted, notices } = acknowledge(findings, settings.acknowledge, settings.relative, scope);
  const failures = [...unreadable, ...verdict.failures];
  const compared = settings.writeBaseline
    ? writeBaseline(left, settings, scope.files)
    : withoutKnown(left, settings, (known) => scope.files.includes(known.file) && scope.ran(known.rule));
  const report = {
    findings: reported(compared.fresh, sources, settings),
    failures,
    notRead: notRead(documents),
    notices: [...ofFiles, ...notices, ...compared.notices],
    acknowledged: accepted,
    known: compared.known,
    failOn: settings.failOn,
    ...counts,
  };
  return {
    ...report,
    exitCode: exitCode(report, settings.strict && (report.notRead.length > 0 || notices.length > 0)),
  };
}

/** An internal fault is worse than an unreadable file, and that is worse than a finding. */
function exitCode({ findings, failures, failOn }: Omit<Report, 'exitCode'>, incomplete: boolean): ExitCode {
  if (failures.some(({ ours }) => ours)) return ExitCode.FAULT;
  if (failures.length > 0 || incomplete) return ExitCode.USAGE;
  return findings.some(({ severity }) => loadRules().fails(failOn, severity)) ? ExitCode.NO : ExitCode.OK;
}

/** What the baseline leaves of the findings. */
interface Compared<F> {
  readonly fresh: readonly F[];
  readonly known?: number;
  readonly notices: readonly string[];
}

function withoutKnown<F extends Finding>(
  findings: readonly F[],
  { baseline, relative }: Settings,
  checked: (known: Known) => boolean,
): Compared<F> {
  if (baseline === undefined) return { fresh: findings, notices: [] };
  const { fresh, known, gone } = loadRules().compare(findings, knownIn(baseline), relative, checked);
  const notices =
    gone === 0
      ? []
      : [`${plural(gone, 'finding')} of ${called(baseline)} no longer found; --write-baseline removes them`];
  return { fresh, known, notices };
}

/** Writes them; the entries of files that are there and were not checked stay. */
function writeBaseline<F extends Finding>(
  findings: readonly F[],
  settings: Settings,
  files: readonly string[],
): Compared<F> {
  const { baseline = '', relative, scope } = settings;
  const { exists } = scope([]);
  const before = existsSync(baseline) ? knownIn(baseline) : [];
  const kept = before.filter(({ file }) => !files.includes(file) && exists(file));
  writeText(baseline, loadRules().baselineText(findings, relative, kept));
  const written = `${plural(findings.length + kept.length, 'finding')} written to ${called(baseline)}`;
  return { fresh: [], known: findings.length, notices: [written] };
}

function knownIn(baseline: string) {
  const name = called(baseline);
  try {
    return loadRules().baselineFrom(name, readText(baseline));
  } catch (error) {
    if (error instanceof InvalidInputError) throw new UsageError(error.message);
    if (error instanceof UnreadableError) throw new UsageError(`${name}: ${error.reason}; --write-baseline writes one`);
    throw error;
  }
}

/** The findings with all that is known of them; only files with findings are parsed once more for the lines. */
function reported(findings: readonly Finding[], sources: readonly Candidate[], { relative }: Settings): Reported[] {
  const { fingerprint, linesOf, ruleOf } = loadRules();
  const lines = new Map<string, ReturnType<typeof linesOf>>();
  const texts = new Map(sources.map(({ file, text }) => [file, text]));
  return findings.map((finding) => {
    if (!lines.has(finding.file)) lines.set(finding.file, linesOf(texts.get(finding.file)!));
    // In a script or a configuration the message says which line of it.
    const inText = texts.has(finding.file) && finding.path === '' ? /^line (\d+): /.exec(finding.message) : null;
    const line = lines.get(finding.file)!(finding) ?? (inText ? Number(inText[1]) : undefined);
    const found = { ...finding, ...ruleOf(finding.ruleId), fingerprint: fingerprint(finding, relative) };
    return line === undefined ? found : { ...found, line };
  });
}

function written(report: Report, { format }: Settings, io: Io): string {
  const { asGitHub, asJson, asJUnit, asMarkdown, asText, sarif } = loadRules();
  switch (format) {
    case 'json':
      return asJson(report);
    case 'sarif':
      return `${JSON.stringify(sarif(report.findings, packageVersion(), report), undefined, 2)}\n`;
    case 'junit':
      return asJUnit(report);
    case 'github':
      return asGitHub(report);
    case 'markdown':
      return asMarkdown(report);
    case 'text':
      return hanging(asText(report, io.colour === true), io.columns);
  }
}

async function collect(paths: readonly string[], io: Io, { skips, baseline }: Settings): Promise<Found> {
  const total = new Total();
  const all: Found = { candidates: [], unreadable: [], links: [], excluded: [], total };
  const leaveOut = (file: string) => isOwnFile(file, baseline) || skips(file);
  for (const path of new Set(paths)) {
    const { candidates, unreadable, links, excluded } =
      path === '-' ? await piped(io, total) : sourcesAt(path, total, leaveOut);
    for (const file of excluded) if (!isOwnFile(file, baseline)) all.excluded.push(file);
    if (candidates.length + unreadable.length + excluded.length === 0)
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
    return { candidates: [{ file: 'stdin', text, named: true }], unreadable: [], links: [], excluded: [], total };
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    return { candidates: [], unreadable: [error], links: [], excluded: [], total };
  }
}

interface Read {
  readonly sources: readonly Candidate[];
  readonly documents: readonly Document[];
  readonly unreadable: readonly Failure[];
  /** What was read in another way than a person may expect, one sentence each. */
  readonly notices: readonly string[];
}

/**
 * The files to check. Of a folder's files, those that are neither template nor manifest are counted. One that the user
 * named, that cannot be parsed, or that is over a limit is a failure: a run that has not read it is not green.
 */
function read(paths: readonly string[], { candidates, unreadable, links, excluded, total }: Found, io: Io): Read {
  const { documentsOf } = loadRules();
  const notices: string[] = [];
  const { sources, unreadable: broken, others } = bodiesOf(candidates, total, notices);
  const failures = [...unreadable, ...broken].map(failureFrom);
  const passedOver = [
    ...(others > 0 ? [`${plural(others, 'file')} with neither template nor manifest`] : []),
    ...(links.length > 0 ? [`${plural(links.length, 'symbolic link')}; name one to have it checked`] : []),
    ...(excluded.length > 0
      ? [`${plural(excluded.length, 'file')} that the configuration or --exclude leaves out`]
      : []),
  ];
  for (const what of passedOver) io.err(`backpressure check: passed over ${what}\n`);
  if (sources.length + failures.length + excluded.length === 0)
    for (const file of new Set(paths))
      failures.push({ file, message: 'there is neither a template nor a manifest in it', ours: false });
  return { sources, documents: documentsOf(sources), unreadable: together(failures), notices };
}

/** The templates of one chart fail for one reason: they are one failure. */
function together(failures: readonly Failure[]): Failure[] {
  const folders = grouped(
    failures.map((failure) => [`${chartOf(failure.file)}\n${failure.message}`, failure] as const),
  );
  return [...folders.values()].flatMap((same) =>
    same.length <= 3
      ? same
      : [{ ...same[0], file: chartOf(same[0].file), message: `${same.length} files: ${same[0].message}` }],
  );
}

/** The folder of all templates of a chart; of another file its own. */
function chartOf(file: string): string {
  const folder = dirname(file);
  const end = /^(.*?[\\/]templates)([\\/]|$)/.exec(folder);
  return end === null ? folder : end[1];
}

function failureFrom({ file, reason }: UnreadableError): Failure {
  return { file, message: reason, ours: false };
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
