import fc from 'fast-check';
import { consumer, message } from '../support/webhook-messages';

const OLD = 'the secret before the rotation';
const NEW = 'the secret after the rotation';

let lines: Record<string, unknown>[];
beforeEach(() => {
  lines = [];
  jest.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(JSON.parse(line)));
});
afterEach(() => jest.restoreAllMocks());
const counted = (metric: string) => lines.filter((line) => metric in line).length;

/** A warm function: it has read the old secret, and then the secret is rotated. */
async function warm() {
  const made = consumer();
  made.secrets.stages.AWSCURRENT = OLD;
  await made.consume(message({ id: 'warm-up', secret: OLD, receivedAt: made.clock.now }));
  made.secrets.rotate(NEW);
  return made;
}

describe('a rotation as documented loses nothing', () => {
  test.each([0, 1, 9, 10, 60, 120, 240, 290, 299, 300, 301])(
    'a delivery signed with the new secret %d s after the rotation has its effect',
    async (seconds) => {
      const { clock, consume, effects, parked } = await warm();
      clock.now += seconds * 1000 + 1;
      expect(await consume(message({ secret: NEW, receivedAt: clock.now }))).toEqual([]);
      expect(effects('d1')).toBe(1);
      expect(parked).toEqual([]);
    },
  );

  test('during the overlap the old secret and the new one are both good, whichever a warm function has read', async () => {
    const { clock, consume, effects } = await warm();
    for (const [n, secret] of [NEW, OLD, NEW, OLD].entries()) {
      clock.now += 1000;
      expect(await consume(message({ id: `d${n}`, secret, receivedAt: clock.now }))).toEqual([]);
      expect(effects(`d${n}`)).toBe(1);
    }
  });

  test('the next rotation ends the overlap', async () => {
    const { clock, secrets, consume, effects, parked } = await warm();
    secrets.rotate('the secret after the next');
    clock.now += 1000;
    expect(await consume(message({ secret: OLD, receivedAt: clock.now - 500 }))).toEqual([]);
    clock.now += 300_000;
    expect(await consume(message({ id: 'd2', secret: OLD, receivedAt: clock.now - 500 }))).toEqual([]);
    expect([effects('d1'), effects('d2'), parked.length]).toEqual([1, 0, 1]);
  });

  test('a queue that was long: what waited for hours is judged by a secret that was read after its receipt', async () => {
    const { clock, consume, effects, secrets } = await warm();
    const receivedAt = clock.now + 1000;
    clock.now += 4 * 3_600_000;
    expect(await consume(message({ secret: NEW, receivedAt }))).toEqual([]);
    expect([effects('d1'), secrets.reads]).toEqual([1, 2]);
  });
});

describe('somebody who forges all the time while a secret is rotated', () => {
  test('gets no genuine delivery refused, and cannot make a secret be read more than once in ten seconds', async () => {
    const { clock, secrets, consume, effects, parked, hidden } = await warm();
    const started = clock.now;
    let genuine: { id: string; receivedAt: number; at: number; attempt: number }[] = [];
    for (let tick = 0; tick < 1200; tick++) {
      clock.now += 100;
      await consume(message({ id: `forged-${tick}`, secret: 'a guess of the attacker', receivedAt: clock.now }));
      if (tick % 10 === 0) genuine.push({ id: `genuine-${tick}`, receivedAt: clock.now, at: clock.now, attempt: 1 });
      for (const one of genuine.filter(({ at }) => at <= clock.now)) {
        const failed = await consume(
          message({ id: one.id, secret: NEW, receivedAt: one.receivedAt, attempt: one.attempt }),
        );
        genuine = genuine.filter((other) => other !== one);
        if (failed.length > 0) {
          const at = clock.now + 1000 * (hidden.at(-1)?.seconds ?? 0);
          genuine.push({ ...one, at, attempt: one.attempt + 1 });
          expect(one.attempt).toBe(1);
        }
      }
    }
    const done = Array.from({ length: 100 }, (_, n) => effects(`genuine-${n * 10}`));
    expect(done).toEqual(done.map(() => 1));
    expect(parked.filter(({ MessageAttributes }) => JSON.stringify(MessageAttributes).includes('genuine'))).toEqual([]);
    expect(secrets.reads).toBeLessThanOrEqual(2 + (clock.now - started) / 10_000);
  });

  test('is refused at the second attempt, in whichever instance that is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(60_000), fc.nat(30_000), async (readBefore, otherForgery) => {
        const first = await warm();
        const second = await warm();
        // The second instance read its secret at some other time, because of some other forgery.
        second.clock.now = first.clock.now;
        await second.consume(message({ id: 'other', secret: 'another guess', receivedAt: second.clock.now }));
        first.clock.now += readBefore;
        const receivedAt = first.clock.now;
        const failed = await first.consume(message({ secret: 'a guess', receivedAt }));
        if (failed.length === 0) return;
        second.clock.now = receivedAt + Math.min(otherForgery, 14_000);
        await second.consume(message({ id: 'more', secret: 'another guess', receivedAt: second.clock.now }));
        second.clock.now = first.clock.now + 1000 * first.hidden[0].seconds;
        expect(await second.consume(message({ secret: 'a guess', receivedAt, attempt: 2 }))).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });
});

describe('clocks', () => {
  test.each([-4000, -1000, 0, 1000, 4000])(
    'a function whose clock is %d ms off the queue refuses nothing that was signed with the new secret',
    async (skew) => {
      const { clock, secrets, consume, effects } = await warm();
      // A forgery made the function read again, just before the rotation.
      secrets.stages.AWSCURRENT = OLD;
      clock.now += 20_000;
      await consume(message({ id: 'forged', secret: 'a guess', receivedAt: clock.now - skew }));
      secrets.rotate(NEW);
      const received = clock.now + 10 - skew;
      clock.now += 20;
      if ((await consume(message({ secret: NEW, receivedAt: received }))).length > 0) {
        clock.now += 16_000;
        expect(await consume(message({ secret: NEW, receivedAt: received, attempt: 2 }))).toEqual([]);
      }
      expect(effects('d1')).toBe(1);
    },
  );

  test('a clock that is far behind makes refusals late, not wrong', async () => {
    const { clock, consume, effects, secrets } = await warm();
    secrets.stages.AWSCURRENT = NEW;
    const receivedAt = clock.now + 3_600_000;
    clock.now += 1;
    expect(await consume(message({ secret: NEW, receivedAt }))).toEqual([]);
    expect(effects('d1')).toBe(1);
  });
});

describe('while Secrets Manager is away', () => {
  test('what the cached secret verifies goes on; what it does not is retried, and nothing is refused', async () => {
    const { clock, secrets, consume, effects, parked } = await warm();
    secrets.down = true;
    clock.now += 60_000;
    expect(await consume(message({ id: 'old', secret: OLD, receivedAt: clock.now }))).toEqual([]);
    const fresh = message({ id: 'new', secret: NEW, receivedAt: clock.now });
    expect(await consume(fresh)).toEqual([fresh.messageId]);
    expect([effects('old'), effects('new'), parked.length, counted('Refused')]).toEqual([1, 0, 0, 0]);
    secrets.down = false;
    clock.now += 16_000;
    expect(await consume(message({ id: 'new', secret: NEW, receivedAt: clock.now - 16_000, attempt: 2 }))).toEqual([]);
    expect(effects('new')).toBe(1);
  });

  test('a function that has read nothing yet asks once a second, not once a delivery', async () => {
    const { clock, secrets, consume } = consumer();
    secrets.down = true;
    const records = Array.from({ length: 50 }, (_, n) => message({ id: `d${n}`, secret: NEW, receivedAt: clock.now }));
    expect(await consume(...records)).toHaveLength(50);
    expect(secrets.reads).toBe(1);
    clock.now += 1000;
    await consume(...records);
    expect(secrets.reads).toBe(2);
  });
});

test('a batch of forgeries that waited in the queue costs one read', async () => {
  const { clock, secrets, consume, parked } = await warm();
  const receivedAt = clock.now + 1000;
  clock.now += 60_000;
  const batch = Array.from({ length: 10 }, (_, n) => message({ id: `f${n}`, secret: 'a guess', receivedAt }));
  expect(await consume(...batch)).toEqual([]);
  expect([secrets.reads, parked.length]).toEqual([2, 10]);
});

test('secrets are read for each source: forgeries of one do not use up the reads of the other', async () => {
  const { clock, secrets, consume, effects } = await warm();
  const shop = { source: 'shop', scheme: 'standard-webhooks' } as const;
  secrets.stages.AWSCURRENT = OLD;
  await consume(message({ ...shop, id: 'warm-up-too', secret: OLD, receivedAt: clock.now }));
  secrets.rotate(NEW);
  clock.now += 60_000;
  await consume(message({ secret: 'a guess', receivedAt: clock.now }));
  clock.now += 1000;
  expect(await consume(message({ ...shop, id: 'd2', secret: NEW, receivedAt: clock.now }))).toEqual([]);
  expect([effects('d2'), secrets.readsBy]).toEqual([1, { 'arn:github': 2, 'arn:shop': 2 }]);
});
