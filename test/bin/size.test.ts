import { inOptions } from '../../bin/cli/workload-options';
import { planQueue } from '../../lib/flow/queue/plan';
import type { QueueQuestion } from '../../lib/flow/queue/question';
import { backpressure } from './harness';

const EXAMPLE = 'size --steady 40 --peak 400 --peak-seconds 1800 --service 0.05 --slots 4 --start 60 --latency 90';
/** Serving takes longer than anybody may wait: no number of instances helps. */
const IMPOSSIBLE = 'size --steady 40 --service 2 --latency 1';

const BURSTS = { steadyPerSecond: 4, peakPerSecond: 40, peakSeconds: 600, serviceSeconds: 0.5 };
/** Without the options that have to do with one number. */
const NEUTRAL = { consumer: {}, partitions: undefined, scaleToZero: undefined };

describe('size --json', () => {
  test('gives every knob with value, unit, formula, inputs and source, and every prediction', async () => {
    const { code, out, err } = await backpressure(`${EXAMPLE} --json`);
    expect([code, err]).toEqual([0, '']);
    const answer = JSON.parse(out);
    expect(answer.feasible).toBe(true);
    expect(Object.keys(answer.knobs)).toEqual(
      expect.arrayContaining([
        'minInstances',
        'maxInstances',
        'backlogPerInstance',
        'visibilityTimeoutSeconds',
        'alarmBacklog',
        'alarmAgeSeconds',
      ]),
    );
    for (const knob of Object.values(answer.knobs)) {
      expect(Object.keys(knob as object).sort()).toEqual(['formula', 'inputs', 'source', 'unit', 'value']);
    }
    expect(Object.keys(answer.predictions)).toEqual(
      expect.arrayContaining([
        'utilisation',
        'waitProbability',
        'latencyP50Seconds',
        'latencyP99Seconds',
        'peakBacklog',
        'drainSeconds',
        'reactionSeconds',
      ]),
    );
  });

  test('gives what planQueue gives: no number is computed twice', async () => {
    const plan = planQueue('Workload', {
      workload: { steadyPerSecond: 40, peakPerSecond: 400, peakSeconds: 1_800, serviceSeconds: 0.05 },
      objective: { latencySeconds: 90 },
      consumer: { slotsPerInstance: 4, startSeconds: 60 },
    });
    const { knobs, predictions } = JSON.parse((await backpressure(`${EXAMPLE} --json`)).out);
    for (const { name, value } of plan.knobs) expect(knobs[name].value).toBe(value);
    expect(predictions).toEqual(JSON.parse(JSON.stringify(plan.predictions)));
  });

  test('hands every option to the plan', async () => {
    const every =
      'size --steady 40 --peak 60 --peak-seconds 600 --service 0.05 --service-variation 0.5 --bytes 2048 --failure-ratio 0.01 ' +
      '--poison-ratio 0.001 --slots 2 --start 20 --poll 10 --decide 5 --latency 30 --quantile 0.95 --max-backlog 5000 ' +
      '--min-instances 3 --max-instances 9 --instance-limit 12 --json';
    const plan = planQueue('Workload', {
      workload: {
        steadyPerSecond: 40,
        peakPerSecond: 60,
        peakSeconds: 600,
        serviceSeconds: 0.05,
        serviceVariation: 0.5,
        itemBytes: 2_048,
        failureRatio: 0.01,
        poisonRatio: 0.001,
      },
      objective: { latencySeconds: 30, latencyQuantile: 0.95, maxBacklog: 5_000 },
      consumer: {
        slotsPerInstance: 2,
        startSeconds: 20,
        pollSeconds: 10,
        decideSeconds: 5,
        minInstances: 3,
        maxInstances: 9,
        instanceLimit: 12,
      },
    });
    const { knobs, predictions } = JSON.parse((await backpressure(every)).out);
    expect(knobs.minInstances.value).toBe(3);
    expect(knobs.maxInstances.value).toBe(9);
    expect(predictions).toEqual(JSON.parse(JSON.stringify(plan.predictions)));
  });

  test.each<[string, Partial<QueueQuestion>]>([
    ['--headroom 1.5', { objective: { latencySeconds: 600, headroom: 1.5 } }],
    [
      '--monthly-cost 900 --instance-hour-cost 0.04',
      { objective: { latencySeconds: 600, monthlyCost: 900 }, consumer: { instanceHourCost: 0.04 } },
    ],
    [
      '--failure-ratio 0.3 --max-attempts 8',
      { workload: { ...BURSTS, failureRatio: 0.3 }, consumer: { maxAttempts: 8 } },
    ],
    ['--platform keda --broker kafka --partitions 22', { platform: 'keda', broker: 'kafka', partitions: 22 }],
    ['--platform keda --broker rabbitmq --scale-to-zero', { platform: 'keda', broker: 'rabbitmq', scaleToZero: true }],
  ])('hands %s to the plan', async (options, question) => {
    const usual = { workload: BURSTS, objective: { latencySeconds: 600 } };
    const plan = planQueue('Workload', { ...usual, ...question });
    const line = 'size --steady 4 --peak 40 --peak-seconds 600 --service 0.5 --latency 600 --json';
    const { code, out, err } = await backpressure(`${line} ${options}`);
    expect([code, err]).toEqual([0, '']);
    const { knobs } = JSON.parse(out);
    const values = (all: Record<string, { value: number }>) =>
      Object.fromEntries(Object.entries(all).map(([name, { value }]) => [name, value]));
    expect(values(knobs)).toEqual(values(Object.fromEntries(plan.knobs.map((knob) => [knob.name, knob]))));
    // The option is not without effect.
    expect(plan.explain()).not.toBe(planQueue('Workload', { ...question, ...usual, ...NEUTRAL }).explain());
  });

  test('says no with a reason and ways out, and exits with 1', async () => {
    const { code, out, err } = await backpressure(`${IMPOSSIBLE} --json`);
    expect([code, err]).toEqual([1, '']);
    const answer = JSON.parse(out);
    expect(answer).toEqual({ feasible: false, reason: expect.any(String), waysOut: expect.any(Array) });
    expect(answer.waysOut.length).toBeGreaterThan(0);
  });
});

describe('size', () => {
  test('prints one line a knob and what to expect, with the name that was given', async () => {
    const { code, out, err } = await backpressure(`${EXAMPLE} --name Orders`);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^Orders: 40\/s, 400\/s for 30 min, 50 ms an item; 99 % within 90 s; on a platform/);
    expect(out).toMatch(/\n {2}maxInstances +\d+ +instances/);
    expect(out).toMatch(/\n {2}latency P99 +\d/);
  });

  test.each([
    ['', 'a platform that was not named (--platform)'],
    [' --platform other', 'a platform that was not named'],
    [' --platform lambda', 'AWS Lambda'],
    [' --platform keda', 'Kubernetes Deployment scaled by KEDA'],
  ])('says which platform the numbers are of: "%s"', async (option, title) => {
    const { out } = await backpressure(`size --steady 40 --service 0.05 --latency 90${option}`, { columns: 200 });
    expect(out.split('\n')[0]).toMatch(new RegExp(`; on ${title.replace(/[()]/g, '\\$&')}$`));
  });

  test("--explain prints the plan's own page", async () => {
    const plan = planQueue('Orders', {
      workload: { steadyPerSecond: 1, serviceSeconds: 1 },
      objective: { latencySeconds: 60 },
    });
    const { out } = await backpressure('size --steady 1 --service 1 --latency 60 --name Orders --explain');
    expect(out).toBe(`${plan.explain()}\n`);
  });

  test('keeps every line of the table within the terminal', async () => {
    const { out } = await backpressure(EXAMPLE, { columns: 60 });
    for (const line of out.split('\n').slice(1)) expect(line.length).toBeLessThanOrEqual(60);
  });

  test('says no in one sentence on stderr with the ways out below, and exits with 1', async () => {
    const { code, out, err } = await backpressure(`${IMPOSSIBLE} --name Orders`);
    expect([code, out]).toEqual([1, '']);
    const [sentence, ...ways] = err.trimEnd().split('\n');
    expect(sentence).toMatch(/^Orders: \S/);
    expect(ways.length).toBeGreaterThan(0);
    for (const way of ways) expect(way).toMatch(/^ {2}(either|or) +\S/);
    expect(err).not.toContain('Error');
  });
});

describe('bad input is one line that names option, value and limit, and exits with 2', () => {
  const sized = '--service 0.05 --latency 90';
  test.each([
    ['below its range', `size --steady -1 ${sized}`, '--steady must be above 0, got -1'],
    ['above its range', `size --steady 1 ${sized} --quantile 1`, '--quantile must be at least 0.5 and below 1, got 1'],
    [
      'below another option',
      `size --steady 40 --peak 20 --peak-seconds 9 ${sized}`,
      '--peak must be at least 40, got 20',
    ],
    ['not whole', `size --steady 1 ${sized} --slots 1.5`, '--slots must be a whole number, at least 1, got 1.5'],
    [
      'above another option',
      `size --steady 1 ${sized} --min-instances 5 --max-instances 2`,
      '--min-instances must be at most --max-instances (2), got 5',
    ],
    [
      'of a platform',
      `size --steady 0.1 ${sized} --platform keda-job --slots 2`,
      'size: --slots must be 1, because a job works on one item, got 2',
    ],
    ['a ceiling without a price', `size --steady 1 ${sized} --monthly-cost 9`, '--instance-hour-cost'],
    [
      'not whole, of a broker',
      `size --steady 1 ${sized} --broker kafka --partitions 1.5`,
      'size: --partitions must be a whole number, at least 1, got 1.5',
    ],
    ['a word', `size --steady many ${sized}`, '--steady must be a number, got many'],
    ['empty', `size --steady '' ${sized}`, "--steady must be a number, got ''"],
    ['hexadecimal', `size --steady 0x10 ${sized}`, '--steady must be a number, got 0x10'],
    ['infinite', `size --steady Infinity ${sized}`, '--steady must be a number, got Infinity'],
    ['too large for a number', `size --steady 1e999 ${sized}`, '--steady must be a finite number, got 1e999'],
    ['another option', `size --steady --service 0.05 --latency 90`, '--steady must be a number, got --service'],
    [
      'two at once',
      `size --steady 1 --service 0 --latency 0`,
      '--service must be above 0, got 0; --latency must be above 0, got 0',
    ],
    ['missing', 'size --steady 40', 'required: --service <seconds>'],
    ['missing too', 'size --steady 40', '--latency <seconds>'],
    ['unknown', `size --stedy 40 ${sized}`, "unknown option '--stedy' (Did you mean --steady?)"],
    ['without its value', `size ${sized} --steady`, "option '--steady <per-second>' argument missing"],
    ['a stray word', `size 40 ${sized}`, "too many arguments for 'size'"],
    [
      'a format without --explain',
      `size --steady 1 ${sized} --format markdown`,
      '--format is of --explain, which is missing',
    ],
    [
      'no such format',
      `size --steady 1 ${sized} --explain --format yaml`,
      "option '--format <format>' argument 'yaml' is invalid. Allowed choices are text, markdown, json",
    ],
    [
      'a page in no folder',
      `size --steady 1 ${sized} --html no/such/folder.html`,
      'no/such/folder.html cannot be written',
    ],
    ['a folder as page', `size --steady 1 ${sized} --html docs`, 'docs cannot be written'],
    ['an empty page', `size --steady 1 ${sized} --html ''`, 'cannot be written'],
    ['an unknown command', 'resize --steady 40', "unknown command 'resize'"],
    [
      'an unknown command with --help',
      'siz --help',
      "unknown command 'siz' (Did you mean size?); there are size, simulate, cases",
    ],
    ['help of an unknown command', 'help siz', "unknown command 'siz'"],
  ])('%s: %s', async (_, line, sentence) => {
    for (const given of [line, `${line} --json`]) {
      if (given.endsWith('--steady --json')) continue; // --json would be its value
      const { code, out, err } = await backpressure(given);
      expect(err).toContain(sentence);
      expect(err.trimEnd()).not.toContain('\n');
      expect(err).toMatch(/^backpressure( size)?: /);
      expect([code, out]).toEqual([2, '']);
    }
  });
});

test.each([
  ['consumer.maxAttempts must be at most 100, got 101', '--max-attempts must be at most 100, got 101'],
  [
    'objective.headroom must be above 1; partitions must be a whole number',
    '--headroom must be above 1; --partitions must be a whole number',
  ],
  ['leave scaleToZero off', 'leave --scale-to-zero off'],
  // The word, not the prop.
  ['41 partitions, or a head-room of 1.1', '41 partitions, or a head-room of 1.1'],
])('in the words of the command line: %s', (sentence, said) => {
  expect(inOptions(sentence)).toBe(said);
});

describe('help', () => {
  test.each(['--help', 'help', '', '-h'])('"%s" lists the commands, with examples', async (line) => {
    const { code, out, err } = await backpressure(line);
    expect([code, err]).toEqual([0, '']);
    for (const command of ['size', 'simulate', 'cases']) expect(out).toMatch(new RegExp(`\\n  ${command} `));
    expect(out).toContain('Examples:');
  });

  test.each(['size', 'simulate', 'cases'])('%s has help with an example that runs', async (command) => {
    const { code, out } = await backpressure(`${command} --help`);
    expect(code).toBe(0);
    expect((await backpressure(`help ${command}`)).out).toBe(out);
    const [, example] = /\n {2}npx backpressure (.+)/.exec(out)!;
    expect(await backpressure(example)).toMatchObject({ code: 0, err: '' });
  });

  test('--version prints the version of the package', async () => {
    const { version } = require('../../package.json');
    expect(await backpressure('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });
});
