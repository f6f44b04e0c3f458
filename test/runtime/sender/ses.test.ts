/** What each answer of Amazon SES means for a mail. */
import { createServer } from 'node:http';
import type { Outcome } from '../../../lib/runtime/sender/mail';
import { parkedCopy } from '../../../lib/runtime/sender/parking';
import { RefusalBrake } from '../../../lib/runtime/sender/refusals';
import { outcomeOf, SesProvider } from '../../../lib/runtime/sender/ses';

const failed = (name: string, status?: number, message = '', code?: string) =>
  Object.assign(new Error(message), { name, code, $metadata: { httpStatusCode: status } });

test.each([
  ['above the rate', failed('TooManyRequestsException', 429), 'throttled'],
  ['above the rate, by its text', failed('LimitExceededException', 400, 'Maximum sending rate exceeded.'), 'throttled'],
  ['the day is full', failed('LimitExceededException', 400, 'Daily message quota exceeded.'), 'away'],
  ['the configuration set is paused', failed('SendingPausedException', 400), 'away'],
  ['the account is suspended', failed('AccountSuspendedException', 400), 'away'],
  ['a mail that it will not take', failed('MessageRejected', 400), 'refused'],
  [
    'an identity that is no longer verified',
    failed(
      'MessageRejected',
      400,
      'Email address is not verified. The following identities failed the check in region EU-WEST-1: shop@example.com',
    ),
    'away',
  ],
  ['a malformed request', failed('BadRequestException', 400), 'refused'],
  ['a missing permission', failed('AccessDeniedException', 403), 'not-sent'],
  ['a missing template', failed('NotFoundException', 404), 'not-sent'],
  ['no service', failed('ServiceUnavailable', 503), 'not-sent'],
  ['no connection', failed('Error', undefined, '', 'ECONNREFUSED'), 'not-sent'],
  ['an internal failure: it may have been sent', failed('InternalFailure', 500), 'unknown'],
  ['no answer', failed('TimeoutError'), 'unknown'],
  ['a connection that broke', failed('Error', undefined, '', 'ECONNRESET'), 'unknown'],
  ['what is no error', 'x', 'unknown'],
])('%s', (_, error, kind) => {
  expect(outcomeOf(error).kind).toBe(kind);
});

test('a mail names its configuration set, its sender and its identity', async () => {
  const sent: unknown[] = [];
  const client = {
    send: async ({ input }: { input: unknown }) => {
      sent.push(input);
      return { MessageId: 'x1' };
    },
  };
  const config = { from: 'shop@example.com', configurationSet: 'mails', identityArn: 'arn:identity' };
  const provider = new SesProvider(config, 5, 1, client as never);
  expect(await provider.send({ id: 'a', to: ['b@example.com'], subject: 'Hi', text: 'Hello' })).toEqual({
    kind: 'sent',
    messageId: 'x1',
  });
  await provider.send({ id: 'a', to: ['b@example.com'], template: 'welcome', data: { name: 'B' } });
  expect(sent).toEqual([
    expect.objectContaining({
      FromEmailAddress: 'shop@example.com',
      FromEmailAddressIdentityArn: 'arn:identity',
      ConfigurationSetName: 'mails',
      Destination: { ToAddresses: ['b@example.com'] },
    }),
    expect.objectContaining({ Content: { Template: { TemplateName: 'welcome', TemplateData: '{"name":"B"}' } } }),
  ]);
});

test('the client calls once: a call that is repeated sends a mail twice', async () => {
  let calls = 0;
  const server = createServer((_, response) => {
    calls += 1;
    response.writeHead(500).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_SESV2: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
  });
  const real = new SesProvider({ from: 'a@example.com', region: 'eu-west-1' }, 5);
  expect((await real.send({ id: 'a', to: ['b@example.com'], subject: 'Hi', text: 'x' })).kind).toBe('unknown');
  expect(calls).toBe(1);
  server.close();
  delete process.env.AWS_ENDPOINT_URL_SESV2;
});

test.each([
  [
    '{"id":"a","recipients":["secret@x.y"],"message":"Secret"}',
    '{"id":"a","recipients":"[masked]","message":"[masked]"}',
  ],
  ['{"id":"a","template":"welcome","data":{"x":"Secret"}}', '{"id":"a","template":"welcome","data":"[masked]"}'],
  ['{"id":{"secret":1}}', '{"id":"[masked]"}'],
])('a parked copy of %s names the fields and keeps nothing of their values', (body, masked) => {
  expect(parkedCopy({ messageId: 'm1', receives: 1, body }, 'malformed').body).toBe(masked);
});

test.each(['["secret"]', 'secret', '"secret"'])('of %s only its length and digest stay', (body) => {
  expect(parkedCopy({ messageId: 'm1', receives: 1, body }, 'malformed').body).toMatch(/^\{"masked":"all","bytes":\d+/);
});

describe('refusals in a row', () => {
  const mail = { id: 'a', to: ['b@example.com'], subject: 'Hi', text: 'x' };
  function brake(...kinds: ('sent' | 'refused')[]) {
    const outcomes = kinds.map(
      (kind): Outcome => (kind === 'sent' ? { kind, messageId: 'x' } : { kind, reason: 'BadRequestException' }),
    );
    const made = new RefusalBrake({ prepare: async () => {}, send: async () => outcomes.shift()! });
    return Promise.all(kinds.map(async () => (await made.send(mail)).kind));
  }

  test('from the sixth on the provider refuses the sender: mails wait, and are not parked', async () => {
    expect(await brake(...Array(8).fill('refused'))).toEqual([...Array(5).fill('refused'), ...Array(3).fill('away')]);
  });

  test('a mail that is taken ends the row', async () => {
    const four = Array<'refused'>(4).fill('refused');
    expect(await brake(...four, 'sent', ...four, 'sent', ...four)).not.toContain('away');
  });
});

test('opens as many connections as calls run at once, before the first mail', async () => {
  let open = 0;
  const client = {
    send: async () => {
      open += 1;
    },
  };
  await new SesProvider({ from: 'a@b.c', configurationSet: 'mails' }, 5, 15, client as never).prepare();
  expect(open).toBe(15);
});

test('more calls than 50 run at once: none waits for a socket after its slot', async () => {
  let [running, most] = [0, 0];
  const server = createServer((_, response) => {
    running += 1;
    most = Math.max(most, running);
    setTimeout(() => {
      running -= 1;
      response.end('{"MessageId":"x"}');
    }, 500);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_SESV2: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
  });
  const real = new SesProvider({ from: 'a@example.com', region: 'eu-west-1' }, 5);
  const mails = Array.from({ length: 100 }, (_, at) => ({
    id: `a${at}`,
    to: ['b@example.com'],
    subject: 'Hi',
    text: 'x',
  }));
  await Promise.all(mails.map((mail) => real.send(mail)));
  expect(most).toBe(100);
  server.closeAllConnections();
  server.close();
  delete process.env.AWS_ENDPOINT_URL_SESV2;
});

test('a parked copy keeps the id and the reason, and nothing of the mail', () => {
  const mail = {
    id: 'order-7',
    to: ['secret@example.com'],
    subject: 'Secret',
    text: 'Secret',
    data: { name: 'Secret' },
  };
  const copy = parkedCopy({ messageId: 'm1', receives: 2, body: JSON.stringify(mail) }, 'perhaps sent: TimeoutError');
  expect(JSON.parse(copy.body).id).toBe('order-7');
  expect(JSON.stringify(copy).toLowerCase()).not.toContain('secret');
  expect(copy.attributes['backpressure-reason']).toBe('perhaps sent: TimeoutError');
});
