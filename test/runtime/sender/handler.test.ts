/** The senders as Lambda runs them, against servers that answer as SQS, DynamoDB and SES do. */
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { PACE } from '../../support/mailing';

// biome-ignore lint/suspicious/noExplicitAny: the wire is JSON
type Wire = any;

let server: Server;
let calls: { readonly action: string; readonly input: Wire }[];
let sesStatus: (input: Wire) => number;
const environment = { ...process.env };
const log: string[] = [];

beforeEach(async () => {
  calls = [];
  sesStatus = () => 200;
  log.length = 0;
  for (const method of ['log', 'warn'] as const) {
    jest.spyOn(console, method).mockImplementation((...parts) => void log.push(parts.join(' ')));
  }
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const action =
        request.headers['x-amz-target']?.toString().split('.').at(-1) ?? `${request.method} ${request.url}`;
      const input = body === '' ? {} : JSON.parse(body);
      calls.push({ action, input });
      const status = action === 'POST /v2/email/outbound-emails' ? sesStatus(input) : 200;
      response.writeHead(status, {
        'content-type': 'application/x-amz-json-1.0',
        ...(status !== 200 && { 'x-amzn-errortype': status === 429 ? 'TooManyRequestsException' : 'MessageRejected' }),
      });
      response.end(JSON.stringify(answer(action, input)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    TABLE: 'mails',
    QUEUE_URL: `${endpoint}/0/mails`,
    QUARANTINE_QUEUE_URL: `${endpoint}/0/quarantine`,
    LANES: JSON.stringify([{ name: 'ses', from: 'shop@example.com', configurationSet: 'mails', pace: PACE }]),
    MOST_RECIPIENTS: '1',
    ON_UNKNOWN: 'park',
    CLAIM_SECONDS: '74',
    CALL_TIMEOUT_SECONDS: '5',
    BACKOFF_SECONDS: '1',
    BACKOFF_CAP_SECONDS: '600',
    CLOSED_SECONDS: '900',
    HOLD_SECONDS: '5',
    RECORD_SECONDS: '86400',
  });
});

afterEach(async () => {
  process.env = { ...environment };
  jest.restoreAllMocks();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function answer(action: string, input: Wire): Wire {
  // Far enough away that a busy machine does not miss it.
  if (action === 'UpdateItem') return { Attributes: { slotAt: { N: String(Date.now() + 300) } } };
  if (action === 'SendMessage') {
    return { MessageId: 'x', MD5OfMessageBody: createHash('md5').update(input.MessageBody).digest('hex') };
  }
  return action.startsWith('POST') ? { MessageId: 'ses-1' } : {};
}

async function handle(bodies: readonly string[]): Promise<SQSBatchResponse> {
  jest.resetModules();
  const { handler } = require('../../../lib/runtime/sender/handler') as {
    handler: (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;
  };
  const Records = bodies.map((body, at) => ({
    messageId: `m${at}`,
    receiptHandle: `r${at}`,
    body,
    attributes: { ApproximateReceiveCount: '1' },
  }));
  const context = { getRemainingTimeInMillis: () => 74_000 };
  return handler({ Records } as unknown as SQSEvent, context as Context);
}

const mail = (id: string) => JSON.stringify({ id, to: ['secret@example.com'], subject: 'Hi', text: 'x' });
const of = (action: string) => calls.filter((one) => one.action === action).map(({ input }) => input);

test('connects first, then sends each mail by the configuration set and records it', async () => {
  expect(await handle([mail('a'), mail('b')])).toEqual({ batchItemFailures: [] });
  expect(calls[0].action).toBe('GET /v2/email/configuration-sets/mails');
  const sent = of('POST /v2/email/outbound-emails');
  expect(sent.map(({ ConfigurationSetName }) => ConfigurationSetName)).toEqual(['mails', 'mails']);
  const records = of('UpdateItem').filter(({ Key }) => Key.id.S.startsWith('mail#'));
  expect(records.map(({ Key }) => Key.id.S).sort()).toEqual(['mail#a', 'mail#b']);
  // In one line.
  expect(log.filter((line) => line.includes('"Sent":2'))).toHaveLength(1);
});

test('a refusal for the rate: the message is hidden, and alone reported as failed', async () => {
  sesStatus = ({ Content }) => (Content.Simple.Subject.Data === 'again' ? 429 : 200);
  const again = JSON.stringify({ id: 'b', to: ['secret@example.com'], subject: 'again', text: 'x' });
  expect(await handle([mail('a'), again])).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
  expect(of('ChangeMessageVisibility')).toEqual([
    expect.objectContaining({ ReceiptHandle: 'r1', VisibilityTimeout: 1 }),
  ]);
  // One call: the SDK would repeat it.
  expect(of('POST /v2/email/outbound-emails')).toHaveLength(2);
});

test('poison goes to the quarantine, masked, and is done', async () => {
  expect(await handle(['{"id":"a","to":["secret@example.com"]}'])).toEqual({ batchItemFailures: [] });
  const [parked] = of('SendMessage');
  expect(parked.MessageBody).not.toContain('secret');
  expect(parked.MessageAttributes['backpressure-reason'].StringValue).toMatch(/^malformed/);
  expect(log.join()).not.toContain('secret');
});
