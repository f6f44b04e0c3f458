/**
 * Cost of the library at synthesis: queues with workers against the same resources written by hand with aws-cdk-lib,
 * and Kubernetes workers against the same objects written by hand with cdk8s-plus.
 *
 * Synthesis is what a user runs: a template and its files, manifests and their YAML. The objects of Kubernetes are also
 * timed alone. Numbers have to come from somewhere: the bound is held against an author who asks the library for those of each
 * queue. Against one who has all of them already the rows have no bound: planning a queue took 1 to 2 ms in a synthesis of 15 to
 * 17 ms, and 0.3 ms in 2 ms on Kubernetes (2026-11-30: 1.18 to 1.24, and 1.26 to 1.29 times).
 *
 * Each sample is the CPU time of a separate process, after a warm-up and without starting node. The processes of the
 * two sides run in turns of a tenth of a second, so that other load on the machine slows both alike, and the ratio is
 * the median over the rounds. What runs is compiled JavaScript, as in the published package: the source maps of a
 * TypeScript loader cost both sides something, and more the one whose own files are in the stack.
 */
import { deepStrictEqual } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { type Line, line, median, progress } from './line';
import { type Engine, type Side, synthesize } from './synth/build';
import { assertSameK8s } from './synth/k8s';
import type { Template } from './synth/timed';

const FEW = 100;
const MANY = 400;
const ROUNDS = { few: 5, many: 3 };
export const MOST_OVER_BY_HAND = 1.15;
const MOST_OVER_LINEAR = 1.1;
const TURN_MILLIS = 100;
const NAMES = {
  aws: 'synth',
  k8s: 'synth k8s',
  'k8s-objects': 'objects k8s',
};

/** One after the other, each in a separate process. */
export interface Job {
  readonly engine: Engine;
  readonly side: Side;
  readonly pairs: number;
  readonly times: number;
}

export async function bench(): Promise<Line[]> {
  assertSameWork();
  assertSameK8s();
  const script = compile();
  const against = async (side: Side, engine: keyof typeof NAMES, pairs: number, rounds: number) => {
    const rivals: [Job, Job] = [
      { engine, side: 'ours', pairs, times: 1 },
      { engine, side, pairs, times: 1 },
    ];
    const [ours, theirs] = await race(script, rivals, rounds);
    const isPlanned = side === 'planned-by-hand';
    const name = `${NAMES[engine]} ${pairs}${isPlanned ? ', planned on both sides,' : ''} vs by hand`;
    return line(name, ours, 's CPU', theirs, isPlanned ? MOST_OVER_BY_HAND : undefined);
  };
  const growth = async (engine: keyof typeof NAMES) => {
    const rivals: [Job, Job] = [
      { engine, side: 'ours', pairs: MANY, times: 1 },
      { engine, side: 'ours', pairs: FEW, times: MANY / FEW },
    ];
    const [many, few] = await race(script, rivals, ROUNDS.many);
    return line(`${NAMES[engine]} ${FEW} to ${MANY} vs linear`, many, 's CPU', few, MOST_OVER_LINEAR);
  };
  const lines: Line[] = [];
  for (const engine of ['aws', 'k8s', 'k8s-objects'] as const) {
    for (const [pairs, rounds] of [
      [FEW, ROUNDS.few],
      [MANY, ROUNDS.many],
    ]) {
      lines.push(
        await against('by-hand', engine, pairs, rounds),
        await against('planned-by-hand', engine, pairs, rounds),
      );
    }
    if (engine !== 'k8s-objects') lines.push(await growth(engine));
  }
  return lines;
}

/** CPU seconds of both jobs in the round with the median ratio; the number of rounds must be odd. */
export async function race(script: string, [first, second]: [Job, Job], rounds: number): Promise<[number, number]> {
  const results: [number, number][] = [];
  for (let round = 0; round < rounds; round++) {
    const running: ChildProcess[] = [];
    let turn = 0;
    const takeTurns = () => {
      const alive = running.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
      turn += 1;
      const next = alive[turn % alive.length];
      for (const child of alive) child.kill(child === next ? 'SIGCONT' : 'SIGSTOP');
    };
    const turns = setInterval(takeTurns, TURN_MILLIS);
    const endAll = () => {
      for (const child of running) child.kill('SIGKILL');
    };
    // A stopped process does not receive an interrupt and would never end.
    const interrupted = () => {
      endAll();
      process.exit(130);
    };
    process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
    try {
      const result = await Promise.all([run(script, first, running), run(script, second, running)]);
      progress(
        `${first.side} ${first.pairs}: ${result[0].toFixed(2)} s, ${second.side} ${second.pairs}: ${result[1].toFixed(2)} s`,
      );
      results.push(result);
    } finally {
      clearInterval(turns);
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
      endAll();
    }
  }
  const middle = median(results.map(([a, b]) => a / b));
  return results.find(([a, b]) => a / b === middle) as [number, number];
}

/** CPU seconds of a job, start and warm-up of its processes left out. */
async function run(script: string, { engine, side, pairs, times }: Job, running: ChildProcess[]): Promise<number> {
  const env = { ...process.env, CDK_VALIDATION: 'false' };
  let seconds = 0;
  for (let time = 0; time < times; time++) {
    const child = spawn(process.execPath, [script, engine, side, String(pairs)], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    running.push(child);
    let answer = '';
    child.stdout.on('data', (text) => {
      answer += text;
    });
    const [status] = await once(child, 'close');
    if (status !== 0) throw new Error(`a synthesis to be measured ended with ${status}`);
    seconds += Number(answer.trim());
  }
  return seconds;
}

/** Below the package's own folder, where the constructs find their bundles. */
export function compile(): string {
  const outfile = join(__dirname, '..', 'node_modules', '.cache', 'backpressure-bench', 'synth.cjs');
  const entryPoints = [join(__dirname, 'synth', 'child.ts')];
  buildSync({ entryPoints, outfile, bundle: true, platform: 'node', packages: 'external', target: 'node20' });
  return outfile;
}

/** A ratio is valid only if both sides make the same. */
export function assertSameWork(): void {
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

/** The wording of a description may differ: it costs no work. */
function withoutProse(template: Template): unknown {
  return JSON.parse(JSON.stringify(template, (key, value) => (key === 'AlarmDescription' ? undefined : value)));
}
