/** What a caller in JavaScript, or with a value of the wrong kind, is told: what it is, and what to give instead. */
import { Duration, Lazy, Size, Token } from 'aws-cdk-lib';
import fc from 'fast-check';
import { InvalidInputError, isToken, shown } from '../../lib/flow/errors';
import { planLogs } from '../../lib/flow/logs/plan';
import { planQueue, predictQueue } from '../../lib/flow/queue/plan';
import { planQuotas } from '../../lib/flow/quotas/plan';
import { planRetention } from '../../lib/flow/retention/plan';
import { planShares } from '../../lib/flow/shares/plan';
import { planStorage } from '../../lib/flow/storage/plan';

/** A number and a text that only the deployment knows, as constructs are given them. */
const NUMBER_TOKEN = Lazy.number({ produce: () => 1 });
const TEXT_TOKEN = Lazy.string({ produce: () => '1' });

const workload = { steadyPerSecond: 10, peakPerSecond: 20, peakSeconds: 60, serviceSeconds: 0.05 };
const objective = { latencySeconds: 10 };

interface Wrong {
  readonly workload?: unknown;
  readonly objective?: unknown;
  readonly consumer?: unknown;
}

function failures(plan: () => unknown): readonly string[] {
  try {
    plan();
  } catch (error) {
    if (error instanceof InvalidInputError) return error.failures;
    throw error;
  }
  return [];
}

function ofQueue(wrong: Wrong): readonly string[] {
  const part = (name: keyof Wrong, right: object) => (name in wrong ? wrong[name] : right) as never;
  return failures(() =>
    planQueue('Orders', {
      workload: part('workload', workload),
      objective: part('objective', objective),
      consumer: part('consumer', {}),
    }),
  );
}

const A_TOKEN = 'is a token that only the deployment knows, and must be known at synthesis';
const { steadyPerSecond: _, ...withoutRate } = workload;
const { peakPerSecond: __, ...withoutPeak } = workload;

test.each<[string, Wrong, string[]]>([
  [
    'text, as context on the command line is',
    { workload: { ...workload, serviceSeconds: '0.05' } },
    ["serviceSeconds is text, '0.05'; give a number, e.g. Number(value)"],
  ],
  [
    'a token, as a CfnParameter or Lazy is',
    { workload: { ...workload, steadyPerSecond: NUMBER_TOKEN } },
    [`steadyPerSecond ${A_TOKEN}`],
  ],
  ['a token in a peak', { workload: { ...workload, peakPerSecond: NUMBER_TOKEN } }, [`peakPerSecond ${A_TOKEN}`]],
  ['a token as text', { objective: { latencySeconds: TEXT_TOKEN } }, [`latencySeconds ${A_TOKEN}`]],
  [
    'tokens for both ends of a range',
    { consumer: { minInstances: NUMBER_TOKEN, maxInstances: 3 } },
    [`minInstances ${A_TOKEN}`],
  ],
  [
    'a field cut off, and missing therefore',
    { workload: { ...withoutRate, steadyPerSec: 10 } },
    ['steadyPerSec is unknown; did you mean steadyPerSecond?', 'steadyPerSecond is missing'],
  ],
  [
    'a slip of the keyboard in what may be left out',
    { workload: { ...withoutPeak, peekPerSecond: 400 } },
    ['peekPerSecond is unknown; did you mean peakPerSecond?'],
  ],
  [
    'underscores',
    { objective: { latency_seconds: 10 } },
    ['latency_seconds is unknown; did you mean latencySeconds?', 'latencySeconds is missing'],
  ],
  [
    'another capital in the consumer',
    { consumer: { maxinstances: 4 } },
    ['maxinstances is unknown; did you mean maxInstances?'],
  ],
  ['no workload', { workload: undefined }, ['workload is missing']],
  ['no objective', { objective: undefined }, ['objective is missing']],
  ['a list for the consumer', { consumer: [] }, ['consumer must be an object, got a value of type object']],
  [
    'a Duration',
    { workload: { ...workload, serviceSeconds: Duration.millis(50) } },
    ['serviceSeconds is a Duration; give seconds as a number: duration.toSeconds()'],
  ],
  [
    'a Size',
    { workload: { ...workload, itemBytes: Size.kibibytes(1) } },
    ['itemBytes is a Size; give bytes as a number: 1024 * size.toKibibytes()'],
  ],
  ['null', { workload: { ...workload, failureRatio: null } }, ['failureRatio must be a number, got null']],
  [
    'something in each of the three',
    {
      workload: { ...workload, serviceSeconds: 0 },
      objective: { latencySeconds: '10' },
      consumer: { startSeconds: -1, slotsPerInstance: 0.5 },
    },
    [
      'serviceSeconds must be above 0, got 0',
      "latencySeconds is text, '10'; give a number, e.g. Number(value)",
      'slotsPerInstance must be a whole number, at least 1, got 0.5',
      'startSeconds must be at least 0, got -1',
    ],
  ],
  [
    'nothing at all',
    { workload: undefined, objective: null },
    ['workload is missing', 'objective must be an object, got null'],
  ],
])('%s is named as what it is', (_what, wrong, expected) => {
  expect(ofQueue(wrong)).toEqual(expected);
});

test('a field that is like none passes: objects may carry more than is read', () => {
  expect(ofQueue({ workload: { ...workload, owner: 'orders', tier: 7 } })).toEqual([]);
});

describe.each<[string, (question: never) => unknown, Record<string, unknown>, string]>([
  [
    'planStorage',
    (question) => planStorage('It', question),
    { workload: { bytesPerDay: 1e9, objectBytes: 1e6 } },
    'workload.bytesPerDay',
  ],
  [
    'planLogs',
    (question) => planLogs('It', question),
    {
      workload: { steadyBytesPerSecond: 1e5 },
      objective: { diskBudgetBytes: 1e11, outageSeconds: 3600 },
    },
    'workload.steadyBytesPerSecond',
  ],
  [
    'planRetention',
    (question) => planRetention('It', question),
    {
      workload: {
        insertsPerSecond: 1,
        documentBytes: 1e3,
        existingDocuments: 1e6,
        spareWritesPerSecond: 100,
        deletesPerSecond: 100,
      },
      objective: { retentionSeconds: 1e6 },
    },
    'workload.insertsPerSecond',
  ],
  [
    'planQuotas',
    (question) => planQuotas('It', question),
    { capacity: { brokers: 3, brokerBytesPerSecond: 1e8 }, tenants: [{ name: 'a', steadyBytesPerSecond: 1e6 }] },
    'capacity.brokerBytesPerSecond',
  ],
  [
    'planShares',
    (question) => planShares('It', question),
    {
      capacity: { cpu: 100, memoryBytes: 1e12 },
      tenants: [{ name: 'a', workload: { steadyPerSecond: 0.1, serviceSeconds: 60 }, jobCpu: 1, jobMemoryBytes: 1e9 }],
      objective: { latencySeconds: 600 },
    },
    'capacity.cpu',
  ],
])('%s', (_name, plan, question, path) => {
  const [part, field] = path.split('.');
  const asked = (value: unknown, name = field) => {
    const { [field]: right, ...others } = question[part] as Record<string, unknown>;
    return failures(() => plan({ ...question, [part]: { ...others, [name]: value ?? right } } as never));
  };
  const named = new RegExp(`^(${part}\\.)?${field} `);

  test('takes what is right', () => {
    expect(failures(() => plan(question as never))).toEqual([]);
  });

  test.each([
    ['a token', NUMBER_TOKEN, A_TOKEN],
    ['text', '5', "is text, '5'; give a number, e.g. Number(value)"],
    ['a Duration', Duration.seconds(5), 'is a Duration; give seconds as a number: duration.toSeconds()'],
  ])('%s is named as what it is', (_what, value, message) => {
    const [failure, ...others] = asked(value);
    expect(failure).toMatch(named);
    expect(failure).toContain(message);
    expect(others).toEqual([]);
  });

  test('a field that is mis-spelt is named with the one that was meant, and that is missing', () => {
    const wrong = `${field.slice(0, -1)}${field.endsWith('z') ? 'x' : 'z'}`;
    const [unknown, missing] = asked(undefined, wrong.length > 4 ? wrong : field.toUpperCase());
    expect(unknown).toContain(` is unknown; did you mean ${field}?`);
    expect(missing).toMatch(named);
    expect(missing).toContain('is missing');
  });

  test.each(Object.keys(question))('no %s', (name) => {
    const [failure] = failures(() => plan({ ...question, [name]: undefined } as never));
    expect(failure).toContain(`${name} is missing`);
  });

  test('nothing at all', () => {
    expect(failures(() => plan(undefined as never))).toEqual(['question is missing']);
  });
});

test('a prediction names the same mistakes', () => {
  const consumer = { slotsPerInstance: '4', maxInstances: NUMBER_TOKEN };
  expect(failures(() => predictQueue({ ...workload, peekPerSecond: 4 } as never, consumer as never))).toEqual([
    'peekPerSecond is unknown; did you mean peakPerSecond?',
    "slotsPerInstance is text, '4'; give a number, e.g. Number(value)",
    `maxInstances ${A_TOKEN}`,
    'backlogPerInstance is missing',
  ]);
});

describe('a token', () => {
  test('is known by its encoding', () => {
    expect([NUMBER_TOKEN, TEXT_TOKEN, Token.asNumber({ resolve: () => 1 })].map(isToken)).toEqual([true, true, true]);
    expect(Token.isUnresolved(NUMBER_TOKEN)).toBe(true);
  });

  test('is never taken for a number, nor a number for a token', () => {
    fc.assert(
      fc.property(fc.double(), (number) => {
        expect(isToken(number)).toBe(Token.isUnresolved(number));
      }),
    );
  });

  test('never shows its encoding', () => {
    expect([shown(NUMBER_TOKEN), shown(TEXT_TOKEN)]).toEqual(['a token', 'a token']);
  });
});
