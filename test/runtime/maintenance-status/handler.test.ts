/** The function as it runs: what it asks of AWS Glue or S3 Tables, and what it writes for CloudWatch to count. */
import { handler } from '../../../lib/runtime/maintenance-status/handler';

const BUCKET = 'arn:aws:s3tables:eu-central-1:111122223333:bucket/lake';
const COMMON = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'key',
  AWS_SECRET_ACCESS_KEY: 'secret',
  INTERVAL_SECONDS: '3600',
  TABLE: 'events',
};
const GLUE = { ...COMMON, CATALOG_ID: '111122223333', DATABASE: 'lake' };
const S3_TABLES = { ...COMMON, TABLE_BUCKET_ARN: BUCKET, NAMESPACE: 'lake' };

/** One invocation: what was sent, and the metrics that it wrote. */
async function invoked(environment: Record<string, string>, answer: (body: string) => object | number) {
  const before = process.env;
  const sent: { url: string; init: RequestInit }[] = [];
  const lines: string[] = [];
  const log = jest.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  process.env = { ...environment };
  try {
    await handler({}, {}, async (url, init) => {
      sent.push({ url, init });
      const found = answer(String(init.body ?? ''));
      return typeof found === 'number'
        ? new Response('AccessDeniedException', { status: found })
        : new Response(JSON.stringify(found));
    });
  } finally {
    process.env = before;
    log.mockRestore();
  }
  const written = lines.map((line) => JSON.parse(line));
  const metrics = Object.fromEntries(
    written.map((line) => {
      const [{ Name }] = line._aws.CloudWatchMetrics[0].Metrics;
      return [Name, line[Name]];
    }),
  );
  return { sent, written, metrics };
}

const NOW = 1_700_000_000;
beforeEach(() => jest.spyOn(Date, 'now').mockReturnValue(1000 * NOW));
afterEach(() => jest.restoreAllMocks());

test('asks AWS Glue for the runs of each optimizer, page by page', async () => {
  const { sent, metrics } = await invoked(GLUE, (body) => {
    const { Type, NextToken } = JSON.parse(body);
    if (Type === 'compaction' && NextToken === undefined) return { TableOptimizerRuns: [], NextToken: 'more' };
    const end = NOW - 60;
    return { TableOptimizerRuns: [{ eventType: 'completed', startTimestamp: end - 30, endTimestamp: end }] };
  });
  expect(sent.map(({ url }) => url)).toEqual(Array(4).fill('https://glue.eu-central-1.amazonaws.com/'));
  const asked = sent.map(({ init }) => JSON.parse(String(init.body)));
  expect(asked.map(({ Type }) => Type).sort()).toEqual([
    'compaction',
    'compaction',
    'orphan_file_deletion',
    'retention',
  ]);
  expect(asked.filter(({ NextToken }) => NextToken === 'more')).toHaveLength(1);
  expect(asked[0]).toMatchObject({ CatalogId: '111122223333', DatabaseName: 'lake', TableName: 'events' });
  for (const { init } of sent) {
    expect(init.headers).toMatchObject({
      'x-amz-target': 'AWSGlue.ListTableOptimizerRuns',
      authorization: expect.stringContaining('/eu-central-1/glue/aws4_request'),
    });
  }
  expect(metrics).toEqual({
    FailingOptimizers: 0,
    CompactionAgeSeconds: 60,
    ExpiryAgeSeconds: 60,
    CompactionRunSeconds: 30,
  });
});

test('asks S3 Tables once, by the names of the table in the path', async () => {
  const { sent, metrics, written } = await invoked(S3_TABLES, () => ({
    status: {
      icebergCompaction: { status: 'Failed', lastRunTimestamp: NOW - 100, failureMessage: 'no key' },
      icebergSnapshotManagement: { status: 'Successful', lastRunTimestamp: NOW - 10 },
      icebergUnreferencedFileRemoval: { status: 'Successful', lastRunTimestamp: NOW - 20 },
    },
  }));
  expect(sent.map(({ url }) => url)).toEqual([
    `https://s3tables.eu-central-1.amazonaws.com/tables/${encodeURIComponent(BUCKET)}/lake/events/maintenance-job-status`,
  ]);
  expect(written[0].icebergCompaction).toBe('no key');
  expect(metrics).toEqual({ FailingOptimizers: 1, CompactionAgeSeconds: 100, ExpiryAgeSeconds: 20 });
});

test('a table that never ran has no ages', async () => {
  const { metrics } = await invoked(S3_TABLES, () => ({ status: {} }));
  expect(metrics).toEqual({ FailingOptimizers: 0 });
});

test('a refused request fails the invocation, with the reason and without credentials, and reports nothing', async () => {
  const failing = invoked(GLUE, () => 400);
  await expect(failing).rejects.toThrow('glue answered 400: AccessDeniedException');
});

test('in China the host is that of China', async () => {
  const { sent } = await invoked({ ...S3_TABLES, AWS_REGION: 'cn-north-1' }, () => ({ status: {} }));
  expect(sent[0].url).toMatch(/^https:\/\/s3tables\.cn-north-1\.amazonaws\.com\.cn\//);
});
