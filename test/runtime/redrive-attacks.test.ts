/** What a producer may send to a redriver, and what may end it: nobody else's letter is stopped, lost or steered. */
import type { SQSMessageAttributes, SQSRecord } from 'aws-lambda';
import { DEFAULT_MASKED_FIELDS, Masking } from '../../lib/runtime/masking';
import { FORGIVEN } from '../../lib/runtime/redrive/decide';
import { MAX_MESSAGE_BYTES, messageBytes } from '../../lib/runtime/redrive/parked';
import {
  NotSent,
  type Outgoing,
  type Ports,
  type RedriverConfig,
  RefusedMessage,
  redriveBatch,
} from '../../lib/runtime/redrive/redriver';
import { markAttributes } from '../../lib/runtime/redrive/seal';
import { key, limits, record, start, text, World } from '../support/redrive-world';

const number = (value: number) => ({ stringValue: String(value), dataType: 'Number' as const });
const fifo: RedriverConfig = {
  limits,
  sourceName: 'orders.fifo',
  sourceAccount: '111122223333',
  fifo: true,
  masking: new Masking(),
};
const poison = () => new World(() => false);

interface Given {
  readonly body?: string;
  readonly attributes?: SQSMessageAttributes;
  readonly groupId?: string;
  readonly sentAt?: number;
}

/** A letter whose redrives are used up unless it says otherwise. */
function letter(messageId: string, given: Given = {}): SQSRecord {
  const { body = '{}', attributes = {}, groupId, sentAt = start } = given;
  return record({ messageId, body, attributes, groupId, sentAt, visibleAt: start });
}

function usedUp(messageId: string, given: Given = {}): SQSRecord {
  const { body = '{}', attributes = {} } = given;
  const mark = { id: messageId, firstSeen: start, redrives: limits.maxRedrives, redrivenAt: start - 3_600_000 };
  return letter(messageId, { ...given, attributes: { ...attributes, ...markAttributes(mark, body, key) } });
}

const failed = (...ids: string[]) => ids.map((itemIdentifier) => ({ itemIdentifier }));

/** A queue that refuses what SQS refuses. */
function strict(send: (message: Outgoing) => Promise<void>): (message: Outgoing) => Promise<void> {
  return async (message) => {
    if (messageBytes(message) > MAX_MESSAGE_BYTES) throw new RefusedMessage();
    if (!/^[\w!"#$%&'()*+,\-./:;<=>?@[\\\]^`{|}~]{1,128}$/.test(message.deduplicationId)) throw new RefusedMessage();
    for (const name of Object.keys(message.attributes)) {
      if (!/^[\w.-]{1,256}$/.test(name)) throw new RefusedMessage();
    }
    await send(message);
  };
}

function strictPorts(world: World): Ports {
  const ports = world.ports();
  return {
    ...ports,
    sendToSource: strict(ports.sendToSource),
    sendToQuarantine: strict(ports.sendToQuarantine),
  };
}

describe('a letter that is hard to park', () => {
  test('attributes that outgrow the queue when masked leave their digests, and the body its own', async () => {
    const world = poison();
    const attributes = { note: text('pin=1;'.repeat(100_000)), tenant: text('a') };
    expect(await redriveBatch([usedUp('m', { attributes })], world.config, strictPorts(world))).toEqual([]);
    const [parked] = world.quarantine;
    expect(JSON.parse(parked.body)).toMatchObject({ masked: 'all', bytes: 2 });
    expect(parked.attributes.note.stringValue).toMatch(/^\d+ bytes, masked SHA-256 /);
    expect(parked.attributes.tenant).toEqual(text('a'));
  });

  test('a body that outgrows the queue when masked leaves its digest, and the attributes stay', async () => {
    const world = poison();
    const body = JSON.stringify(Array.from({ length: 90_000 }, () => ({ pin: 1 })));
    expect(Buffer.byteLength(body)).toBeLessThan(MAX_MESSAGE_BYTES);
    expect(
      await redriveBatch([usedUp('m', { body, attributes: { tenant: text('a') } })], world.config, strictPorts(world)),
    ).toEqual([]);
    expect(JSON.parse(world.quarantine[0].body)).toMatchObject({ masked: 'all' });
    expect(world.quarantine[0].attributes.tenant).toEqual(text('a'));
  });

  test('the smallest form fits whatever the letter holds', async () => {
    const world = poison();
    const attributes = Object.fromEntries(
      Array.from({ length: 7 }, (_, index) => [`${'n'.repeat(255)}${index}`, text('pin=1;'.repeat(20_000))]),
    );
    const ports = strictPorts(world);
    const onlySmallest = async (message: Outgoing) => {
      if (Object.keys(message.attributes).some((name) => name.startsWith('n'))) throw new RefusedMessage();
      await ports.sendToQuarantine(message);
    };
    const letters = [usedUp('m', { attributes })];
    expect(await redriveBatch(letters, world.config, { ...ports, sendToQuarantine: onlySmallest })).toEqual([]);
    expect(messageBytes(world.quarantine[0])).toBeLessThan(1024);
    expect(world.quarantine[0].attributes['backpressure-dropped']).toEqual(number(7));
  });

  test('attributes that find no room in the quarantine are counted', async () => {
    const world = poison();
    const attributes = Object.fromEntries(Array.from({ length: 7 }, (_, index) => [`a${index}`, text('x')]));
    await redriveBatch([usedUp('m', { attributes })], world.config, strictPorts(world));
    expect(Object.keys(world.quarantine[0].attributes)).toHaveLength(10);
    expect(world.quarantine[0].attributes['backpressure-dropped']).toEqual(number(3));
  });

  test.each(['x'.repeat(5000), 'umlaut \u00fc', ''])(
    'on FIFO an id of the sender never is a deduplication id: %#',
    async (id) => {
      const world = new World(() => false, fifo);
      const letters = ['a', 'b'].map((name) =>
        letter(name, { groupId: 'g', attributes: { 'backpressure-id': text(id), 'backpressure-redrives': number(1) } }),
      );
      expect(await redriveBatch(letters, fifo, strictPorts(world))).toEqual([]);
      expect(world.source).toHaveLength(2);
    },
  );

  test('a message with no room for the mark is parked with that reason, and not sent unmarked', async () => {
    const world = poison();
    const body = JSON.stringify('x'.repeat(MAX_MESSAGE_BYTES - 100));
    expect(await redriveBatch([letter('m', { body })], world.config, strictPorts(world))).toEqual([]);
    expect(world.source).toEqual([]);
    expect(world.quarantine[0].attributes['backpressure-reason']).toEqual(text('no-room-for-attributes'));
  });
});

describe('a letter that can be neither redriven nor parked', () => {
  const denied = async () => Promise.reject(new NotSent('AccessDenied'));

  test('stays, is tried again later and later, and is counted as stuck long before it expires', async () => {
    const world = poison();
    const ports = { ...world.ports(), sendToSource: denied, sendToQuarantine: denied };
    const stuckAfter: number[] = [];
    for (let age = 0; age < 13 * 86_400; age += world.hidden.at(-1)!) {
      world.now = start + age * 1000;
      expect(await redriveBatch([letter('m')], world.config, ports)).toEqual(failed('m'));
      if (world.count('Stuck') > 0) stuckAfter.push(age);
    }
    expect(world.hidden.slice(0, 4)).toEqual([180, 360, 720, 1440]);
    expect(Math.max(...world.hidden)).toBe(limits.stuckHoldSeconds);
    expect(stuckAfter[0]).toBeLessThan(3600);
    expect(world.quarantine).toEqual([]);
  });

  test('does not stop the others of its batch', async () => {
    const world = poison();
    const ports = world.ports();
    const sendToSource = async (message: Outgoing) =>
      message.body === '"bad"' ? denied() : ports.sendToSource(message);
    const letters = ['"good"', '"bad"', '"fine"'].map((body) => letter(body, { body }));
    expect(await redriveBatch(letters, world.config, { ...ports, sendToSource })).toEqual(failed('"bad"'));
  });

  test('on its last day is parked when the source alone refuses it', async () => {
    const world = poison();
    const sentAt = start - 13.5 * 86_400_000;
    const ports = { ...world.ports(), sendToSource: denied };
    expect(await redriveBatch([letter('m', { sentAt })], world.config, ports)).toEqual([]);
    expect(world.quarantine[0].attributes['backpressure-reason']).toEqual(text('about-to-expire'));
  });

  test('whose tries fail is sent with the count that it would have had', async () => {
    const world = poison();
    const ports = world.ports();
    for (let attempt = 0; attempt < 5; attempt++) {
      await redriveBatch([letter('m')], world.config, { ...ports, sendToSource: denied });
    }
    expect(await redriveBatch([letter('m')], world.config, ports)).toEqual([]);
    expect(world.source[0].attributes['backpressure-redrives'].stringValue).toMatch(/^1 /);
  });
});

describe('the time of a batch', () => {
  test('a letter that takes long to mask comes after all that are merely sent', async () => {
    const world = poison();
    const order: string[] = [];
    const ports = world.ports();
    const noted = (name: string, send: (message: Outgoing) => Promise<void>) => async (message: Outgoing) => {
      order.push(name);
      await send(message);
    };
    const letters = [usedUp('big', { body: JSON.stringify('x'.repeat(500_000)) }), usedUp('small'), letter('good')];
    const sending = {
      ...ports,
      sendToSource: noted('source', ports.sendToSource),
      sendToQuarantine: noted('quarantine', ports.sendToQuarantine),
    };
    expect(await redriveBatch(letters, world.config, sending)).toEqual([]);
    expect(order).toEqual(['source', 'quarantine', 'quarantine']);
    expect(world.quarantine.map(({ body }) => body.length)).toEqual([2, 500_002]);
  });

  test('what is not reached is reported, and is not touched', async () => {
    const world = poison();
    const letters = Array.from({ length: 5 }, (_, index) => usedUp(`m${index}`));
    let left = 30_000;
    const ports = world.ports();
    const sendToQuarantine = async (message: Outgoing) => {
      left -= 12_000;
      await ports.sendToQuarantine(message);
    };
    const answer = await redriveBatch(letters, world.config, { ...ports, sendToQuarantine, remaining: () => left });
    expect(answer).toEqual(failed('m3', 'm4'));
    expect([...world.journals.keys()]).toEqual(['m0', 'm1', 'm2']);
    expect(world.hidden).toEqual([]);
  });

  test('without time nothing is begun', async () => {
    const world = poison();
    const letters = [letter('a'), usedUp('b')];
    const answer = await redriveBatch(letters, world.config, { ...world.ports(), remaining: () => 1000 });
    expect(answer).toEqual(failed('a', 'b'));
    expect([world.source, world.quarantine, [...world.journals]]).toEqual([[], [], []]);
  });

  test('a body that no time suffices for leaves its digest; one that others left no time for waits', async () => {
    const world = poison();
    const body = JSON.stringify('x'.repeat(1_000_000));
    const ports = { ...world.ports(), remaining: () => 12_000 };
    expect(await redriveBatch([usedUp('m', { body })], world.config, ports)).toEqual([]);
    expect(JSON.parse(world.quarantine[0].body)).toMatchObject({ masked: 'all', bytes: 1_000_002 });
    expect(await redriveBatch([usedUp('n', { body }), usedUp('o')], world.config, ports)).toEqual(failed('n'));
  });

  test('an error in the masking of one letter leaves that letter alone, and in the end its digest', async () => {
    class Broken extends Masking {
      public override body(body: string): string {
        if (body.includes('bad')) throw new RangeError('hunter2');
        return super.body(body);
      }
    }
    const world = new World(() => false, {
      limits,
      sourceName: 'orders',
      sourceAccount: '111122223333',
      fifo: false,
      masking: new Broken(),
    });
    const letters = [usedUp('bad', { body: '"bad"' }), usedUp('good')];
    const ports = world.ports();
    expect(await redriveBatch(letters, world.config, ports)).toEqual(failed('bad'));
    for (let attempt = 0; attempt < 2; attempt++) await redriveBatch([letters[0]], world.config, ports);
    expect(world.quarantine).toHaveLength(1);
    expect(await redriveBatch([letters[0]], world.config, ports)).toEqual([]);
    expect(JSON.parse(world.quarantine[1].body)).toMatchObject({ masked: 'all' });
    expect(JSON.stringify(world.counted)).not.toContain('hunter2');
  });

  test('an error in the decision on one letter leaves that letter alone', async () => {
    const world = poison();
    const ports = world.ports();
    let calls = 0;
    const random = () => {
      if (calls++ === 0) throw new Error('hunter2');
      return 0.5;
    };
    expect(await redriveBatch([letter('a'), letter('b')], world.config, { ...ports, random })).toEqual(failed('a'));
    expect(JSON.stringify(world.counted)).not.toContain('hunter2');
  });

  test('on FIFO nothing of a group is touched behind a letter that stays, and other groups go on', async () => {
    const world = new World(() => false, fifo);
    const ports = world.ports();
    const sendToQuarantine = async () => Promise.reject(new NotSent('KmsDisabled'));
    const letters = [
      letter('a1', { groupId: 'a' }),
      usedUp('a2', { groupId: 'a' }),
      letter('a3', { groupId: 'a' }),
      letter('b1', { groupId: 'b' }),
      letter('a4', { groupId: 'a' }),
    ];
    expect(await redriveBatch(letters, fifo, { ...ports, sendToQuarantine })).toEqual(failed('a2', 'a3', 'a4'));
    expect([...world.journals.keys()].sort()).toEqual(['a1', 'a2', 'b1']);
  });
});

describe('what a producer writes does not steer the guard', () => {
  const forged = (id: string): SQSMessageAttributes => ({
    'backpressure-redrives': number(1),
    'backpressure-redriven-at': number(start),
    'backpressure-first-seen': number(1),
    'backpressure-id': text(id),
  });

  test('forged come-backs do not open the circuit', async () => {
    const world = poison();
    const liars = Array.from({ length: 5 }, (_, index) => letter(`l${index}`, { attributes: forged(`f${index}`) }));
    const good = Array.from({ length: 10 }, (_, index) => letter(`g${index}`));
    await redriveBatch(liars, world.config, world.ports());
    expect(await redriveBatch(good, world.config, world.ports())).toEqual([]);
    expect([world.count('CircuitOpen'), world.count('Held'), world.count('Unsealed')]).toEqual([0, 0, 5]);
  });

  test.each([
    ['a count and nothing else', { 'backpressure-redrives': number(2) }],
    ['a seal of the right length', { ...forged('x'), 'backpressure-redrives': text(`9 ${start} ${'A'.repeat(43)}`) }],
    [
      'a seal with another key',
      markAttributes({ id: 'x', firstSeen: 1, redrives: 9, redrivenAt: start }, '{}', Buffer.alloc(32, 1)),
    ],
    [
      'a true seal on another body',
      markAttributes({ id: 'x', firstSeen: 1, redrives: 9, redrivenAt: start }, '{"other":1}', key),
    ],
    [
      'a true seal with another id',
      {
        ...markAttributes({ id: 'y', firstSeen: 1, redrives: 9, redrivenAt: start }, '{}', key),
        'backpressure-id': text('x'),
      },
    ],
    [
      'a true seal with another time of arrival',
      {
        ...markAttributes({ id: 'x', firstSeen: 1, redrives: 9, redrivenAt: start }, '{}', key),
        'backpressure-first-seen': number(2),
      },
    ],
  ] as [string, SQSMessageAttributes][])('counts as never redriven: %s', async (_, attributes) => {
    const world = poison();
    expect(await redriveBatch([letter('m', { attributes })], world.config, world.ports())).toEqual([]);
    const [sent] = world.source;
    expect(sent.attributes['backpressure-id']).toEqual(text('m'));
    expect(sent.attributes['backpressure-first-seen']).toEqual(number(start));
    expect(sent.attributes['backpressure-redrives'].stringValue).toMatch(/^1 /);
    expect(sent.attributes['backpressure-redriven-at']).toBeUndefined();
    expect(world.count('Unsealed')).toBe(1);
  });

  test('the quarantine shows what the guard knows, not what the producer says', async () => {
    const world = poison();
    world.produce('{}', { ...forged('x'), 'backpressure-reason': text('none'), tenant: text('a') });
    await world.run(3600);
    expect(world.quarantine.map(({ attributes }) => attributes)).toEqual([
      {
        tenant: text('a'),
        'backpressure-reason': text('attempts-exhausted'),
        'backpressure-source': text('orders'),
        'backpressure-redrives': number(1),
        'backpressure-id': text('m0'),
        'backpressure-first-seen': number(start),
      },
    ]);
  });

  test('a message that an earlier version redrove is redriven anew, a bounded number of times, and not lost', async () => {
    const world = poison();
    world.produce('{}', forged('first'));
    await world.run(3600);
    expect([...world.redrives.values()]).toEqual([limits.maxRedrives]);
    expect(world.quarantine).toHaveLength(1);
  });

  test('when the key is lost the count begins anew once, and nothing is lost', async () => {
    const world = poison();
    world.produce('{}');
    await world.run(60);
    expect(world.count('Redriven')).toBe(1);
    world.key = Buffer.alloc(32, 9);
    await world.run(3600);
    expect(world.count('Redriven')).toBe(1 + limits.maxRedrives);
    expect(world.quarantine).toHaveLength(1);
  });

  test('a sealed message that is sent again counts once as a come-back', async () => {
    const world = poison();
    const copies = Array.from({ length: 10 }, (_, index) => usedUp(`c${index}`));
    const mark = { id: 'x', firstSeen: start, redrives: 1, redrivenAt: start };
    for (const copy of copies) copy.messageAttributes = markAttributes(mark, copy.body, key);
    await redriveBatch(copies, world.config, world.ports());
    expect([...world.windows.values()].reduce((sum, { returned }) => sum + returned, 0)).toBe(1);
  });
});

describe('a function that is ended again and again', () => {
  /** Ends at the call of a port: nothing after it happens. */
  const killed = (batch: Promise<unknown>) => Promise.race([batch, new Promise((resolve) => setTimeout(resolve, 5))]);
  const never = () => new Promise<never>(() => {});

  test('between send and delete: one copy', async () => {
    const world = poison();
    world.produce('{}');
    world.crashAfterSend = true;
    for (let kill = 0; kill < 20; kill++) {
      world.consume();
      await world.redrive();
      world.now += 180_000;
    }
    expect(world.redrives.get('m0')).toBeLessThanOrEqual(limits.maxRedrives);
  });

  test('between the send and the note of it, twenty times: the count rises with each copy up to its bound', async () => {
    const world = poison();
    for (let kill = 0; kill < 20; kill++) {
      await killed(redriveBatch([letter('m')], world.config, { ...world.ports(), finish: never }));
    }
    const counts = world.source.map(({ attributes }) => attributes['backpressure-redrives'].stringValue?.split(' ')[0]);
    expect(counts).toEqual(Array.from({ length: limits.maxRedrives + FORGIVEN }, (_, index) => String(index + 1)));
    // What ends the function may be this letter, so it comes back later and later.
    expect(world.hidden.slice(0, 3)).toEqual([360, 720, 1440]);
    expect(world.hidden.at(-1)).toBe(limits.stuckHoldSeconds);
  });

  test('by the masking of one letter: the third time only its digest is kept', async () => {
    const world = poison();
    const bodies: string[] = [];
    const sendToQuarantine = async (message: Outgoing) => {
      bodies.push(message.body);
      return never();
    };
    for (let kill = 0; kill < 4; kill++) {
      await killed(redriveBatch([usedUp('m')], world.config, { ...world.ports(), sendToQuarantine }));
    }
    expect(bodies.map((body) => body.includes('sha256'))).toEqual([false, false, false, true]);
  });
});

describe('a service that fails for a while', () => {
  const away = async () => Promise.reject(Object.assign(new Error('hunter2'), { name: 'ServiceUnavailable' }));
  const marked = (messageId: string, redrives = 1) =>
    letter(messageId, {
      attributes: markAttributes({ id: messageId, firstSeen: start, redrives, redrivenAt: start }, '{}', key),
    });

  test('a come-back that the table does not count waits, and the others of its batch go on', async () => {
    const world = poison();
    const ports = world.ports();
    const isNew = async (name: string) => (name.startsWith('bad') ? away() : ports.isNew(name));
    const letters = [marked('bad'), letter('good'), usedUp('old')];
    expect(await redriveBatch(letters, world.config, { ...ports, isNew })).toEqual(failed('bad'));
    expect([world.source.length, world.quarantine.length]).toEqual([1, 1]);
    expect(world.hidden).toEqual([180]);
    expect([world.count('TableFailed'), JSON.stringify(world.counted).includes('hunter2')]).toEqual([1, false]);
  });

  test('a window that the table does not count makes its own letters wait and no others', async () => {
    const world = poison();
    const letters = [marked('a'), letter('good')];
    expect(await redriveBatch(letters, world.config, { ...world.ports(), addReturned: away })).toEqual(failed('a'));
    expect([world.source.length, world.count('TableFailed')]).toEqual([1, 1]);
  });

  test('without an answer on places nothing is redriven, and what is used up is parked', async () => {
    const world = poison();
    const letters = [letter('a'), usedUp('b')];
    expect(await redriveBatch(letters, world.config, { ...world.ports(), takePlaces: away })).toEqual(failed('a'));
    expect([world.source.length, world.quarantine.length, world.count('TableFailed')]).toEqual([0, 1, 1]);
  });

  test('a letter of its last day is parked although the table does not count it', async () => {
    const world = poison();
    const last = { ...marked('m'), attributes: letter('m', { sentAt: start - 13.5 * 86_400_000 }).attributes };
    expect(await redriveBatch([last], world.config, { ...world.ports(), isNew: away })).toEqual([]);
    expect(world.quarantine[0].attributes['backpressure-reason']).toEqual(text('about-to-expire'));
  });

  test.each(['begin', 'finish'] as const)('a journal that fails at its %s is counted', async (port) => {
    const world = poison();
    await redriveBatch([letter('m')], world.config, { ...world.ports(), [port]: away });
    expect(world.count('TableFailed')).toBe(1);
  });

  test('a source that answers with errors for hours costs no content: the letter is parked masked', async () => {
    const world = poison();
    const body = '{"order":7}';
    const ports = { ...world.ports(), sendToSource: away };
    for (let attempt = 0; world.quarantine.length === 0 && attempt < 20; attempt++) {
      await redriveBatch([letter('m', { body })], world.config, ports);
    }
    expect(world.quarantine.map((parked) => parked.body)).toEqual([body]);
  });

  test('a letter that cannot be hidden has not been sent, so it uses up no redrive', async () => {
    const world = poison();
    const ports = world.ports();
    await redriveBatch([letter('m')], world.config, { ...ports, sendToSource: away });
    for (let attempt = 0; attempt < 20; attempt++) {
      await redriveBatch([letter('m')], world.config, { ...ports, hide: away });
    }
    expect(await redriveBatch([letter('m')], world.config, ports)).toEqual([]);
    expect(world.source[0].attributes['backpressure-redrives'].stringValue).toMatch(/^2 /);
  });

  test('a slow invocation does not turn a body into its digest: it waits for one with time', async () => {
    const world = poison();
    const body = JSON.stringify('x'.repeat(1_000_000));
    let left = 30_000;
    const ports = world.ports();
    const sendToSource = async (message: Outgoing) => {
      left = 15_000;
      await ports.sendToSource(message);
    };
    const slow = { ...ports, sendToSource, remaining: () => left };
    expect(await redriveBatch([letter('slow'), usedUp('big', { body })], world.config, slow)).toEqual(failed('big'));
    expect(await redriveBatch([usedUp('big', { body })], world.config, ports)).toEqual([]);
    expect(world.quarantine[0].body).toHaveLength(body.length);
  });
});

describe('nothing that a producer wrote is read elsewhere', () => {
  const secrets = ['hunter2Zq', '4111 1111 1111 1111', 'jane@example.com', `ghp_${'a1B2'.repeat(9)}`];

  test('secrets in body, id, group, names and values are in no metric and not in the quarantine', async () => {
    const world = new World(() => false, { ...fifo, masking: new Masking(DEFAULT_MASKED_FIELDS) });
    const attributes: SQSMessageAttributes = {
      'backpressure-id': text(`password=${secrets[0]} ${secrets[1]}`),
      'backpressure-redrives': text(secrets[0]),
      'backpressure-first-seen': text(secrets[2]),
      'backpressure-redriven-at': text(secrets[0]),
      'backpressure-reason': text(secrets[0]),
      'backpressure-other': text(secrets[0]),
      [secrets[3]]: text('x'),
      note: text(`password=${secrets[0]}, ${secrets.slice(1).join(' ')}`),
      raw: { binaryValue: Buffer.from(secrets[0]).toString('base64'), dataType: 'Binary' },
    };
    const body = JSON.stringify({ password: secrets[0], note: secrets.slice(1).join(' ') });
    const groups = ['jane@example.com', `token=${secrets[0]}`, secrets[3], 'tenant-7'];
    // No room for the mark: parked at once.
    const letters = groups.map((groupId, index) =>
      letter(`m${index}`, { body, groupId, attributes: { ...attributes, ...fill(6) } }),
    );
    expect(await redriveBatch(letters, world.config, strictPorts(world))).toEqual([]);
    const seen = JSON.stringify([world.counted, world.quarantine]);
    for (const secret of [...secrets, Buffer.from(secrets[0]).toString('base64')]) expect(seen).not.toContain(secret);
    const parkedGroups = world.quarantine.map(({ groupId }) => groupId);
    expect(parkedGroups[3]).toBe('tenant-7');
    expect(new Set(parkedGroups).size).toBe(4);
    for (const group of parkedGroups.slice(0, 3)) expect(group).toMatch(/^masked-[0-9a-f]{32}$/);
  });

  const fill = (count: number): SQSMessageAttributes =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`z${index}`, text('x')]));
});
