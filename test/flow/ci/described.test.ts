import { fewestJobs, jobsStarted } from '../../../lib/flow/ci/described';
import type { CiJob, CiPipeline } from '../../../lib/flow/ci/pipelines';
import { planCi } from '../../../lib/flow/ci/plan';
import type { CiQuestion, CiWorkload } from '../../../lib/flow/ci/workload';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';

const steps = [{ run: 'make' }];
const matrix = { node: ['22', '24'], shard: ['a', 'b'] };
const job = (more: Partial<CiJob> = {}): CiJob => ({ name: 'test', steps, ...more });
/** Only for pull requests, so that nothing but pushes has to be given. */
const pipeline = (more: Partial<CiPipeline> = {}): CiPipeline => ({
  name: 'shop',
  branches: [],
  jobs: [job()],
  ...more,
});
const work: CiWorkload = { pushesPerHourPeak: 40, runSeconds: 300 };
const asked = (pipelines: CiPipeline[], workload: Partial<CiWorkload> = {}, more: Partial<CiQuestion> = {}) =>
  ({
    workload: { ...work, ...workload },
    objective: { waitSeconds: 180 },
    platform: 'arc',
    pipelines,
    ...more,
  }) as CiQuestion;
const planned = (...given: Parameters<typeof asked>) => planCi('Runners', asked(...given));

describe('jobs of a run', () => {
  test.each<[string, CiPipeline[], number]>([
    ['one job', [pipeline()], 1],
    ['a matrix: one for each combination', [pipeline({ jobs: [job({ matrix })] })], 4],
    [
      'jobs that need one another hold runners as well',
      [pipeline({ jobs: [job(), job({ name: 'e2e', needs: ['test'] })] })],
      2,
    ],
    ['a deployment has a rate of its own', [pipeline({ jobs: [job(), job({ name: 'up', deploysTo: 'a' })] })], 1],
    ['several pipelines start together', [pipeline(), pipeline({ name: 'lint' })], 2],
    ['one for branches alone starts for no push', [pipeline(), pipeline({ name: 'nightly', pullRequests: false })], 1],
  ])('%s', (_, pipelines, jobs) => {
    expect(jobsStarted(asked(pipelines))).toBe(jobs);
  });

  test('what follows a deployment runs after a merge, and not for a push', () => {
    const jobs = [job(), job({ name: 'up', deploysTo: 'a' }), job({ name: 'smoke', needs: ['up'], matrix })];
    const pipelines = [pipeline({ branches: ['main'], jobs })];
    expect(jobsStarted(asked(pipelines, { mergesPerHourPeak: 0 }))).toBe(1);
    expect(jobsStarted(asked(pipelines, { mergesPerHourPeak: 5 }))).toBe(5);
  });

  test('a push touches the files of the largest pipeline at least once, and of all of them at most', () => {
    const service = (name: string) => pipeline({ name, paths: [`${name}/**`], jobs: [job({ matrix })] });
    const question = asked([service('a'), service('b'), pipeline({ name: 'lint' })]);
    expect([fewestJobs(question), jobsStarted(question)]).toEqual([5, 9]);
    // Nothing is filtered, so every push starts all.
    expect(fewestJobs({ ...question, filterPaths: false })).toBe(9);
  });

  test('a matrix of 2 × 2 is planned for four jobs, as if they had been given', () => {
    const plan = planned([pipeline({ jobs: [job({ matrix })] })]);
    expect(plan.value('jobsPerRun')).toBe(4);
    const given = planCi('Runners', asked([], { jobsPerRun: 4 }, { pipelines: undefined }));
    expect(plan.value('maxRunners')).toBe(given.value('maxRunners'));
    expect(plan.value('maxRunners')).toBeGreaterThan(planned([pipeline()]).value('maxRunners'));
  });

  test('fewer than the pipelines start are refused, more are not', () => {
    const pipelines = [pipeline({ jobs: [job({ matrix })] })];
    expect(() => planned(pipelines, { jobsPerRun: 3 })).toThrow(InvalidInputError);
    expect(() => planned(pipelines, { jobsPerRun: 3 })).toThrow(
      'Runners: jobsPerRun must be at least 4, which is what a push to a pull request starts in the pipelines, got 3; leave it out',
    );
    expect(planned(pipelines, { jobsPerRun: 6 }).knob('jobsPerRun')).toMatchObject({ value: 6, formula: 'given' });
  });

  test('a way out does not ask for fewer jobs than the pipelines start', () => {
    const make = () => planned([pipeline({ jobs: [job({ matrix })] })], {}, { maxRunners: 8 });
    expect(make).toThrow(CapacityError);
    expect(make).not.toThrow(/jobsPerRun of/);
  });
});

describe('what runs has a rate', () => {
  test.each<[string, Partial<CiPipeline>, Partial<CiWorkload>]>([
    ['mergesPerHourPeak is missing: pipeline shop runs for each merge', { branches: undefined }, {}],
    ['mergesPerHourPeak is missing: pipeline shop runs for each merge', { mergeQueue: true }, {}],
    [
      'mergeQueue must not be false, because pipeline shop runs for the merge queue',
      { mergeQueue: true },
      { mergesPerHourPeak: 1, mergeQueue: false },
    ],
    ['deploysPerHourPeak is missing: pipeline shop deploys', { jobs: [job({ deploysTo: 'production' })] }, {}],
    [
      'skippableRatio must be 0, because pipeline shop has no paths and runs for every push, got 15 %',
      {},
      { skippableRatio: 0.15 },
    ],
  ])('%s', (message, more, workload) => {
    expect(() => planned([pipeline(more)], workload)).toThrow(InvalidInputError);
    expect(() => planned([pipeline(more)], workload)).toThrow(message);
  });

  test('a rate of 0 is an answer, and so are paths, or filters that are not planned', () => {
    const rates = { mergesPerHourPeak: 0, deploysPerHourPeak: 0 };
    const deploying = pipeline({ branches: ['main'], mergeQueue: true, jobs: [job({ deploysTo: 'production' })] });
    expect(() => planned([deploying], rates)).not.toThrow();
    expect(() => planned([pipeline({ paths: ['src/**'] })], { skippableRatio: 0.15 })).not.toThrow();
    expect(() => planned([pipeline()], { skippableRatio: 0.15 }, { filterPaths: false })).not.toThrow();
    // It does not run for the pushes that are skipped.
    const nightly = pipeline({ name: 'nightly', pullRequests: false, tags: ['v*'] });
    expect(() => planned([pipeline({ paths: ['src/**'] }), nightly], { skippableRatio: 0.15 })).not.toThrow();
  });

  test('a pipeline for the merge queue makes the plan count it, as the workload by itself does', () => {
    const merges = { mergesPerHourPeak: 10 };
    const queued = planned([pipeline({ mergeQueue: true })], merges);
    expect(queued.predictions.runsPerMerge).toBe(2);
    const told = planCi('Runners', asked([], { ...merges, mergeQueue: true }, { pipelines: undefined }));
    expect(queued.predictions.busyRunners).toBe(told.predictions.busyRunners);
  });

  test('each environment is counted as if it were as busy as the busiest', () => {
    const deploys = { deploysPerHourPeak: 4, deploySeconds: 240 };
    const to = (...names: string[]) =>
      planned([pipeline({ jobs: [job(), ...names.map((name) => job({ name, deploysTo: name }))] })], deploys);
    const [one, two] = [to('production'), to('staging', 'production')].map(
      ({ predictions }) => predictions.busyRunners,
    );
    // 4 an hour × (60 + 240) s.
    expect(two - one).toBeCloseTo(1 / 3, 9);
  });

  test('a workload that is no object is named, whatever the pipelines say', () => {
    expect(() =>
      planCi('Runners', { ...asked([pipeline({ mergeQueue: true })]), workload: undefined as never }),
    ).toThrow('workload is missing');
  });
});

describe('a build outlives its job', () => {
  const built = (jobs: CiJob[], more: Partial<CiQuestion> = {}) =>
    planned([pipeline({ jobs })], { runVariation: 0 }, { platform: 'codebuild', quota: 100, ...more });

  test.each<[string, CiJob[], Partial<CiQuestion>, number]>([
    ['the time-out of the plan, and a minute for the start', [job()], {}, 9],
    ['a job with a time-out of its own', [job(), job({ name: 'e2e', timeoutMinutes: 300 })], {}, 301],
    ['a shorter one changes nothing', [job({ timeoutMinutes: 5 })], {}, 9],
    ['a start of two and a half minutes', [job({ timeoutMinutes: 300 })], { runnerStartSeconds: 150 }, 303],
  ])('%s', (_, jobs, more, minutes) => {
    const plan = built(jobs, more);
    expect(plan.value('buildTimeoutMinutes')).toBe(minutes);
    // 1.5 × 300 s.
    expect(plan.value('timeoutMinutes')).toBe(8);
  });

  test('a runner of ARC has no time-out of its own', () => {
    expect(planned([pipeline()]).knobs.map(({ name }) => name)).not.toContain('buildTimeoutMinutes');
  });
});
