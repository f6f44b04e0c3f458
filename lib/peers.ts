/** What a part of this package needs beside it, asked for before the first of it is loaded. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './package-root';

/** Every part with the packages that it is built on; all are optional peers, because nobody needs them all. */
const PEERS = {
  aws: ['aws-cdk-lib', 'constructs'],
  k8s: ['cdk8s', 'cdk8s-plus-28', 'constructs'],
  gcp: ['@pulumi/pulumi', '@pulumi/gcp'],
  'gcp.fromChart': ['@pulumi/kubernetes', 'cdk8s', 'constructs'],
} as const;

/**
 * Refuses to go on without the packages that a part is built on.
 *
 * @throws Error that names the missing ones and the command that installs them
 */
export function needPeers(part: keyof typeof PEERS, resolve: (name: string) => unknown = require.resolve): void {
  const missing = PEERS[part].filter((name) => !isThere(name, resolve));
  if (missing.length === 0) return;
  const ranges = rangesOf(join(packageRoot(), 'package.json'));
  const wanted = missing.map((name) => `'${name}@${ranges[name]}'`);
  throw new Error(
    `backpressure-constructs/${part.replace('.', ': ')} needs ${missing.join(' and ')} beside it: npm install ${wanted.join(' ')}`,
  );
}

function isThere(name: string, resolve: (name: string) => unknown): boolean {
  try {
    resolve(name);
    return true;
  } catch (error) {
    // Anything else is the package's own fault, and says more when it is loaded.
    return (error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND';
  }
}

/** Pulumi's packages are no peers by their manifest, which jsii allows to its own kind alone: those that are tested with. */
function rangesOf(file: string): Record<string, string> {
  const { peerDependencies, devDependencies } = JSON.parse(readFileSync(file, 'utf8')) as {
    peerDependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  const tested = Object.entries(devDependencies).map(([name, version]) => [name, `^${version}`]);
  return { ...Object.fromEntries(tested), ...peerDependencies };
}
