/** The TypeScript blocks of a page, and how one is run: the pages' costs and their tests both do it. */
import { join } from 'node:path';
import * as cdk from 'aws-cdk-lib';
import * as cdk8s from 'cdk8s';
import { transformSync } from 'esbuild';
import manifest from '../package.json';

const ROOT = join(__dirname, '..');

/** What a user imports, and where it is in the sources: what the package exports, before it was compiled. */
export const ENTRY_POINTS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(manifest.exports).flatMap(([path, target]) => {
    const compiled = typeof target === 'string' ? target : target.types;
    const [, source] = /^\.\/dist\/(.*?)(?:\.d\.ts|\.js)$/.exec(compiled) ?? [];
    return source === undefined ? [] : [[path.replace('.', manifest.name), `${source}.ts`]];
  }),
);

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

/** What an example makes, and the modules that note it. */
export interface Recorder {
  readonly apps: readonly cdk.App[];
  readonly charts: readonly cdk8s.App[];
  readonly modules: Readonly<Record<string, unknown>>;
}

/** Apps of CDK and cdk8s that write below a folder of the caller's, each noted. */
export function recorder(outdir: string): Recorder {
  const apps: cdk.App[] = [];
  const charts: cdk8s.App[] = [];
  class RecordedApp extends cdk.App {
    constructor(props?: cdk.AppProps) {
      super({ ...props, outdir: join(outdir, String(apps.length)) });
      apps.push(this);
    }
  }
  class RecordedChartApp extends cdk8s.App {
    constructor(props?: cdk8s.AppProps) {
      super({ ...props, outdir });
      charts.push(this);
    }
  }
  const modules = {
    'aws-cdk-lib': Object.create(cdk, { App: { value: RecordedApp } }),
    cdk8s: Object.create(cdk8s, { App: { value: RecordedChartApp } }),
  };
  return { apps, charts, modules };
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
