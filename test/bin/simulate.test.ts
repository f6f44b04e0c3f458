import { CASES } from '../../lib/cases/catalogue';
import { backpressure } from './harness';

const RUNNABLE = CASES.filter(({ scenario }) => scenario).map(({ number }) => number);
/** A case that is told and does not run yet, as long as there is one. */
const TOLD = CASES.filter(({ scenario }) => !scenario).slice(0, 1);

const SMALL = 'simulate --steady 5 --peak 20 --peak-seconds 120 --service 0.5 --slots 2 --latency 60';
const FIXED =
  'simulate --steady 5 --peak 20 --peak-seconds 120 --service 0.5 --slots 2 --min-instances 4 --max-instances 4';

describe('simulate', () => {
  test('holds the plan against a simulation: predicted beside simulated, and the depth over time', async () => {
    const { code, out, err } = await backpressure(SMALL);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/\n +predicted +simulated\n/);
    expect(out).toMatch(/\n {2}latency P99 +\S+ \S+ +\S+ \S+ +keeps 60 s/);
    expect(out).toMatch(/\n {2}items lost +0\n/);
    expect(out).toMatch(/\n {2}backlog +[▁▂▃▄▅▆▇█]+ {2}up to [\d,]+\n/);
  });

  test('--json gives consumer, predictions and what happened; the same seed gives the same answer', async () => {
    const { code, out } = await backpressure(`${SMALL} --seed 7 --json`);
    expect(code).toBe(0);
    const answer = JSON.parse(out);
    expect(answer).toMatchObject({ seed: 7, lost: 0, consumer: { slotsPerInstance: 2 } });
    expect(answer.timeline[0]).toEqual({ seconds: 0, backlog: expect.any(Number), instances: expect.any(Number) });
    expect((await backpressure(`${SMALL} --seed 7 --json`)).out).toBe(out);
    expect((await backpressure(`${SMALL} --seed 8 --json`)).out).not.toBe(out);
  });

  test('the workload stated is the one asked for, also where a job has its start in the work of an item', async () => {
    const { out } = await backpressure('simulate --platform keda-job --steady 0.1 --service 60 --latency 600');
    expect(out).toMatch(/^\S+: 0\.1\/s, 60 s an item; 99 % within 10 min; on Kubernetes job for each item/);
    // Without a peak nothing drains after it.
    expect(out).not.toContain('drained');
  });

  test('--seeds runs consecutive seeds', async () => {
    const { runs } = JSON.parse((await backpressure(`${SMALL} --seed 3 --seeds 4 --json`)).out);
    expect(runs.map(({ seed }: { seed: number }) => seed)).toEqual([3, 4, 5, 6]);
    expect((await backpressure(`${SMALL} --seeds 4`)).out).toMatch(/peak backlog +\S+ +\d+ to \d+/);
  });

  test('without --latency it shows what a fixed consumer does, even one that falls behind', async () => {
    const { code, out } = await backpressure(`${FIXED} --json`);
    const { peakBacklog, consumer } = JSON.parse(out);
    expect(code).toBe(0);
    expect(consumer).toMatchObject({ minInstances: 4, maxInstances: 4 });
    // 20/s arrive, 16/s are served, for two minutes
    expect(peakBacklog).toBeGreaterThan(300);
    expect(peakBacklog).toBeLessThan(700);
  });

  describe.each([
    ['more arrives than all instances serve', 50, '100/s arrive and 50 instances serve 50/s', 2],
    ['as much arrives as all instances serve', 100, '100/s arrive and 100 instances serve 100/s', 1],
  ])('%s', (cause, instances, rates, utilisation) => {
    const line = `simulate --steady 100 --service 1 --min-instances ${instances} --max-instances ${instances}`;

    test('says so in one sentence, with the time that the predictions cover, and exits with 1', async () => {
      const { code, out } = await backpressure(line);
      expect(code).toBe(1);
      // Wherever the terminal breaks the line.
      expect(out.replace(/\s+/g, ' ')).toContain(
        `${rates}: ${cause}, so the backlog never drains. The predictions cover 24.2 h.`,
      );
      expect(out).toMatch(new RegExp(`utilisation at the peak +${utilisation * 100} %`));
      expect(out).toMatch(/drained after the peak +never +\S+/);
    });

    test('--json has the utilisation, and null for a drain that never ends', async () => {
      const { code, out } = await backpressure(`${line} --json`);
      expect(code).toBe(1);
      expect(JSON.parse(out).predictions).toMatchObject({ utilisation, drainSeconds: null });
    });
  });

  test('what is predicted of a backlog that never drains is what the run sees', async () => {
    const { out } = await backpressure('simulate --steady 10 --service 1 --min-instances 5 --max-instances 5 --json');
    const { predictions, peakBacklog } = JSON.parse(out);
    // One run of 870,000 arrivals: chance moves it by a few thousand items, and a day by one part in 150.
    expect(peakBacklog / predictions.peakBacklog).toBeCloseTo(1, 1);
  });

  test('a workload that cannot be planned is refused as by size', async () => {
    const refused = '--steady 40 --service 2 --latency 1';
    for (const json of ['', ' --json']) {
      const simulated = await backpressure(`simulate ${refused}${json}`);
      expect(simulated).toEqual(await backpressure(`size ${refused}${json}`));
      expect(simulated.code).toBe(1);
    }
  });

  test('tells whoever watches how far it is, and wipes it away; nobody else', async () => {
    const { err } = await backpressure(`${SMALL} --seeds 2`, { watched: true });
    expect(err).toContain('simulating 2 of 2');
    expect(err.endsWith('\r\x1b[K')).toBe(true);
    expect((await backpressure(`${SMALL} --seeds 2`)).err).toBe('');
  });

  test('keeps every line within a narrow terminal', async () => {
    const { out } = await backpressure(SMALL, { columns: 72 });
    for (const each of out.split('\n')) expect(each.length).toBeLessThanOrEqual(72);
  });
});

describe('simulate --case', () => {
  test('shows before, after predicted, after simulated and what was promised', async () => {
    const { code, out } = await backpressure('simulate --case 11');
    expect(code).toBe(0);
    expect(out).toMatch(/storage bill +\$5,000 a month +\$2,\d{3} a month +\$2,\d{3} a month +≤ \$2,800 a month +kept/);
  });

  test.each([
    ['1', /disk used at the peak +94\.9 % +69 % +\d\d(\.\d)? % +< 70 % +kept\n/],
    ['1', /manual clean-ups a week +1 clean-up +0 clean-ups +0 clean-ups +0 clean-ups +kept\n/],
    ['16', /collection size +500 GB +119 GB +119 GB +< 120 GB +kept\n$/],
    ['18', /incidents from one producer +7 incidents +0 incidents +0 incidents +0 incidents +kept\n$/],
    ['20', /completion of the other tenants +4\d(\.\d)? % +100 % +\d+(\.\d)? % +> 90 % +kept\n$/],
  ])('case %s has nothing that queues, and ends with its table', async (number, row) => {
    const { code, out, err } = await backpressure(`simulate --case ${number}`);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(row);
  });

  test('case 9 shows its monthly cost, of which nothing is promised', async () => {
    const { out } = await backpressure('simulate --case 9');
    expect(out).toMatch(/\n {2}keys worked on +556 keys\/s +27\d keys\/s +2[78]\d keys\/s +–/);
    expect(out).toMatch(/\n {2}cost, with one storm a day +– +\$3\d a month +\$3\d a month +–\s*$/);
  });

  test('draws the backlog before and after', async () => {
    const { out } = await backpressure('simulate --case 6');
    expect(out).toMatch(/\nbefore\n {2}backlog +[▁▂▃▄▅▆▇█]+ {2}up to [23]\d,\d{3}\n/);
    expect(out).toMatch(/\nafter\n {2}backlog /);
  });

  test('--json gives the result of runScenario, several seeds as runs', async () => {
    const one = JSON.parse((await backpressure('simulate --case 11 --json')).out);
    expect(one).toMatchObject({
      number: 11,
      seed: 1,
      meetsHeadline: true,
      before: expect.anything(),
      after: { measured: expect.anything(), predicted: expect.anything() },
    });
    const several = JSON.parse((await backpressure('simulate --case 11 --seeds 2 --json')).out);
    expect(several).toMatchObject({ number: 11, meetsHeadline: true });
    expect(several.runs).toHaveLength(2);
    expect(several.runs[0]).toEqual(one);
  });

  test('the help names the cases that run', async () => {
    // Wherever the terminal breaks the line.
    expect((await backpressure('simulate --help')).out.replace(/\s+/g, ' ')).toContain(
      `${RUNNABLE.slice(0, -1).join(', ')} or ${RUNNABLE.slice(-1)}`,
    );
  });
});

describe('bad input is one line that names option, value and limit, and exits with 2', () => {
  const workload = 'simulate --steady 5 --service 0.5 --latency 60';
  test.each([
    ...[...TOLD.map(({ number }) => number), 99, 'x'].map((given) => [
      `simulate --case ${given}`,
      `--case must be one that has a scenario, ${RUNNABLE.join(', ')}, got ${given}`,
    ]),
    [
      'simulate --case 9 --engine gcp',
      'aws, k8s, got gcp; `npx backpressure cases 9` says why, and what to take instead',
    ],
    ['simulate --case 14 --steady 5', '--steady cannot be combined with --case 14'],
    ['simulate --steady 5', 'required: --service <seconds>'],
    [
      'simulate --steady 5 --service 0.5',
      '--latency is required, unless --min-instances and --max-instances are the same number',
    ],
    ['simulate --steady 5 --service 0.5 --min-instances 1 --max-instances 2', '--latency is required'],
    ['simulate --steady 5 --service -1 --min-instances 2 --max-instances 2', '--service must be above 0, got -1'],
    [`${workload} --seed 1.5`, '--seed must be a whole number between 0 and 4294967295, got 1.5'],
    [`${workload} --seed x`, '--seed must be a number, got x'],
    [`${workload} --seeds 0`, '--seeds must be a whole number between 1 and 1000, got 0'],
    [
      'simulate --steady 5000 --peak 90000 --peak-seconds 3600 --service 0.001 --latency 60',
      'the limit is 50,000,000: give a shorter --peak-seconds',
    ],
    [
      'simulate --steady 5 --service 0.5 --min-instances 1e9 --max-instances 1e9',
      '--max-instances × --slots must be at most 1,000,000',
    ],
  ])('%s', async (line, sentence) => {
    const { code, out, err } = await backpressure(line);
    expect(err).toContain(sentence);
    expect(err.trimEnd()).not.toContain('\n');
    expect([code, out]).toEqual([2, '']);
  });
});
