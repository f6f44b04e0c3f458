/**
 * What a run of `check` goes by: the command line, and below it the configuration.
 */
import { existsSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import type { Level } from '../../../lib/rules/check';
import { loadRules } from '../../../lib/rules/load';
import type { Scope } from '../../../lib/rules/settings/acknowledge';
import type { FailOn, Format } from '../../../lib/rules/settings/choices';
import type { Acknowledgement } from '../../../lib/rules/settings/config';
import type { Layers } from '../../../lib/rules/settings/levels';
import { UsageError } from '../io';
import { CONFIG_NAMES, findConfig, readConfig } from './find-config';

/** The options as commander gives them. */
export interface CheckOptions {
  readonly format?: string;
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly severity: readonly string[];
  readonly rule: readonly string[];
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly failOn?: string;
  /** False for `--no-config`. */
  readonly config?: string | false;
  readonly baseline?: string;
  readonly writeBaseline?: boolean;
  readonly explain?: string;
  readonly fix?: boolean;
  readonly dryRun?: boolean;
}

/** The name of a baseline that is written when none is named. */
const BASELINE = 'backpressure-baseline.json';

/** What a run goes by. */
export interface Settings {
  readonly layers: Layers;
  readonly format: Format;
  readonly failOn: FailOn;
  readonly strict: boolean;
  readonly acknowledge: readonly Acknowledgement[];
  /** The baseline file; undefined without one. */
  readonly baseline?: string;
  readonly writeBaseline: boolean;
  /** The path of a file as patterns and baselines have it: from the folder of the configuration, or from this one. */
  relative(file: string): string;
  /** Whether a file is left out. */
  skips(file: string): boolean;
  /** What is checked, for acknowledgements. */
  scope(files: readonly string[]): Scope;
}

/** @throws UsageError that names every wrong option, or every wrong key of the configuration */
export function settingsOf(paths: readonly string[], options: CheckOptions): Settings {
  const { namesFile, offEverywhere, rulesNamed } = loadRules();
  const given = fromOptions(options);
  const found = configOf(paths, options.config);
  const config = found?.config ?? {};
  const folder = found?.folder ?? process.cwd();
  const ofConfig = config.baseline === undefined ? undefined : join(folder, config.baseline);
  const baseline = options.baseline ?? ofConfig ?? (options.writeBaseline ? join(folder, BASELINE) : undefined);
  const layers: Layers = {
    everywhere: config.severity ?? {},
    paths: Object.entries(config.paths ?? {}).map(([pattern, { severity }]) => [pattern, severity]),
    commandLine: given.severity,
    only: options.rule.length > 0 ? options.rule : (config.rule ?? []),
  };
  if (options.writeBaseline && layers.only.length > 0)
    throw new UsageError(
      '--write-baseline takes the findings of every rule; leave out --rule, also in the configuration',
    );
  if (options.writeBaseline && options.fix) throw new UsageError('--fix and --write-baseline are two runs; mend first');
  if (options.dryRun && !options.fix) throw new UsageError('--dry-run shows what --fix would do; give both');
  const include = options.include.length > 0 ? options.include : (config.include ?? []);
  const exclude = [...(config.exclude ?? []), ...options.exclude];
  const fromFolder = (file: string) => (file === 'stdin' ? file : relative(folder, resolve(file)).split(sep).join('/'));
  const off = offEverywhere(layers);
  return {
    layers,
    format: given.format ?? config.format ?? 'text',
    failOn: given.failOn ?? config.failOn ?? 'error',
    strict: options.strict ?? config.strict ?? false,
    acknowledge: config.acknowledge ?? [],
    baseline,
    writeBaseline: options.writeBaseline === true,
    relative: fromFolder,
    skips: (file) => {
      const path = fromFolder(file);
      const names = (pattern: string) => namesFile(pattern, path);
      return exclude.some(names) || (include.length > 0 && !include.some(names));
    },
    scope: (files) => ({
      files: files.map(fromFolder),
      everything: paths.some((path) => path !== '-' && !relative(resolve(path), folder).startsWith('..')),
      exists: (path) => existsSync(join(folder, path)),
      ran: (pattern) => rulesNamed(pattern).some((id) => off[id] === undefined),
      today: new Date().toISOString().slice(0, 10),
    }),
  };
}

/** Whether a file is one that `check` itself reads or writes. */
export function isOwnFile(file: string, baseline?: string): boolean {
  return CONFIG_NAMES.includes(basename(file)) || (baseline !== undefined && resolve(file) === resolve(baseline));
}

function configOf(paths: readonly string[], option: CheckOptions['config']) {
  if (option === false) return undefined;
  return option === undefined ? findConfig(paths) : readConfig(option, true);
}

interface Given {
  readonly severity: Readonly<Record<string, Level>>;
  readonly format?: Format;
  readonly failOn?: FailOn;
}

function fromOptions({ format, json, failOn, severity, rule }: CheckOptions): Given {
  const { FAIL_ON, FORMATS, levelFailures, notARule, rulesNamed } = loadRules();
  const pairs = severity.map((pair) => pair.split('='));
  const levels = Object.fromEntries(pairs.map(([id, level]) => [id, level]));
  const halves = severity.filter((_, at) => pairs[at].length !== 2 || pairs[at].includes(''));
  const failures = [
    ...among('--format', format, FORMATS),
    ...among('--fail-on', failOn, FAIL_ON),
    ...halves.map((pair) => `--severity must be a rule and a level, as in BP-SQS-001=warning, got ${pair}`),
    ...(halves.length > 0 ? [] : levelFailures('--severity', levels)),
    ...rule.filter((one) => rulesNamed(one).length === 0).map((one) => `--rule names ${one}, ${notARule(one)}`),
  ];
  if (failures.length > 0) throw new UsageError(failures.join('; '));
  return {
    severity: levels as Given['severity'],
    format: json ? 'json' : (format as Format | undefined),
    failOn: failOn as FailOn | undefined,
  };
}

function among(option: string, value: string | undefined, known: readonly string[]): string[] {
  return value === undefined || known.includes(value)
    ? []
    : [`${option} must be one of ${known.join(', ')}, got ${value}`];
}
