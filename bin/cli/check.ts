import { Command, Option } from 'commander';
import { InvalidInputError } from '../../lib/flow/errors';
import type { Level } from '../../lib/rules/check';
import type { Document } from '../../lib/rules/document';
import { loadRules } from '../../lib/rules/load';
import type { Finding } from '../../lib/rules/rule';
import type { Located } from '../../lib/rules/sarif';
import { ExitCode, Io, UsageError } from './io';
import { type Candidate, called, candidates } from './sources';
import { packageVersion } from './version';

const FORMATS = ['text', 'json', 'sarif'];

/** `backpressure check`: the rules over templates and manifests, whoever wrote them. */
export function registerCheck(program: Command, io: Io, answered: (exit: number) => void): void {
  program
    .command('check')
    .description('find the imbalance in CloudFormation templates and Kubernetes manifests')
    .argument('<paths...>', 'templates, manifests, folders of them, a cdk.out; - reads stdin')
    .addOption(new Option('--format <name>', `how to print the findings: ${FORMATS.join(', ')}`).default('text'))
    .option('--json', 'the same as --format json')
    .option(
      '--severity <rule=level>',
      'another severity for a rule: error, warning or off; may be given more than once',
      (given: string, before: readonly string[]) => [...before, given],
      [],
    )
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  backpressure check cdk.out',
        '  backpressure check k8s/ template.yaml --severity BP-LOGS-001=off',
        '  kubectl get scaledobjects -A -o yaml | backpressure check -',
        '  backpressure check cdk.out --format sarif > backpressure.sarif',
        '',
        'Exits with 1 when there is a finding at level error, with 2 when a file is neither template nor manifest.',
        'What each rule wants, and why: backpressure rules.',
      ].join('\n'),
    )
    .action(async (paths: string[], options: CheckOptions) => {
      const format = options.json ? 'json' : options.format;
      if (!FORMATS.includes(format)) {
        throw new UsageError(`--format must be one of ${FORMATS.join(', ')}, got ${format}`);
      }
      const severities = levels(options.severity);
      const { sources, documents } = read(await collect(paths, io), io);
      const findings = run(documents, severities);
      if (format === 'json') io.out(`${JSON.stringify(findings, undefined, 2)}\n`);
      else {
        const located = locate(findings, sources);
        if (format === 'sarif')
          io.out(`${JSON.stringify(loadRules().sarif(located, packageVersion()), undefined, 2)}\n`);
        else io.out(report(located, documents));
      }
      answered(findings.some(({ severity }) => severity === 'error') ? ExitCode.NO : ExitCode.OK);
    });
}

interface CheckOptions {
  readonly format: string;
  readonly json?: boolean;
  readonly severity: readonly string[];
}

function levels(given: readonly string[]): Record<string, Level> {
  return Object.fromEntries(
    given.map((pair) => {
      const [id, level, ...rest] = pair.split('=');
      if (!level || rest.length > 0) {
        throw new UsageError(`--severity must be a rule and a level, as in BP-SQS-001=warning, got ${pair}`);
      }
      return [id, level as Level];
    }),
  );
}

async function collect(paths: readonly string[], io: Io): Promise<Candidate[]> {
  const all: Candidate[] = [];
  for (const path of paths) {
    if (path === '-') all.push({ file: 'stdin', text: await io.stdin(), named: true });
    else all.push(...onDisk(path));
  }
  // A file that two of the paths lead to is one file.
  return [...new Map(all.map((source) => [source.file, source])).values()];
}

function onDisk(path: string): Candidate[] {
  try {
    const found = candidates(path).map((candidate) => ({ ...candidate, file: called(candidate.file) }));
    if (found.length === 0) throw new UsageError(`${path}: there is no JSON or YAML in this folder`);
    return found;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new UsageError(`${path}: there is no such file or folder`);
    if (code === 'EACCES') throw new UsageError(`${path}: may not be read`);
    throw error;
  }
}

/**
 * What can be checked. Of a folder's files, those that are neither template nor manifest are counted, and those that
 * cannot be parsed are named: they may be what they should not be.
 */
function read(found: readonly Candidate[], io: Io): { sources: readonly Candidate[]; documents: readonly Document[] } {
  const { bodies, documentsFrom, parse, UnreadableError } = loadRules();
  const sources: (Candidate & { readonly parsed: unknown })[] = [];
  const broken: string[] = [];
  let others = 0;
  for (const candidate of found) {
    let parsed: unknown;
    try {
      parsed = parse(candidate.file, candidate.text);
      bodies(candidate.file, parsed);
      sources.push({ ...candidate, parsed });
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      if (candidate.named) throw new UsageError(error.message);
      if (parsed === undefined) broken.push(error.message);
      else others++;
    }
  }
  for (const message of broken) io.err(`backpressure check: passed over ${message}\n`);
  if (others > 0)
    io.err(`backpressure check: passed over ${plural(others, 'file')} with neither template nor manifest\n`);
  if (sources.length === 0) throw new UsageError('there is neither a template nor a manifest among the files');
  return { sources, documents: documentsFrom(sources) };
}

function run(documents: readonly Document[], severities: Record<string, Level>): Finding[] {
  const { check } = loadRules();
  try {
    return check(documents, { severities });
  } catch (error) {
    if (error instanceof InvalidInputError)
      throw new UsageError(error.failures.join('; ').replace(/severit(y|ies)(?= (of|names))/g, '--severity'));
    throw error;
  }
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
    return { ...finding, line: lines.get(finding.file)!(finding) };
  });
}

function report(findings: readonly Located[], documents: readonly Document[]): string {
  const resources = documents.flatMap((document) => document.resources);
  const files = new Set(resources.map(({ file }) => file)).size;
  const over = `${plural(resources.length, 'resource')} in ${plural(files, 'file')}`;
  if (findings.length === 0) return `no findings in ${over}\n`;
  const paths = new Map(resources.map(({ file, name, constructPath }) => [`${file}\n${name}`, constructPath]));
  const { describe } = loadRules();
  const blocks = findings.map((finding) => {
    const place = finding.line === undefined ? finding.file : `${finding.file}:${finding.line}`;
    const constructPath = paths.get(`${finding.file}\n${finding.resource}`);
    return `${place}${constructPath ? `  ${constructPath}` : ''}\n${describe(finding)}\n`;
  });
  const count = (level: string) => findings.filter(({ severity }) => severity === level).length;
  return `${blocks.join('\n')}\n${plural(count('error'), 'error')}, ${plural(count('warning'), 'warning')} in ${over}\n`;
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
