/**
 * What the library costs at synthesis: queues with workers against the same resources written by hand with aws-cdk-lib.
 *
 * Each sample is the CPU time of a process of its own, after a warm-up and without starting node; the two sides take
 * turns, and each has the median of its samples. What runs is compiled JavaScript, as in the published package: the
 * source maps of a TypeScript loader cost both sides something, and more the one whose own files are in the stack.
 */
import { deepStrictEqual } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { type Line, line, median, progress } from './line';
import { type Side, synthesize, type Template } from './synth/build';

const PAIRS = [100, 400];
const ROUNDS = 5;
const MOST_OVER_BY_HAND = 1.15;
const MOST_OVER_LINEAR = 1.1;
const MINUTES = 60_000;

export function bench(): Line[] {
  assertSameWork();
  const script = compile();
  const seconds = { ours: new Map<number, number>(), 'by-hand': new Map<number, number>() };
  for (const pairs of PAIRS) {
    const samples: Record<Side, number[]> = { ours: [], 'by-hand': [] };
    for (let round = 0; round < ROUNDS; round++) {
      // Who goes first changes, so that a machine that heats up or slows down is unfair to both.
      const sides: Side[] = round % 2 === 0 ? ['ours', 'by-hand'] : ['by-hand', 'ours'];
      for (const side of sides) samples[side].push(measure(script, side, pairs));
      progress(`synth of ${pairs}: ours ${samples.ours.at(-1)} s, by hand ${samples['by-hand'].at(-1)} s`);
    }
    for (const side of ['ours', 'by-hand'] as const) seconds[side].set(pairs, median(samples[side]));
  }
  const of = (side: Side, pairs: number) => seconds[side].get(pairs) as number;
  const [few, many] = PAIRS;
  const growth = (side: Side) => [of(side, many), (many / few) * of(side, few)] as const;
  return [
    ...PAIRS.map((pairs) =>
      line(`synth ${pairs} vs by hand`, of('ours', pairs), 's CPU', of('by-hand', pairs), MOST_OVER_BY_HAND),
    ),
    line(`synth ${few} to ${many} vs linear`, growth('ours')[0], 's CPU', growth('ours')[1], MOST_OVER_LINEAR),
  ];
}

/** Below the package's own folder, where the constructs look for their bundles. */
function compile(): string {
  const outfile = join(__dirname, '..', 'node_modules', '.cache', 'backpressure-bench', 'synth.cjs');
  const entryPoints = [join(__dirname, 'synth', 'child.ts')];
  buildSync({ entryPoints, outfile, bundle: true, platform: 'node', packages: 'external', target: 'node20' });
  return outfile;
}

function measure(script: string, side: Side, pairs: number): number {
  const env = { ...process.env, CDK_VALIDATION: 'false' };
  const options = { env, encoding: 'utf8', timeout: 10 * MINUTES } as const;
  return Number(execFileSync(process.execPath, [script, side, String(pairs)], options).trim());
}

/** A ratio says something only when both sides make the same. */
function assertSameWork(): void {
  process.env.CDK_VALIDATION = 'false';
  const [ours, byHand] = (['ours', 'by-hand'] as const).map((side) => synthesize(side, 2).templates);
  deepStrictEqual(ours.map(typeCounts), byHand.map(typeCounts), 'the two sides make different resources');
  deepStrictEqual(ours.map(withoutProse), byHand.map(withoutProse), 'the two sides set different properties');
}

function typeCounts({ Resources }: Template): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { Type } of Object.values(Resources)) counts[Type] = (counts[Type] ?? 0) + 1;
  return counts;
}

/** The wording of a description may change without anybody's work growing. */
function withoutProse(template: Template): unknown {
  return JSON.parse(JSON.stringify(template, (key, value) => (key === 'AlarmDescription' ? undefined : value)));
}
