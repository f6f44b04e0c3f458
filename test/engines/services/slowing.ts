/** A program that becomes slower while it serves, and what the callers of its gate see of it, phase by phase. */
import { Agent } from 'node:http';
import { Quantiles } from '../../../lib/flow/numerics/quantiles';
import type { ProgramPhase } from '../../../lib/flow/services/slowdown';
import { ask, poisson, startGated } from './gated';

/**
 * An HTTP server whose requests share its processors: with more requests than those each takes longer in proportion.
 * `/program?processors=10&speed=0.5` changes it while it serves. The work is a gamma of shape 4.
 */
const slowingProgram = (serviceSeconds: number, processors: number) => `
const { createServer } = require('node:http');
let processors = ${processors}, most = 1, before = performance.now(), timer;
const working = new Set();
const uniform = () => 1 - Math.random();
const millis = () => 1000 * ${serviceSeconds} * -0.25 * Math.log(uniform() * uniform() * uniform() * uniform());
const speed = () => most * Math.min(1, processors / Math.max(1, working.size));
// What was done since the last change was done at the speed of that time.
function change(apply) {
  const now = performance.now(), done = speed() * (now - before);
  before = now;
  for (const one of working) one.left -= done;
  apply();
  for (const one of working) if (one.left <= 0) { working.delete(one); one.response.end('ok'); }
  clearTimeout(timer);
  if (working.size === 0) return;
  let first = Infinity;
  for (const one of working) first = Math.min(first, one.left);
  timer = setTimeout(change, first / speed(), () => {});
}
createServer((request, response) => {
  const url = new URL(request.url, 'http://program');
  if (url.pathname === '/most') return response.end('0');
  if (url.pathname !== '/program') return change(() => working.add({ left: millis(), response }));
  change(() => { processors = Number(url.searchParams.get('processors')); most = Number(url.searchParams.get('speed')); });
  response.end('changed');
}).listen(Number(process.argv[1]), '127.0.0.1');
`;

/** What was measured of one phase. */
export interface MeasuredPhase {
  /** Sent in it. */
  readonly requests: number;
  readonly refused: number;
  /** Answered 200 in it. */
  readonly inTime: number;
  /** Told in it that they take too long. */
  readonly late: number;
  /** Neither of these. */
  readonly others: number;
  /** From sending to the answer, of those in time or told that they are not. */
  readonly latencies: Quantiles;
  /** The mean of the limit over the second half of the phase. */
  readonly settledLimit: number;
  /** The limit at its end. */
  readonly endLimit: number;
}

const LIMIT_MILLIS = 200;

/** One run: its load does not wait for answers. */
export interface SlowingLoad {
  readonly variables: Readonly<Record<string, string>>;
  readonly serviceSeconds: number;
  readonly ratePerSecond: number;
  readonly phases: readonly ProgramPhase[];
  readonly seed: number;
}

/** Sends the load through the shipped gate while the program changes with the phases. */
export async function runSlowing(load: SlowingLoad): Promise<MeasuredPhase[]> {
  const { phases, serviceSeconds, ratePerSecond, seed, variables } = load;
  const { port, target, metrics } = await startGated(
    variables,
    serviceSeconds,
    slowingProgram(serviceSeconds, phases[0].processors),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const limitNow = async () => Number(/^gate_limit\{[^}]*\} (\S+)$/m.exec((await ask(metrics, '/metrics')).text)?.[1]);
  const measured: { -readonly [Name in keyof MeasuredPhase]: MeasuredPhase[Name] }[] = [];
  const open: Promise<void>[] = [];
  const send = async (): Promise<void> => {
    const sent = performance.now();
    measured[measured.length - 1].requests += 1;
    const { status } = await ask(port, '/', agent);
    // As in the simulation: what ends in a phase is counted there.
    const phase = measured[measured.length - 1];
    if (status === 503) phase.refused += 1;
    else if (status === 200) phase.inTime += 1;
    else if (status === 504) phase.late += 1;
    else phase.others += 1;
    if (status === 200 || status === 504) phase.latencies.record((performance.now() - sent) / 1000);
  };
  for (const [index, { seconds, processors, speed = 1 }] of phases.entries()) {
    await ask(target, `/program?processors=${processors}&speed=${speed}`);
    const counts = { requests: 0, refused: 0, inTime: 0, late: 0, others: 0 };
    const phase = { ...counts, latencies: new Quantiles(), settledLimit: 0, endLimit: 0 };
    measured.push(phase);
    const limits: number[] = [];
    const began = performance.now();
    const reading = setInterval(async () => {
      const isSettled = performance.now() - began > 500 * seconds;
      if (isSettled) limits.push(await limitNow());
    }, LIMIT_MILLIS);
    await poisson(ratePerSecond, seconds, 100 * seed + index, () => open.push(send()));
    clearInterval(reading);
    phase.endLimit = await limitNow();
    phase.settledLimit = limits.reduce((total, limit) => total + limit, 0) / limits.length;
  }
  await Promise.all(open);
  agent.destroy();
  return measured;
}
