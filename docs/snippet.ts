/** The TypeScript blocks of a page, and how one is run: the pages' costs and their tests both do it. */
import { join } from 'node:path';
import { transformSync } from 'esbuild';

const ROOT = join(__dirname, '..');

/** What a user imports, and where it is in the sources. */
export const ENTRY_POINTS: Readonly<Record<string, string>> = {
  'backpressure-constructs': 'lib/index.ts',
  'backpressure-constructs/flow': 'lib/flow/all.ts',
  'backpressure-constructs/gcp': 'lib/gcp/index.ts',
  'backpressure-constructs/pubsub-webhook': 'lib/runtime/pubsub-webhook/consumer.ts',
  'backpressure-constructs/rules': 'lib/rules/index.ts',
  'backpressure-constructs/scheduled-run': 'lib/runtime/scheduled-run/consumer.ts',
  'backpressure-constructs/webhook': 'lib/runtime/webhook/consumer.ts',
};

/** One block, and the line that it begins on. */
export interface Block {
  readonly line: number;
  readonly code: string;
}

/** Every TypeScript block of a page. */
export function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => ({
    line: text.slice(0, match.index).split('\n').length,
    code: match[1],
  }));
}

/** What a user's import of that name gives. */
export function load(name: string): unknown {
  return require(ENTRY_POINTS[name] ? join(ROOT, ENTRY_POINTS[name]) : name);
}

/** Runs a block in silence; `modules` take the place of what it imports. */
export function runBlock(code: string, modules: Readonly<Record<string, unknown>> = {}): void {
  const script = transformSync(code, { loader: 'ts', format: 'cjs', target: 'es2022' }).code;
  const silent = { ...console, log: () => {}, table: () => {} };
  new Function('require', 'module', 'exports', 'console', script)(
    (name: string) => modules[name] ?? load(name),
    {},
    {},
    silent,
  );
}
