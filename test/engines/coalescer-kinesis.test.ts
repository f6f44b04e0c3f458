/**
 * Case 9 on the local AWS: a stream of two shards, its mapping, the bundled merger and a function that rebuilds. The emulator
 * hands over what there is, without a window, and repeats no part of a batch: how much is merged is not judged here.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CreateEventSourceMappingCommand, CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { STORM } from '../../lib/cases/case-09-invalidation-storm';
import { planCoalescing } from '../../lib/flow/merging/plan';
import { functionSettings } from '../../lib/flow/merging/settings';
import { Random } from '../../lib/flow/numerics/random';
import type { KeysToRebuild } from '../../lib/runtime/coalescer/request';
import { EXACT, prove } from '../support/proof';
import { ROOT } from '../support/reference';
import { LOCAL_AWS, type LocalAws, localAwsMissing, startLocalAws } from './local-aws';

const PYTHON = join(ROOT, '.venv', 'bin', 'python');
const missing = localAwsMissing();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const { distinctKeys, peakPerSecond: RATE = 0 } = STORM.workload;
const SECONDS = 20;
/** Records of one call; a multiple of what is due every 100 ms. */
const MOST_RECORDS = 500;
const plan = planCoalescing('Merge', { ...STORM, transport: 'kinesis' });

const REBUILD = `
exports.handler = async (event) => {
  await fetch(process.env.SINK, { method: 'POST', body: JSON.stringify(event) });
  return { failed: event.keys.map(({ key }) => key).filter((key) => key === 'poison') };
};
`;

suite('the merger on a local AWS', () => {
  let aws: LocalAws;
  let endpoint = '';
  let sink: Server;
  let lambda: LambdaClient;
  let sqs: SQSClient;
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-kinesis-'));
  const got = { values: new Map<string, string>(), events: 0, keys: 0, calls: 0 };

  beforeAll(async () => {
    aws = await startLocalAws();
    endpoint = aws.client.endpoint;
    lambda = new LambdaClient(aws.client);
    sqs = new SQSClient(aws.client);
    sink = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk) => {
        text += chunk;
      });
      request.on('end', () => {
        const { keys } = JSON.parse(text) as KeysToRebuild;
        got.calls += 1;
        for (const { key, value, events } of keys) {
          got.values.set(key, value ?? '');
          if (key === 'poison') continue;
          got.events += events;
          got.keys += 1;
        }
        response.end('{}');
      });
    }).listen(0, '127.0.0.1');
  }, 90_000);

  afterAll(async () => {
    lambda?.destroy();
    sqs?.destroy();
    sink?.close();
    sink?.closeAllConnections();
    await aws?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Kinesis by its JSON protocol: the library has no client of it. */
  async function kinesis(action: string, input: object): Promise<Record<string, unknown>> {
    const response = await fetch(endpoint, {
      method: 'POST',
      body: JSON.stringify(input),
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `Kinesis_20131202.${action}`,
        authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${LOCAL_AWS.region}/kinesis/aws4_request, SignedHeaders=host, Signature=0`,
      },
    });
    if (!response.ok) throw new Error(`${action}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>;
  }

  function zipped(name: string, source: string): Buffer {
    const place = join(folder, name);
    mkdirSync(place);
    writeFileSync(join(place, 'index.js'), source);
    execFileSync(PYTHON, ['-m', 'zipfile', '-c', 'code.zip', 'index.js'], { cwd: place });
    return readFileSync(join(place, 'code.zip'));
  }

  async function deploy(FunctionName: string, ZipFile: Buffer, Variables: Record<string, string>): Promise<void> {
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName,
        Runtime: 'nodejs24.x',
        Role: 'arn:aws:iam::000000000000:role/merger',
        Handler: 'index.handler',
        Timeout: 60,
        Code: { ZipFile },
        Environment: { Variables: { AWS_ENDPOINT_URL: endpoint, ...Variables } },
      }),
    );
  }

  test(`${SECONDS} s at ${RATE} events a second: none lost, and the last value of every key wins`, async () => {
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'aside' }));
    await deploy('rebuild', zipped('rebuild', REBUILD), {
      SINK: `http://127.0.0.1:${(sink.address() as AddressInfo).port}/`,
    });
    const bundle = readFileSync(join(ROOT, 'dist', 'runtime', 'coalescer', 'index.js'), 'utf8');
    await deploy('merger', zipped('merger', bundle), {
      INVALIDATOR: JSON.stringify({ functionName: 'rebuild' }),
      ASIDE_QUEUE_URL: QueueUrl!,
      ...functionSettings(plan),
    });
    await kinesis('CreateStream', { StreamName: 'changes', ShardCount: 2 });
    await wait(1000);
    await lambda.send(
      new CreateEventSourceMappingCommand({
        FunctionName: 'merger',
        EventSourceArn: `arn:aws:kinesis:${LOCAL_AWS.region}:000000000000:stream/changes`,
        StartingPosition: 'TRIM_HORIZON',
        BatchSize: plan.value('maxBatch'),
        MaximumBatchingWindowInSeconds: plan.value('windowSeconds'),
        FunctionResponseTypes: ['ReportBatchItemFailures'],
      }),
    );
    const random = new Random(1);
    const last = new Map<string, string>();
    const count = RATE * SECONDS;
    const began = Date.now();
    for (let sent = 0; sent < count; ) {
      const due = Math.min(count, sent + MOST_RECORDS, Math.floor((RATE * (Date.now() - began)) / 1000));
      const Records = [];
      for (; sent < due; sent += 1) {
        const key = `k${Math.floor(random.uniform() * distinctKeys)}`;
        last.set(key, String(sent));
        Records.push({ PartitionKey: key, Data: Buffer.from(String(sent)).toString('base64') });
      }
      if (Records.length > 0) await kinesis('PutRecords', { StreamName: 'changes', Records });
      await wait(100);
    }
    const allMerged = Date.now() + 60_000;
    while (got.events < count && Date.now() < allMerged) await wait(200);
    const merged = got.events;
    // A key that always fails is set aside, and those beside it are done, one of them twice: it shows that others succeed.
    const [other] = last.keys();
    await kinesis('PutRecords', {
      StreamName: 'changes',
      Records: ['poison', other].map((PartitionKey) => ({ PartitionKey, Data: Buffer.from('end').toString('base64') })),
    });
    last.set(other, 'end');
    const asideOf = async () => {
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
      );
      return Number(Attributes?.ApproximateNumberOfMessages);
    };
    const end = Date.now() + 60_000;
    while (got.values.get(other) !== 'end' || (await asideOf()) === 0) {
      if (Date.now() > end) break;
      await wait(200);
    }
    const stale = [...last].filter(([key, each]) => got.values.get(key) !== each).length;
    console.info(`${got.events} events, ${got.keys} keys in ${got.calls} calls; ${await asideOf()} set aside`);
    const claim = {
      case: 9,
      construct: 'aws.CoalescingQueue',
      engine: 'local AWS (MiniStack)',
      how: `The bundled merger and a function that rebuilds on the local AWS, behind a stream of two shards; ${RATE} events a second of ${distinctKeys} keys for ${SECONDS} s. The emulator has no window, so how much is merged is not judged.`,
      scaledBy: 'the time: 20 s of ten minutes, at the full rate.',
    };
    prove(
      {
        ...claim,
        metric: 'events that were merged, of those sent',
        unit: 'events',
        predicted: count,
        measured: merged,
        tolerance: EXACT,
      },
      {
        ...claim,
        metric: 'keys whose last event was followed by work on them, with its value',
        unit: 'keys',
        predicted: last.size,
        measured: last.size - stale,
        tolerance: EXACT,
      },
    );
    expect(await asideOf()).toBe(1);
  }, 180_000);
});
