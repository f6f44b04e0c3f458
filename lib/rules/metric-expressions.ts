/**
 * Expressions in PromQL of one file: a dashboard of Grafana, rules, a `PrometheusRule`, a ConfigMap with any of them, a scaler
 * of KEDA, settings of an adapter. What may have an expression and cannot be read is told, never passed over.
 */
import { unquoted } from '../flow/metrics/promql-text';
import type { MetricUse } from '../flow/metrics/workload';
import { parse } from './parse';
import { ANY_SOURCE, type DataSource, NO_QUERY, otherLanguage, sourceIn } from './query-languages';
import { isMapping } from './resolved';
import { UnreadableError } from './unreadable';

/** Names of files that are read. */
export const DOCUMENT = /\.(json|ya?ml|rules)$/i;
/** Fields that hold an expression, in Grafana, Prometheus, KEDA, Argo Rollouts, Flagger and the adapter of Prometheus. */
const EXPRESSIONS = new Set(['expr', 'query', 'definition', 'expression', 'seriesQuery', 'metricsQuery']);
/** A field with an expression, in a text of JSON or YAML. */
const EXPRESSION_FIELD = /"expr"\s*:|^\s*(?:-\s+)?["']?(?:expr|seriesQuery|metricsQuery)["']?\s*:/m;
/** Fields with prose, in which a field with an expression is an example. */
const PROSE = new Set(['content', 'description', 'summary', 'message']);
const TEXT = '("(?:[^"\\\\]|\\\\.)*"|`[^`]*`)';
/** Queries in the text of an alert: `{{ with query "up" }}`, `{{ printf "up{job=%q}" $labels.job | query }}`. */
const QUERIES_IN_TEXT = [
  new RegExp(String.raw`\bquery\s+${TEXT}`, 'g'),
  new RegExp(String.raw`\bquery\s*\(\s*printf\s+${TEXT}`, 'g'),
  new RegExp(String.raw`\bprintf\s+${TEXT}[^|}]*\|\s*query\b`, 'g'),
];
/** What `printf` fills in, which may be anything. */
const VERB = /%[-+# \d.]*[a-zA-Z]/g;
/** Panels that never have a query. */
const WITHOUT_QUERIES = new Set<unknown>(['text', 'row', 'news', 'dashlist', 'alertlist']);
/** Where a dashboard of Grafana's operator is when it is not in the file. */
const ELSEWHERE = ['gzipJson', 'url', 'grafanaCom', 'jsonnet', 'jsonnetLib'];

/** What one file has. */
export interface FileExpressions {
  /** The expressions. */
  readonly uses: readonly MetricUse[];
  /** What may have expressions and cannot be read, in words. */
  readonly unread: readonly string[];
  /** Library panels without their queries: uid, and name. */
  readonly wanted: ReadonlyMap<string, string>;
  /** Uids of the library panels that are in the file. */
  readonly panels: ReadonlySet<string>;
  /** Types of data sources of other languages, one for each expression that was left out. */
  readonly others: readonly string[];
}

/**
 * What one file has.
 *
 * @throws UnreadableError when it is neither JSON nor YAML
 */
export function expressionsOf(file: string, text: string): FileExpressions {
  const collector = new Collector(file);
  for (const document of parse(file, text)) collector.collect(document, ANY_SOURCE);
  const { found, unread, wanted, panels, others } = collector;
  return { uses: [...found.values()], unread, wanted, panels, others };
}

class Collector {
  /** By expression and record: a panel that is copied is one. */
  public readonly found = new Map<string, MetricUse>();
  public readonly unread: string[] = [];
  public readonly wanted = new Map<string, string>();
  public readonly panels = new Set<string>();
  public readonly others: string[] = [];

  constructor(private readonly file: string) {}

  public collect(value: unknown, around: DataSource): void {
    if (Array.isArray(value)) for (const one of value) this.collect(one, around);
    if (!isMapping(value)) return;
    const source = sourceIn(value, around);
    this.libraryPanel(value);
    this.elsewhere(value);
    for (const [key, one] of Object.entries(value)) {
      if (typeof one === 'string') this.text(key, one, source, value);
      // Panels of a row have their own data source, or the default.
      else this.collect(one, key === 'panels' ? { variables: source.variables } : source);
    }
  }

  private text(key: string, text: string, source: DataSource, { record }: Readonly<Record<string, unknown>>): void {
    if (EXPRESSIONS.has(key)) {
      const other = otherLanguage(source);
      if (text.trim() === '' || other === NO_QUERY) return;
      if (other !== undefined) this.others.push(other);
      else this.add(text, key === 'expr' && typeof record === 'string' ? record : undefined);
      return;
    }
    for (const pattern of QUERIES_IN_TEXT) {
      for (const [, query] of text.matchAll(pattern)) this.add(unquoted(query).replace(VERB, '$$anything'));
    }
    if (/^\s*\{/.test(text) || text.includes('\n')) this.embedded(key, text);
  }

  private add(expression: string, record?: string): void {
    this.found.set(JSON.stringify([expression, record]), { file: this.file, expression, ...(record && { record }) });
  }

  /** A dashboard or a file of rules inside a ConfigMap. */
  private embedded(key: string, text: string): void {
    try {
      for (const document of parse('', text)) this.collect(document, ANY_SOURCE);
    } catch (error) {
      // A script, or prose. With a field for an expression it may be needed.
      if (PROSE.has(key) || !EXPRESSION_FIELD.test(text)) return;
      this.unread.push(`${key}, which has expressions: ${error instanceof UnreadableError ? error.reason : error}`);
    }
  }

  private libraryPanel({ libraryPanel, targets, type, uid, model }: Readonly<Record<string, unknown>>): void {
    if (typeof uid === 'string' && isMapping(model)) this.panels.add(uid);
    if (!isMapping(libraryPanel) || WITHOUT_QUERIES.has(type)) return;
    if (Array.isArray(targets) && targets.length > 0) return;
    this.wanted.set(String(libraryPanel.uid), String(libraryPanel.name ?? libraryPanel.uid));
  }

  /** Documents that are encoded, or not in the file at all. */
  private elsewhere({ kind, spec, data, binaryData }: Readonly<Record<string, unknown>>): void {
    const encoded = kind === 'Secret' ? data : kind === 'ConfigMap' ? binaryData : undefined;
    for (const [name, text] of isMapping(encoded) ? Object.entries(encoded) : []) {
      if (typeof text === 'string' && DOCUMENT.test(name))
        this.embedded(name, Buffer.from(text, 'base64').toString('utf8'));
    }
    if (kind !== 'GrafanaDashboard' || !isMapping(spec)) return;
    const place = ELSEWHERE.find((field) => spec[field] !== undefined);
    if (place !== undefined)
      this.unread.push(`spec.${place}: the dashboard itself is not in the file; give it as JSON`);
  }
}
