import * as fc from 'fast-check';
import { DEFAULT_MASKED_FIELDS, Masking } from '../../lib/runtime/masking';
import { decide, FORGIVEN, isOpen, type Letter, type WindowCount } from '../../lib/runtime/redrive/decide';
import { type Outgoing, type RedriverConfig, RefusedMessage, redriveBatch } from '../../lib/runtime/redrive/redriver';
import { markOf } from '../../lib/runtime/redrive/seal';
import { runs, zeroOr } from '../support/property';
import { key, limits, record, start, text, World } from '../support/redrive-world';

describe('a poison message', () => {
  test('goes source → DLQ → source → DLQ → quarantine exactly once and never loops (trap: auto-redrive for ever)', async () => {
    const world = new World(() => false);
    const id = world.produce('{"order":1}');
    await world.run(3600);
    expect(world.redrives.get(id)).toBe(1);
    expect(world.quarantine).toHaveLength(1);
    expect([...world.source, ...world.deadLetters]).toEqual([]);
  });

  test('is masked before it is parked, and says where it comes from and why', async () => {
    const world = new World(() => false);
    const id = world.produce(
      '{"order":1,"password":"hunter2"}',
      { authorization: text('Bearer hunter2'), tenant: text('a') },
      'tenant-a',
    );
    await world.run(3600);
    const [parked] = world.quarantine;
    expect(JSON.parse(parked.body)).toEqual({ order: 1, password: '[masked]' });
    expect(parked.groupId).toBe('tenant-a');
    expect(parked.attributes).toEqual({
      authorization: text('[masked]'),
      tenant: text('a'),
      'backpressure-reason': text('attempts-exhausted'),
      'backpressure-source': text('orders'),
      'backpressure-redrives': { stringValue: '1', dataType: 'Number' },
      'backpressure-id': text(id),
      'backpressure-first-seen': { stringValue: String(start), dataType: 'Number' },
    });
  });

  test('leaves nothing of its content in a metric', async () => {
    const world = new World(() => false);
    world.produce('{"password":"hunter2","note":"hunter2"}', { note: text('hunter2') });
    await world.run(3600);
    expect(JSON.stringify(world.counted)).not.toContain('hunter2');
  });

  test.each(['-1000', '1e9', '', 'zero'])('does not buy time with a forged count of %p', async (forged) => {
    const world = new World(() => false);
    const id = world.produce('{}', { 'backpressure-redrives': { stringValue: forged, dataType: 'Number' } });
    await world.run(3600);
    expect(world.redrives.get(id)).toBe(limits.maxRedrives);
    expect(world.quarantine).toHaveLength(1);
  });
});

describe('two redrives, as the construct has it unless told otherwise', () => {
  const twice: RedriverConfig = {
    limits: { ...limits, maxRedrives: 2, backoffCapSeconds: 20 },
    sourceName: 'orders',
    sourceAccount: '111122223333',
    fifo: false,
    masking: new Masking(DEFAULT_MASKED_FIELDS),
  };
  /** Back up after the first redrive was tried, before the second one is. */
  const outage = (_: string, now: number) => now > start + 70_000;

  test('a healthy message whose first redrive fell on the last minutes of an outage is processed by the second', async () => {
    const world = new World(outage, twice);
    const id = world.produce('{}');
    await world.run(3600);
    expect(world.redrives.get(id)).toBe(2);
    expect([world.processed, world.quarantine]).toEqual([[id], []]);
    // With one redrive it ends in quarantine: too few for a verdict, so nobody knows that it was the outage.
    const once = new World(outage);
    once.produce('{}');
    await once.run(3600);
    expect([once.processed, once.quarantine.length]).toEqual([[], 1]);
  });

  test('poison goes round twice and no oftener', async () => {
    const world = new World(() => false, twice);
    const id = world.produce('{}');
    await world.run(3600);
    expect(world.redrives.get(id)).toBe(2);
    expect(world.quarantine).toHaveLength(1);
  });
});

describe('a message that was redriven', () => {
  test('keeps body, attributes and group, and carries the count', async () => {
    const world = new World((_, now) => now > start + 20_000);
    const attributes = { tenant: text('a'), raw: { binaryValue: 'AAE=', dataType: 'Binary' as const } };
    const id = world.produce('{"password":"hunter2"}', attributes, 'tenant-a');
    await world.run(50);
    await world.redrive();
    const [message] = world.source;
    expect(message.body).toBe('{"password":"hunter2"}');
    expect(message.groupId).toBe('tenant-a');
    expect(message.attributes).toEqual({
      ...attributes,
      'backpressure-redrives': text(expect.stringMatching(/^1 \d+ \S{43}$/) as unknown as string),
      'backpressure-id': text(id),
      'backpressure-first-seen': { stringValue: String(start), dataType: 'Number' },
    });
    expect(markOf(message.attributes, message.body, key)).toEqual({
      id,
      firstSeen: start,
      redrives: 1,
      redrivenAt: start + 50_000,
    });
    await world.run(600);
    expect(world.processed).toEqual([id]);
  });

  test('is delayed by full jitter, not by a constant', async () => {
    const delays = [0, 0.25, 0.999].map((random) => {
      const decision = decide(
        { redrives: 0, sentAt: start, attributeCount: 0 },
        new Map(),
        start,
        limits,
        () => random,
      );
      return decision.action === 'redrive' ? decision.delaySeconds : undefined;
    });
    expect(delays).toEqual([0, 3, 10]);
  });

  test('has room for three more attributes or is parked: without the count there is no cap', async () => {
    const attributes = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, text('x')]));
    const world = new World(() => false);
    const [fits, full] = [world.produce('{}', attributes(7)), world.produce('{}', attributes(8))];
    await world.run(3600);
    expect([...world.redrives.keys()]).toEqual([fits]);
    expect(world.quarantine.map(({ attributes }) => attributes['backpressure-id'].stringValue).sort()).toEqual([
      fits,
      full,
    ]);
  });

  test('after a crash between send and delete is deleted, neither sent twice nor lost', async () => {
    const world = new World((_, now) => now > start + 52_000);
    const id = world.produce('{}');
    world.crashAfterSend = true;
    await world.run(60);
    world.crashAfterSend = false;
    await world.run(600);
    expect(world.processed).toEqual([id]);
  });
});

describe('the circuit', () => {
  test('an outage: redriving stops, nothing is quarantined, and afterwards everything is processed', async () => {
    const outage = 40 * 60_000;
    const world = new World((_, now) => now > start + outage);
    const ids = Array.from({ length: 500 }, () => world.produce('{}'));
    await world.run(outage / 1000);
    expect(world.count('CircuitOpen')).toBeGreaterThan(0);
    expect(world.quarantine).toEqual([]);
    // 50 a window before the verdict, 5 a window after it: far from the 500 × 24 windows of an unguarded loop.
    expect(world.count('Redriven')).toBeLessThan(2 * 50 + 24 * 5);
    await world.run(4 * 3600);
    expect([...world.processed].sort()).toEqual(ids.sort());
    expect(world.quarantine).toEqual([]);
  });

  test('poison alone, more of it than one window forgives: all of it ends in quarantine', async () => {
    const world = new World(() => false);
    for (let index = 0; index < 60; index++) world.produce('{}');
    await world.run(14 * 3600, 20);
    expect(world.quarantine).toHaveLength(60);
    expect(Math.max(...world.redrives.values())).toBeLessThanOrEqual(limits.maxRedrives + FORGIVEN);
  });

  test('a share of poison below the floor does not open it', async () => {
    const world = new World((id, now) => now > start + 10_000 && Number(id.slice(1)) % 10 !== 0);
    for (let index = 0; index < 100; index++) world.produce('{}');
    await world.run(3600);
    expect(world.count('CircuitOpen')).toBe(0);
    expect(world.processed).toHaveLength(90);
    expect(world.quarantine).toHaveLength(10);
  });

  test('a held letter that is received again and again came back once', async () => {
    const world = new World(() => false);
    for (let index = 0; index < 10; index++) world.produce('{}');
    await world.run(900);
    for (const { redriven, returned } of world.windows.values()) expect(returned).toBeLessThanOrEqual(redriven);
  });

  test('no window passes its rate (trap: 500 a second onto a consumer that just recovered)', async () => {
    const world = new World((_, now) => now > start + 10_000);
    for (let index = 0; index < 300; index++) world.produce('{}');
    await world.run(3600);
    expect(Math.max(...[...world.windows.values()].map(({ redriven }) => redriven))).toBe(limits.redrivesPerWindow);
    expect(world.processed).toHaveLength(300);
  });

  test('too few redrives for a verdict: whoever comes back is parked at once, nobody waits for the window to end', () => {
    const letter: Letter = { redrives: 1, redrivenAt: start, sentAt: start, attributeCount: 0 };
    const window = Math.floor(start / 1000 / limits.windowSeconds);
    const decided = (redriven: number) =>
      decide(letter, new Map([[window, { redriven, returned: 1 }]]), start + 60_000, limits, () => 0.5);
    expect(decided(limits.verdictMinimum - 1)).toEqual({ action: 'quarantine', reason: 'attempts-exhausted' });
    expect(decided(limits.verdictMinimum)).toMatchObject({ action: 'hold' });
  });

  test('a held letter is parked before the queue drops it', () => {
    const failedNow: WindowCount = { redriven: 50, returned: 50 };
    const windows = new Map([[Math.floor(start / 100_000), failedNow]]);
    expect(isOpen(windows, start, limits)).toBe(true);
    const letter = (days: number): Letter => ({
      redrives: 1,
      redrivenAt: start - 300_000,
      sentAt: start - days * 86_400_000,
      attributeCount: 0,
    });
    expect(decide(letter(12.9), windows, start, limits, () => 0).action).toBe('hold');
    expect(decide(letter(13.1), windows, start, limits, () => 0)).toEqual({
      action: 'quarantine',
      reason: 'about-to-expire',
    });
  });
});

describe('trouble', () => {
  test('a letter that cannot be sent stays, the others of the batch go', async () => {
    const world = new World(() => false);
    const ports = world.ports();
    const sendToSource = async (message: Outgoing) => {
      if (message.body === 'bad') throw new Error('secret in the text of an error');
      await ports.sendToSource(message);
    };
    const letters = ['good', 'bad', 'good'].map((body, index) =>
      record({ messageId: `r${index}`, body, attributes: {}, sentAt: start, visibleAt: start }),
    );
    expect(await redriveBatch(letters, world.config, { ...ports, sendToSource })).toEqual([{ itemIdentifier: 'r1' }]);
    expect(JSON.stringify(world.counted)).not.toContain('secret');
  });

  test('a letter that the source refuses for good is parked; a masked body that has outgrown the queue leaves its digest', async () => {
    const world = new World(() => false);
    const ports = world.ports();
    const refuse = async () => Promise.reject(new RefusedMessage());
    const sendToQuarantine = async (message: Outgoing) =>
      message.body.includes('sha256') ? ports.sendToQuarantine(message) : refuse();
    const letter = record({ messageId: 'r', body: '{"pin":1}', attributes: {}, sentAt: start, visibleAt: start });
    expect(await redriveBatch([letter], world.config, { ...ports, sendToSource: refuse, sendToQuarantine })).toEqual(
      [],
    );
    expect(world.quarantine[0].attributes['backpressure-reason']).toEqual(text('refused-by-queue'));
    expect(JSON.parse(world.quarantine[0].body)).toMatchObject({ masked: 'all', bytes: 9 });
  });

  test('without the counts nothing is redriven and nothing deleted', async () => {
    const world = new World(() => false);
    const readWindows = async () => Promise.reject(new Error('table'));
    const letter = record({ messageId: 'r', body: '{}', attributes: {}, sentAt: start, visibleAt: start });
    await expect(redriveBatch([letter], world.config, { ...world.ports(), readWindows })).rejects.toThrow('table');
    expect(world.source).toEqual([]);
  });
});

describe('on a FIFO queue', () => {
  test('no delay, the group kept, and nobody overtakes a message of its own group', async () => {
    const world = new World(() => false, {
      limits,
      sourceName: 'orders.fifo',
      sourceAccount: '111122223333',
      fifo: true,
      masking: new Masking(),
    });
    const ports = world.ports();
    const sendToSource = async (message: Outgoing) => {
      expect(message.delaySeconds).toBe(0);
      if (message.body === 'a1') throw new Error('no');
      await ports.sendToSource(message);
    };
    const letters = ['a1', 'b1', 'a2'].map((body, index) =>
      record({ messageId: `r${index}`, body, attributes: {}, groupId: body[0], sentAt: start, visibleAt: start }),
    );
    expect(await redriveBatch(letters, world.config, { ...ports, sendToSource })).toEqual([
      { itemIdentifier: 'r0' },
      { itemIdentifier: 'r2' },
    ]);
    expect(world.source.map(({ body }) => body)).toEqual(['b1']);
  });
});

test('whatever fails and whenever: sent = processed + quarantined, and no message is redriven oftener than allowed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        messages: fc.integer({ min: 1, max: 80 }),
        poison: zeroOr(0.001, 1),
        outageMinutes: fc.integer({ min: 0, max: 60 }),
        seed: fc.integer(),
      }),
      async ({ messages, poison, outageMinutes, seed }) => {
        let state = seed >>> 0;
        const random = () => {
          state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
          return state / 2 ** 32;
        };
        const bad = new Set<string>();
        const world = new World((id, now) => now > start + outageMinutes * 60_000 && !bad.has(id), undefined, random);
        for (let index = 0; index < messages; index++) {
          const id = world.produce('{}');
          if (random() < poison) bad.add(id);
        }
        await world.run(20 * 3600, 30);
        expect(world.processed.length + world.quarantine.length).toBe(messages);
        expect(world.processed.filter((id) => bad.has(id))).toEqual([]);
        for (const count of world.redrives.values()) expect(count).toBeLessThanOrEqual(limits.maxRedrives + FORGIVEN);
      },
    ),
    { numRuns: runs / 4 },
  );
}, 120_000);
