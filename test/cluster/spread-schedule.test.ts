/**
 * What `SpreadSchedule` says of the controller of CronJobs, asked of a real one: jobs that all run every three minutes start
 * together when they are scheduled as usual, and at the minutes of the plan when the construct makes them. The pods are not
 * run, only started and ended.
 */
import { Yaml } from 'cdk8s';
import { SpreadSchedule } from '../../lib/k8s/schedule/spread-schedule';
import { emptyChart, every, type Manifest, written } from '../support/manifest';
import { EXACT, prove } from '../support/proof';
import { until } from '../support/until';
import { get, HAS_CLUSTER, kubectl } from './kubernetes';

const onCluster = HAS_CLUSTER ? describe : describe.skip;

const PERIOD_MINUTES = 3;
const JOBS = 12;
const MINUTE_MILLIS = 60_000;
// Names of this run, so that one that still ends does not stand in the way.
const [SPREAD, TOGETHER] = [`spread-${process.pid}`, `together-${process.pid}`];

const chart = emptyChart(SPREAD);
const { plan } = new SpreadSchedule(chart, 'Chores', {
  jobs: Array.from({ length: JOBS }, (_, i) => ({
    name: `chore-${i + 1}`,
    periodSeconds: PERIOD_MINUTES * 60,
    durationSeconds: 10,
    durationVariation: 0,
    image: 'docker.io/example/chores:1.0.0',
  })),
});
const made = written(chart);
const cronJobs = every(made, 'CronJob');
const objects = made.manifests.filter(({ kind }) => !['PrometheusRule', 'ConfigMap'].includes(kind));
/** With no time to start in, beside the others. */
const NEVER = 'never';
const together: Manifest[] = cronJobs.map(({ metadata, spec }) => {
  const { serviceAccountName: _, ...pod } = spec.jobTemplate.spec.template.spec;
  const jobTemplate = { spec: { template: { ...spec.jobTemplate.spec.template, spec: pod } } };
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: metadata.name, namespace: TOGETHER },
    spec: { schedule: `*/${PERIOD_MINUTES} * * * *`, jobTemplate },
  };
});

const [like] = together;
const never: Manifest = {
  ...like,
  metadata: { ...like.metadata, name: NEVER },
  spec: { ...like.spec, schedule: '* * * * *', startingDeadlineSeconds: 0 },
};

/** The minute in which each Job was made, by the name of the Job. */
const started: Readonly<Record<string, Map<string, number>>> = { [SPREAD]: new Map(), [TOGETHER]: new Map() };

/** Reads them before the next period: the history keeps one run of each. */
async function look(): Promise<void> {
  for (const [namespace, minutes] of Object.entries(started)) {
    const { items } = JSON.parse(await kubectl(['get', 'jobs', '-n', namespace, '-o', 'json']));
    for (const { metadata } of items)
      minutes.set(metadata.name, Math.floor(Date.parse(metadata.creationTimestamp) / MINUTE_MILLIS));
  }
}

/** Whether each CronJob has started a run from that minute on. */
async function allStarted(first: number): Promise<boolean> {
  const times = await Promise.all(
    Object.keys(started).map((namespace) =>
      kubectl(['get', 'cronjobs', '-n', namespace, '-o', 'jsonpath={.items[*].status.lastScheduleTime}']),
    ),
  );
  const since = times
    .flatMap((text) => text.split(' '))
    .filter((text) => Date.parse(text) >= first * MINUTE_MILLIS).length;
  return since === 2 * JOBS;
}

/** Jobs made in each of the minutes that were watched from beginning to end. */
const perMinute = (namespace: string, first: number): number[] =>
  Array.from(
    { length: PERIOD_MINUTES },
    (_, i) => [...started[namespace].values()].filter((minute) => minute === first + i).length,
  );

onCluster('SpreadSchedule and the controller of CronJobs', () => {
  let first: number;

  beforeAll(async () => {
    for (const namespace of [SPREAD, TOGETHER]) await kubectl(['create', 'namespace', namespace]);
    await kubectl(['apply', '--validate=strict', '-f', '-'], Yaml.stringify(...objects, ...together, never));
    first = Math.floor(Date.now() / MINUTE_MILLIS) + 1;
    // Nothing to ask the server before the last minute has begun.
    const last = (first + PERIOD_MINUTES - 1) * MINUTE_MILLIS;
    await until('the last minute of a period', () => Date.now() > last, (PERIOD_MINUTES + 1) * 60);
    await until('a run of every CronJob', () => allStarted(first));
    await look();
  }, 400_000);

  afterAll(async () => {
    await kubectl(['delete', 'namespace', SPREAD, TOGETHER, '--wait=false']);
  }, 60_000);

  test('as usual, all of them start in one minute', () => {
    expect(perMinute(TOGETHER, first).sort()).toEqual([0, 0, JOBS]);
  });

  test('at the minutes of the plan, as many start in each minute as the plan says', () => {
    const most = plan.value('fullestMinuteRuns');
    expect(most).toBe(JOBS / PERIOD_MINUTES);
    expect(perMinute(SPREAD, first)).toEqual(Array(PERIOD_MINUTES).fill(most));
    prove({
      case: 4,
      construct: 'k8s.SpreadSchedule',
      engine: 'CronJob controller',
      metric: `jobs that start in the fullest minute, of ${JOBS}`,
      unit: 'jobs',
      predicted: most,
      measured: Math.max(...perMinute(SPREAD, first)),
      tolerance: EXACT,
      how: `A real API server and its controller; ${JOBS} jobs that run every ${PERIOD_MINUTES} minutes. As usual ${Math.max(...perMinute(TOGETHER, first))} of them start in one minute.`,
      scaledBy: `${JOBS} jobs for dozens, minutes for an hour: places are counted.`,
    });
  });

  test('each starts at its own minute: the offset of the plan in the period', () => {
    for (const [name, minute] of started[SPREAD])
      expect([name, minute % PERIOD_MINUTES]).toEqual([name, plan.value(`offsetMinutes.${name.replace(/-\d+$/, '')}`)]);
    expect(started[SPREAD].size).toBeGreaterThanOrEqual(JOBS);
  });

  test('a time zone within the schedule is refused, so it is a field (BP-CRON-007)', async () => {
    const [{ spec, ...rest }] = together;
    const zoned = { ...rest, spec: { ...spec, schedule: 'TZ=Europe/Berlin 0 3 * * *' } };
    await expect(kubectl(['create', '--dry-run=server', '-f', '-'], Yaml.stringify(zoned))).rejects.toThrow(
      /cannot use TZ or CRON_TZ in schedule, use timeZone field instead/,
    );
  });

  test('with startingDeadlineSeconds 0 none ever starts (BP-CRON-006)', async () => {
    expect((await get('cronjob', NEVER, TOGETHER)).status.lastScheduleTime).toBeUndefined();
    expect([...started[TOGETHER].keys()].filter((name) => name.startsWith(NEVER))).toEqual([]);
  });

  test('the queue of Kueue is taken, places counted in pods included', async () => {
    const queued = emptyChart(SPREAD);
    const jobs = [{ name: 'chore', cron: '@daily', durationSeconds: 60, image: 'docker.io/example/chores:1.0.0' }];
    new SpreadSchedule(queued, 'Chores', { jobs, ownQueue: 'chores' });
    const kueue = written(queued).manifests.filter(({ apiVersion }) => apiVersion.startsWith('kueue'));
    const printed = await kubectl(
      ['apply', '--dry-run=server', '--validate=strict', '-f', '-'],
      Yaml.stringify(...kueue, ...every(written(queued), 'CronJob')),
    );
    expect(printed.trim().split('\n')).toHaveLength(4);
  });
});
