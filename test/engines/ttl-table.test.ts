/**
 * Case 16 on the local AWS: the bundled workers of a `TtlTable`, with the variables of its template, give the items of a table
 * their expiry. Each worker is killed half-way and started again.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  type AttributeValue,
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
  ScanCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AttributeType } from 'aws-cdk-lib/aws-dynamodb';
import { TtlTable } from '../../lib/aws/retention/ttl-table';
import type { Worked } from '../../lib/runtime/ttl-table/backfill';
import type { Report } from '../../lib/runtime/ttl-table/report';
import { about, EXACT, prove } from '../support/proof';
import { ROOT } from '../support/reference';
import { LOCAL_AWS, type LocalAws, localAwsMissing, startLocalAws } from './local-aws';

const missing = localAwsMissing();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const DAY_SECONDS = 86_400;
const RETENTION_SECONDS = 30 * DAY_SECONDS;
const ITEMS = 1800;
const ITEM_BYTES = 4000;
/** A write of 4,000 bytes, rounded up to KiB. */
const UNITS_PER_ITEM = 4;
/** Older than the retention, some by more than five years, on which DynamoDB would never act. */
const OLD = ITEMS / 2;
const UNITS_PER_SECOND = 240;
const DELETES_PER_SECOND = 20;
/** Parts of the drain, each with so many expiries that chance hardly shows. */
const SLICES = 3;
const CLAIM = {
  case: 16,
  construct: 'aws.TtlTable',
  engine: 'DynamoDB of a local AWS (MiniStack)',
  how: 'the bundled workers with the variables of the template; both are killed half-way by SIGKILL and started again',
  scaledBy: `${ITEMS.toLocaleString('en-US')} items of ${ITEM_BYTES.toLocaleString('en-US')} bytes and ${UNITS_PER_SECOND} write units a second in place of 500 million of 1 KB and 1,000: the pace is a token bucket, the same at every rate`,
};
const BUNDLE = join(ROOT, 'dist', 'runtime', 'ttl-table', 'index.js');
const RUN = `require(process.argv[1]).handler(JSON.parse(process.argv[2])).then((answer) => {
  process.stdout.write('\\n' + JSON.stringify({ answer }) + '\\n');
});`;

const { plan, functions } = shipped();

/** The variables of the two functions, as the template gives them. */
function shipped() {
  const stack = new Stack(new App(), 'Shop');
  const events = new TtlTable(stack, 'Events', {
    workload: {
      // Half of the items are a retention's.
      insertsPerSecond: OLD / RETENTION_SECONDS,
      itemBytes: ITEM_BYTES,
      existingItems: ITEMS,
      spareWriteUnitsPerSecond: UNITS_PER_SECOND,
      deletesPerSecond: DELETES_PER_SECOND,
      writersSetExpiry: true,
    },
    objective: { retentionSeconds: RETENTION_SECONDS },
    createdAttribute: 'createdAt',
    partitionKey: { name: 'id', type: AttributeType.STRING },
  });
  const all = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
  const variables = (part: string): Record<string, string> =>
    all.find(({ Properties }) => Properties.Description.startsWith(part))?.Properties.Environment.Variables;
  return { plan: events.plan, functions: { worker: variables('Gives'), report: variables('Reports') } };
}

suite('the backfill of a TtlTable on a local AWS', () => {
  let aws: LocalAws;
  let dynamo: DynamoDBClient;
  let count = 0;

  beforeAll(async () => {
    aws = await startLocalAws();
    dynamo = new DynamoDBClient(aws.client);
    await createTable('progress');
  }, 120_000);

  afterAll(async () => {
    dynamo?.destroy();
    await aws?.stop();
  });

  async function createTable(name: string): Promise<void> {
    await dynamo.send(
      new CreateTableCommand({
        TableName: name,
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
  }

  /** A table with items, half of which are too old. */
  async function filledTable(items: number): Promise<string> {
    count += 1;
    const name = `events-${count}`;
    await createTable(name);
    const now = Date.now() / 1000;
    const put = async (index: number) => {
      const age = index % 2 === 0 ? RETENTION_SECONDS * (1 + index / 100) : (RETENTION_SECONDS * index) / items / 2;
      await dynamo.send(
        new PutItemCommand({
          TableName: name,
          Item: {
            id: { S: `event-${index}` },
            createdAt: { N: String(Math.floor(now - age)) },
            payload: { S: 'x'.repeat(ITEM_BYTES - 60) },
          },
        }),
      );
    };
    for (let index = 0; index < items; index += 20)
      await Promise.all(Array.from({ length: Math.min(20, items - index) }, (_, one) => put(index + one)));
    return name;
  }

  async function itemsOf(TableName: string): Promise<Record<string, AttributeValue>[]> {
    const all: Record<string, AttributeValue>[] = [];
    let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
    do {
      const page = await dynamo.send(new ScanCommand({ TableName, ExclusiveStartKey }));
      all.push(...(page.Items ?? []));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
    return all;
  }

  const expiries = async (table: string) =>
    new Map(
      (await itemsOf(table)).flatMap(({ id, expiresAt }) =>
        expiresAt?.N ? [[id.S as string, Number(expiresAt.N)]] : [],
      ),
    );

  /** A function in a process of its own. */
  function start(table: string, segment?: number): ChildProcess {
    const variables = segment === undefined ? functions.report : functions.worker;
    return spawn(process.execPath, ['-e', RUN, BUNDLE, JSON.stringify(segment === undefined ? {} : { segment })], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env.PATH,
        ...variables,
        TABLE: table,
        PROGRESS_TABLE: 'progress',
        AWS_REGION: LOCAL_AWS.region,
        AWS_ACCESS_KEY_ID: LOCAL_AWS.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: LOCAL_AWS.credentials.secretAccessKey,
        AWS_ENDPOINT_URL_DYNAMODB: aws.client.endpoint,
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      },
    });
  }

  async function answerOf<T>(child: ChildProcess): Promise<T> {
    let text = '';
    child.stdout?.on('data', (chunk) => {
      text += chunk;
    });
    await once(child, 'close');
    return JSON.parse(text.trim().split('\n').at(-1) as string).answer as T;
  }

  test('killed half-way and started again, each item gets one expiry, within the budget of write units', async () => {
    const table = await filledTable(ITEMS);
    const workers = plan.value('workers');
    const segments = Array.from({ length: workers }, (_, segment) => segment);
    expect(workers).toBe(2);
    const began = Date.now() / 1000;
    const first = segments.map((segment) => start(table, segment));
    // Until half of them are written, and then without a chance to save anything.
    const seen: { readonly at: number; readonly dated: number }[] = [];
    while ((seen.at(-1)?.dated ?? 0) < ITEMS / 2) {
      await wait(1000);
      const dated = (await expiries(table)).size;
      if (dated > 0) seen.push({ at: Date.now() / 1000, dated });
    }
    const [one, other] = [seen[0], seen[seen.length - 1]];
    const itemsPerSecond = (other.dated - one.dated) / (other.at - one.at);
    const closed = first.map((child) => once(child, 'close'));
    for (const child of first) child.kill('SIGKILL');
    await Promise.all(closed);
    const before = await expiries(table);
    expect(before.size).toBeLessThan(0.9 * ITEMS);

    // The lease of a dead worker lasts; the next start after it goes on.
    expect(await answerOf<Worked>(start(table, 0))).toMatchObject({ dated: 0, ended: 'not mine' });
    await expireLeases(table, segments);
    const worked = await Promise.all(segments.map((segment) => answerOf<Worked>(start(table, segment))));
    expect(worked.map(({ ended: how }) => how)).toEqual(['done', 'done']);

    const after = await expiries(table);
    const kept = [...before].filter(([id, expiry]) => after.get(id) === expiry).length;
    const dated = before.size + worked.reduce((sum, { dated: more }) => sum + more, 0);
    const due = [...after.values()];
    const past = due.filter((expiry) => expiry <= began).length;
    const drainFrom = began + plan.value('backfillSeconds');
    const slice = plan.value('drainSeconds') / SLICES;
    const spread = due.filter(
      (expiry) => expiry >= drainFrom - 2 && expiry <= drainFrom + plan.value('drainSeconds') + 60,
    );
    const fullest = Math.max(
      ...Array.from(
        { length: SLICES },
        (_, index) => spread.filter((expiry) => Math.floor((expiry - drainFrom) / slice) === index).length,
      ),
    );
    prove(
      {
        ...CLAIM,
        metric: 'items that got their expiry, each once',
        unit: 'items',
        predicted: ITEMS,
        measured: dated,
        tolerance: EXACT,
      },
      {
        ...CLAIM,
        metric: 'write units of both workers a second',
        unit: 'units/s',
        predicted: UNITS_PER_SECOND,
        measured: UNITS_PER_ITEM * itemsPerSecond,
        // Between two looks at a table that is being written.
        tolerance: { least: 0.75, most: 1.05 },
      },
      {
        ...CLAIM,
        metric: 'too old, expiring a second in the fullest third of the drain',
        unit: 'items/s',
        predicted: DELETES_PER_SECOND,
        measured: fullest / slice,
        tolerance: about(0.15),
      },
    );
    expect([after.size, kept, past, spread.length]).toEqual([ITEMS, before.size, 0, OLD]);

    // All is done: another start does nothing.
    expect(await answerOf<Worked>(start(table, 1))).toMatchObject({ dated: 0, ended: 'not mine' });
    expect(await answerOf<Report>(start(table))).toMatchObject({
      UnexpiringItems: 0,
      BackfillSeconds: 0,
      TtlDisabled: 1,
    });
  }, 300_000);

  /** As if a minute had passed. */
  async function expireLeases(table: string, segments: readonly number[]): Promise<void> {
    const ids = segments.map((one) => `${table}/${functions.worker.RUN}/${one}`);
    const saved = (await itemsOf('progress')).filter(({ id }) => ids.includes(id.S as string));
    for (const item of saved)
      await dynamo.send(new PutItemCommand({ TableName: 'progress', Item: { ...item, leasedUntil: { N: '0' } } }));
  }

  test('the report tells lag, items that never expire, and whether time to live is on', async () => {
    const table = await filledTable(0);
    const now = Math.floor(Date.now() / 1000);
    const values: Record<string, AttributeValue | undefined> = {
      late: { N: String(now - 3 * DAY_SECONDS) },
      'to come': { N: String(now + DAY_SECONDS) },
      milliseconds: { N: String(1000 * now) },
      text: { S: String(now) },
      'too long ago': { N: String(now - 6 * 365 * DAY_SECONDS) },
      none: undefined,
    };
    for (const [id, expiresAt] of Object.entries(values))
      await dynamo.send(
        new PutItemCommand({ TableName: table, Item: { id: { S: id }, ...(expiresAt && { expiresAt }) } }),
      );
    const before = await answerOf<Report>(start(table));
    expect(before.UnexpiringItems).toBeUndefined();
    await dynamo.send(
      new UpdateTimeToLiveCommand({
        TableName: table,
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      }),
    );
    const worked = await Promise.all([0, 1].map((segment) => answerOf<Worked>(start(table, segment))));
    const report = await answerOf<Report>(start(table));
    // None of them says when it was created: the one without an expiry stays, as settings do.
    const sum = (of: (one: Worked) => number) => worked.reduce((all, one) => all + of(one), 0);
    expect([sum(({ dated }) => dated), sum(({ unknownAge }) => unknownAge)]).toEqual([0, 1]);
    expect([before.UnknownAgeItems, report.UnknownAgeItems]).toEqual([1, 1]);
    expect(report.TtlDisabled).toBe(0);
    expect(report.TtlLagSeconds).toBeGreaterThanOrEqual(3 * DAY_SECONDS);
    expect(report.TtlLagSeconds).toBeLessThan(3 * DAY_SECONDS + 300);
    expect([before.OverdueItems, report.OverdueItems, report.UnexpiringItems]).toEqual([1, 1, 3]);
  }, 120_000);
});
