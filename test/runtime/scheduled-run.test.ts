import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import fc from 'fast-check';
import { type OnRun, type RunOptions, scheduledRun, scheduledRuns } from '../../lib/runtime/scheduled-run/consumer';
import { identityOf, isLate, lateSeconds, NotARunError, runIn } from '../../lib/runtime/scheduled-run/run';
import { FakeDynamo } from '../support/dynamo';

const PLANNED = Date.parse('2026-03-01T10:47:00Z');
const START_WITHIN = 3300;

let lines: string[];
beforeEach(() => {
  lines = [];
  jest.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
});
afterEach(() => jest.restoreAllMocks());

const counted = (name: string) => lines.filter((line) => JSON.parse(line)[name] !== undefined).length;

function setUp(onRun: OnRun = async () => {}, options: RunOptions = {}) {
  const dynamo = new FakeDynamo();
  const hidden: number[] = [];
  const sqs = {
    send: async (command: { input: { VisibilityTimeout: number } }) =>
      void hidden.push(command.input.VisibilityTimeout),
  };
  const clock = { millis: PLANNED + 5000 };
  const settings: RunOptions = {
    idempotencyTable: 'keys',
    queueUrl: 'queue',
    dynamo: dynamo.client,
    sqs: sqs as never,
    now: () => clock.millis,
    ...options,
  };
  const handler = scheduledRuns(onRun, settings);
  const consume = (records: SQSRecord[], remainingMillis = 10_000) =>
    handler({ Records: records } as SQSEvent, { getRemainingTimeInMillis: () => remainingMillis } as Context);
  return { dynamo, hidden, clock, consume, settings };
}

const bodyOf = (more: object = {}) =>
  JSON.stringify({
    job: 'cleanup',
    scheduledTime: '2026-03-01T10:47:00Z',
    executionId: 'e1',
    startWithinSeconds: START_WITHIN,
    ...more,
  });

let messages = 0;
const message = (body = bodyOf(), receiveCount = 1): SQSRecord =>
  ({
    messageId: `m${++messages}`,
    receiptHandle: 'r',
    body,
    attributes: { ApproximateReceiveCount: String(receiveCount) },
    messageAttributes: {},
  }) as unknown as SQSRecord;

test('a run is done once, and says when it was planned and how late it began', async () => {
  const seen: unknown[] = [];
  const { consume } = setUp(async (run) => void seen.push(run));
  expect(await consume([message()])).toEqual({ batchItemFailures: [] });
  expect(seen).toEqual([
    {
      job: 'cleanup',
      scheduledAtMillis: PLANNED,
      scheduledTime: '2026-03-01T10:47:00.000Z',
      executionId: 'e1',
      startBeforeMillis: PLANNED + START_WITHIN * 1000,
      attempt: 1,
      endsAtMillis: PLANNED + 5000 + 10_000,
    },
  ]);
  expect(counted('Runs')).toBe(1);
  expect(lines.map((line) => JSON.parse(line)).find(({ LateSeconds }) => LateSeconds)).toMatchObject({
    LateSeconds: 5,
  });
});

describe('duplicates', () => {
  test('of the queue and of the scheduler, in one batch or later, are done once', async () => {
    let runs = 0;
    const { consume } = setUp(async () => {
      runs += 1;
    });
    // The scheduler delivers at least once: its second delivery has another execution id.
    await consume([message(), message(), message(bodyOf({ executionId: 'e2' }))]);
    await consume([message()]);
    expect(runs).toBe(1);
    expect(counted('Duplicate')).toBe(3);
  });

  test('the next run, and another job at the same time, are no duplicates', async () => {
    let runs = 0;
    const { consume } = setUp(async () => {
      runs += 1;
    });
    await consume([
      message(),
      message(bodyOf({ scheduledTime: '2026-03-01T11:47:00Z' })),
      message(bodyOf({ job: 'sync' })),
    ]);
    expect(runs).toBe(3);
  });

  test('while another worker is on it, the run waits', async () => {
    const { consume, dynamo, settings } = setUp();
    const slow = scheduledRun(() => new Promise(() => {}), settings);
    void slow(bodyOf(), 1, 60_000);
    await new Promise(setImmediate);
    expect((await consume([message()])).batchItemFailures).toHaveLength(1);
    expect(dynamo.items.size).toBe(1);
  });
});

describe('a run that would begin too late', () => {
  test('is acknowledged, counted with its job, and not done', async () => {
    let runs = 0;
    const { consume, clock } = setUp(async () => {
      runs += 1;
    });
    clock.millis = PLANNED + START_WITHIN * 1000 + 1;
    expect(await consume([message()])).toEqual({ batchItemFailures: [] });
    expect(runs).toBe(0);
    expect(counted('Skipped')).toBe(1);
    expect(lines.join()).toContain('cleanup');
  });

  test('is no skipped one when it was done before: its message only came again', async () => {
    const { consume, clock } = setUp();
    await consume([message()]);
    clock.millis = PLANNED + START_WITHIN * 1000 + 1;
    await consume([message()]);
    expect([counted('Skipped'), counted('Duplicate')]).toEqual([0, 1]);
  });

  test('leaves no key behind, so that a redrive with a longer limit would run', async () => {
    const { consume, clock, dynamo } = setUp();
    clock.millis = PLANNED + START_WITHIN * 1000 + 1;
    await consume([message()]);
    expect(dynamo.items.size).toBe(0);
  });

  test('one from the future, by a clock that is behind, begins', async () => {
    const { consume, clock } = setUp();
    clock.millis = PLANNED - 4000;
    await consume([message()]);
    expect(counted('Runs')).toBe(1);
  });
});

describe('failure', () => {
  test('is reported alone, hidden for longer each time, and attempted again', async () => {
    let runs = 0;
    const { consume, hidden } = setUp(async ({ job }) => {
      runs += 1;
      if (job === 'cleanup' && runs < 3) throw new Error('database is away');
    });
    const failing = message();
    const result = await consume([failing, message(bodyOf({ job: 'sync' }))]);
    expect(result.batchItemFailures).toEqual([{ itemIdentifier: failing.messageId }]);
    expect(hidden).toHaveLength(1);
    expect(await consume([message(bodyOf(), 2)])).toEqual({ batchItemFailures: [] });
    expect(runs).toBe(3);
  });

  test('that loses its visibility change does not fail the rest of the batch', async () => {
    jest.spyOn(console, 'warn').mockImplementation(() => {});
    const sqs = { send: async () => Promise.reject(new Error('no')) };
    const { consume } = setUp(
      async ({ job }) => {
        if (job === 'cleanup') throw new Error('x');
      },
      { sqs: sqs as never },
    );
    const { batchItemFailures } = await consume([message(), message(bodyOf({ job: 'sync' }))]);
    expect(batchItemFailures).toHaveLength(1);
  });

  test('never logs what the error says: it may quote data', async () => {
    const { consume } = setUp(async () => {
      throw new Error('secret');
    });
    await consume([message()]);
    expect(lines.join()).not.toContain('secret');
  });

  test('a worker that dies in the run, or before its key is complete, leaves the run to the next one', async () => {
    let runs = 0;
    const { consume, dynamo } = setUp(async () => {
      runs += 1;
    });
    dynamo.dieOn('TransactWriteItemsCommand');
    await consume([message()], 1);
    dynamo.revive();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await consume([message()]);
    expect(runs).toBe(2);
  });
});

describe('poison', () => {
  test.each([
    ['text', 'hello'],
    ['null', 'null'],
    ['no job', bodyOf({ job: '' })],
    ['a time that was not filled in', bodyOf({ scheduledTime: '<aws.scheduler.scheduled-time>' })],
    ['no limit', bodyOf({ startWithinSeconds: 0 })],
  ])('%s fails, so that it ends as a dead letter, and the rest of the batch runs', async (_, body) => {
    const { consume } = setUp();
    const poison = message(body);
    const { batchItemFailures } = await consume([poison, message()]);
    expect(batchItemFailures).toEqual([{ itemIdentifier: poison.messageId }]);
    expect(() => runIn(body)).toThrow(NotARunError);
  });

  test('any text is a run or a NotARunError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
        try {
          expect(runIn(body).job).not.toBe('');
        } catch (error) {
          expect(error).toBeInstanceOf(NotARunError);
        }
      }),
    );
  });
});

test('identity is name and planned time, in any form of the time', () => {
  const other = runIn(bodyOf({ scheduledTime: '2026-03-01T10:47:00.000Z', executionId: 'e9' }));
  expect(identityOf(other)).toBe(identityOf(runIn(bodyOf())));
  expect(lateSeconds(other, PLANNED - 1)).toBe(0);
  expect([isLate(other, PLANNED + 3_300_000), isLate(other, PLANNED + 3_300_001)]).toEqual([false, true]);
});

test('a container that polls by itself runs one message, and is told what became of it', async () => {
  const { settings, clock } = setUp();
  const run = scheduledRun(async () => {}, settings);
  expect(await run(bodyOf(), 1, 60_000)).toBe('done');
  expect(await run(bodyOf(), 2, 60_000)).toBe('duplicate');
  clock.millis = PLANNED + START_WITHIN * 1000 + 1;
  expect(await run(bodyOf({ job: 'sync' }), 1, 60_000)).toBe('skipped');
});
