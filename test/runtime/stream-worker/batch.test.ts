/** A batch of the worker: order, retries, poison, stop, partitions that moved. */
import { type BatchPorts, handleBatch, type Taken } from '../../../lib/runtime/stream-worker/batch';
import { deadLetter } from '../../../lib/runtime/stream-worker/dead-letter';

const record = (partition: number, offset: number, value = `${partition}:${offset}`): Taken => ({
  topic: 'metrics',
  partition,
  offset: BigInt(offset),
  value,
  bytes: Buffer.from(value),
  headers: {},
  sentAtMillis: 0,
});

function ports(more: Partial<BatchPorts> & { readonly poison?: string; readonly flaky?: number } = {}) {
  const seen: string[] = [];
  const aside: string[] = [];
  const waits: number[] = [];
  const lines: string[] = [];
  let failures = more.flaky ?? 0;
  const made: BatchPorts = {
    onRecord: async ({ value, attempt }) => {
      if (value === more.poison) throw new Error(`no ${value}`);
      if (failures > 0) {
        failures -= 1;
        throw new Error('try again');
      }
      seen.push(`${value}/${attempt}`);
    },
    attempts: 3,
    setAside: async ({ value }) => {
      aside.push(value);
    },
    wait: async (millis) => {
      waits.push(millis);
    },
    random: () => 1,
    isStopped: () => false,
    log: (line) => lines.push(JSON.stringify(line)),
    ...more,
  };
  return { made, seen, aside, waits, lines };
}

const shown = (positions: Awaited<ReturnType<typeof handleBatch>>) =>
  positions.map(({ partition, offset }) => [partition, Number(offset)]);

test('is handled in its order, and each partition goes on after its last record', async () => {
  const { made, seen } = ports();
  const done = await handleBatch([record(0, 5), record(1, 7), record(0, 6)], made);
  expect(seen).toEqual(['0:5/1', '1:7/1', '0:6/1']);
  expect(shown(done)).toEqual([
    [0, 7],
    [1, 8],
  ]);
});

test('a record that fails is tried again before those behind it, with waits that double', async () => {
  const { made, seen, waits, aside } = ports({ flaky: 2 });
  await handleBatch([record(0, 1), record(0, 2)], made);
  expect(seen).toEqual(['0:1/3', '0:2/1']);
  expect(waits).toEqual([100, 200]);
  expect(aside).toEqual([]);
});

test('poison is set aside after its last attempt, and the partition goes on', async () => {
  const { made, seen, aside } = ports({ poison: '0:1' });
  const done = await handleBatch([record(0, 1), record(0, 2)], made);
  expect(aside).toEqual(['0:1']);
  expect(seen).toEqual(['0:2/1']);
  expect(shown(done)).toEqual([[0, 3]]);
});

test('what cannot be set aside is not committed, and neither is anything behind it', async () => {
  const { made, seen } = ports({
    poison: '0:2',
    setAside: async () => {
      throw new Error('no broker');
    },
  });
  await expect(handleBatch([record(0, 1), record(0, 2), record(0, 3)], made)).rejects.toThrow('no broker');
  expect(seen).toEqual(['0:1/1']);
});

test('told to end while a record fails: it is left to the next consumer, and what was done is committed', async () => {
  let stopped = false;
  const { made, aside } = ports({
    isStopped: () => stopped,
    onRecord: async ({ offset }) => {
      if (offset === 1n) return;
      stopped = true;
      throw new Error('no');
    },
  });
  const done = await handleBatch([record(0, 1), record(0, 2), record(0, 3)], made);
  expect(shown(done)).toEqual([[0, 2]]);
  expect(aside).toEqual([]);
});

test('no record of a batch is left out: the next commit of its partition would lose it', async () => {
  const { made, seen } = ports();
  const done = await handleBatch([record(0, 1), record(1, 1), record(0, 2)], made);
  expect(seen).toHaveLength(3);
  expect(shown(done)).toEqual([
    [0, 3],
    [1, 2],
  ]);
});

test('a restart reads what was not committed again: the same record, the same place', async () => {
  const { made, seen } = ports();
  await handleBatch([record(0, 1)], made);
  await handleBatch([record(0, 1)], made);
  expect(seen).toEqual(['0:1/1', '0:1/1']);
});

test('the log has where a record was and never what it says', async () => {
  const { made, lines } = ports({ poison: 'secret' });
  await handleBatch([record(0, 1, 'secret')], made);
  expect(lines).toHaveLength(3);
  expect(lines.join()).toContain('metrics-0:1');
  expect(lines.join()).not.toContain('secret');
});

test('a dead letter is the record as it was, with where it was and why; what the error quotes is masked', () => {
  const letter = deadLetter('metrics.dead', record(3, 9), new TypeError('password=open-sesame refused'));
  expect(letter.topic).toBe('metrics.dead');
  expect(letter.value.toString()).toBe('3:9');
  expect(letter.headers).toMatchObject({
    'backpressure-topic': 'metrics',
    'backpressure-partition': '3',
    'backpressure-offset': '9',
    'backpressure-error': 'TypeError',
  });
  expect(letter.headers['backpressure-message']).not.toContain('open-sesame');
});

// Without them nobody could tell whose webhook it was.
test('a dead letter keeps the headers that the record had', () => {
  const letter = deadLetter('hooks.dead', { ...record(0, 1), headers: { source: 'shop' } }, new Error('no'));
  expect(letter.headers).toMatchObject({ source: 'shop', 'backpressure-error': 'Error' });
});
