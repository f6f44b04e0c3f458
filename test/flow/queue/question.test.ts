/** What a question means: a value that is given is used, or refused by name; it is never ignored. */
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { planQueue } from '../../../lib/flow/queue/plan';
import type { QueueQuestion } from '../../../lib/flow/queue/question';
import { IMPOSSIBLE_PAIRS, PAIRS } from './random-questions';

const workload = { steadyPerSecond: 4, peakPerSecond: 40, peakSeconds: 600, serviceSeconds: 1 };
const asked = (question: Partial<QueueQuestion> = {}): QueueQuestion => ({
  workload,
  objective: { latencySeconds: 200 },
  ...question,
});
const plan = (question: Partial<QueueQuestion>) => planQueue('Orders', asked(question));

/** The message of an invalid question; the name of any other outcome. */
function refusal(question: unknown): string {
  try {
    planQueue('Orders', question as QueueQuestion).explain();
  } catch (error) {
    return error instanceof InvalidInputError ? error.message : String(error);
  }
  return 'planned';
}

describe('a limit that is given holds', () => {
  test('on Kafka the lower one of partitions and instanceLimit', () => {
    const bounded = (partitions: number | undefined, instanceLimit: number | undefined) =>
      plan({ platform: 'keda', broker: 'kafka', partitions, consumer: { instanceLimit } }).value('maxInstances');
    const free = bounded(undefined, undefined);
    expect(free).toBeGreaterThan(45);
    expect([bounded(100, 45), bounded(45, 100), bounded(45, undefined), bounded(undefined, 45)]).toEqual([
      45, 45, 45, 45,
    ]);
  });

  test.each([
    ['rabbitmq', 'deliveryLimit', 2],
    ['sqs', 'maxReceiveCount', 3],
  ] as const)('%s: three attempts are three attempts', (broker, knob, value) => {
    expect(plan({ platform: 'keda', broker, consumer: { maxAttempts: 3 } }).value(knob)).toBe(value);
    expect(plan({ platform: 'keda', broker }).value(knob)).toBe(value + 2);
  });

  test('Pub/Sub, which takes no fewer than five attempts, refuses three by name', () => {
    expect(refusal(asked({ platform: 'cloud-run', consumer: { maxAttempts: 3 } }))).toContain(
      'consumer.maxAttempts must be a whole number, between 5 and 100, got 3',
    );
  });

  test('a queue that receives once is sized for one attempt', () => {
    const poisonous = { ...workload, poisonRatio: 0.3 };
    const size = (maxReceiveCount: number) =>
      plan({ workload: poisonous, platform: 'lambda', maxReceiveCount }).value('maxInstances');
    expect(size(1)).toBe(plan({ platform: 'lambda' }).value('maxInstances'));
    expect(size(5)).toBeGreaterThan(1.8 * size(1));
  });
});

describe('a worker that sleeps', () => {
  test.each([
    ['keda', 'cooldownPeriodSeconds'],
    ['fargate', 'metricPeriodSeconds'],
  ] as const)('%s: minInstances 0 is the same as scaleToZero', (platform, knob) => {
    const names = (question: Partial<QueueQuestion>) =>
      plan({ platform, objective: { latencySeconds: 600 }, ...question }).knobs.map(({ name }) => name);
    const byNumber = plan({ platform, objective: { latencySeconds: 600 }, consumer: { minInstances: 0 } });
    const bySwitch = plan({ platform, objective: { latencySeconds: 600 }, scaleToZero: true });
    expect(names({ consumer: { minInstances: 0 } })).toEqual(names({ scaleToZero: true }));
    for (const name of ['wakeUpSeconds', 'minInstances', 'maxInstances', knob]) {
      expect([name, byNumber.value(name)]).toEqual([name, bySwitch.value(name)]);
    }
    expect(byNumber.predictions.reactionSeconds).toBe(bySwitch.predictions.reactionSeconds);
  });

  test.each(['keda', 'fargate'] as const)('%s: a minimum above 0 contradicts scaleToZero', (platform) => {
    expect(refusal(asked({ platform, scaleToZero: true, consumer: { minInstances: 3 } }))).toContain(
      'minInstances must be left out or 0 with scaleToZero, got 3',
    );
    expect(refusal(asked({ platform, scaleToZero: false, consumer: { minInstances: 0 } }))).toContain(
      'minInstances must be at least 1 without scaleToZero, got 0',
    );
  });

  test.each([
    [undefined, 30 + 15 + 5 + 30],
    [1, 1 + 15 + 5 + 30],
    [60, 60 + 15 + 5 + 30],
  ])('the interval of KEDA, %s s, does not replace that of the autoscaler', (pollSeconds, seconds) => {
    const made = plan({ platform: 'keda', broker: 'rabbitmq', scaleToZero: true, consumer: { pollSeconds } });
    expect(made.value('wakeUpSeconds')).toBe(seconds);
  });
});

describe('platform and broker', () => {
  test.each(PAIRS)('$platform takes items from $broker', (pair) => {
    expect(refusal(asked({ ...pair, objective: { latencySeconds: 600 } }))).toBe('planned');
  });

  test.each(IMPOSSIBLE_PAIRS)('$platform takes none from $broker', (pair) => {
    expect(refusal(asked({ ...pair, objective: { latencySeconds: 600 } }))).toMatch(
      new RegExp(`broker of platform ${pair.platform} must be one of .*, got '?${pair.broker}'?`),
    );
  });
});

test('a message larger than SQS takes is refused; the largest is not', () => {
  const heavy = (itemBytes: number) => refusal(asked({ platform: 'lambda', workload: { ...workload, itemBytes } }));
  expect(heavy(1_048_577)).toContain('itemBytes must be at most 1048576, the largest message of SQS, got 1048577');
  expect(heavy(1_048_576)).toBe('planned');
});

test('pods that stay are not planned for items that outlast a drained node; a job for each item is offered', () => {
  const long = asked({
    platform: 'keda',
    broker: 'rabbitmq',
    workload: { steadyPerSecond: 0.1, serviceSeconds: 600 },
    objective: { latencySeconds: 90_000 },
  });
  expect(() => planQueue('Orders', long)).toThrow(CapacityError);
  expect(refusal(long)).toContain('a job for each item, platform keda-job');
  expect(refusal({ ...long, platform: 'keda-job' })).toBe('planned');
});

describe('values of another kind', () => {
  test.each<[string, unknown]>([
    ['batchSize', 'x'],
    ['batchSize', Number.NaN],
    ['batchSize', -1],
    ['nodeProvisionSeconds', 'x'],
    ['nodeProvisionSeconds', 5n],
    ['cooldownSeconds', Number.NaN],
    ['functionTimeoutSeconds', 'x'],
    ['batchWindowSeconds', Number.NaN],
    ['partitions', Symbol('many')],
    ['redrive', null],
    ['redrive', 'x'],
    ['redrive', 5],
    ['scaleToZero', 'yes'],
    ['customerKey', 1],
  ])('%s %p is refused by name on every platform', (name, value) => {
    for (const pair of PAIRS) {
      expect(refusal(asked({ ...pair, [name]: value }))).toMatch(
        new RegExp(`^Orders: .*${name.replace('Seconds', '')}`),
      );
    }
  });

  test.each([['5'], [5n], [Symbol('much')], [Object.create(null)]])('a head-room of %p is refused', (headroom) => {
    const objective = { latencySeconds: 200, headroom: headroom as number };
    expect(refusal(asked({ objective }))).toMatch(/^Orders: .*headroom/);
  });

  test.each([[null], [undefined], ['x'], [5], [[]]])('a question that is %p is refused', (question) => {
    expect(refusal(question)).toMatch(/^Orders: question /);
  });

  test.each(['platform', 'broker'])('a %s that no text can be made of is refused', (name) => {
    expect(refusal(asked({ [name]: Object.create(null) }))).toMatch(new RegExp(`${name} must be one of`));
    expect(refusal(asked({ [name]: Symbol('x') as never }))).toMatch(new RegExp(`${name} must be one of`));
  });

  const ODD = [null, [], 'x', {}, Symbol('a'), 5n, Object.create(null), () => 1, Number.NaN];
  test.each(PAIRS)('$platform from $broker: nothing of another kind is an error of the language', (pair) => {
    const places: ((value: unknown) => unknown)[] = [
      ...['workload', 'objective', 'consumer'].map((name) => (value: unknown) => asked({ ...pair, [name]: value })),
      ...['serviceSeconds', 'itemBytes'].map(
        (name) => (value: unknown) => asked({ ...pair, workload: { ...workload, [name]: value } }),
      ),
      ...['slotsPerInstance', 'pollSeconds', 'minInstances', 'maxAttempts'].map(
        (name) => (value: unknown) => asked({ ...pair, consumer: { [name]: value } }),
      ),
      (value: unknown) => asked({ ...pair, objective: { latencySeconds: value as number } }),
      ...[
        'cooldownSeconds',
        'functionTimeoutSeconds',
        'batchWindowSeconds',
        'ackDeadlineSeconds',
        'minimumBackoffSeconds',
        'maxReceiveCount',
        'retentionSeconds',
        'visibilityTimeoutSeconds',
        'deadLetterRetentionSeconds',
        'deadLetterVisibilitySeconds',
        'roundTripSeconds',
      ].map((name) => (value: unknown) => asked({ ...pair, [name]: value })),
    ];
    for (const place of places) {
      for (const value of ODD) expect(refusal(place(value))).toMatch(/^(Orders: |planned$)/);
    }
  });

  test('a misspelt field is named with the one that was meant', () => {
    const misspelt = { ...asked(), brokr: 'kafka', scaleTozero: true };
    expect(refusal(misspelt)).toContain('brokr is unknown; did you mean broker?');
    expect(refusal(misspelt)).toContain('scaleTozero is unknown; did you mean scaleToZero?');
  });
});
