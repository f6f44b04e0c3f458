import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import fc from 'fast-check';
import { CHORES } from '../../../lib/cases/case-04-cron-stampede';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { minuteOf } from '../../../lib/flow/schedule/schedule';
import type { SpreadJob } from '../../../lib/k8s/schedule/spread-job';
import { SpreadSchedule, type SpreadScheduleProps } from '../../../lib/k8s/schedule/spread-schedule';
import { emptyChart, every, type Manifest, one, type Written, written } from '../../support/manifest';
import { mostly, optional, spread, validOrNamed } from '../../support/property';

const IMAGE = 'example/chores:1.0.0';
/** `kubectl apply` keeps an object in an annotation, and those of an object have at most this many bytes. */
const ANNOTATIONS_BYTES = 256 * 1024;
const HOUR = 3600;
const jobs: SpreadJob[] = CHORES.jobs.map((job) => ({ ...job, image: IMAGE }));

interface Made extends Written {
  readonly schedule: SpreadSchedule;
}

function make(given: Partial<SpreadScheduleProps> = {}, id = 'Chores', namespace: string | undefined = 'shop'): Made {
  const chart = emptyChart(namespace);
  const schedule = new SpreadSchedule(chart, id, { jobs, ...given });
  return { schedule, ...written(chart) };
}

const job = (name: string, more: Partial<SpreadJob> = {}): SpreadJob => ({
  name,
  periodSeconds: HOUR,
  durationSeconds: 300,
  durationVariation: 0,
  image: IMAGE,
  ...more,
});
const cronJobs = (chart: Written): Manifest[] => every(chart, 'CronJob');
const scheduleOf = (chart: Written, name: string): string =>
  cronJobs(chart).find(({ metadata }) => metadata.name === name).spec.schedule;
const podOf = ({ spec }: Manifest) => spec.jobTemplate.spec.template;
const rulesOf = (chart: Written): Manifest[] => one(chart, 'PrometheusRule').spec.groups[0].rules;
const exprOf = (chart: Written, name: string): string => rulesOf(chart).find(({ alert }) => alert === name).expr;

/** Runs at once in each minute of an hour, read from the manifests of hourly jobs. */
function load(chart: Written, lengthMinutes: number): number[] {
  return loadFrom(
    cronJobs(chart).map(({ spec }) => Number(/^(\d+) \* \* \* \*$/.exec(spec.schedule)![1])),
    lengthMinutes,
  );
}

function loadFrom(starts: readonly number[], lengthMinutes: number): number[] {
  const minutes = new Array<number>(60).fill(0);
  for (const start of starts) {
    for (let minute = start; minute < start + lengthMinutes; minute += 1) minutes[minute % 60] += 1;
  }
  return minutes;
}

const made = make({ host: CHORES.host, objective: CHORES.objective });
/** A thousand jobs, whose names are as long as they may be. */
const THOUSAND = Array.from({ length: 1000 }, (_, i) =>
  job(`nightly-job-${String(i).padStart(4, '0')}`, { durationSeconds: 60 }),
);
const many = make({ jobs: THOUSAND });

describe('case 4: the hour is even, read from the manifests', () => {
  test('four of 36 chores run in the fullest minute, where all of them would at minute 0', () => {
    const minutes = load(made, 5);
    expect(Math.max(...minutes)).toBe(4);
    expect(Math.max(...minutes)).toBe(made.schedule.plan.value('fullestMinuteRuns'));
    expect(made.schedule.plan.predictions).toMatchObject({ unspreadRuns: 36, cpuRatio: 0.5 });
    expect(made.schedule.plan.predictions.meanRuns).toBeCloseTo(3, 9);
  });

  test('1,000 jobs: 17 in the fullest minute for a mean of 16.7, 1,000 before', () => {
    const starts = load(many, 1);
    expect(Math.max(...starts)).toBe(17);
    expect(Math.min(...starts)).toBe(16);
    expect(many.schedule.plan.predictions.unspreadRuns).toBe(1000);
  });

  // What the construct would come to if each job knew only its own name.
  test('a bare hash of the name puts 7 of the 36, and 27 of the 1,000, into one minute', () => {
    const hashed = (all: readonly SpreadJob[], minutes: number) =>
      Math.max(
        ...loadFrom(
          all.map(({ name }) => minuteOf(name)),
          minutes,
        ),
      );
    expect([hashed(jobs, 5), hashed(THOUSAND, 1)]).toEqual([7, 27]);
  });

  test('a job that is appended moves no other', () => {
    const before = make();
    const more = make({ jobs: [...jobs, job('late'), job('later', { cron: '@hourly', periodSeconds: undefined })] });
    for (const { name } of jobs) expect(scheduleOf(more, name)).toBe(scheduleOf(before, name));
    expect(cronJobs(more)).toHaveLength(38);
  });

  test('a job that has to run at its minute does, and is counted where it stands', () => {
    const cron = '0 * * * *';
    const pinned = Array.from({ length: 3 }, (_, i) =>
      job(`pinned-${i}`, { cron, periodSeconds: undefined, pinned: true }),
    );
    const both = make({ jobs: [...pinned, ...Array.from({ length: 9 }, (_, i) => job(`free-${i}`))] });
    for (const { name } of pinned) expect(scheduleOf(both, name)).toBe(cron);
    expect(both.schedule.plan.value('fullestMinuteRuns')).toBe(3);
    expect(load(both, 5)[0]).toBe(3);
  });

  test.each([
    ['@daily', /^\d+ \d+ \* \* \*$/],
    ['0 3 * * 1-5', /^\d+ 3 \* \* (1-5|MON-FRI|MON,TUE,WED,THU,FRI)$/],
    // Six fields, as EventBridge reads them.
    ['10 5 ? * MON-FRI *', /^\d+ 5 \* \* (1-5|MON-FRI|MON,TUE,WED,THU,FRI)$/],
    ['0 4 29 2 *', /^\d+ 4 29 2 \*$/],
    ['*/15 * * * *', /^(\d+,){3}\d+ \* \* \* \*$|^\d+(-\d+)?\/15 \* \* \* \*$/],
  ])('%s keeps all but its minutes', (cron, form) => {
    const alone = make({ jobs: [job('one', { cron, periodSeconds: undefined, durationSeconds: 60 })] });
    expect(scheduleOf(alone, 'one')).toMatch(form);
  });
});

test('an hour that the time zone skips or repeats is said', () => {
  const nightly = job('nightly', { cron: '0 2 * * *', periodSeconds: undefined });
  const explained = (timeZone?: string) => make({ jobs: [nightly], timeZone }).schedule.plan.explain();
  expect(explained('Europe/Berlin')).toMatch(/nightly.*(skip|twice|never|not run)/i);
  expect(explained()).not.toMatch(/twice|skip/i);
});

describe('the traps of case 4 are absent', () => {
  test('trap: a random sleep pins a pod: nothing sleeps, the controller starts each at its minute', () => {
    for (const each of cronJobs(made)) expect(JSON.stringify(podOf(each).spec)).not.toMatch(/sleep|shuf|RANDOM/);
  });

  test('trap: a run that meets its next one: never two at once, and one ends before the next', () => {
    for (const { spec } of cronJobs(made)) {
      expect(spec.concurrencyPolicy).toBe('Forbid');
      expect(spec.jobTemplate.spec.activeDeadlineSeconds).toBeLessThanOrEqual(HOUR);
    }
  });

  test('trap: TZ in the schedule, which API servers refuse: the zone is a field, UTC unless given', () => {
    for (const [chart, zone] of [
      [made, 'Etc/UTC'],
      [make({ timeZone: 'Europe/Berlin' }), 'Europe/Berlin'],
    ] as const) {
      for (const { spec } of cronJobs(chart)) {
        expect(spec.timeZone).toBe(zone);
        expect(spec.schedule).not.toContain('TZ');
      }
    }
  });

  test('trap: a deadline below the ten seconds after which the controller looks again', () => {
    for (const { spec } of cronJobs(made)) expect(spec.startingDeadlineSeconds).toBeGreaterThanOrEqual(60);
  });
});

describe('a CronJob', () => {
  const value = (knob: string) => made.schedule.plan.value(knob);

  test.each(cronJobs(made).filter((_, index) => index % 12 === 0))(
    '$metadata.name has the numbers of the plan',
    ({ metadata: { name }, spec }) => {
      expect(spec).toMatchObject({
        schedule: made.schedule.plan.job(name).expression,
        startingDeadlineSeconds: value(`startingDeadlineSeconds.${name}`),
        successfulJobsHistoryLimit: value('successfulJobsHistoryLimit'),
        failedJobsHistoryLimit: value('failedJobsHistoryLimit'),
        jobTemplate: {
          spec: { activeDeadlineSeconds: value(`activeDeadlineSeconds.${name}`), backoffLimit: value('backoffLimit') },
        },
      });
      expect(podOf({ spec }).spec.containers[0].resources).toEqual({
        requests: { cpu: '200m', memory: '256Mi' },
        limits: { cpu: '200m', memory: '256Mi' },
      });
    },
  );

  test('is called as its job, so that a construct that is renamed keeps it', () => {
    const identities = (chart: Written) => cronJobs(chart).map(({ metadata }) => metadata.name);
    expect(identities(make({}, 'Other'))).toEqual(identities(made));
    expect(made.schedule.cronJobs.map(({ name }) => name)).toEqual(jobs.map(({ name }) => name));
    expect(made.schedule.cronJob('chore-07')).toBe(made.schedule.cronJobs[6]);
    expect(() => made.schedule.cronJob('chore-7')).toThrow(InvalidInputError);
  });

  test('runs what its job says, under Pod Security restricted, without a token', () => {
    const { spec } = podOf(
      cronJobs(
        make({
          jobs: [
            job('one', {
              command: ['node'],
              args: ['clean.js'],
              environment: { MODE: kplus.EnvValue.fromValue('all') },
              memory: Size.gibibytes(1),
            }),
          ],
        }),
      )[0],
    );
    expect(spec.containers[0]).toMatchObject({
      image: IMAGE,
      command: ['node'],
      args: ['clean.js'],
      env: [{ name: 'MODE', value: 'all' }],
      resources: { requests: { cpu: '250m', memory: '1024Mi' }, limits: { cpu: '1000m', memory: '1024Mi' } },
      securityContext: {
        runAsNonRoot: true,
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      },
      volumeMounts: [{ mountPath: '/tmp', name: 'tmp' }],
    });
    expect(spec).toMatchObject({ automountServiceAccountToken: false, restartPolicy: 'Never' });
  });

  test('with a service account of its own runs as that one', () => {
    const serviceAccount = kplus.ServiceAccount.fromServiceAccountName(emptyChart(), 'Mine', 'exporter');
    const chart = make({ jobs: [job('one', { serviceAccount }), job('two')] });
    expect(cronJobs(chart).map((each) => podOf(each).spec.serviceAccountName)).toEqual([
      'exporter',
      one(chart, 'ServiceAccount').metadata.name,
    ]);
  });
});

describe('network policies', () => {
  const database = [{ ports: [5432], namespace: 'database' }];
  const chart = make({
    jobs: [job('one'), job('two', { egress: database }), job('three', { egress: database })],
  });
  const labelsOf = (name: string) =>
    podOf(cronJobs(chart).find(({ metadata }) => metadata.name === name)).metadata.labels;
  const of = (name: string) =>
    every(chart, 'NetworkPolicy').filter(({ spec }) =>
      Object.entries(spec.podSelector.matchLabels).every(([label, text]) => labelsOf(name)[label] === text),
    );

  test('a job reaches DNS and nothing else, and nothing reaches it', () => {
    expect(of('one')).toHaveLength(1);
    expect(of('one')[0].spec).toMatchObject({ ingress: [], policyTypes: ['Ingress', 'Egress'] });
    expect(of('one')[0].spec.egress).toHaveLength(1);
  });

  test('but what it says; jobs that say the same have one policy together', () => {
    expect(every(chart, 'NetworkPolicy')).toHaveLength(2);
    expect(of('two')).toEqual(of('three'));
    expect(of('two')[1].spec.egress[1]).toEqual({
      ports: [{ port: 5432, protocol: 'TCP' }],
      to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'database' } } }],
    });
    expect(chart.schedule.networkPolicies.map(({ name }) => name)).toEqual(
      every(chart, 'NetworkPolicy').map(({ metadata }) => metadata.name),
    );
  });
});

describe('a queue of Kueue', () => {
  const chart = make({ ownQueue: 'chores', maxConcurrent: 4 });
  const queue = one(chart, 'ClusterQueue');

  test('admits as many runs as the plan says, whichever of them are the largest', () => {
    const largest = make({
      jobs: [job('small', { cpu: 0.1, memory: Size.mebibytes(64) }), job('large', { cpu: 1.5 }), job('plain')],
      ownQueue: 'chores',
      maxConcurrent: 2,
    });
    const [group] = one(largest, 'ClusterQueue').spec.resourceGroups;
    expect(group.flavors[0].resources).toEqual([
      { name: 'cpu', nominalQuota: '3000m' },
      { name: 'memory', nominalQuota: '512Mi' },
      { name: 'pods', nominalQuota: '2' },
    ]);
    expect(group.flavors[0].name).toBe(one(largest, 'ResourceFlavor').metadata.name);
  });

  test('is open to its own namespace only, and is named after both', () => {
    expect(queue.spec.namespaceSelector.matchLabels).toEqual({ 'kubernetes.io/metadata.name': 'shop' });
    expect(queue.metadata).toEqual({ name: expect.stringMatching(/^shop-chores-[0-9a-f]{8}$/) });
    const local = one(chart, 'LocalQueue');
    expect([local.metadata, local.spec.clusterQueue]).toEqual([
      { name: 'chores', namespace: 'shop' },
      queue.metadata.name,
    ]);
    expect(chart.schedule.queue?.name).toBe('chores');
    expect([chart.schedule.clusterQueue?.name, chart.schedule.flavor?.name]).toEqual(
      Array(2).fill(queue.metadata.name),
    );
  });

  test('gets every Job: the label is on the template of the Job, where Kueue looks for it', () => {
    for (const given of [{ ownQueue: 'chores' }, { localQueue: 'chores' }]) {
      for (const { spec } of cronJobs(make(given)))
        expect(spec.jobTemplate.metadata.labels).toEqual({ 'kueue.x-k8s.io/queue-name': 'chores' });
    }
  });

  test('that is there already is not made', () => {
    const there = make({ localQueue: 'batch' });
    expect(there.manifests.map(({ apiVersion }) => apiVersion)).not.toContainEqual(expect.stringContaining('kueue'));
    expect(there.schedule.queue).toBeUndefined();
  });

  test('is what lets more runs meet than may run', () => {
    const same = Array.from({ length: 6 }, (_, i) =>
      job(`noon-${i}`, { cron: '0 12 * * *', periodSeconds: undefined, pinned: true }),
    );
    expect(() => make({ jobs: same, maxConcurrent: 2 })).toThrow(CapacityError);
    const waits = make({ jobs: same, maxConcurrent: 2, ownQueue: 'noon' });
    expect(waits.schedule.plan.explain()).toContain('the others wait in the queue');
  });

  test('is not there unless asked for, and no Job waits', () => {
    expect(made.manifests.map(({ kind }) => kind)).not.toContainEqual(expect.stringMatching(/Queue|Flavor/));
    for (const { spec } of cronJobs(made)) expect(spec.jobTemplate.metadata).toBeUndefined();
  });
});

describe('alerts', () => {
  test('each compares with a knob, and says what to do', () => {
    const value = (knob: string) => made.schedule.plan.value(knob);
    const numbers = (name: string) =>
      [...exprOf(made, name).matchAll(/ (?:>|<|==) (\d+)/g)].map(([, number]) => Number(number));
    expect(Object.fromEntries(rulesOf(made).map(({ alert, for: hold }) => [alert, [...numbers(alert), hold]]))).toEqual(
      {
        ScheduledJobSilent: [value('alarmSilenceSeconds.chore-01'), undefined],
        ScheduledJobFailed: [value('alarmFailedRuns'), value('alarmSilenceSeconds.chore-01'), undefined],
        ScheduledRunsAboveMaximum: [value('maxConcurrent'), `${value('alarmHoldSeconds') / 60}m`],
        ScheduledJobSuspended: [1, `${value('alarmHoldSeconds') / 60}m`],
        ScheduledJobMissing: [value('alarmJobs'), `${value('alarmHoldSeconds') / 60}m`],
      },
    );
    for (const { annotations } of rulesOf(made)) expect(annotations.runbook.length).toBeGreaterThan(60);
  });

  test('jobs with the same period and time are asked together', () => {
    const chart = make({ jobs: [job('a'), job('b'), job('c', { periodSeconds: 86_400 })] });
    const parts = exprOf(chart, 'ScheduledJobSilent').split(/ > \d+/);
    expect(parts.map((part) => /cronjob=~"([^"]+)"/.exec(part)?.[1])).toEqual(['a|b', 'c', undefined]);
  });

  test('names as long as they may be: every object still fits what kubectl apply keeps of it', () => {
    const sizes = many.manifests.map((manifest) => Buffer.byteLength(JSON.stringify(manifest)));
    expect(Math.max(...sizes)).toBeGreaterThan(200_000);
    expect(Math.max(...sizes)).toBeLessThan(ANNOTATIONS_BYTES);
    expect(() => make({ jobs: [...THOUSAND, job('one-too-many')] })).toThrow(
      /names of jobs must be at most 17000 characters together, .* got 17013/,
    );
  });
});

describe('what is refused', () => {
  test.each<[string, Partial<SpreadScheduleProps>]>([
    [
      "jobs.image of one must name a version or a digest, got 'example/chores'",
      { jobs: [job('one', { image: 'example/chores' })] },
    ],
    ['jobs[0].image is missing', { jobs: [{ ...job('one'), image: undefined as never }] }],
    [
      'jobs.memory of one in MiB must be a whole number, at least 1',
      { jobs: [job('one', { memory: Size.kibibytes(1) })] },
    ],
    [
      "jobs.environment of one must be letters, digits, '-', '_' and '.'",
      { jobs: [job('one', { environment: { '1': kplus.EnvValue.fromValue('') } })] },
    ],
    ['jobs.egress of one must have at least one port', { jobs: [job('one', { egress: [{ ports: [] }] })] }],
    [
      'jobs.egress of one must have namespace or cidr, not both',
      { jobs: [job('one', { egress: [{ ports: [1], namespace: 'a', cidr: '10.0.0.0/8' }] })] },
    ],
    [
      'jobs.egress of one.ports must be a whole number, between 1 and 65535, got 0',
      { jobs: [job('one', { egress: [{ ports: [0] }] })] },
    ],
    ['jobs must have different names, got one twice', { jobs: [job('one'), job('one')] }],
    ['jobs must name at least one', { jobs: [] }],
    ['ownQueue and localQueue must not be given together', { ownQueue: 'a', localQueue: 'b' }],
    ["ownQueue must be 1 to 63 lower-case letters, digits and hyphens, got 'A'", { ownQueue: 'A' }],
    ["timeZone must be a name of the IANA database, such as Europe/Berlin, got 'utc'", { timeZone: 'utc' }],
  ])('%s', (message, given) => {
    expect(() => make(given)).toThrow(InvalidInputError);
    expect(() => make(given)).toThrow(message);
  });

  test('a queue of its own without a namespace that it could be open to', () => {
    const chart = emptyChart();
    Object.defineProperty(chart, 'namespace', { value: undefined });
    expect(() => new SpreadSchedule(chart, 'Chores', { jobs, ownQueue: 'chores' })).toThrow(
      'ownQueue needs a chart with a namespace',
    );
  });

  test('all that is wrong is said at once', () => {
    expect(() => make({ jobs: [job('one', { image: 'x', durationSeconds: HOUR })], localQueue: '' })).toThrow(
      /image of one.*localQueue must.*durationSeconds of one must be below/s,
    );
  });
});

test('random props give a valid document or a named error, and no fuller minute than the plan says', () => {
  const random = fc.record({
    jobs: fc.uniqueArray(
      fc.record({
        name: fc.constantFrom('clean', 'sync', 'report', 'constructor', 'bill', 'index'),
        periodSeconds: mostly(fc.constant(HOUR), 420),
        durationSeconds: mostly(spread(1, 3000), 0, HOUR),
        durationVariation: fc.constant(0),
        cpu: optional(mostly(spread(0.001, 4), 0)),
        offsetMinutes: optional(mostly(fc.integer({ min: 0, max: 59 }), 60)),
        image: mostly(fc.constant(IMAGE), 'example/chores'),
      }),
      { minLength: 1, maxLength: 6, selector: ({ name }) => name },
    ),
    maxConcurrent: optional(fc.integer({ min: 1, max: 6 })),
    ownQueue: optional(mostly(fc.constant('chores'), 'No')),
    timeZone: optional(mostly(fc.constant('Europe/Berlin'), 'Mars/Base')),
  });
  validOrNamed(/^Chores: /, random, make, (chart) => {
    const minutes = new Array<number>(60).fill(0);
    for (const { metadata, spec } of cronJobs(chart)) {
      const { durationSeconds } = chart.schedule.plan.knob(`startingDeadlineSeconds.${metadata.name}`).inputs;
      const start = Number(spec.schedule.split(' ')[0]);
      for (let i = 0; i < Math.ceil(durationSeconds / 60 - 1e-9); i += 1) minutes[(start + i) % 60] += 1;
    }
    expect(Math.max(...minutes)).toBe(chart.schedule.plan.value('fullestMinuteRuns'));
  });
});
