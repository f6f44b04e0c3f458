/**
 * Which severity a rule has for a file, once the configuration, its paths and the command line have spoken.
 */
import { LEVELS, type Level } from '../check';
import type { Finding } from '../rule';
import { RULES } from '../table';
import { didYouMean, namesFile, namesRule, rulesNamed } from './pattern';

/** Levels by pattern of rules. */
export type Levels = Readonly<Record<string, Level>>;

/** From the weakest to the strongest: the configuration, its settings for a path, the command line. */
export interface Layers {
  /** Of the configuration. */
  readonly everywhere: Levels;
  /** Of the configuration for some files, by pattern; a later one wins over an earlier one. */
  readonly paths: readonly (readonly [pattern: string, levels: Levels])[];
  /** Of the command line. */
  readonly commandLine: Levels;
  /** Patterns of the only rules to run. Empty: all. */
  readonly only: readonly string[];
}

/** One sentence for each pattern that names no rule, and for each level that is none. */
export function levelFailures(where: string, levels: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(levels).flatMap(([pattern, level]) => {
    if (rulesNamed(pattern).length === 0) return [`${where} names ${pattern}, ${notARule(pattern)}`];
    return (LEVELS as readonly unknown[]).includes(level)
      ? []
      : [`${where} of ${pattern} must be one of ${LEVELS.join(', ')}, got ${String(level)}`];
  });
}

/** Why a pattern is refused. */
export function notARule(pattern: string): string {
  const ids = RULES.map(({ id }) => id);
  return `which is not a rule; docs/rules.md lists them${didYouMean(pattern, ids)}`;
}

/** The level that is set for a rule in a file, whose path is relative to the configuration; undefined when none is. */
export function levelOf(layers: Layers, ruleId: string, file: string): Level | undefined {
  const ofPaths = layers.paths.filter(([pattern]) => namesFile(pattern, file)).map(([, levels]) => levels);
  for (const levels of [layers.commandLine, ...ofPaths.reverse(), layers.everywhere]) {
    const level = mostExact(levels, ruleId);
    if (level !== undefined) return level;
  }
  return undefined;
}

/** An id wins over a pattern, and a longer pattern over a shorter one. */
function mostExact(levels: Levels, ruleId: string): Level | undefined {
  const fitting = Object.entries(levels).filter(([pattern]) => namesRule(pattern, ruleId));
  const exactness = (pattern: string) => (/[*?]/.test(pattern) ? 0 : 1000) + pattern.replace(/[*?]/g, '').length;
  return fitting.sort(([a], [b]) => exactness(b) - exactness(a))[0]?.[1];
}

/** Whether a rule is among those to run. */
export function isSelected({ only }: Layers, ruleId: string): boolean {
  return only.length === 0 || only.some((pattern) => namesRule(pattern, ruleId));
}

/** The rules that are off in every file, so that they need not run. */
export function offEverywhere(layers: Layers): Record<string, Level> {
  const off = RULES.map(({ id }) => id).filter((id) => {
    if (!isSelected(layers, id)) return true;
    const ofLine = mostExact(layers.commandLine, id);
    if (ofLine !== undefined) return ofLine === 'off';
    const ofPaths = layers.paths.map(([, levels]) => mostExact(levels, id));
    return (
      mostExact(layers.everywhere, id) === 'off' && ofPaths.every((level) => level === undefined || level === 'off')
    );
  });
  return Object.fromEntries(off.map((id) => [id, 'off']));
}

/** The findings at the levels that are set; those that are off for their file are left out. */
export function leveled<F extends Finding>(
  findings: readonly F[],
  layers: Layers,
  relative: (file: string) => string,
): F[] {
  return findings.flatMap((finding) => {
    const level = levelOf(layers, finding.ruleId, relative(finding.file));
    if (level === 'off') return [];
    return [level === undefined ? finding : { ...finding, severity: level }];
  });
}
