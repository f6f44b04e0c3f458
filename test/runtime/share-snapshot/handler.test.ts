/** The function as it runs: what it asks of AWS Batch, and what it writes for CloudWatch to count. */
import { handler } from '../../../lib/runtime/share-snapshot/handler';

const QUEUE = 'arn:aws:batch:eu-central-1:111122223333:job-queue/rating';
const ENVIRONMENT = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'key',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_LAMBDA_FUNCTION_NAME: 'snapshot',
  JOB_QUEUE: QUEUE,
  SHARES: JSON.stringify({ billing: { vcpus: 42, job: 2 }, risk: { vcpus: 42, job: 2 } }),
};
const NOW = 1_700_000_000;
const waiting = (shareIdentifier: string, age: number) => ({ shareIdentifier, createdAt: 1000 * (NOW - age) });

/** One invocation: what was sent, and the lines that it wrote. */
async function invoked(
  answer: (path: string, body: { nextToken?: string }) => object | number,
  environment: Record<string, string> = ENVIRONMENT,
) {
  const before = process.env;
  const sent: { path: string; body: Record<string, unknown>; init: RequestInit }[] = [];
  const lines: string[] = [];
  const log = jest.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  process.env = { ...environment };
  try {
    await handler({}, {}, async (url, init) => {
      const { pathname: path } = new URL(url);
      const body = JSON.parse(String(init.body));
      sent.push({ path, body, init });
      const found = answer(path, body);
      return typeof found === 'number' ? new Response('denied', { status: found }) : Response.json(found);
    });
  } finally {
    process.env = before;
    log.mockRestore();
  }
  const written = lines.map((line) => JSON.parse(line));
  const metrics = written.map((line) => {
    const [{ Metrics, Dimensions }] = line._aws.CloudWatchMetrics;
    const [{ Name, Unit }] = Metrics;
    return [Name, line.Share ?? '', line[Name], Unit, Dimensions[0].join()];
  });
  return { sent, written, metrics };
}

beforeEach(() => jest.spyOn(Date, 'now').mockReturnValue(1000 * NOW));
afterEach(() => jest.restoreAllMocks());

const SNAPSHOT = {
  queueUtilization: {
    fairshareUtilization: {
      topCapacityUtilization: [{ shareIdentifier: 'risk', capacityUsage: [{ capacityUnit: 'VCPU', quantity: 166 }] }],
    },
  },
};

test('asks for the snapshot and for the jobs that wait, page by page, and reports every tenant', async () => {
  const { sent, metrics, written } = await invoked((path, { nextToken }) => {
    if (path === '/v1/getjobqueuesnapshot') return SNAPSHOT;
    return nextToken === undefined
      ? { jobSummaryList: [waiting('risk', 100)], nextToken: 'more' }
      : { jobSummaryList: [waiting('risk', 300), waiting('billing', 40), waiting('ops', 1)] };
  });
  const asked = sent.filter(({ path }) => path === '/v1/listjobs').map(({ body }) => body);
  expect(asked).toEqual([
    { jobQueue: QUEUE, jobStatus: 'RUNNABLE', maxResults: 1000 },
    { jobQueue: QUEUE, jobStatus: 'RUNNABLE', maxResults: 1000, nextToken: 'more' },
  ]);
  expect(sent.find(({ path }) => path === '/v1/getjobqueuesnapshot')!.body).toEqual({ jobQueue: QUEUE });
  for (const { init } of sent) {
    expect(init.headers).toMatchObject({ authorization: expect.stringContaining('/eu-central-1/batch/aws4_request') });
  }
  expect(metrics).toEqual([
    ['RunnableJobs', 'billing', 1, 'Count', 'FunctionName,Share'],
    ['UsedVcpus', 'billing', 0, 'Count', 'FunctionName,Share'],
    ['OldestRunnableSeconds', 'billing', 40, 'Seconds', 'FunctionName,Share'],
    ['RunnableJobs', 'risk', 2, 'Count', 'FunctionName,Share'],
    ['UsedVcpus', 'risk', 166, 'Count', 'FunctionName,Share'],
    ['OldestRunnableSeconds', 'risk', 300, 'Seconds', 'FunctionName,Share'],
    ['BlockedJobs', '', 0, 'Count', 'FunctionName'],
    ['StarvedSeconds', '', 40, 'Seconds', 'FunctionName'],
    ['UnknownShares', '', 0, 'Count', 'FunctionName'],
    ['UndeclaredJobs', '', 1, 'Count', 'FunctionName'],
  ]);
  const of = (name: string) => written.find((line) => name in line);
  expect(of('StarvedSeconds')).toMatchObject({ starved: 'billing', jobsRead: '4', cut: 'false' });
  expect(of('UndeclaredJobs')).toMatchObject({ undeclared: 'ops' });
});

test('a queue that is empty, or that has no policy, reports zeros', async () => {
  const { metrics } = await invoked(() => ({}));
  expect(metrics.map(([, , value]) => value)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test('a queue with more jobs than are read says so, and ends', async () => {
  const { sent, written, metrics } = await invoked((path) =>
    path === '/v1/listjobs' ? { jobSummaryList: [waiting('risk', 1)], nextToken: 'again' } : SNAPSHOT,
  );
  expect(sent.filter(({ path }) => path === '/v1/listjobs')).toHaveLength(20);
  expect(written.find((line) => 'StarvedSeconds' in line)).toMatchObject({ cut: 'true', jobsRead: '20' });
  expect(metrics).toContainEqual(['UnknownShares', '', 1, 'Count', 'FunctionName']);
  expect(written.find((line) => 'UnknownShares' in line)).toMatchObject({ unknown: 'billing' });
});

describe('of twenty shares that are listed', () => {
  const top = Array.from({ length: 20 }, (_, i) => ({
    shareIdentifier: `t${i}`,
    capacityUsage: [{ capacityUnit: 'VCPU', quantity: 50 }],
  }));
  const listing = (activeShareCount?: number) => (path: string) =>
    path === '/v1/listjobs'
      ? { jobSummaryList: [waiting('billing', 900)] }
      : { queueUtilization: { fairshareUtilization: { activeShareCount, topCapacityUtilization: top } } };

  test.each([
    ['more use some, so a tenant that is not listed is not starved', 25, 0, 1],
    ['these are all, so one that is not listed uses nothing', 20, 900, 0],
    ['there may be more, where their number is left out', undefined, 0, 1],
  ])('%s', async (_, active, starvedSeconds, unknown) => {
    const { metrics } = await invoked(listing(active));
    expect(metrics).toContainEqual(['StarvedSeconds', '', starvedSeconds, 'Seconds', 'FunctionName']);
    expect(metrics).toContainEqual(['UnknownShares', '', unknown, 'Count', 'FunctionName']);
    expect(metrics.some(([name, share]) => name === 'UsedVcpus' && share === 'billing')).toBe(unknown === 0);
  });
});

test('a refused request fails the invocation with the reason, and reports nothing', async () => {
  await expect(invoked(() => 403)).rejects.toThrow('batch answered 403: denied');
});

test('the first jobs are asked why they wait: one that cannot start is counted with its reason', async () => {
  const front = { jobs: Array.from({ length: 12 }, (_, i) => ({ jobArn: `job-${i}` })) };
  const reason = 'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - no instance is as large';
  const { sent, metrics, written } = await invoked((path) => {
    if (path === '/v1/getjobqueuesnapshot') return { ...SNAPSHOT, frontOfQueue: front };
    if (path === '/v1/listjobs') return {};
    return {
      jobs: [
        { jobId: 'a', status: 'RUNNABLE', statusReason: reason },
        { jobId: 'b', status: 'RUNNABLE' },
        { jobId: 'c', status: 'STARTING', statusReason: reason },
        { jobId: 'd', status: 'RUNNABLE', statusReason: 'CAPACITYLESS' },
      ],
    };
  });
  const asked = sent.find(({ path }) => path === '/v1/describejobs')!.body.jobs as string[];
  expect(asked).toEqual(front.jobs.slice(0, 10).map(({ jobArn }) => jobArn));
  expect(metrics).toContainEqual(['BlockedJobs', '', 1, 'Count', 'FunctionName']);
  expect(written.find((line) => 'BlockedJobs' in line)).toMatchObject({ jobId: 'a', statusReason: reason });
});

test('a setting that is missing is named', async () => {
  const { SHARES: _, ...rest } = ENVIRONMENT;
  await expect(invoked(() => ({}), rest)).rejects.toThrow('the environment variable SHARES is missing');
});
