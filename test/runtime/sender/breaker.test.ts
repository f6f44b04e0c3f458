/** The breaker: it pauses by itself, resumes when a person says so, and opens and closes with the day. */
import { type BreakerEvent, decide, type Switches } from '../../../lib/runtime/sender-breaker/breaker';
import { SenderSwitches } from '../../../lib/runtime/sender-breaker/switches';
import { DynamoTable } from '../../support/dynamo-table';

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

test('an alarm pauses in three places', async () => {
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

describe('two senders with one bucket', () => {
  /** Two breakers over one table, each with a mapping of its own. */
  function pair() {
    const table = new DynamoTable();
    const receiving: Record<string, boolean> = { a: true, b: true };
    const breaker = (mapping: string) => {
      const made = new SenderSwitches({
        dynamo: table.client,
        lambda: {
          send: (async ({ input }: { input: { UUID: string; Enabled: boolean } }) => {
            receiving[input.UUID] = input.Enabled;
          }) as never,
        },
        ses: () => ({ send: (async () => ({})) as never }),
        table: 'mails',
        mapping,
        lanes: [{ name: 'ses', messagesPerDay: 100 }],
      });
      const switches: Switches = Object.assign(made, { count: () => {}, now: () => NOW });
      return { switches, tell: (event: BreakerEvent) => decide(event, 23, switches) };
    };
    const day = (messages: number) =>
      table.items.set('day#ses', {
        id: { S: 'day#ses' },
        quarters: { S: JSON.stringify({ [QUARTER]: messages }) },
        written: { N: '1' },
      });
    return { table, receiving, day, a: breaker('a'), b: breaker('b') };
  }

  test('a full day stops both, and room starts both again', async () => {
    const { a, b, day, receiving } = pair();
    day(100);
    expect([await a.tell({ action: 'day' }), await b.tell({ action: 'day' })]).toEqual(['day closed', 'day closed']);
    expect(receiving).toEqual({ a: false, b: false });
    day(10);
    expect([await a.tell({ action: 'day' }), await b.tell({ action: 'day' })]).toEqual(['day opened', 'day opened']);
    expect(receiving).toEqual({ a: true, b: true });
  });

  test('the resume of one is not that of the other, which an alarm paused while its day was full', async () => {
    const { a, b, day, receiving, table } = pair();
    day(100);
    await b.tell({ action: 'day' });
    await b.tell(alarm('ALARM'));
    expect(table.items.get('bucket#ses')?.pausedAt).toBeDefined();
    day(10);
    await a.tell({ action: 'resume' });
    expect(table.items.get('bucket#ses')?.pausedAt).toBeUndefined();
    expect(await b.tell({ action: 'day' })).toBe('nothing');
    expect(receiving).toEqual({ a: true, b: false });
    await b.tell({ action: 'resume' });
    expect(receiving.b).toBe(true);
  });

  test('a bucket that the other has paused keeps a full day from opening', async () => {
    const { a, b, day, receiving } = pair();
    day(100);
    await b.tell({ action: 'day' });
    await a.tell(alarm('ALARM'));
    day(10);
    expect(await b.tell({ action: 'day' })).toBe('nothing');
    expect(receiving.b).toBe(false);
  });

  test('an alarm while the day opens: receiving stays stopped', async () => {
    const { b, day, receiving } = pair();
    day(100);
    await b.tell({ action: 'day' });
    day(10);
    const setReceiving = b.switches.setReceiving.bind(b.switches);
    let raced = false;
    b.switches.setReceiving = async (enabled) => {
      if (enabled && !raced) {
        raced = true;
        await b.tell(alarm('ALARM'));
      }
      await setReceiving(enabled);
    };
    await b.tell({ action: 'day' });
    expect(receiving.b).toBe(false);
  });

  test('one item that cannot be written: the others are, and the breaker says that it failed', async () => {
    const { a, table } = pair();
    table.failOn('UpdateItem');
    await expect(a.tell(alarm('ALARM'))).rejects.toThrow();
    expect(['gate#a', 'bucket#ses'].filter((id) => table.items.get(id)?.pausedAt !== undefined)).toHaveLength(1);
  });
});
