/** The licences of what is bundled go with the bundle. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { aliasesOf } from '../../lib/runtime/aliases';
import { besides } from '../../lib/runtime/beside';
import { noticesOf, packageFolders } from '../../lib/runtime/notices';
import { ROOT } from '../support/reference';

const BUNDLES = join(ROOT, 'dist', 'runtime');
const root = mkdtempSync(join(tmpdir(), 'backpressure-notices-'));
afterAll(() => rmSync(root, { recursive: true }));

/** A metafile whose bundle has so many bytes of each file. */
function metafile(bytes: Record<string, number>): Metafile {
  const inputs = Object.fromEntries(Object.entries(bytes).map(([file, count]) => [file, { bytesInOutput: count }]));
  return { inputs: {}, outputs: { 'index.js': { inputs, bytes: 1, imports: [], exports: [] } } };
}

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

const describePackage = (name: string, licence?: string) =>
  JSON.stringify({ name, version: '1.2.3', license: licence, author: { name: 'A. Author' } });

test('scoped packages, packages within packages and two versions of one are told apart', () => {
  const files = {
    'lib/runtime/redrive/handler.ts': 9,
    'node_modules/@a/b/dist/x.js': 1,
    'node_modules/@a/b/y.js': 1,
    'node_modules/c/node_modules/d/x.js': 1,
    'node_modules/d/x.js': 1,
  };
  expect(packageFolders(metafile(files))).toEqual([
    'node_modules/@a/b',
    'node_modules/c/node_modules/d',
    'node_modules/d',
  ]);
});

test('a package of which nothing is left in the bundle is not named', () => {
  expect(packageFolders(metafile({ 'node_modules/a/x.js': 0, 'node_modules/b/x.js': 1 }))).toEqual(['node_modules/b']);
});

test('a bundle of own code alone has no notices', () => {
  expect(noticesOf(root, metafile({ 'lib/runtime/masking.ts': 5 }))).toBeUndefined();
});

test('every package stands above the text of its licence, and a text of several packages stands once', () => {
  for (const name of ['a', 'b', 'c']) {
    write(`node_modules/${name}/package.json`, describePackage(name, 'MIT'));
    write(
      `node_modules/${name}/${name === 'c' ? 'license.md' : 'LICENSE'}`,
      name === 'c' ? 'other terms' : 'the terms',
    );
  }
  const files = { 'node_modules/a/x.js': 1, 'node_modules/b/x.js': 1, 'node_modules/c/x.js': 1 };
  expect(noticesOf(root, metafile(files))?.split('-'.repeat(80)).slice(1)).toEqual([
    '\na 1.2.3, MIT, A. Author\nb 1.2.3, MIT, A. Author\n\nthe terms\n\n',
    '\nc 1.2.3, MIT, A. Author\n\nother terms\n',
  ]);
});

test('a package without the text of its licence is named with what it says, and one that says nothing is refused', () => {
  write('node_modules/said/package.json', describePackage('said', 'Apache-2.0'));
  expect(noticesOf(root, metafile({ 'node_modules/said/x.js': 1 }))).toContain('said 1.2.3, Apache-2.0, A. Author');
  write('node_modules/mute/package.json', describePackage('mute'));
  expect(() => noticesOf(root, metafile({ 'node_modules/mute/x.js': 1 }))).toThrow('mute 1.2.3 has neither a licence');
});

const NOTICED = readdirSync(BUNDLES).filter((name) => readdirSync(join(BUNDLES, name)).includes('index.js'));

test.each(NOTICED)('every package with code in the shipped bundle %s is in its notices', async (name) => {
  const sources = readdirSync(join(ROOT, 'lib', 'runtime', name));
  const entry = ['handler.ts', 'consumer.ts', 'main.ts'].find((file) => sources.includes(file)) as string;
  const { metafile: made } = await build({
    entryPoints: [join(ROOT, 'lib', 'runtime', name, entry)],
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    platform: 'node',
    mainFields: ['module', 'main'],
    alias: aliasesOf(join(ROOT, 'lib', 'runtime', name)),
    plugins: besides(entry),
    logLevel: 'silent',
  });
  const packages = packageFolders(made).map((folder) => {
    const { name: called, version } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
    return `${called} ${version}, `;
  });
  const file = join(BUNDLES, name, 'THIRD-PARTY-NOTICES.txt');
  const notices = packages.length > 0 ? readFileSync(file, 'utf8').split('\n') : [];
  expect(packages.filter((line) => !notices.some((one) => one.startsWith(line)))).toEqual([]);
});
