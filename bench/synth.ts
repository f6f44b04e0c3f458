/**
 * What the library costs at synthesis: queues with workers against the same resources written by hand with aws-cdk-lib.
 *
 * CPU time of a process of its own for each sample, after a warm-up and without starting node: that leaves out what
 * else the machine does. The two sides take turns.
 */
import { deepStrictEqual } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type Line, line, median, progress } from './line';
import type { Side, Template } from './synth/build';

const PAIRS = [100, 400];
const ROUNDS = { 100: 5, 400: 3 } as Record<number, number>;
const MOST_OVER_BY_HAND = 1.15;
const MOST_OVER_LINEAR = 1.1;
const MINUTES = 60_000;

export async function bench(): Promise<Line[]> {
  await assertSameWork();
  const seconds = { ours: new Map<number, number>(), 'by-hand': new Map<number, number>() };
  for (const pairs of PAIRS) {
    const samples: Record<Side, number[]> = { ours: [], 'by-hand': [] };
    for (let round = 0; round < ROUNDS[pairs]; round++) {
      // Who goes first changes, so that a machine that heats up or slows down is unfair to both.
      const sides: Side[] = round % 2 === 0 ? ['ours', 'by-hand'] : ['by-hand', 'ours'];
      for (const side of sides) samples[side].push(measure(side, pairs));
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

function measure(side: Side, pairs: number): number {
  const args = ['--import', 'tsx', join(__dirname, 'synth', 'child.ts'), side, String(pairs)];
  const env = { ...process.env, CDK_VALIDATION: 'false' };
  const answer = execFileSync(process.execPath, args, { env, encoding: 'utf8', timeout: 10 * MINUTES });
  return Number(answer.trim());
}

/** A ratio says something only when both sides make the same. */
async function assertSameWork(): Promise<void> {
  process.env.CDK_VALIDATION = 'false';
  const { synthesize } = await import('./synth/build');
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
