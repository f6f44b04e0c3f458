import type { GuardSettings } from '../../../lib/flow/replication/settings';
import { CredentialsRefused, Guard, type GuardPorts, type Reading } from '../../../lib/runtime/replica-guard/guard';
import { runGuard } from '../../../lib/runtime/replica-guard/run';
import { metricsText } from '../../../lib/runtime/replica-guard/serve';
import { millisOf, timestampText } from '../../../lib/runtime/replica-guard/servers';
import {
  freshReplicas,
  leastShareOf,
  type ReplicaSignal,
  shareOf,
  statusOf,
} from '../../../lib/runtime/replica-guard/signal';
import { Writers } from '../../../lib/runtime/replica-guard/writers';

const settings: GuardSettings = {
  targetLagSeconds: 8,
  releaseLagSeconds: 4,
  decreaseRatio: 0.8,
  holdSeconds: 14,
  increasePerSecond: 2000,
  floorPerSecond: 1200,
  leastBulkPerSecond: 12,
  mostPerSecond: 2400,
  unknownTicks: 3,
  writerPollSeconds: 0.2,
  signalStaleSeconds: 12,
};
const START = Date.parse('2026-11-29T12:00:00.000Z');

/** A guard in a world with a clock of its own. */
function world(names = ['a', 'b']) {
  const state = {
    now: START,
    readings: Object.fromEntries(names.map((name) => [name, { isRunning: true }])) as Record<string, Reading | Error>,
    lag: Object.fromEntries(names.map((name) => [name, 0.2])) as Record<string, number>,
    beats: [] as number[],
    refusesBeats: false as boolean | Error,
    writers: 1 as number | Error,
    published: [] as ReplicaSignal[],
    logged: [] as string[],
  };
  const ports: GuardPorts = {
    source: {
      beat: async (now) => {
        if (state.refusesBeats instanceof Error) throw state.refusesBeats;
        if (state.refusesBeats) throw Object.assign(new Error('mysql://root:secret@source'), { code: 'ECONNREFUSED' });
        state.beats.push(now);
      },
    },
    replicas: names.map((name) => ({
      name,
      read: async () => {
        const reading = state.readings[name];
        if (reading instanceof Error) throw reading;
        return { beatMillis: state.now - 1000 * state.lag[name], ...reading };
      },
    })),
    writers: async () => {
      if (state.writers instanceof Error) throw state.writers;
      return state.writers;
    },
    publish: async (signal) => {
      state.published.push(signal);
    },
    now: () => state.now,
    log: (event, detail) => state.logged.push(`${event} ${JSON.stringify(detail)}`),
  };
  const guard = new Guard(settings, ports);
  const tick = async (seconds = 1) => {
    state.now += 1000 * seconds;
    await guard.tick();
    return guard.view.signal;
  };
  return { state, guard, tick };
}

describe('a tick', () => {
  test('follows the replica that is furthest behind', async () => {
    const { state, tick } = world();
    state.lag.b = 3;
    expect(await tick()).toMatchObject({ lagSeconds: 3, lags: { a: 0.2, b: 3 } });
  });

  test('begins with the least, and opens once the replicas were seen', async () => {
    const { guard, tick } = world();
    expect(guard.view.signal).toMatchObject({ mode: 'unknown', bulkPerSecond: 12, lagSeconds: null });
    expect(await tick()).toMatchObject({ mode: 'open', bulkPerSecond: 1200 });
  });

  test('tells writers how often to poll and when the signal is too old, by the plan', async () => {
    const { tick } = world();
    expect(await tick()).toMatchObject({ writerPollSeconds: 0.2, signalStaleSeconds: 12 });
  });

  test.each<[string, (state: ReturnType<typeof world>['state'], error: Error) => void]>([
    [
      'replica',
      (state, error) => {
        state.readings.b = error;
      },
    ],
    [
      'source',
      (state, error) => {
        state.refusesBeats = error;
      },
    ],
  ])('a %s that refuses user and password for good ends the guard: a new start reads the secret', async (_, refuse) => {
    const { state, guard } = world();
    refuse(state, new CredentialsRefused('refused'));
    const pace = { heartbeatMillis: 60_000, tickMillis: 60_000 };
    const stop = new AbortController();
    await expect(runGuard(guard, pace, stop.signal)).rejects.toThrow(CredentialsRefused);
    stop.abort();
  });

  test('one replica that cannot be read three times closes it; what its error says is not logged', async () => {
    const { state, tick } = world();
    await tick();
    state.readings.b = Object.assign(new Error('user root with secret'), { code: 'ETIMEDOUT' });
    expect(await tick()).toMatchObject({ mode: 'open', lagSeconds: null, lags: { b: null } });
    await tick();
    expect(await tick()).toMatchObject({ mode: 'unknown', bulkPerSecond: 12 });
    expect(state.logged.join()).toContain('ETIMEDOUT');
    expect(state.logged.join()).not.toContain('secret');
  });

  test.each<[string, Reading]>([
    ['does not apply', { isRunning: false }],
    ['has no heartbeat yet', { beatMillis: undefined }],
  ])('a replica that %s has no lag that could be told', async (_, reading) => {
    const { state, tick } = world(['a']);
    await tick();
    state.readings.a = reading;
    for (let missed = 0; missed < 3; missed += 1) await tick();
    expect(await tick()).toMatchObject({ mode: 'unknown', lags: { a: null } });
  });

  test('a clock that steps back raises nothing, and gives no lag below 0', async () => {
    const { state, tick } = world(['a']);
    state.lag.a = 9;
    const cut = await tick();
    state.lag.a = -5;
    const after = await tick(-3);
    expect(after.lagSeconds).toBe(0);
    expect(after.bulkPerSecond).toBe(cut.bulkPerSecond);
  });

  test('writers that cannot be counted keep the share that they have', async () => {
    const { state, tick } = world();
    state.writers = 4;
    expect(shareOf(await tick())).toBe(300);
    state.writers = new Error('no table');
    expect(shareOf(await tick())).toBe(300);
    state.writers = 0;
    expect(shareOf(await tick())).toBe(1200);
  });
});

describe('a heartbeat', () => {
  test('is the clock of the guard, and the source that refuses it is seen by its age', async () => {
    const { state, guard } = world();
    await guard.beat();
    expect(state.beats).toEqual([START]);
    state.refusesBeats = true;
    state.now += 7000;
    await guard.beat();
    expect(guard.view.heartbeatAgeSeconds).toBe(7);
    expect(state.logged.join()).toMatch(/ECONNREFUSED/);
    expect(state.logged.join()).not.toContain('secret');
  });

  test('is a text of pt-heartbeat in UTC, and read as one with six or with no decimals', () => {
    expect(timestampText(START + 250)).toBe('2026-11-29T12:00:00.250000');
    expect(millisOf('2026-11-29 12:00:00.250000')).toBe(START + 250);
    expect(millisOf('2026-11-29T12:00:00.250123')).toBe(START + 250);
    expect(millisOf('2026-11-29 12:00:00')).toBe(START);
    expect(millisOf('yesterday')).toBeUndefined();
  });
});

describe('a signal', () => {
  const signal: ReplicaSignal = {
    mode: 'open',
    lagSeconds: 1,
    targetLagSeconds: 8,
    bulkPerSecond: 1200,
    leastBulkPerSecond: 12,
    writers: 3,
    lags: { a: 1, b: 4, c: null },
    writerPollSeconds: 1,
    signalStaleSeconds: 10,
    atMillis: START,
  };

  test('is yes, not now, or nobody knows', () => {
    expect(statusOf(signal)).toBe(200);
    expect(statusOf({ ...signal, mode: 'throttled', lagSeconds: 7.9 })).toBe(200);
    expect(statusOf({ ...signal, mode: 'throttled', lagSeconds: 8 })).toBe(429);
    expect(statusOf({ ...signal, lagSeconds: null })).toBe(503);
    expect(statusOf({ ...signal, mode: 'unknown' })).toBe(503);
  });

  test('gives all writers the same', () => {
    expect(shareOf(signal)).toBe(400);
    expect(leastShareOf(signal)).toBe(4);
    expect(shareOf({ ...signal, writers: 0 })).toBe(1200);
  });

  test('fresh is what was fresh, less the age of the signal', () => {
    expect(freshReplicas(signal, 5, 0)).toEqual(['a', 'b']);
    expect(freshReplicas(signal, 5, 2)).toEqual(['a']);
    expect(freshReplicas(signal, 5, 10)).toEqual([]);
  });

  test('has no series for a lag that nobody knows', () => {
    const text = metricsText('orders', {
      signal,
      state: { ratePerSecond: 2400, heldUntilSeconds: 0, missed: 0, mode: 'open' },
      ageSeconds: 0,
      heartbeatAgeSeconds: 0.1,
      stopped: ['b'],
    });
    expect(text).toContain('replica_guard_lag_seconds{guard="orders",replica="a"} 1\n');
    expect(text).not.toContain('replica_guard_lag_seconds{guard="orders",replica="c"}');
    expect(text).toContain('replica_guard_stopped{guard="orders",replica="b"} 1\n');
    expect(text).toContain('replica_guard_unknown{guard="orders"} 0\n');
  });
});

describe('writers', () => {
  test('count as long as they ask', () => {
    const writers = new Writers(5000);
    writers.see('a', 0);
    writers.see('b', 1000);
    writers.see('a', 4000);
    expect(writers.count(5000)).toBe(2);
    expect(writers.count(7000)).toBe(1);
    expect(writers.count(10_000)).toBe(0);
  });

  test('a flood of names forgets the oldest, and fills no memory', () => {
    const writers = new Writers(5000);
    for (let at = 0; at < 20_000; at += 1) writers.see(`writer-${at}`, 0);
    expect(writers.count(0)).toBe(10_000);
  });
});
