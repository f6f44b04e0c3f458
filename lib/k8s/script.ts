/** Scripts of lib/runtime as ConfigMaps, so that stock images run them. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { brotliDecompressSync, gzipSync } from 'node:zlib';
import { Names } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import type { Construct } from 'constructs';

/** The API server refuses a ConfigMap above 1 MiB (Kubernetes, ConfigMaps). */
const LARGEST_CONFIG_MAP_BYTES = 1_048_576;

/** A ConfigMap with one file of `dist/runtime`, such as `order-worker/index.js`. */
export function scriptConfigMap(scope: Construct, id: string, script: string): kplus.ConfigMap {
  return scriptsConfigMap(scope, id, dirname(script), [basename(script)]);
}

/** A ConfigMap with one file, which gets another name with another text: whoever mounts it is replaced. */
export function textConfigMap(scope: Construct, id: string, file: string, text: string): kplus.ConfigMap {
  return filesConfigMap(scope, id, filesOf(file, { [file]: text }));
}

/** The same with several files of one folder of `dist/runtime`, which import each other. */
export function scriptsConfigMap(
  scope: Construct,
  id: string,
  folder: string,
  files: readonly string[],
): kplus.ConfigMap {
  return filesConfigMap(scope, id, shipped(folder, files));
}

/** Files of a ConfigMap. */
interface Files {
  readonly data: Readonly<Record<string, string>>;
  readonly digest: string;
}

/** @param title what a refusal is about */
function filesOf(title: string, data: Readonly<Record<string, string>>): Files {
  const text = Object.values(data).join('\n');
  refuseLarge(title, text);
  return { data, digest: digestOf(text) };
}

const shippedFiles = new Map<string, Files>();

/** Files of `dist/runtime`: read and hashed once, however many constructs run them. */
function shipped(folder: string, names: readonly string[]): Files {
  const key = [folder, ...names].join('/');
  const known = shippedFiles.get(key);
  if (known !== undefined) return known;
  const read = (name: string) => readFileSync(join(runtimeFolder(), folder, name), 'utf8');
  const files = filesOf(folder, Object.fromEntries(names.map((name) => [name, read(name)])));
  shippedFiles.set(key, files);
  return files;
}

function filesConfigMap(scope: Construct, id: string, { data, digest }: Files): kplus.ConfigMap {
  return new kplus.ConfigMap(scope, id, {
    metadata: { name: nameBy(scope, id, digest) },
    immutable: true,
    data: { ...data },
  });
}

/**
 * The same for a large program, compressed: `kubectl apply` keeps an object in an annotation, and those of an object have at
 * most 256 KiB together. Run it with `unpacked`.
 */
export function packedConfigMap(scope: Construct, id: string, script: string): kplus.ConfigMap {
  const { packed, digest } = packedScript(script);
  return new kplus.ConfigMap(scope, id, {
    metadata: { name: nameBy(scope, id, digest) },
    immutable: true,
    binaryData: { [`${basename(script)}.gz`]: packed },
  });
}

/** The command that runs the program of `packedConfigMap`, which is mounted in that folder. `/tmp` has to be writable. */
export function unpacked(folder: string, script: string): string[] {
  const file = basename(script);
  const [from, to] = [`${folder}/${file}.gz`, `/tmp/${file}`];
  const program = `const fs = require('node:fs'); fs.writeFileSync('${to}', require('node:zlib').gunzipSync(fs.readFileSync('${from}'))); require('${to}');`;
  return ['node', '-e', program];
}

const packedScripts = new Map<string, { readonly packed: string; readonly digest: string }>();

/** In base64, as it is in the manifest. */
function packedScript(script: string): { readonly packed: string; readonly digest: string } {
  const known = packedScripts.get(script);
  if (known !== undefined) return known;
  const packed = gzipSync(programOf(join(runtimeFolder(), script)), { level: 9 }).toString('base64');
  refuseLarge(script, packed);
  const made = { packed, digest: digestOf(packed) };
  packedScripts.set(script, made);
  return made;
}

/** The installed package has large programs in Brotli only. */
function programOf(file: string): Buffer {
  return existsSync(file) ? readFileSync(file) : brotliDecompressSync(readFileSync(`${file}.br`));
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

/** Immutable: a changed script makes another ConfigMap, and pods with the old one keep it until they are replaced. */
function nameBy(scope: Construct, id: string, digest: string): string {
  return `${Names.toDnsLabel(scope, { maxLen: 50, extra: [id.toLowerCase()] })}-${digest}`;
}

function refuseLarge(script: string, text: string): void {
  if (Buffer.byteLength(text) > LARGEST_CONFIG_MAP_BYTES) {
    throw new Error(`${script} has ${Buffer.byteLength(text)} bytes, a ConfigMap holds ${LARGEST_CONFIG_MAP_BYTES}`);
  }
}

let found: string | undefined;

/** The folder with the bundles, in a checkout or in the installed package. Looked for once. */
function runtimeFolder(): string {
  found ??= findRuntimeFolder();
  return found;
}

function findRuntimeFolder(): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = [join(folder, 'dist', 'runtime'), join(folder, 'runtime')].find((path) =>
      existsSync(join(path, 'webhook', 'index.js')),
    );
    if (candidate) return candidate;
  }
  throw new Error('dist/runtime is missing; run npm run prepare');
}
