/** The merger as Lambda runs it, against a server that answers as Amazon SQS, AWS Lambda and AWS Secrets Manager do. */
import { createHash } from 'node:crypto';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Context, KinesisStreamEvent } from 'aws-lambda';
import { LambdaCache } from '../../../lib/runtime/coalescer/aws-cache';
import { LambdaInvalidator } from '../../../lib/runtime/coalescer/lambda';
import type { MergedKey } from '../../../lib/runtime/coalescer/merge';
import { type AwsEndpoint, awsEndpoint, type Wire } from '../../support/aws-endpoint';
import { freePorts } from '../../support/ports';

interface Asked {
  readonly action: string;
  readonly input: Wire;
}

let endpoint: AwsEndpoint;
let asked: Asked[];
let rebuild: (input: Wire) => { readonly text: string; readonly error?: string };
/** Ids of entries of the next call to SQS that it refuses. */
let refusedEntries: readonly string[];
let secret: string;
const log: string[] = [];

beforeEach(async () => {
  [asked, refusedEntries, secret] = [[], [], 'hunter2'];
  log.length = 0;
  rebuild = () => ({ text: '' });
  for (const method of ['log', 'warn'] as const) {
    jest.spyOn(console, method).mockImplementation((...parts) => void log.push(parts.join(' ')));
  }
  endpoint = await awsEndpoint(
    ({ action, input }) => {
      asked.push({ action, input });
      const { text, error }: ReturnType<typeof rebuild> =
        action === 'SendMessageBatch'
          ? { text: JSON.stringify(stored(input)) }
          : action === 'GetSecretValue'
            ? { text: JSON.stringify({ SecretString: secret }) }
            : rebuild(input);
      return { text, headers: error === undefined ? undefined : { 'x-amz-function-error': error } };
    },
    (url) => ({
      ASIDE_QUEUE_URL: `${url}/0/aside`,
      INVALIDATOR: JSON.stringify({ functionName: 'rebuild' }),
      KEYS_PER_CALL: '100',
      WORKERS: '1',
      ATTEMPTS: '2',
      BACKOFF_SECONDS: '0.001',
      BACKOFF_CAP_SECONDS: '0.001',
      CALL_TIMEOUT_SECONDS: '2',
      SPARE_SECONDS: '5',
      ASIDE_AFTER_SECONDS: '900',
    }),
  );
});

afterEach(async () => {
  jest.restoreAllMocks();
  await endpoint.close();
});

function stored({ Entries }: Wire) {
  const [failed, taken] = [true, false].map((is) =>
    Entries.filter(({ Id }: Wire) => refusedEntries.includes(Id) === is),
  );
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');
  return {
    Successful: taken.map(({ Id, MessageBody }: Wire) => ({ Id, MessageId: Id, MD5OfMessageBody: md5(MessageBody) })),
    Failed: failed.map(({ Id }: Wire) => ({ Id, Code: 'InternalError', SenderFault: false })),
  };
}

/** A batch of one event a key, given to a cold function that has so many seconds. */
async function run(keys: readonly string[], seconds = 60) {
  let handler: ((event: KinesisStreamEvent, context: Context) => Promise<Wire>) | undefined;
  jest.isolateModules(() => {
    handler = require('../../../lib/runtime/coalescer/handler').handler;
  });
  const end = Date.now() + 1000 * seconds;
  const Records = keys.map((partitionKey, index) => ({
    eventID: `shardId-000000000000:${100 + index}`,
    kinesis: {
      partitionKey,
      sequenceNumber: String(100 + index),
      approximateArrivalTimestamp: Date.now() / 1000 - 3,
      data: Buffer.from(`value of ${partitionKey}`).toString('base64'),
    },
  }));
  return handler!({ Records } as Wire, { getRemainingTimeInMillis: () => end - Date.now() } as Context);
}

const called = (action: string) => asked.filter((one) => one.action === action).map(({ input }) => input);
const INVOKE = 'POST /2015-03-31/functions/rebuild/invocations';

describe('a batch', () => {
  test('the function gets each key once, with its last value; its metrics are lines of the log', async () => {
    expect(await run(['a', 'b', 'a'])).toEqual({ batchItemFailures: [] });
    expect(called(INVOKE)).toEqual([
      {
        keys: [
          { key: 'a', id: '102', value: 'value of a', events: 2 },
          { key: 'b', id: '101', value: 'value of b', events: 1 },
        ],
      },
    ]);
    const metrics = Object.assign({}, ...log.map((line) => JSON.parse(line)));
    expect(metrics).toMatchObject({ Events: 3, Keys: 2 });
    expect(metrics.DelaySeconds).toBeGreaterThanOrEqual(3);
  });

  test('a key that fails by itself is set aside, by its name and not by what its event says', async () => {
    rebuild = ({ keys }) => ({
      text: JSON.stringify({ failed: keys.map(({ key }: Wire) => key).filter((one: string) => one === 'bad') }),
    });
    expect(await run(['good', 'bad'])).toEqual({ batchItemFailures: [] });
    const [{ Entries, QueueUrl }] = called('SendMessageBatch');
    expect(QueueUrl).toBe(process.env.ASIDE_QUEUE_URL);
    expect(JSON.parse(Entries[0].MessageBody)).toMatchObject({ key: 'bad', id: '101', events: 1 });
    expect(JSON.stringify(Entries)).not.toContain('value of');
  });

  test('SQS takes a batch in part: the batch fails as a whole, so no key that is set aside is forgotten', async () => {
    rebuild = ({ keys }) => ({
      text: JSON.stringify({ failed: keys.map(({ key }: Wire) => key).filter((one: string) => one === 'bad') }),
    });
    refusedEntries = ['0'];
    await expect(run(['good', 'bad'])).rejects.toThrow('not set aside');
  });

  test('no call begins that could end after what is kept of the time to set aside and to answer', async () => {
    // 6.9 s less 5 s leave less than a call of 2 s.
    expect(await run(['a'], 6.9)).toEqual({ batchItemFailures: [{ itemIdentifier: '100' }] });
    expect(called(INVOKE)).toEqual([]);
    expect(await run(['a'], 8)).toEqual({ batchItemFailures: [] });
  });

  test('the function throws: the whole batch is handed over again, and nothing is set aside', async () => {
    rebuild = () => ({ text: '{"errorMessage":"out of reach"}', error: 'Unhandled' });
    expect(await run(['a', 'b'])).toEqual({ batchItemFailures: [{ itemIdentifier: '100' }] });
    expect(called('SendMessageBatch')).toEqual([]);
    expect(log.join('\n')).not.toContain('out of reach');
  });

  test('an invalidator that no setting names ends the function at its start', async () => {
    process.env.INVALIDATOR = '{}';
    await expect(run(['a'])).rejects.toThrow('the environment variable INVALIDATOR names no invalidator');
  });

  test('45 keys that fail are set aside in calls of ten, before the function ends', async () => {
    rebuild = ({ keys }) => ({
      text: JSON.stringify({ failed: keys.map(({ key }: Wire) => key).filter((one: string) => one !== 'k0') }),
    });
    const keys = Array.from({ length: 46 }, (_, index) => `k${index}`);
    await run(keys, 120);
    const entries = called('SendMessageBatch').flatMap(({ Entries }) => Entries);
    expect(Math.max(...called('SendMessageBatch').map(({ Entries }) => Entries.length))).toBe(10);
    expect(entries).toHaveLength(45);
    expect(new Set(entries.map(({ MessageBody }: Wire) => JSON.parse(MessageBody).key)).size).toBe(45);
  });
});

describe('a request of more than 6 MB', () => {
  const key = (name: string, bytes: number): MergedKey => ({
    key: name,
    id: '1',
    // A quote is two characters within JSON.
    value: '"'.repeat(bytes),
    events: 1,
    first: 0,
    since: 0,
  });

  test('is made of fewer keys, and one key that does not fit by itself is refused', async () => {
    const invalidator = new LambdaInvalidator('rebuild', 2);
    const [half, whole] = [key('half', 2_000_000), key('whole', 3_100_000)];
    expect(await invalidator.invalidate([half, half])).toEqual({ busy: ['half', 'half'], smaller: true });
    expect(await invalidator.invalidate([whole])).toEqual({ refused: ['whole'] });
    expect(called(INVOKE)).toEqual([]);
    expect(await invalidator.invalidate([half])).toEqual({});
  });
});

describe('a cache of Amazon ElastiCache', () => {
  const cache = async (secretArn?: string) => {
    const [port] = await freePorts(1);
    return new LambdaCache(
      { host: '127.0.0.1', port, prefix: '', ...(secretArn !== undefined && { secretArn }) },
      1,
      new SecretsManagerClient({ maxAttempts: 1 }),
    );
  };
  const KEYS = [{ key: 'a', id: '1', events: 1, first: 0, since: 0 }];

  test('that is not there is a matter of no key, and the next flush connects anew, with the password of then', async () => {
    const away = await cache('arn:aws:secretsmanager:us-east-1:123456789012:secret:cache');
    expect(await away.invalidate(KEYS)).toEqual({ busy: ['a'] });
    secret = '{"username":"merger","password":"new"}';
    expect(await away.invalidate(KEYS)).toEqual({ busy: ['a'] });
    expect(called('GetSecretValue')).toHaveLength(2);
  });

  test('without a secret none is read', async () => {
    expect(await (await cache()).invalidate(KEYS)).toEqual({ busy: ['a'] });
    expect(called('GetSecretValue')).toEqual([]);
  });
});
