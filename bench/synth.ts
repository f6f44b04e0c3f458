/**
 * What the library costs at synthesis: queues with workers against the same resources written by hand with aws-cdk-lib.
 *
 * Each sample is the CPU time of a process of its own, after a warm-up and without starting node. The processes of the
 * two sides run in turns of a tenth of a second, so that whatever else the machine does slows both alike, and the ratio
 * is the median over the rounds. What runs is compiled JavaScript, as in the published package: the source maps of a
 * TypeScript loader cost both sides something, and more the one whose own files are in the stack.
 */
import { deepStrictEqual } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { type Line, line, median, progress } from './line';
import { type Side, synthesize, type Template } from './synth/build';

const FEW = 100;
const MANY = 400;
const ROUNDS = 5;
const MOST_OVER_BY_HAND = 1.15;
const MOST_OVER_LINEAR = 1.1;
const TURN_MILLIS = 100;

interface Race {
  readonly ours: number;
  readonly byHand: number;
}

export async function bench(): Promise<Line[]> {
  assertSameWork();
  const script = compile();
  const few = await races(script, FEW);
  const many = await races(script, MANY);
  return [
    against(FEW, few),
    against(MANY, many),
    line(`synth ${FEW} to ${MANY} vs linear`, many.ours, 's CPU', (MANY / FEW) * few.ours, MOST_OVER_LINEAR),
  ];
}

function against(pairs: number, { ours, byHand }: Race): Line {
  return line(`synth ${pairs} vs by hand`, ours, 's CPU', byHand, MOST_OVER_BY_HAND);
}

/** The race with the median ratio. */
async function races(script: string, pairs: number): Promise<Race> {
  const all: Race[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const race = await run(script, pairs);
    progress(`synth of ${pairs}: ours ${race.ours.toFixed(2)} s, by hand ${race.byHand.toFixed(2)} s`);
    all.push(race);
  }
  const middle = median(all.map(({ ours, byHand }) => ours / byHand));
  return all.find(({ ours, byHand }) => ours / byHand === middle) as Race;
}

async function run(script: string, pairs: number): Promise<Race> {
  const sides: Side[] = ['ours', 'by-hand'];
  const children = sides.map((side) => {
    const env = { ...process.env, CDK_VALIDATION: 'false' };
    return spawn(process.execPath, [script, side, String(pairs)], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  });
  const results = children.map(secondsOf);
  let turn = 0;
  children[1].kill('SIGSTOP');
  const turns = setInterval(() => {
    const running = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    turn = (turn + 1) % 2;
    const next = running.length === 2 ? running[turn] : running[0];
    for (const child of running) if (child !== next) child.kill('SIGSTOP');
    next?.kill('SIGCONT');
  }, TURN_MILLIS);
  try {
    const [ours, byHand] = await Promise.all(results);
    return { ours, byHand };
  } finally {
    clearInterval(turns);
    for (const child of children) child.kill('SIGKILL');
  }
}

function secondsOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let answer = '';
    child.stdout?.on('data', (text) => {
      answer += text;
    });
    child.once('error', reject);
    child.once('close', (status) => {
      if (status === 0) resolve(Number(answer.trim()));
      else reject(new Error(`a synthesis to be measured ended with ${status}`));
    });
  });
}

/** Below the package's own folder, where the constructs look for their bundles. */
function compile(): string {
  const outfile = join(__dirname, '..', 'node_modules', '.cache', 'backpressure-bench', 'synth.cjs');
  const entryPoints = [join(__dirname, 'synth', 'child.ts')];
  buildSync({ entryPoints, outfile, bundle: true, platform: 'node', packages: 'external', target: 'node20' });
  return outfile;
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
