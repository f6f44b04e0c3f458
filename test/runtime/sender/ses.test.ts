/** What each answer of Amazon SES means for a mail. */
import { createServer } from 'node:http';

import { parkedCopy } from '../../../lib/runtime/sender/parking';
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
  const provider = new SesProvider(config, 5, client as never);
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
