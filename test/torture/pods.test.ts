/** Consumers as processes: a kill that strikes nothing is none, and one that strikes says when its consumer is back. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../support/until';
import { Pods } from './pods';
import { Striker } from './strike';

const COUNT = 2;

let folder: string;
let pods: Pods;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'backpressure-pods-'));
  const script = join(folder, 'pod.cjs');
  writeFileSync(script, `console.log(JSON.stringify({ ready: true })); setInterval(() => {}, 1000);`);
  pods = new Pods(script, {}, COUNT);
  await until('both are ready', () => pods.ready === COUNT);
});
afterEach(async () => {
  await pods.end();
  rmSync(folder, { recursive: true });
});

test('a consumer that is down cannot be killed', async () => {
  const killed = await pods.kill(1);
  expect(killed?.number).toBe(1);
  expect(await pods.kill(1)).toBeUndefined();
  await killed?.back;
  expect([pods.ready, pods.restarts]).toEqual([COUNT, 1]);
  expect((await pods.kill(1 + COUNT))?.number).toBe(1);
});

test('of two kills at the same time one strikes', async () => {
  const killed = await Promise.all([pods.kill(0), pods.kill(0)]);
  expect(killed.filter((one) => one !== undefined)).toHaveLength(1);
});

test('kills of one time strike together, and what follows waits for all of them', async () => {
  const events: string[] = [];
  const gone = new Map<number, () => void>();
  const sizing = {
    perSecond: 1,
    instances: 2,
    clearedPerSecond: 2,
    shares: 'common' as const,
    takeoverSeconds: 1,
    peakBacklog: 1,
  };
  const killing = {
    kill: (number: number) => {
      events.push(`kill ${number}`);
      return new Promise((resolve) => gone.set(number, () => resolve({ number })));
    },
  };
  const striker = new Striker(
    { pods: killing as unknown as Pods, sizing, strike: async () => void events.push('cut') },
    () => 0,
    () => {},
  );
  const kill = (victim: number, at: number) => ({ at, kind: 'kill', victim }) as const;
  const all = striker.strikeAll(
    [kill(0, 0), kill(1, 0), { at: 0, kind: 'cut', seconds: 1 }],
    new AbortController().signal,
  );
  await until('both are killed', () => gone.size === 2);
  gone.get(0)!();
  await new Promise(setImmediate);
  expect(events).toEqual(['kill 0', 'kill 1']);
  gone.get(1)!();
  await all;
  expect(events).toEqual(['kill 0', 'kill 1', 'cut']);
});

test('the consumers are what they will be when the last roll is over', async () => {
  const seen: boolean[] = [];
  const rolling = { roll: async () => void seen.push(striker.rolledOut) };
  const striker: Striker = new Striker(
    {
      pods: rolling as unknown as Pods,
      sizing: {} as never,
      strike: async () => void seen.push(striker.rolledOut),
      replan: async () => ({}),
    },
    () => 0,
    () => {},
  );
  const [upgrade, replan] = [{ at: 0, kind: 'upgrade' } as const, { at: 0, kind: 'replan' } as const];
  await striker.strikeAll([upgrade, replan, { at: 0, kind: 'cut', seconds: 1 }], new AbortController().signal);
  expect(seen).toEqual([false, false, true]);
});

test('a record has the faults that struck, and how long each consumer was away', async () => {
  const strikes: string[] = [];
  let now = 0;
  const sizing = { ...{ perSecond: 1, instances: COUNT, clearedPerSecond: 2, shares: 'common' as const } };
  const striker = new Striker(
    {
      pods,
      sizing: { ...sizing, takeoverSeconds: 3, resumeSeconds: 4, isBackWhenReady: true, peakBacklog: 1 },
      strike: async (kind, seconds) => {
        strikes.push(`${kind} ${seconds}`);
        now += seconds;
      },
      replan: async () => ({ KNOB: '2' }),
    },
    () => now,
    () => {},
  );
  const killed = { at: 0, kind: 'kill', victim: 1 } as const;
  const cut = { at: 0, kind: 'cut', seconds: 5 } as const;
  await striker.strikeAll([killed, killed, cut], new AbortController().signal);
  // The second kill found the consumer down.
  expect(striker.struck).toEqual([killed, cut]);
  expect(strikes).toEqual(['cut 5']);
  await until('it is back', () => striker.takeovers.length === 1);
  const sized = { ...sizing, takeoverSeconds: 3, resumeSeconds: 4, peakBacklog: 1 };
  expect(striker.away(sized)).toEqual([
    { from: 0, to: 5, consumer: 1 },
    { from: 0, over: 5, to: 9 },
  ]);
});
