/**
 * Expressions in PromQL of the files that a team has: dashboards of Grafana, files of rules, `PrometheusRule`s, ConfigMaps
 * with any of them, scalers of KEDA, settings of adapters. What has series in it is read, not guessed.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from '../flow/errors';
import type { MetricUse } from '../flow/metrics/workload';
import { MAX_FILE_BYTES } from './limits';
import { parse, parseEmbedded } from './parse';
import { isMapping } from './resolved';

/** Fields that hold an expression, in Grafana, Prometheus, KEDA, Argo Rollouts, Flagger and the adapter of Prometheus. */
const EXPRESSIONS = new Set(['expr', 'query', 'definition', 'expression', 'seriesQuery', 'metricsQuery']);
/** A query inside a template of an alert: `{{ with query "up" }}`. */
const TEMPLATE_QUERY = /\bquery\s+(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`)/g;
const DOCUMENT = /\.(json|ya?ml)$/i;

/** The expressions of files, and what is wrong with the files. */
export interface ReadUses {
  readonly uses: readonly MetricUse[];
  readonly checks: readonly Check[];
}

/** The expressions of files and folders, folders with all that is in them. */
export function readUses(prop: string, paths: readonly string[]): ReadUses {
  const uses: MetricUse[] = [];
  const checks: Check[] = [];
  const refuse = (message: string) => checks.push({ refused: true, message });
  for (const path of paths) {
    try {
      const files = filesIn(path);
      if (files.length === 0) refuse(`${prop} has ${path}, a folder without a .json, .yaml or .yml file`);
      for (const file of files) {
        if (statSync(file).size > MAX_FILE_BYTES)
          refuse(`${prop} has ${file}, which is larger than ${MAX_FILE_BYTES} bytes`);
        else {
          const found = expressionsIn(file, readFileSync(file, 'utf8'));
          if (found.length === 0) refuse(`${prop} has ${file}, in which no expression was found; leave it out`);
          uses.push(...found);
        }
      }
    } catch (error) {
      refuse(`${prop} has ${path}, which cannot be read: ${(error as Error).message}`);
    }
  }
  return { uses, checks };
}

function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => {
      const inside = join(path, entry.name);
      return entry.isDirectory() ? filesIn(inside) : DOCUMENT.test(entry.name) ? [inside] : [];
    });
}

/**
 * Every expression of one file.
 *
 * @throws UnreadableError when it is neither JSON nor YAML
 */
export function expressionsIn(file: string, text: string): MetricUse[] {
  const found = new Set<string>();
  for (const document of parse(file, text)) collect(document, found);
  return [...found].map((expression) => ({ file, expression }));
}

function collect(value: unknown, found: Set<string>): void {
  if (Array.isArray(value)) for (const one of value) collect(one, found);
  else if (isMapping(value)) for (const [key, one] of Object.entries(value)) collectField(key, one, found);
}

function collectField(key: string, value: unknown, found: Set<string>): void {
  if (typeof value !== 'string') {
    collect(value, found);
    return;
  }
  if (EXPRESSIONS.has(key)) {
    if (value.trim() !== '') found.add(value);
    return;
  }
  for (const [, quoted, raw] of value.matchAll(TEMPLATE_QUERY)) {
    found.add(raw ?? quoted.replace(/\\(.)/g, '$1'));
  }
  // A dashboard or a file of rules inside a ConfigMap.
  if (/^\s*\{/.test(value) || value.includes('\n')) {
    const inner = parseEmbedded(value);
    if (isMapping(inner) || Array.isArray(inner)) collect(inner, found);
  }
}
