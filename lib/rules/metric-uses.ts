/**
 * Expressions in PromQL of the files that a team has, folders with all that is in them. What has series in it is read, not
 * guessed, and what cannot be read is refused.
 */
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from '../flow/errors';
import type { MetricUse } from '../flow/metrics/workload';
import { MAX_FILE_BYTES } from './limits';
import { DOCUMENT, expressionsOf } from './metric-expressions';

/** Files that become rules or dashboards only when a tool has rendered them, and rules under older names. */
const UNRENDERED = /(\.(jsonnet|libsonnet|cue|tmpl|gotmpl|tpl|j2|jinja2?|erb|mustache|rule|prom|alerts?)|\/[^./]+)$/i;
const HAS_EXPRESSION = /\bexpr["']?\s*:/;

/** The expressions of files, what is wrong with the files, and what was left out. */
export interface ReadUses {
  readonly uses: readonly MetricUse[];
  readonly checks: readonly Check[];
  /** What was left out, for the remarks of the plan. */
  readonly remarks: readonly string[];
}

/** The expressions of files and folders, folders with all that is in them. */
export function readUses(prop: string, paths: readonly string[]): ReadUses {
  const files = new Files(prop);
  for (const path of paths) files.add(path);
  return files.read();
}

class Files {
  private readonly uses: MetricUse[] = [];
  private readonly checks: Check[] = [];
  /** Library panels without queries: uid, with name and file. */
  private readonly wanted = new Map<string, { readonly name: string; readonly file: string }>();
  private readonly panels = new Set<string>();
  private readonly others: { readonly kind: string; readonly file: string }[] = [];

  constructor(private readonly prop: string) {}

  public add(path: string): void {
    try {
      const isFolder = statSync(path).isDirectory();
      const all = filesIn(path);
      const files = isFolder ? all.filter((file) => DOCUMENT.test(file)) : all;
      if (files.length === 0) this.refuse(path, 'a folder without a .json, .yaml, .yml or .rules file');
      for (const file of files) this.addFile(file);
      for (const file of isFolder ? all.filter(isUnrendered) : [])
        this.refuse(
          file,
          'which looks like rules or a dashboard and is not read: only .json, .yaml, .yml and .rules are; render it, or leave it out of the folder',
        );
    } catch (error) {
      this.refuse(path, `which cannot be read: ${(error as Error).message}`);
    }
  }

  public read(): ReadUses {
    for (const [uid, { name, file }] of this.wanted) {
      if (!this.panels.has(uid))
        this.refuse(
          file,
          `whose library panel ${name} (${uid}) has no queries there; export the dashboard for sharing externally, so that it has __elements, or give the file of the panel too`,
        );
    }
    const { uses, checks } = this;
    return { uses, checks, remarks: this.leftOut() };
  }

  private addFile(file: string): void {
    if (statSync(file).size > MAX_FILE_BYTES) {
      this.refuse(file, `which is larger than ${MAX_FILE_BYTES} bytes`);
      return;
    }
    const { uses, unread, wanted, panels, others } = expressionsOf(file, readFileSync(file, 'utf8'));
    if (uses.length + unread.length + wanted.size + others.length === 0)
      this.refuse(file, 'in which no expression was found; leave it out');
    for (const what of unread) this.refuse(file, `of which a part cannot be read: ${what}`);
    this.uses.push(...uses);
    for (const [uid, name] of wanted) this.wanted.set(uid, { name, file });
    for (const uid of panels) this.panels.add(uid);
    this.others.push(...others.map((kind) => ({ kind, file })));
  }

  private refuse(path: string, why: string): void {
    this.checks.push({ refused: true, message: `${this.prop} has ${path}, ${why}` });
  }

  /** In words, how many expressions are for other data sources. */
  private leftOut(): string[] {
    const { others, prop } = this;
    if (others.length === 0) return [];
    const kinds = [...new Set(others.map(({ kind }) => kind))].sort().join(', ');
    const what = others.length === 1 ? '1 expression is' : `${others.length} expressions are`;
    return [`Of ${prop}, ${what} for other data sources (${kinds}) and not read, such as in ${others[0].file}.`];
  }
}

/** The file itself, or those of a folder and of all below it. A link to a folder is followed, once. */
function filesIn(path: string, seen = new Set<string>()): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const real = realpathSync(path);
  if (seen.has(real)) return [];
  seen.add(real);
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesIn(join(path, name), seen));
}

function isUnrendered(file: string): boolean {
  return (
    UNRENDERED.test(file) && statSync(file).size <= MAX_FILE_BYTES && HAS_EXPRESSION.test(readFileSync(file, 'utf8'))
  );
}

/**
 * Every expression of one file.
 *
 * @throws UnreadableError when it is neither JSON nor YAML
 */
export function expressionsIn(file: string, text: string): MetricUse[] {
  return [...expressionsOf(file, text).uses];
}
