/** Scripts of lib/runtime as ConfigMaps, so that stock images run them. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Names } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import type { Construct } from 'constructs';

/** The API server refuses a ConfigMap above 1 MiB (Kubernetes, ConfigMaps). */
const LARGEST_CONFIG_MAP_BYTES = 1_048_576;

/** A ConfigMap with one file of `dist/runtime`, such as `order-worker/index.js`. */
export function scriptConfigMap(scope: Construct, id: string, script: string): kplus.ConfigMap {
  const text = readFileSync(join(runtimeFolder(), script), 'utf8');
  if (Buffer.byteLength(text) > LARGEST_CONFIG_MAP_BYTES) {
    throw new Error(`${script} has ${Buffer.byteLength(text)} bytes, a ConfigMap holds ${LARGEST_CONFIG_MAP_BYTES}`);
  }
  // Immutable: a changed script makes another ConfigMap, and pods with the old one keep it until they are replaced.
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 8);
  const name = `${Names.toDnsLabel(scope, { maxLen: 50, extra: [id.toLowerCase()] })}-${digest}`;
  return new kplus.ConfigMap(scope, id, { metadata: { name }, immutable: true, data: { [basename(script)]: text } });
}

/** The folder with the bundles, in a checkout or in the installed package. */
function runtimeFolder(): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = [join(folder, 'dist', 'runtime'), join(folder, 'runtime')].find((path) =>
      existsSync(join(path, 'webhook', 'index.js')),
    );
    if (candidate) return candidate;
  }
  throw new Error('dist/runtime is missing; run npm run prepare');
}
