/** Every snippet of the documentation and every example is compiled, and each that makes an app is synthesized. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { blocksOf, ENTRY_POINTS, recorder, runBlock } from '../../docs/snippet';
import { program } from '../support/pulumi';

const ROOT = join(__dirname, '..', '..');

interface Snippet {
  readonly name: string;
  readonly code: string;
}

function pages(): string[] {
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  return ['README.md', 'CONTRIBUTING.md', 'examples/README.md', ...docs.map((path) => join('docs', path))].filter(
    (path) => path.endsWith('.md'),
  );
}

function snippetsOf(page: string): Snippet[] {
  return blocksOf(readFileSync(join(ROOT, page), 'utf8')).map(({ line, code }) => ({ name: `${page}:${line}`, code }));
}

/** Errors by snippet. One program for all of them, because most of the time goes into the types of aws-cdk-lib. */
function typeErrors(snippets: readonly Snippet[]): Map<string, string[]> {
  const folder = join(ROOT, 'dist', 'snippets');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [i, { code }] of snippets.entries()) writeFileSync(join(folder, `snippet-${i}.ts`), code);
  const paths = Object.fromEntries(Object.entries(ENTRY_POINTS).map(([name, file]) => [name, [join(ROOT, file)]]));
  const compilerOptions = { noEmit: true, noUnusedLocals: false, rootDir: ROOT, paths };
  const config = { extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: ['*.ts'], exclude: [] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout, status } = spawnSync(process.execPath, [tsc, '--pretty', 'false', '-p', folder], {
    cwd: folder,
    encoding: 'utf8',
  });
  const errors = new Map<string, string[]>(snippets.map(({ name }) => [name, []]));
  const found = [...stdout.matchAll(/^(?:snippet-(\d+)\.ts|[^ ].*?)\(\d+,\d+\): error .*$/gm)];
  for (const [message, index] of found) errors.get(snippets[Number(index)]?.name)?.push(message);
  const elsewhere = found.filter(([, index]) => index === undefined).map(([message]) => message);
  if (elsewhere.length > 0 || (status !== 0 && found.length === 0)) throw new Error(elsewhere.join('\n') || stdout);
  return errors;
}

/** Runs a snippet and gives the templates of every app that it made. */
function synthesized(code: string): { Resources?: object }[] {
  const outdir = mkdtempSync(join(tmpdir(), 'backpressure-snippet-'));
  const { apps, modules } = recorder(outdir);
  try {
    runBlock(code, modules);
    return apps.flatMap((app) => app.synth().stacks.map(({ template }) => template));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** The files of `examples/`, as users copy them. */
function examples(): Snippet[] {
  const files = readdirSync(join(ROOT, 'examples'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  return files.sort().map((file) => {
    const name = join('examples', file);
    return { name, code: readFileSync(join(ROOT, name), 'utf8') };
  });
}

const snippets = [...pages().flatMap(snippetsOf), ...examples()];
const runnable = snippets.filter(({ code }) => /new App\(/.test(code) && code.includes("'aws-cdk-lib'"));
const chartSnippets = snippets.filter(({ code }) => code.includes("'cdk8s'"));
// A snippet that only names types makes nothing.
const pulumiPrograms = snippets.filter(({ code }) => /^import (?!type\b).*'backpressure-constructs\/gcp'/m.test(code));

describe('snippets', () => {
  const unknownProp: Snippet = {
    name: 'unknown prop',
    code: `import { App, Stack } from 'aws-cdk-lib';
import { aws } from 'backpressure-constructs';
new aws.RedriveQueue(new Stack(new App(), 'S'), 'Q', { workload: { itemsPerHour: 1 }, objective: { latencySeconds: 1 } });`,
  };
  const unknownExport: Snippet = {
    name: 'unknown export',
    code: `import { webhookConsumers } from 'backpressure-constructs/webhook';\nwebhookConsumers();`,
  };
  let errors: Map<string, string[]>;
  beforeAll(() => {
    errors = typeErrors([...snippets, unknownProp, unknownExport]);
  }, 120_000);

  test('the README and every construct have one', () => {
    const withSnippet = new Set(snippets.map(({ name }) => name.split(':')[0]));
    const constructs = readdirSync(join(ROOT, 'docs', 'constructs')).map((file) => join('docs', 'constructs', file));
    expect([...withSnippet]).toEqual(expect.arrayContaining(['README.md', ...constructs]));
  });

  test('six examples, each in the list, with an app', () => {
    const list = readFileSync(join(ROOT, 'examples', 'README.md'), 'utf8');
    const apps = examples().filter(({ name }) => name.endsWith('app.ts'));
    expect(
      apps.map(({ name }) => name).filter((name) => !list.includes(`](${name.replace('examples/', '')})`)),
    ).toEqual([]);
    expect(apps.length).toBeGreaterThanOrEqual(6);
    const run = new Set([...runnable, ...chartSnippets].map(({ name }) => name));
    expect(apps.map(({ name }) => name).filter((name) => !run.has(name))).toEqual([]);
  });

  test('a snippet that does not compile is found out', () => {
    expect(errors.get('unknown prop')?.join()).toContain('itemsPerHour');
    expect(errors.get('unknown export')?.join()).toContain('webhookConsumers');
  });

  test('a snippet that is refused at synthesis is found out', () => {
    const promising = snippets.find(({ code }) => code.includes('latencySeconds: 90')) as Snippet;
    const refused = promising.code.replace('latencySeconds: 90', 'latencySeconds: 0.01');
    expect(() => synthesized(refused)).toThrow('Orders');
  });

  test.each(snippets.map(({ name }) => name))('%s compiles', (name) => {
    expect(errors.get(name)).toEqual([]);
  });

  test.each(runnable)('$name synthesizes', ({ code }) => {
    const templates = synthesized(code);
    expect(templates.length).toBeGreaterThan(0);
    for (const { Resources } of templates) expect(Object.keys(Resources ?? {}).length).toBeGreaterThan(1);
  });

  test.each(chartSnippets)('$name writes its manifests', ({ code }) => {
    const outdir = mkdtempSync(join(tmpdir(), 'backpressure-snippet-'));
    const { charts, modules } = recorder(outdir);
    try {
      runBlock(code, modules);
      const manifests = charts.flatMap((app) => app.charts).flatMap((chart) => chart.toJson());
      expect(manifests.length).toBeGreaterThan(0);
    } finally {
      rmSync(outdir, { recursive: true, force: true });
    }
  });

  test.each(pulumiPrograms)('$name registers its resources', async ({ code }) => {
    pulumi.runtime.setAllConfig({ 'backpressure:githubSecret': 'sesame' });
    const { resources } = await program(() => runBlock(code));
    expect(resources.length).toBeGreaterThan(0);
  });
});

test('every relative link leads somewhere', () => {
  const missing = pages().flatMap((page) => {
    const text = readFileSync(join(ROOT, page), 'utf8').replace(/^```.*?^```$/gms, '');
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]);
    const relatives = targets.filter((target) => !/^([a-z]+:|#)/.test(target));
    const absent = relatives.filter((target) => !existsSync(join(ROOT, dirname(page), target.split('#')[0])));
    return absent.map((target) => `${page} -> ${target}`);
  });
  expect(missing).toEqual([]);
});
