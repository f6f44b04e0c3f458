/**
 * The configuration of `check`: the options of the command line by the same names, and what is too long for one.
 */
import { InvalidInputError } from '../../flow/errors';
import type { Level } from '../check';
import { isMapping } from '../resolved';
import { FAIL_ON, type FailOn, FORMATS, type Format } from './choices';
import { levelFailures, notARule } from './levels';
import { didYouMean, rulesNamed } from './pattern';

/** A finding that is accepted, and why. */
export interface Acknowledgement {
  /** The rule: an id, or a pattern. */
  readonly rule: string;
  /** The file: a pattern, relative to the configuration. Default: any. */
  readonly path?: string;
  /** The resource: logical id, kind and name, or construct path; `*` is any text. Default: any. */
  readonly object?: string;
  /** Why it may stay. */
  readonly reason: string;
  /** The last day on which it holds, as in 2027-03-31. Default: it does not expire. */
  readonly expires?: string;
}

/** What `backpressure.config.ts`, `.yaml` or `.json` holds. Every key may be left out. */
export interface CheckConfig {
  /** Severities by rule id, by the beginning of ids or by glob; the more exact one wins. */
  readonly severity?: Readonly<Record<string, Level>>;
  /** The only rules to run. Default: all. */
  readonly rule?: readonly string[];
  /** Patterns of the only files to check. Default: all. */
  readonly include?: readonly string[];
  /** Patterns of files that are not checked. Default: none. */
  readonly exclude?: readonly string[];
  /** The lowest severity that makes the exit code 1. Default: error. */
  readonly failOn?: FailOn;
  /** Whether what was not read, and acknowledgements that no longer hold, make the exit code 2. Default: false. */
  readonly strict?: boolean;
  /** How to print the findings. Default: text. */
  readonly format?: Format;
  /** A file with known findings, which are not reported. Default: none. */
  readonly baseline?: string;
  /** Severities for some files, by pattern; a later one wins over an earlier one. */
  readonly paths?: Readonly<Record<string, { readonly severity: Readonly<Record<string, Level>> }>>;
  /** Findings that are accepted. */
  readonly acknowledge?: readonly Acknowledgement[];
}

/**
 * The configuration in a parsed file.
 *
 * @throws InvalidInputError that names every wrong key and value
 */
export function configFrom(file: string, parsed: unknown): CheckConfig {
  if (parsed === null || parsed === undefined) return {};
  if (!isMapping(parsed)) throw new InvalidInputError(file, ['must be a mapping of settings']);
  const failures = [
    ...unknownKeys('', parsed, Object.keys(KEYS)),
    ...Object.entries(KEYS).flatMap(([key, check]) => (parsed[key] === undefined ? [] : check(key, parsed[key]))),
  ];
  if (failures.length > 0) throw new InvalidInputError(file, failures);
  return parsed as CheckConfig;
}

type KeyCheck = (key: string, value: unknown) => string[];

const KEYS: Readonly<Record<keyof CheckConfig, KeyCheck>> = {
  severity: levels,
  rule: (key, value) => [...texts(key, value), ...listed(value).flatMap((pattern) => ruleFailures(key, pattern))],
  include: texts,
  exclude: texts,
  failOn: (key, value) => among(key, value, FAIL_ON),
  strict: (key, value) => (typeof value === 'boolean' ? [] : [`${key} must be true or false, got ${shown(value)}`]),
  format: (key, value) => among(key, value, FORMATS),
  baseline: text,
  paths: (key, value) => {
    if (!isMapping(value)) return [`${key} must be a mapping of patterns to settings, got ${shown(value)}`];
    return Object.entries(value).flatMap(([pattern, settings]) => {
      const where = `${key} ${pattern}`;
      if (!isMapping(settings)) return [`${where} must be a mapping with severity, got ${shown(settings)}`];
      const set =
        settings.severity === undefined ? [`${where} has no severity`] : levels(`${where} severity`, settings.severity);
      return [...unknownKeys(`${where} `, settings, ['severity']), ...set];
    });
  },
  acknowledge: (key, value) =>
    Array.isArray(value)
      ? value.flatMap((one, at) => acknowledgementFailures(`${key}[${at}]`, one))
      : [`${key} must be a list, got ${shown(value)}`],
};

const ACKNOWLEDGEMENT_KEYS = ['rule', 'path', 'object', 'reason', 'expires'];

function acknowledgementFailures(where: string, one: unknown): string[] {
  if (!isMapping(one)) return [`${where} must be a mapping with rule, path or object, and reason, got ${shown(one)}`];
  const given = (key: string) => (one[key] === undefined ? [] : text(`${where}.${key}`, one[key]));
  const missing = [
    ...(one.rule === undefined ? [`${where} has no rule`] : []),
    ...(one.path === undefined && one.object === undefined
      ? [`${where} has neither path nor object; a rule is switched off for all files by severity`]
      : []),
    ...(one.reason === undefined ? [`${where} has no reason`] : []),
  ];
  return [
    ...unknownKeys(`${where}.`, one, ACKNOWLEDGEMENT_KEYS),
    ...missing,
    ...['rule', 'path', 'object', 'reason'].flatMap(given),
    ...(typeof one.rule === 'string' ? ruleFailures(`${where}.rule`, one.rule) : []),
    ...(one.expires === undefined || isDay(one.expires)
      ? []
      : [`${where}.expires must be a day as in 2027-03-31, got ${shown(one.expires)}`]),
  ];
}

/** Whether it is a day of the calendar: `2027-02-30` is none. */
function isDay(value: unknown): boolean {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const date = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value);
}

function ruleFailures(where: string, pattern: string): string[] {
  return rulesNamed(pattern).length > 0 ? [] : [`${where} names ${pattern}, ${notARule(pattern)}`];
}

function unknownKeys(where: string, value: Record<string, unknown>, known: readonly string[]): string[] {
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => `${where}${key} is not a setting${didYouMean(key, known) || `; there are ${known.join(', ')}`}`);
}

function levels(key: string, value: unknown): string[] {
  return isMapping(value)
    ? levelFailures(key, value)
    : [`${key} must be a mapping of rules to levels, got ${shown(value)}`];
}

function text(key: string, value: unknown): string[] {
  return typeof value === 'string' && value.trim() !== ''
    ? []
    : [`${key} must be a text that is not empty, got ${shown(value)}`];
}

function texts(key: string, value: unknown): string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string' && one !== '')
    ? []
    : [`${key} must be a list of texts, got ${shown(value)}`];
}

function listed(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

function among(key: string, value: unknown, known: readonly string[]): string[] {
  return known.includes(value as string) ? [] : [`${key} must be one of ${known.join(', ')}, got ${shown(value)}`];
}

function shown(value: unknown): string {
  return value === '' ? 'an empty text' : (JSON.stringify(value)?.slice(0, 80) ?? String(value));
}
