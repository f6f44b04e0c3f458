/** The senders as Lambda runs them, against servers that answer as SQS, DynamoDB and SES do. */
import { createHash } from 'node:crypto';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { type AwsEndpoint, awsEndpoint, type Wire } from '../../support/aws-endpoint';
import { PACE } from '../../support/mailing';

let endpoint: AwsEndpoint;
let calls: { readonly action: string; readonly input: Wire }[];
let sesStatus: (input: Wire) => number;
const log: string[] = [];

beforeEach(async () => {
  calls = [];
  sesStatus = () => 200;
  log.length = 0;
  for (const method of ['log', 'warn'] as const) {
    jest.spyOn(console, method).mockImplementation((...parts) => void log.push(parts.join(' ')));
  }
  endpoint = await awsEndpoint(
    ({ action, input }) => {
      calls.push({ action, input });
      const status = action === 'POST /v2/email/outbound-emails' ? sesStatus(input) : 200;
      return {
        status,
        headers: {
          'content-type': 'application/x-amz-json-1.0',
          ...(status !== 200 && {
            'x-amzn-errortype': status === 429 ? 'TooManyRequestsException' : 'MessageRejected',
          }),
        },
        text: JSON.stringify(answer(action, input)),
      };
    },
    (url) => ({
      TABLE: 'mails',
      QUEUE_URL: `${url}/0/mails`,
      QUARANTINE_QUEUE_URL: `${url}/0/quarantine`,
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
    }),
  );
});

afterEach(async () => {
  jest.restoreAllMocks();
  await endpoint.close();
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
