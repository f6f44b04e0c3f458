/** The redriver as Lambda runs it, against servers that answer as SQS and DynamoDB do. */
import { createHash } from 'node:crypto';
import type { Context, SQSBatchResponse, SQSEvent, SQSMessageAttributes } from 'aws-lambda';
import { markOf } from '../../lib/runtime/redrive/seal';
import { type AwsEndpoint, awsEndpoint, type Wire } from '../support/aws-endpoint';
import { record, start, text } from '../support/redrive-world';

type Handler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;
interface Answer {
  readonly status: number;
  readonly body: Wire;
}

const ok = (body: Wire): Answer => ({ status: 200, body });
/** The client compares the digest. */
const taken = ({ MessageBody }: Wire): Answer =>
  ok({ MessageId: 'x', MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex') });
const refused = (name: string): Answer => ({
  status: 400,
  body: { __type: `com.amazonaws#${name}`, message: 'hunter2Zq' },
});

/** As much of DynamoDB as the redriver asks for. */
class Table {
  public readonly items = new Map<string, Record<string, Wire>>();
  /** Windows that a throttled table leaves out of its answers before it answers for them. */
  public leftOut = 0;

  public answer(action: string, input: Wire): Answer {
    if (action === 'BatchGetItem') {
      const [[name, { Keys, ConsistentRead }]] = Object.entries<Wire>(input.RequestItems);
      expect(ConsistentRead).toBe(true);
      const answered = Keys.filter(({ key }: Wire) => !key.S.startsWith('window#') || this.leftOut-- <= 0);
      const found = answered.flatMap(({ key }: Wire) => this.items.get(key.S) ?? []);
      const left = Keys.filter((one: Wire) => !answered.includes(one));
      return ok({
        Responses: { [name]: found },
        UnprocessedKeys: left.length > 0 ? { [name]: { Keys: left, ConsistentRead } } : {},
      });
    }
    if (action === 'PutItem') {
      if (this.items.has(input.Item.key.S)) return refused('ConditionalCheckFailedException');
      this.items.set(input.Item.key.S, input.Item);
      return ok({});
    }
    const item = this.items.get(input.Key.key.S) ?? { ...input.Key };
    const [, set = '', add = ''] = /^(?:SET (.*?))?\s?(?:ADD (.*))?$/.exec(input.UpdateExpression) ?? [];
    for (const [name, value] of set.split(', ').map((part) => part.split(' = '))) {
      if (name) item[name] = input.ExpressionAttributeValues[value];
    }
    for (const [name, value] of add.split(', ').map((part) => part.split(' '))) {
      const more = Number(input.ExpressionAttributeValues[value]?.N);
      if (name) item[name] = { N: String(Number(item[name]?.N ?? 0) + more) };
    }
    this.items.set(input.Key.key.S, item);
    return ok({ Attributes: item });
  }
}

let endpoint: AwsEndpoint;
let table: Table;
let sent: { action: string; input: Wire }[];
let onSend: (input: Wire) => Answer;

beforeEach(async () => {
  table = new Table();
  sent = [];
  onSend = taken;
  for (const method of ['log', 'warn'] as const) jest.spyOn(console, method).mockImplementation(() => {});
  endpoint = await awsEndpoint(
    ({ service, action, input }) => {
      const isOfTable = service?.startsWith('DynamoDB');
      if (!isOfTable) sent.push({ action, input });
      const { status, body } = isOfTable
        ? table.answer(action, input)
        : action === 'SendMessage'
          ? onSend(input)
          : ok({});
      return { status, headers: { 'content-type': 'application/x-amz-json-1.0' }, text: JSON.stringify(body) };
    },
    (url) => ({
      SOURCE_QUEUE_URL: `${url}/0/orders`,
      DEAD_LETTER_QUEUE_URL: `${url}/0/dead`,
      QUARANTINE_QUEUE_URL: `${url}/0/quarantine`,
      CIRCUIT_TABLE: 'circuit',
      MAX_REDRIVES: '1',
      WINDOW_SECONDS: '100',
      REDRIVES_PER_WINDOW: '50',
      VERDICT_MINIMUM: '5',
      SUCCESS_RATIO_FLOOR: '0.5',
      BACKOFF_SECONDS: '10',
      BACKOFF_CAP_SECONDS: '10',
      RETENTION_SECONDS: '1209600',
      STUCK_TRIES: '3',
      STUCK_HOLD_SECONDS: '21600',
      MASKED_FIELDS: '',
    }),
  );
});

afterEach(async () => {
  jest.restoreAllMocks();
  await endpoint.close();
});

/** A function of its own, as a cold start makes one. */
function coldStart(): Handler {
  let handler: Handler | undefined;
  jest.isolateModules(() => {
    handler = require('../../lib/runtime/redrive/handler').handler;
  });
  return handler as Handler;
}

function event(...letters: { id: string; body?: string; attributes?: SQSMessageAttributes }[]): SQSEvent {
  return {
    Records: letters.map(({ id, body = '{}', attributes = {} }) =>
      record({ messageId: id, body, attributes, sentAt: Date.now(), visibleAt: start }),
    ),
  };
}

const context = { getRemainingTimeInMillis: () => 30_000 } as Context;
const sends = () => sent.filter(({ action }) => action === 'SendMessage').map(({ input }) => input);

/** The attributes as the next receiver sees them. */
function receivedAttributes(input: Wire): SQSMessageAttributes {
  return Object.fromEntries(
    Object.entries<Wire>(input.MessageAttributes).map(([name, { StringValue, DataType }]) => [
      name,
      { stringValue: StringValue, dataType: DataType },
    ]),
  );
}

const key = () => Buffer.from(table.items.get('seal')?.secret.B, 'base64');

test('two functions that start at once seal with one key, which outlives them', async () => {
  const [one, other] = [coldStart(), coldStart()];
  await Promise.all([one(event({ id: 'a' }), context), other(event({ id: 'b' }), context)]);
  await coldStart()(event({ id: 'c' }), context);
  const marks = sends().map((input) => markOf(receivedAttributes(input), input.MessageBody, key()));
  expect(marks.map((mark) => mark?.id).sort()).toEqual(['a', 'b', 'c']);
  expect(key()).toHaveLength(32);
  // A key that expires would make every letter count as new.
  expect(table.items.get('seal')?.expires).toBeUndefined();
});

test('a sealed message that comes back is parked at its cap', async () => {
  const handler = coldStart();
  await handler(event({ id: 'a' }), context);
  const [first] = sends();
  await coldStart()(event({ id: 'b', attributes: receivedAttributes(first) }), context);
  const [, second] = sends();
  expect(second.QueueUrl).toBe(process.env.QUARANTINE_QUEUE_URL);
  expect(second.MessageAttributes['backpressure-id'].StringValue).toBe('a');
  expect(table.items.get('return#a#1')).toBeDefined();
});

test('a letter that was sent and not deleted is not sent again', async () => {
  for (let kill = 0; kill < 3; kill++) {
    expect(await coldStart()(event({ id: 'a' }), context)).toEqual({ batchItemFailures: [] });
  }
  expect(sends()).toHaveLength(1);
});

test('a letter of another queue is sent nowhere and told; those of its own queue, and of nobody, go', async () => {
  const from = (arn: string | undefined, id: string) => {
    const [letter] = event({ id }).Records;
    return { ...letter, attributes: { ...letter.attributes, DeadLetterQueueSourceArn: arn } };
  };
  const lines: string[] = [];
  jest.spyOn(console, 'log').mockImplementation((line) => void lines.push(line));
  const Records = [
    from('arn:aws:sqs:eu-west-1:0:orders', 'own'),
    from('arn:aws:sqs:eu-west-1:0:invoices', 'other'),
    // Another account may have a queue of the same name.
    from('arn:aws:sqs:eu-west-1:1:orders', 'namesake'),
    from(undefined, 'by hand'),
  ];
  expect(await coldStart()({ Records }, context)).toEqual({
    batchItemFailures: [{ itemIdentifier: 'other' }, { itemIdentifier: 'namesake' }],
  });
  expect(sends().map((input) => input.MessageAttributes['backpressure-id'].StringValue)).toEqual(['own', 'by hand']);
  expect(lines.filter((line) => line.includes('OfAnotherQueue')).map((line) => JSON.parse(line).source)).toEqual([
    'arn:aws:sqs:eu-west-1:0:invoices',
    'arn:aws:sqs:eu-west-1:1:orders',
  ]);
  expect(lines.filter((line) => line.includes('"Stuck"'))).toHaveLength(2);
});

test('what SQS denies stays in the queue, later and later, with the name of the error and nothing else in the log', async () => {
  onSend = () => refused('KmsAccessDenied');
  const lines: string[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    jest.spyOn(stream, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  }
  for (const method of ['log', 'warn', 'error', 'info'] as const) {
    jest.spyOn(console, method).mockImplementation((...line) => void lines.push(line.join(' ')));
  }
  const secret = 'hunter2Zq';
  const letter = {
    id: 'a',
    body: JSON.stringify({ password: secret, note: secret }),
    attributes: { 'backpressure-id': text(secret), [secret]: text(secret), note: text(secret) },
  };
  for (let attempt = 0; attempt < 3; attempt++) {
    expect(await coldStart()(event(letter), context)).toEqual({ batchItemFailures: [{ itemIdentifier: 'a' }] });
  }
  const holds = sent
    .filter(({ action }) => action === 'ChangeMessageVisibility')
    .map(({ input }) => input.VisibilityTimeout);
  expect(holds).toEqual([180, 360, 720]);
  const log = lines.join('\n');
  expect(log).toContain('KmsAccessDenied');
  expect(log).toContain('"Stuck":1');
  expect(log).not.toContain(secret);
  expect(log).not.toContain(key().toString('base64'));
});

test('a throttled table that answers for some windows is asked for the others', async () => {
  table.leftOut = 4;
  expect(await coldStart()(event({ id: 'a' }), context)).toEqual({ batchItemFailures: [] });
  expect(sends()).toHaveLength(1);
});

test('a table that never answers for every window lets nothing be redriven', async () => {
  table.leftOut = 1000;
  await expect(coldStart()(event({ id: 'a' }), context)).rejects.toThrow('the table did not answer for every key');
  expect(sends()).toEqual([]);
});

test('a body that SQS refuses is parked as its digest', async () => {
  onSend = (input) => (input.MessageBody.includes('sha256') ? taken(input) : refused('InvalidMessageContents'));
  expect(await coldStart()(event({ id: 'a' }), context)).toEqual({ batchItemFailures: [] });
  const last = sends().at(-1);
  expect(last.QueueUrl).toBe(process.env.QUARANTINE_QUEUE_URL);
  expect(last.MessageAttributes['backpressure-reason'].StringValue).toBe('refused-by-queue');
});
