/** What waits for the brokers goes together: as many round trips as batches, and nobody is held by a silent one. */
import { Batches } from '../../../lib/runtime/webhook-receiver-kafka/batches';

interface Sent {
  readonly messages: readonly string[];
  readonly answer: { readonly resolve: (value?: unknown) => void; readonly reject: (error: Error) => void };
}

let sent: Sent[];
let now: number;
const batchesOf = (mostBytes: number, seconds = 8) =>
  new Batches<string>({
    mostBytes,
    seconds,
    now: () => now,
    send: (messages) => {
      return new Promise((resolve, reject) => sent.push({ messages, answer: { resolve, reject } }));
    },
  });
/** Its sender waits for eight seconds. */
const until = () => now + 8000;
const turn = () => new Promise((resolve) => setImmediate(resolve));
const messages = () => sent.map((one) => one.messages);

beforeEach(() => {
  [sent, now] = [[], 0];
});

test('what comes in one turn goes together, what comes while it is on its way with the next', async () => {
  const batches = batchesOf(1000);
  const first = ['a', 'b'].map((one) => batches.add(one, 10, until()));
  await turn();
  const second = ['c', 'd', 'e'].map((one) => batches.add(one, 10, until()));
  await turn();
  expect(messages()).toEqual([['a', 'b']]);
  sent[0].answer.resolve();
  await Promise.all(first);
  await turn();
  expect(messages()).toEqual([
    ['a', 'b'],
    ['c', 'd', 'e'],
  ]);
  sent[1].answer.resolve();
  await Promise.all(second);
});

test('a batch has no more bytes than a topic takes, and what is larger goes alone', async () => {
  const batches = batchesOf(25);
  const all = [10, 10, 10, 40, 5].map((bytes) => batches.add(`${bytes}`, bytes, until()));
  for (let batch = 0; batch < 4; batch += 1) {
    await turn();
    sent[batch].answer.resolve();
  }
  await Promise.all(all);
  expect(messages()).toEqual([['10', '10'], ['10'], ['40'], ['5']]);
});

test('a batch that is refused is refused to each of its senders, and the next one goes', async () => {
  const batches = batchesOf(20);
  const ended = Promise.allSettled(['a', 'b', 'c'].map((one) => batches.add(one, 10, until())));
  await turn();
  sent[0].answer.reject(new Error('not enough replicas'));
  await turn();
  sent[1].answer.resolve();
  expect((await ended).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
});

test('a send that throws is one that is refused', async () => {
  const batches = new Batches<string>({
    mostBytes: 100,
    seconds: 8,
    send: () => {
      throw new Error('closed');
    },
  });
  await expect(batches.add('a', 1, performance.now() + 8000)).rejects.toThrow('closed');
  await expect(batches.add('b', 1, performance.now() + 8000)).rejects.toThrow('closed');
});

test('behind a batch that nobody answers, what waits as long is sent no more, and what came later is', async () => {
  const batches = batchesOf(100, 0.02);
  const silent = batches.add('silent', 1, 20);
  await turn();
  const waited = batches.add('waited', 1, 20).catch((error: Error) => error.message);
  now = 15;
  const later = batches.add('later', 1, 35);
  now = 21;
  expect(await waited).toBe('the delivery waited too long for the brokers');
  await turn();
  expect(messages()).toEqual([['silent'], ['later']]);
  for (const { answer } of sent) answer.resolve();
  await Promise.all([silent, later]);
});
