/** A sender: every mail once, in its slot, through every failure in between. */
import { DynamoBucketStore, DynamoClaims } from '../../../lib/runtime/sender/dynamo';
import { sendBatch } from '../../../lib/runtime/sender/send';
import { SharedBucket } from '../../../lib/runtime/sender/slots';
import { DynamoTable } from '../../support/dynamo-table';
import { CONFIG, CountingProvider, message, mostInWindow, PACE, sender, VirtualTime } from '../../support/mailing';

/** A table, a first and a second provider, and as many senders as a test asks for. */
function world() {
  const time = new VirtualTime();
  const table = new DynamoTable();
  const [provider, standby] = [new CountingProvider(time), new CountingProvider(time)];
  const lane = (name: string, one: CountingProvider) => ({
    name,
    provider: one,
    bucket: new SharedBucket(new DynamoBucketStore(table.client, 'mails', name), PACE, time.now),
  });
  const start = (config: Parameters<typeof sender>[2] = {}, withStandby = false) =>
    sender(
      time,
      {
        claims: new DynamoClaims(table.client, 'mails', 86_400),
        lanes: [lane('ses', provider), ...(withStandby ? [lane('standby', standby)] : [])],
      },
      config,
    );
  const record = (id: string) => table.items.get(`mail#${id}`);
  return { time, table, provider, standby, start, record };
}

const mails = (count: number, prefix = 'mail') => Array.from({ length: count }, (_, at) => message(`${prefix}${at}`));

describe('a batch', () => {
  test('is sent in its slots, none waiting for the one before it, and each is recorded', async () => {
    const { start, provider, time, record } = world();
    const began = time.millis;
    const { send, counts } = start();
    const verdicts = await send(mails(23));
    expect([...verdicts.values()].every((one) => one === 'done')).toBe(true);
    expect(provider.arrivals.map(({ at }) => Math.round(at - began))).toEqual(
      Array.from({ length: 23 }, (_, at) => Math.round(at * 10.5)),
    );
    // One after another would have taken 23 × 150 ms.
    expect(time.millis - began).toBeLessThan(500);
    expect(record('mail7')).toMatchObject({ mailState: { S: 'sent' }, providerMessageId: { S: 'provider-mail7' } });
    expect(counts).toEqual({ Sent: 23 });
  });

  test('of many senders at once leaves no window above the limit', async () => {
    const { start, provider, time } = world();
    const senders = Array.from({ length: 4 }, () => start());
    await Promise.all(senders.map(({ send }, at) => send(mails(20, `s${at}-`))));
    expect(provider.arrivals).toHaveLength(80);
    expect(
      mostInWindow(
        provider.arrivals.map(({ at }) => at),
        1000,
      ),
    ).toBeLessThanOrEqual(100);
    expect(time.millis).toBeGreaterThan(0);
  });

  test('part of it may fail: only what was not sent comes back', async () => {
    const { start, provider } = world();
    provider.answer = ({ id }) =>
      id === 'mail3' ? { kind: 'not-sent', reason: 'AccessDenied' } : { kind: 'sent', messageId: id };
    const verdicts = await start().send(mails(5));
    expect([...verdicts].filter(([, one]) => one !== 'done')).toEqual([['m-mail3', { hideSeconds: 1 }]]);
  });
});

describe('no mail twice', () => {
  test('duplicate: a message that comes again is done without a call', async () => {
    const { start, provider } = world();
    await start().send(mails(1));
    const { send, counts } = start();
    expect((await send(mails(1))).get('m-mail0')).toBe('done');
    expect(provider.ids).toEqual(['mail0']);
    expect(counts).toEqual({ Duplicate: 1 });
  });

  test('two messages with one id in one batch: one is sent, the other comes back and is then a duplicate', async () => {
    const { start, provider } = world();
    const { send } = start();
    const verdicts = await send([message('a', { messageId: 'x' }), message('a', { messageId: 'y' })]);
    expect([...verdicts.values()]).toEqual(expect.arrayContaining(['done', { hideSeconds: 7 }]));
    expect(provider.ids).toEqual(['a']);
  });

  test('crash between call and record: the mail is parked, counted and said, and not sent again', async () => {
    const { start, provider, table, time, record } = world();
    // The process ends while the call runs: nothing after it happens.
    provider.answer = () => new Promise(() => {});
    const crashed = start().ports;
    void sendBatch([message('a')], time.millis + 6500, CONFIG, crashed);
    for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
    expect(provider.ids).toEqual(['a']);
    expect(record('a')?.mailState).toEqual({ S: 'sending' });

    provider.answer = () => ({ kind: 'sent', messageId: 'again' });
    const { send, parked, counts } = start();
    // While its sender may still run, the message waits.
    expect((await send([message('a')])).get('m-a')).toEqual({ hideSeconds: 7 });
    time.millis += 42_000;
    expect((await send([message('a', { receives: 2 })])).get('m-a')).toBe('done');
    expect(provider.ids).toEqual(['a']);
    expect(parked.map(({ reason }) => reason)).toEqual(['perhaps sent: a sender ended between call and record']);
    expect(counts).toEqual({ Parked: 1 });
    // And it stays parked.
    await send([message('a', { receives: 3 })]);
    expect(provider.ids).toEqual(['a']);
    expect(table.items.get('mail#a')?.mailState).toEqual({ S: 'parked' });
  });

  test('the same with onUnknown: send: it is sent again, by one sender', async () => {
    const { start, provider, table, time } = world();
    table.items.set('mail#a', {
      id: { S: 'mail#a' },
      mailState: { S: 'sending' },
      since: { N: String(time.millis - 60_000) },
    });
    const { send, parked } = start({ onUnknown: 'send' });
    const verdicts = await send([message('a', { messageId: 'x' }), message('a', { messageId: 'y' })]);
    expect(provider.ids).toEqual(['a']);
    expect(parked).toEqual([]);
    expect([...verdicts.values()].filter((one) => one === 'done')).toHaveLength(1);
  });

  test('no answer: it may have been sent, so it is parked at once', async () => {
    const { start, provider, record } = world();
    provider.answer = () => ({ kind: 'unknown', reason: 'TimeoutError' });
    const { send, parked } = start();
    expect((await send(mails(1))).get('m-mail0')).toBe('done');
    expect(parked.map(({ reason }) => reason)).toEqual(['perhaps sent: TimeoutError']);
    expect(record('mail0')?.mailState).toEqual({ S: 'parked' });
  });

  test('sent, but the record fails: it is tried again, and at worst the message is done all the same', async () => {
    const { start, table, provider, record } = world();
    // Two of the updates move the bucket.
    table.pause = async (kind) => {
      if (kind === 'UpdateItem' && provider.arrivals.length === 1) table.failOn('UpdateItem');
    };
    const { send, counts, lines } = start();
    expect((await send(mails(1))).get('m-mail0')).toBe('done');
    expect(counts).toEqual({ Sent: 1, Unrecorded: 1 });
    expect(lines.join()).toContain('sent, but not recorded');
    expect(record('mail0')?.mailState).toEqual({ S: 'sending' });
  });

  test('a sender that has no time for a call has sent nothing, and and gives up its claim', async () => {
    const { start, provider, time } = world();
    const { send } = start();
    // Too little time is left for a call.
    const verdicts = await send(mails(2), 4);
    expect([...verdicts.values()]).toEqual([{ hideSeconds: 1 }, { hideSeconds: 1 }]);
    expect(provider.ids).toEqual([]);
    time.millis += 1000;
    await start().send(mails(2));
    expect(provider.ids).toEqual(['mail0', 'mail1']);
  });
});

test('a provider that throws, against its promise: that mail may have left, and the claims of the others stay theirs', async () => {
  const { start, provider, record } = world();
  provider.answer = ({ id }) => {
    if (id === 'mail1') throw new TypeError('x');
    return { kind: 'sent', messageId: id };
  };
  const { send, parked } = start();
  const verdicts = await send(mails(3));
  expect([...verdicts.values()]).toEqual(['done', 'done', 'done']);
  expect(parked.map(({ reason }) => reason)).toEqual(['perhaps sent: TypeError']);
  expect(record('mail2')?.mailState).toEqual({ S: 'sent' });
});

describe('a late slot', () => {
  test('is discarded, and the mail leaves in another one', async () => {
    const { start, provider, time } = world();
    const { send, counts, ports } = start();
    const { wait } = ports;
    let frozen = false;
    // The machine stands still for 200 ms while the mail waits for its slot.
    Object.assign(ports, {
      wait: async (millis: number) => {
        await wait(millis);
        if (!frozen) time.millis += 200;
        frozen = true;
      },
    });
    await send(mails(10));
    expect(counts.Sent).toBe(10);
    expect(counts.SlotsMissed).toBeGreaterThan(5);
    expect(
      mostInWindow(
        provider.arrivals.map(({ at }) => at),
        1000,
      ),
    ).toBeLessThanOrEqual(100);
    // Those that were late are spaced like all others.
    const times = provider.arrivals.map(({ at }) => at).sort((a, b) => a - b);
    expect(Math.min(...times.slice(1).map((at, one) => at - times[one]))).toBeGreaterThan(0);
  });

  test('four times: the mail comes back, and is not sent late', async () => {
    const { start, provider, time, table } = world();
    // The table answers later than a slot is valid.
    table.pause = async (kind) => {
      if (kind === 'UpdateItem') time.millis += 200;
    };
    const { send, counts } = start();
    expect([...(await send(mails(1))).values()]).toEqual([{ hideSeconds: 1 }]);
    expect(counts).toEqual({ SlotsMissed: 4 });
    expect(provider.ids).toEqual([]);
  });
});

describe('a throttle', () => {
  test('gives up the claim, slows all senders down, and the mail comes back after a random wait', async () => {
    const { start, provider, table, record } = world();
    provider.answer = () => ({ kind: 'throttled' });
    const { send, counts } = start();
    expect((await send([message('a', { receives: 4 })])).get('m-a')).toEqual({ hideSeconds: 4 });
    expect(counts).toEqual({ Throttled: 1 });
    expect(record('a')).toBeUndefined();
    expect(table.items.get('bucket#ses')?.rateFactor).toEqual({ N: '0.7' });
    expect((await send([message('b', { receives: 40 })])).get('m-b')).toEqual({ hideSeconds: 300 });
  });
});

describe('poison', () => {
  test.each([
    ['not JSON', 'hello'],
    ['a list', '[]'],
    ['without an id', '{"to":["a@b.c"],"subject":"x","text":"y"}'],
    ['without recipients', '{"id":"a","to":[],"subject":"x","text":"y"}'],
    ['with an address that is none', '{"id":"a","to":["nobody"],"subject":"x","text":"y"}'],
    ['with nothing to say', '{"id":"a","to":["a@b.c"]}'],
    ['with more recipients than planned', '{"id":"a","to":["a@b.c","d@e.f"],"subject":"x","text":"y"}'],
  ])('%s is parked without a slot or a call, and the rest of the batch is sent', async (_, body) => {
    const { start, provider } = world();
    const { send, parked } = start();
    const verdicts = await send([message('bad', { body }), message('good')]);
    expect([...verdicts.values()]).toEqual(['done', 'done']);
    expect(parked.map(({ reason }) => reason)).toEqual([expect.stringMatching(/^malformed: /)]);
    expect(provider.ids).toEqual(['good']);
  });

  test('what the provider will never take is parked after one call', async () => {
    const { start, provider } = world();
    provider.answer = () => ({ kind: 'refused', reason: 'MessageRejected' });
    const { send, parked } = start();
    await send(mails(1));
    await send(mails(1));
    expect(parked.map(({ reason }) => reason)).toEqual(['refused: MessageRejected']);
    expect(provider.ids).toEqual(['mail0']);
  });

  test('nothing that is logged says to whom or what', async () => {
    const { start, provider } = world();
    provider.answer = () => ({ kind: 'not-sent', reason: 'NotFoundException' });
    const { send, lines } = start();
    await send([message('a', { mail: { to: ['secret@example.com'], subject: 'Secret' } })]);
    expect(lines.join()).toContain('NotFoundException');
    expect(lines.join().toLowerCase()).not.toContain('secret');
  });
});

describe('a pause', () => {
  test('stops senders at their next slot: nothing is sent, claims are given up, messages are hidden', async () => {
    const { start, provider, standby, table, record, time } = world();
    table.items.set('bucket#ses', { id: { S: 'bucket#ses' }, pausedAt: { N: '1' } });
    const began = time.millis;
    const { send, counts } = start({}, true);
    const verdicts = await send(mails(3));
    expect([...verdicts.values()]).toEqual(Array(3).fill({ hideSeconds: 900 }));
    // What bounces at one provider bounces at the other.
    expect([...provider.ids, ...standby.ids]).toEqual([]);
    expect(record('mail0')).toBeUndefined();
    expect(counts).toEqual({ Paused: 3, Closed: 3 });
    // Slowly, so that the queue is not received and hidden within minutes.
    expect(time.millis - began).toBeGreaterThanOrEqual(5000);
  });
});

describe('a second provider', () => {
  test('takes over while the first is away, at its own rate, and the first is tried again after that', async () => {
    const { start, provider, standby, time } = world();
    provider.answer = () => ({ kind: 'away', millis: 900_000 });
    const { send, counts } = start({}, true);
    // The mail that finds it out leaves by the other.
    expect((await send(mails(1, 'first'))).get('m-first0')).toBe('done');
    await send(mails(19));
    expect(standby.ids).toHaveLength(20);
    expect(provider.ids).toEqual(['first0']);
    // Once by the call, then for each mail that left by the other.
    expect(counts).toMatchObject({ Away: 21, Standby: 20, Sent: 20 });
    expect(counts.Closed).toBeUndefined();
    time.millis += 900_000;
    provider.answer = ({ id }) => ({ kind: 'sent', messageId: id });
    await send(mails(1, 'later'));
    expect(provider.ids).toEqual(['first0', 'later0']);
  });

  test.each([
    ['many mails', 5, true],
    ['one mail at a time', 300, true],
    ['one mail, without a second provider', 300, false],
  ])('%s: while the first is away, every window of its alarm says so', async (_, everySeconds, withStandby) => {
    const { start, provider, time } = world();
    provider.answer = () => ({ kind: 'away', millis: 900_000 });
    const { send, counts } = start({}, withStandby);
    const began = time.millis;
    const windows = new Set<number>();
    // Without a second provider there is but one mail, which comes back when its message says.
    for (let nth = 0; time.millis < began + 3_600_000; nth += 1) {
      const before = counts.Away ?? 0;
      const at = time.millis;
      const [verdict] = (await send([message(withStandby ? `mail${nth}` : 'only', { receives: 1 })])).values();
      if ((counts.Away ?? 0) > before) windows.add(Math.floor((at - began) / 1_200_000));
      time.millis = at + 1000 * (withStandby ? everySeconds : (verdict as { hideSeconds: number }).hideSeconds);
    }
    expect([...windows]).toEqual([0, 1, 2]);
    expect((counts.Closed ?? 0) > 0).toBe(!withStandby);
  });

  test('all of them away: that is counted, and nothing else says that mails do not leave', async () => {
    const { start, provider, standby, time } = world();
    provider.answer = () => ({ kind: 'away', millis: 900_000 });
    standby.answer = () => ({ kind: 'away', millis: 60_000 });
    const { send, counts } = start({}, true);
    const verdicts = [await send(mails(1, 'first')), await send(mails(3))];
    expect(counts).toMatchObject({ Closed: 4 });
    expect([provider.ids, standby.ids]).toEqual([['first0'], ['first0']]);
    // They come back when the first of them may be there again: 60 s, less what this function waits.
    expect(verdicts.flatMap((one) => [...one.values()])).toEqual([
      { hideSeconds: 60 },
      ...Array(3).fill({ hideSeconds: 55 }),
    ]);
    expect(time.millis).toBeGreaterThan(0);
  });

  test('without one, messages come back when the provider may be there again', async () => {
    const { start, provider, time } = world();
    provider.answer = () => ({ kind: 'away', millis: 60_000 });
    const { send } = start();
    await send(mails(1, 'first'));
    time.millis += 20_000;
    const verdicts = await send(mails(2));
    // 60 s, less the 5 s that the first function waited, and these 20 s.
    expect([...verdicts.values()]).toEqual([{ hideSeconds: 35 }, { hideSeconds: 35 }]);
  });
});

describe('a table that does not answer', () => {
  test('a claim whose answer was lost is made again, and finds itself: the mail is sent', async () => {
    const { start, table, provider } = world();
    table.loseAnswer('PutItem');
    const { send, parked } = start();
    expect((await send(mails(1))).get('m-mail0')).toBe('done');
    expect([provider.ids, parked]).toEqual([['mail0'], []]);
  });

  test('that of another message with the same id, in the same millisecond, does not', async () => {
    const { start, table, provider } = world();
    table.loseAnswer('PutItem');
    await start().send([message('a', { messageId: 'x' }), message('a', { messageId: 'y' })]);
    expect(provider.ids).toEqual(['a']);
  });

  test('a claim that was written and said to have failed is given up: the mail is sent later, and not parked', async () => {
    const { start, table, provider, record } = world();
    const claims = new DynamoClaims(table.client, 'mails', 86_400);
    const { send, ports, parked } = start();
    Object.assign(ports, {
      claims: Object.assign(Object.create(claims), {
        claim: async (...args: Parameters<DynamoClaims['claim']>) => {
          await claims.claim(...args);
          throw new Error('TimeoutError');
        },
        release: claims.release.bind(claims),
      }),
    });
    await send(mails(1));
    expect(record('mail0')).toBeUndefined();
    await start().send(mails(1));
    expect([provider.ids, parked]).toEqual([['mail0'], []]);
  });

  test('taking over a claim, when the answer was lost, is made again and finds itself', async () => {
    const { start, table, provider, time } = world();
    const since = { N: String(time.millis - 600_000) };
    table.items.set('mail#a', { id: { S: 'mail#a' }, mailState: { S: 'sending' }, since, claimToken: { S: 'other' } });
    table.loseAnswer('UpdateItem');
    expect((await start({ onUnknown: 'send' }).send([message('a')])).get('m-a')).toBe('done');
    expect(provider.ids).toEqual(['a']);
  });

  test('for a claim: only that message comes back', async () => {
    const { start, table, provider } = world();
    table.failOn('PutItem');
    const { send, counts } = start();
    const verdicts = await send(mails(3));
    expect([...verdicts.values()].filter((one) => one === 'done')).toHaveLength(2);
    expect(provider.ids).toHaveLength(2);
    expect(counts).toMatchObject({ Failed: 1, Sent: 2 });
  });

  test('for the bucket: nothing is sent without a slot, and claims are given up', async () => {
    const { start, table, provider, record } = world();
    table.failOn('UpdateItem');
    const verdicts = await start().send(mails(3));
    expect([...verdicts.values()].filter((one) => one === 'done')).toEqual([]);
    expect(provider.ids).toEqual([]);
    expect(record('mail0')).toBeUndefined();
  });
});
