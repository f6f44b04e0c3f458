/** Cost of a cold start of the bundles: their size, and the time that node takes to load them. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { STORM } from '../lib/cases/case-09-invalidation-storm';
import { planCoalescing } from '../lib/flow/merging/plan';
import { functionSettings } from '../lib/flow/merging/settings';
import { type Line, line, median, progress } from './line';

const RUNTIME = join(__dirname, '..', 'dist', 'runtime');
const SOURCES = join(__dirname, '..', 'lib', 'runtime');
const MOST_KILOBYTES = 700;
const MOST_IMPORT_MILLIS = 150;
const ROUNDS = 11;

/** Settings that handlers read at load; a consumer makes its clients at construction. */
export const SETTINGS: Readonly<Record<string, string>> = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  SOURCE_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/123456789012/source',
  QUARANTINE_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/123456789012/quarantine',
  DEAD_LETTER_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters',
  CIRCUIT_TABLE: 'circuit',
  GRACE_SECONDS: '60',
  TAGS: '{}',
  MAX_REDRIVES: '1',
  WINDOW_SECONDS: '1170',
  REDRIVES_PER_WINDOW: '4680',
  VERDICT_MINIMUM: '468',
  SUCCESS_RATIO_FLOOR: '0.5',
  BACKOFF_SECONDS: '180',
  BACKOFF_CAP_SECONDS: '180',
  RETENTION_SECONDS: '1209600',
  STUCK_TRIES: '3',
  STUCK_HOLD_SECONDS: '21600',
  TABLE: 'mails',
  QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/123456789012/mails',
  LANES: '[{"name":"ses","from":"shop@example.com","pace":{}}]',
  MAPPING_ID: '1',
  BATCH: '23',
  MOST_RECIPIENTS: '1',
  ON_UNKNOWN: 'park',
  CLAIM_SECONDS: '7',
  CALL_TIMEOUT_SECONDS: '1',
  CLOSED_SECONDS: '60',
  HOLD_SECONDS: '1',
  RECORD_SECONDS: '86400',
  INVALIDATOR: '{"functionName":"rebuild"}',
  ASIDE_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/123456789012/aside',
  ...functionSettings(planCoalescing('bench', STORM)),
};

export function bench(): Line[] {
  const names = functionBundles();
  const sizes = names.map((name) => {
    const kilobytes = statSync(join(RUNTIME, name, 'index.js')).size / 1024;
    return line(`bundle ${name} size`, kilobytes, 'KB', MOST_KILOBYTES, 1);
  });
  const millis = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of names) {
      // Minus the time of an empty process in the same round.
      const empty = start('');
      const loaded = start(load(name));
      millis.get(name)?.push(loaded - empty);
    }
  }
  const imports = names.map((name) => {
    const times = millis.get(name) ?? [];
    progress(`import of ${name}: ${times.map((time) => time.toFixed(0)).join(', ')} ms`);
    return line(`bundle ${name} cold import`, median(times), 'ms', MOST_IMPORT_MILLIS, 1);
  });
  return [...sizes, ...imports];
}

/** Bundles of Lambda functions, by name. */
export function functionBundles(): string[] {
  const names = readdirSync(RUNTIME).filter(isFunction).sort();
  if (names.length === 0) throw new Error(`no bundle in ${RUNTIME}; run npm run prepare`);
  return names;
}

/** A script that loads a bundle, as a cold start does. */
export function load(name: string): string {
  return `require(${JSON.stringify(join(RUNTIME, name, 'index.js'))}).webhookConsumer?.(() => {})`;
}

/** Programs for containers and scripts start once and stay: only bundles of Lambda functions are measured. */
function isFunction(name: string): boolean {
  return ['handler.ts', 'consumer.ts'].some((file) => existsSync(join(SOURCES, name, file)));
}

/** Runs a script in a process of its own; milliseconds until it ended. */
export function start(script: string): number {
  const before = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['-e', script], {
    env: { PATH: process.env.PATH, ...SETTINGS },
    encoding: 'utf8',
    timeout: 60_000,
  });
  // A bundle is one line: the last lines have the error.
  if (status !== 0)
    throw new Error(
      `node -e '${script}' ended with ${status}: ${stderr.trim().split('\n').slice(-12).join('\n').slice(-2000)}`,
    );
  return performance.now() - before;
}
