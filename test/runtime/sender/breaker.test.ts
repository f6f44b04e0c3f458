/** The breaker: it pauses by itself, resumes when a person says so, and opens and closes with the day. */
import { type BreakerEvent, decide, type Switches } from '../../../lib/runtime/sender-breaker/breaker';

const NOW = 1_800_000_000_000;
const QUARTER = Math.floor(NOW / 900_000);

function world(quarters: Record<string, number> = {}) {
  const state = { paused: undefined as string | undefined, sending: true, receiving: true, dayClosed: false };
  const calls: string[] = [];
  const failing = new Set<string>();
  const switched = (name: string, change: () => void) => {
    calls.push(name);
    if (failing.has(name)) throw new Error(`${name} failed`);
    change();
  };
  const switches: Switches = {
    async setPaused(reason) {
      switched('paused', () => {
        state.paused = reason;
      });
    },
    async setSending(enabled) {
      switched('sending', () => {
        state.sending = enabled;
      });
    },
    async setReceiving(enabled) {
      switched('receiving', () => {
        state.receiving = enabled;
      });
    },
    isPaused: async () => state.paused !== undefined,
    isDayClosed: async () => state.dayClosed,
    async setDayClosed(closed) {
      state.dayClosed = closed;
    },
    days: async () => [{ quarters, messagesPerDay: 100 }],
    count: () => {},
    now: () => NOW,
  };
  return { state, calls, failing, tell: (event: BreakerEvent) => decide(event, 23, switches) };
}

const alarm = (value: string) => ({ alarmData: { alarmName: 'BounceRate', state: { value } } });

test('an alarm pauses in three places, whatever order they fail in', async () => {
  const { tell, state } = world();
  expect(await tell(alarm('ALARM'))).toBe('paused');
  expect(state).toMatchObject({ paused: 'BounceRate', sending: false, receiving: false });
});

test('an alarm that ends, or has too little data, resumes nothing', async () => {
  const { tell, calls } = world();
  expect(await tell(alarm('OK'))).toBe('nothing');
  expect(await tell(alarm('INSUFFICIENT_DATA'))).toBe('nothing');
  expect(calls).toEqual([]);
});

test('one call fails: the other two are made, and the error makes Lambda try again', async () => {
  const { tell, state, failing } = world();
  failing.add('paused');
  await expect(tell(alarm('ALARM'))).rejects.toThrow();
  expect(state).toMatchObject({ sending: false, receiving: false });
  failing.clear();
  await tell(alarm('ALARM'));
  expect(state.paused).toBe('BounceRate');
});

test('twice is as good as once', async () => {
  const { tell, state } = world();
  await tell(alarm('ALARM'));
  await tell(alarm('ALARM'));
  expect(state).toMatchObject({ paused: 'BounceRate', sending: false, receiving: false });
});

test('a person resumes, and messages are received last', async () => {
  const { tell, state, calls } = world();
  await tell(alarm('ALARM'));
  calls.length = 0;
  expect(await tell({ action: 'resume' })).toBe('resumed');
  expect(state).toEqual({ paused: undefined, sending: true, receiving: true, dayClosed: false });
  expect(calls).toEqual(['sending', 'paused', 'receiving']);
});

test('a person pauses with a reason', async () => {
  const { tell, state } = world();
  await tell({ action: 'pause', reason: 'wrong template' });
  expect(state.paused).toBe('wrong template');
});

test('anything else is refused', async () => {
  await expect(world().tell({ action: 'stop' })).rejects.toThrow('action must be pause, resume or day');
});

describe('the day', () => {
  test('full: receiving stops, and starts again when there is room for a batch', async () => {
    const quarters: Record<string, number> = { [QUARTER]: 99 };
    const { tell, state } = world(quarters);
    // The last of the day may leave.
    expect(await tell({ action: 'day' })).toBe('nothing');
    quarters[QUARTER] = 100;
    expect(await tell({ action: 'day' })).toBe('day closed');
    expect(state).toMatchObject({ receiving: false, dayClosed: true, paused: undefined, sending: true });
    expect(await tell({ action: 'day' })).toBe('nothing');
    quarters[QUARTER] = 90;
    expect(await tell({ action: 'day' })).toBe('nothing');
    delete quarters[QUARTER];
    expect(await tell({ action: 'day' })).toBe('day opened');
    expect(state).toMatchObject({ receiving: true, dayClosed: false });
  });

  test('does not resume what an alarm has paused', async () => {
    const quarters: Record<string, number> = { [QUARTER]: 100 };
    const { tell, state } = world(quarters);
    await tell({ action: 'day' });
    await tell(alarm('ALARM'));
    delete quarters[QUARTER];
    expect(await tell({ action: 'day' })).toBe('nothing');
    expect(state.receiving).toBe(false);
  });

  test('a call that fails is made again by the next minute', async () => {
    const { tell, state, failing } = world({ [QUARTER]: 100 });
    failing.add('receiving');
    await expect(tell({ action: 'day' })).rejects.toThrow();
    expect(state).toMatchObject({ receiving: true });
    failing.clear();
    await tell({ action: 'day' });
    expect(state.receiving).toBe(false);
  });
});
