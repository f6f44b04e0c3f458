import fc from 'fast-check';
import { CHORES } from '../../../lib/cases/case-04-cron-stampede';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { SpreadSchedule, type SpreadScheduleArgs } from '../../../lib/gcp/schedule/spread-schedule';
import { runs } from '../../support/property';
import { allOf, inputsOf, madeOrNamed, program, type Registered } from '../../support/pulumi';

const usualArgs: SpreadScheduleArgs = { ...CHORES, image: 'chores', location: 'europe-west1' };
const make = (args: Partial<SpreadScheduleArgs> = {}) =>
  program(() => new SpreadSchedule('nightly', { ...usualArgs, ...args }));

let resources: readonly Registered[];
let schedule: SpreadSchedule;
beforeAll(async () => {
  ({ resources, made: schedule } = await make());
});

const decoded = (text: string) => JSON.parse(Buffer.from(text, 'base64').toString());
const jobs = () => allOf(resources, 'Job');
const email = (id: string) => `${id}@shop-project.iam.gserviceaccount.com`;

function thrown(args: Partial<SpreadScheduleArgs>): Error {
  try {
    new SpreadSchedule('nightly', { ...usualArgs, ...args });
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was made');
}

describe('the traps of case 4 are absent', () => {
  test('no minute has more jobs than the plan says, and none begins at minute 0 with the others', () => {
    const minutes = Object.values(jobs()).map(({ schedule: expression }) => expression.split(' ')[0]);
    expect(minutes).toHaveLength(36);
    const at = (minute: string) => minutes.filter((each) => each === minute).length;
    expect(Math.max(...minutes.map(at))).toBeLessThanOrEqual(schedule.plan.value('fullestMinuteRuns'));
    expect(at('0')).toBeLessThan(3);
  });

  test('a run waits in the queue for its turn: as many at once as planned, each in an instance of its own', () => {
    const { rateLimits } = inputsOf(resources, 'Queue', 'nightly');
    const service = inputsOf(resources, 'Service', 'nightly-worker').template;
    expect(rateLimits).toEqual({ maxConcurrentDispatches: 4, maxDispatchesPerSecond: 4 });
    expect(service.maxInstanceRequestConcurrency).toBe(1);
    expect(service.scaling).toEqual({ minInstanceCount: 0, maxInstanceCount: 4 });
  });

  test('a run that is retried ends with the attempts and the time of the plan, and every attempt is logged', () => {
    const { retryConfig, stackdriverLoggingConfig } = inputsOf(resources, 'Queue', 'nightly');
    expect(retryConfig).toEqual({
      maxAttempts: 5,
      minBackoff: '1s',
      maxBackoff: '60s',
      maxDoublings: 6,
      maxRetryDuration: '3300s',
    });
    expect(stackdriverLoggingConfig).toEqual({ samplingRatio: 1 });
  });
});

describe('a job of Cloud Scheduler', () => {
  test('puts one task into the queue, in its time zone', async () => {
    const job = jobs()['nightly-chore-01'];
    expect(job).toMatchObject({
      region: 'europe-west1',
      timeZone: 'Etc/UTC',
      attemptDeadline: '30s',
      retryConfig: { retryCount: 5, minBackoffDuration: '5s' },
      schedule: schedule.plan.job('chore-01').expression,
    });
    expect(job.httpTarget).toMatchObject({
      uri: 'https://cloudtasks.googleapis.com/v2/projects/shop-project/locations/europe-west1/queues/nightly-1a2b3c4/tasks',
      httpMethod: 'POST',
      oauthToken: { serviceAccountEmail: email('nightly-clock') },
    });
    const zoned = await make({ timeZone: 'Europe/Berlin' });
    expect(allOf(zoned.resources, 'Job')['nightly-chore-01'].timeZone).toBe('Europe/Berlin');
  });

  test('the task calls the private worker as an account that may do nothing else, within its deadline', () => {
    const { task } = decoded(jobs()['nightly-chore-01'].httpTarget.body);
    const url = 'https://nightly-worker-1a2b3c4.run.app';
    const { body, ...request } = task.httpRequest;
    expect(request).toEqual({
      url,
      httpMethod: 'POST',
      headers: { 'Content-Type': 'application/json' },
      oidcToken: { serviceAccountEmail: email('nightly-task'), audience: url },
    });
    expect(decoded(body)).toEqual({ job: 'chore-01' });
    expect(task.dispatchDeadline).toBe(`${schedule.plan.value('dispatchDeadlineSeconds.chore-01')}s`);
  });
});

test('three permissions, each on one resource', () => {
  expect(allOf(resources, 'QueueIamMember')).toEqual({
    'nightly-clock': {
      name: 'nightly-1a2b3c4',
      location: 'europe-west1',
      role: 'roles/cloudtasks.enqueuer',
      member: `serviceAccount:${email('nightly-clock')}`,
    },
  });
  expect(allOf(resources, 'IAMMember')['nightly-clock']).toMatchObject({
    serviceAccountId: `projects/shop-project/serviceAccounts/${email('nightly-task')}`,
    role: 'roles/iam.serviceAccountUser',
  });
  expect(allOf(resources, 'ServiceIamMember')['nightly-task']).toMatchObject({
    name: 'nightly-worker-1a2b3c4',
    role: 'roles/run.invoker',
    member: `serviceAccount:${email('nightly-task')}`,
  });
  expect(inputsOf(resources, 'Service', 'nightly-worker').ingress).toBe('INGRESS_TRAFFIC_INTERNAL_ONLY');
  expect(inputsOf(resources, 'Service', 'nightly-worker').template.serviceAccount).toBe(email('nightly-worker'));
});

test('alert policies see only this queue and these jobs', () => {
  const policies = allOf(resources, 'AlertPolicy');
  expect(Object.keys(policies).sort()).toEqual(
    ['delay', 'depth', 'failed', 'not-enqueued'].map((name) => `nightly-alerts-${name}`),
  );
  for (const name of ['delay', 'depth', 'failed']) {
    expect(policies[`nightly-alerts-${name}`].conditions[0].conditionThreshold.filter).toContain(
      'resource.labels.queue_id = "nightly-1a2b3c4"',
    );
  }
  expect(inputsOf(resources, 'Metric', 'nightly-alerts-not-enqueued').filter).toContain('job_id =~ "^nightly-"');
});

describe('refusals', () => {
  test('a run that a task cannot take', () => {
    const error = thrown({ jobs: [{ name: 'export', periodSeconds: 86_400, durationSeconds: 3600, cpu: 0.1 }] });
    expect(error).toBeInstanceOf(CapacityError);
    expect(error.message).toMatch(
      /a task may take 1,800 s, and 99.9 % of the runs are within more: export \([\d,]+ s\)/,
    );
  });

  test('every failure at once', () => {
    const error = thrown({
      memory: 'much',
      maxAttempts: 0,
      jobs: [{ name: 'X', durationSeconds: 5, cpu: 1 }],
      image: 7 as never,
    });
    expect(error).toBeInstanceOf(InvalidInputError);
    for (const part of [
      'image is a number, 7',
      'memory must be a number and G, M, Gi or Mi',
      'maxAttempts must be a whole number, between 1 and 100, got 0',
      "jobs.name must be 1 to 40 lower-case letters, digits and hyphens, beginning with a letter, got 'X'",
    ])
      expect(error.message).toContain(part);
  });
});

test('any jobs give resources without a hole, or a named error', async () => {
  const job = fc.record({
    periodSeconds: fc.constantFrom(300, 900, 3600, 86_400, 604_800, 5400),
    durationSeconds: fc.double({ min: 0.1, max: 4000, noNaN: true }),
    cpu: fc.option(fc.double({ min: 0.01, max: 2, noNaN: true }), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(job, { maxLength: 8 }),
      fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
      async (list, maxConcurrent) => {
        const named = list.map((one, index) => ({ name: `job-${index}`, ...one }));
        await madeOrNamed(
          /^nightly: /,
          () => new SpreadSchedule('nightly', { ...usualArgs, jobs: named, maxConcurrent }),
        );
      },
    ),
    { numRuns: Math.ceil(runs / 4) },
  );
});
