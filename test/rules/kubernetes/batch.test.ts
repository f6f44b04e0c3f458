/** What the examples of docs/rules leave open about CronJobs, Jobs and quotas. */
import { type Claim, cronJob, findingsIn, idsIn, object } from './manifest';

const quota = (hard: object, spec = {}, namespace?: string) =>
  object('v1', 'ResourceQuota', 'bound', { spec: { hard, ...spec } }, { namespace });
const names = ['a', 'b', 'c', 'd', 'e'];
const five = (schedule: string | ((i: number) => string), spec = {}) =>
  names.map((name, i) => cronJob(name, typeof schedule === 'string' ? schedule : schedule(i), spec));

describe('CRON-001: in the same minute', () => {
  test.each<Claim>([
    ['five on the hour', five('0 * * * *'), ['BP-CRON-001']],
    ['four of them are few', five('0 * * * *').slice(1), []],
    ['five at five minutes', five((i) => `${i} * * * *`), []],
    ['five whose schedules meet once a day', five((i) => (i % 2 ? '@daily' : '*/15 0 * * *')), ['BP-CRON-001']],
    ['five that never meet on one day', five((i) => `0 0 * * ${i}`), []],
    ['five every minute cannot be put elsewhere', five('* * * * *'), []],
    ['five in zones of their own', names.map((name) => cronJob(name, '0 1 * * *', { timeZone: `Etc/${name}` })), []],
    ['suspended ones start nothing', five('0 * * * *', { suspend: true }), []],
    ['two that do not fit together', [...five('0 * * * *').slice(3), quota({ 'requests.cpu': '3' })], ['BP-CRON-001']],
    ['two that fit', [...five('0 * * * *').slice(3), quota({ 'requests.cpu': '4' })], []],
    ['five that fit need no other minute', [...five('0 * * * *'), quota({ pods: '5' })], []],
    [
      'a quota on something else',
      [...five('0 * * * *').slice(3), quota({ pods: '1' }, { scopes: ['BestEffort'] })],
      [],
    ],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });

  test('says how many, when, what they ask for and what there is', () => {
    const [finding] = findingsIn(...five('30 2 * * *'), quota({ memory: '4Gi' }));
    expect(finding.message).toBe(
      '5 CronJobs start at 02:30 and request memory 5120 MiB together, while ResourceQuota/bound admits 4096 MiB: a, b, c, d, e',
    );
  });

  test('of several minutes the fullest is told, its jobs in the order in which they stand', () => {
    const bodies = ['30 1 * * *', '0 2 * * *', '0 1,2 * * *', '0 2 * * *', '0 1,2 * * *', '0 2 * * *', '30 1 * * *'];
    const [finding] = findingsIn(...bodies.map((schedule, i) => cronJob(`job-${i}`, schedule)));
    expect(finding.message).toBe('5 CronJobs start at 02:00: job-1, job-2, job-3, job-4, job-5');
  });
});

describe('CRON-002 to -004, -006 and -007', () => {
  test.each<Claim>([
    [
      'a run that may overlap',
      [cronJob('a', '* * * * *', { concurrencyPolicy: 'Allow' }, { activeDeadlineSeconds: 61 })],
      ['BP-CRON-002'],
    ],
    [
      'a run that cannot',
      [cronJob('a', '* * * * *', { concurrencyPolicy: 'Allow' }, { activeDeadlineSeconds: 60 })],
      [],
    ],
    [
      'a run that takes its place',
      [cronJob('a', '* * * * *', { concurrencyPolicy: 'Replace' }, { activeDeadlineSeconds: 600 })],
      [],
    ],
    [
      'a run that is said to be short',
      [
        cronJob(
          'a',
          '* * * * *',
          { concurrencyPolicy: 'Allow' },
          { activeDeadlineSeconds: 600 },
          { annotations: { 'backpressure-constructs/service-seconds': '5' } },
        ),
      ],
      [],
    ],
    ['a run that never ends', [cronJob('a', '@daily', {}, { activeDeadlineSeconds: undefined })], ['BP-CRON-003']],
    [
      'a deadline at the pod',
      [
        cronJob(
          'a',
          '@daily',
          {},
          { activeDeadlineSeconds: undefined, template: { spec: { activeDeadlineSeconds: 5 } } },
        ),
      ],
      [],
    ],
    // Since 1.21 the controller starts the newest of them, with a warning event.
    ['a hundred missed within a day', [cronJob('a', '*/14 * * * *', { startingDeadlineSeconds: undefined })], []],
    [
      'a deadline that is over before anybody looks',
      [cronJob('a', '@hourly', { startingDeadlineSeconds: 9 })],
      ['BP-CRON-006'],
    ],
    [
      'a deadline of 0, with which it never starts',
      [cronJob('a', '@hourly', { startingDeadlineSeconds: 0 })],
      ['BP-CRON-008'],
    ],
    ['a deadline of as long as it takes', [cronJob('a', '@hourly', { startingDeadlineSeconds: 10 })], []],
    ['a zone in the schedule', [cronJob('a', 'CRON_TZ=Europe/Berlin 0 3 * * *')], ['BP-CRON-007']],
    ['a zone before a macro', [cronJob('a', 'TZ=UTC @daily')], ['BP-CRON-007']],
    ['a zone where it belongs', [cronJob('a', '0 3 * * *', { timeZone: 'Europe/Berlin' })], []],
    [
      'a zone in the environment of the pod',
      [
        cronJob(
          'a',
          '0 3 * * *',
          {},
          {
            template: {
              spec: {
                containers: [
                  { name: 'main', env: [{ name: 'TZ', value: 'Europe/Berlin' }], resources: { requests: { cpu: 1 } } },
                ],
              },
            },
          },
        ),
      ],
      [],
    ],
    [
      'a Job under a new name each time',
      [object('batch/v1', 'Job', '', { spec: {} }, { name: undefined, generateName: 'a-' })],
      ['BP-CRON-004'],
    ],
    ['a Job that exists once', [object('batch/v1', 'Job', 'a', { spec: {} })], []],
    [
      'a Job that the release removes',
      [
        object(
          'batch/v1',
          'Job',
          '',
          { spec: {} },
          { name: undefined, generateName: 'a-', annotations: { 'helm.sh/hook': 'pre-upgrade' } },
        ),
      ],
      [],
    ],
    ['eleven kept', [cronJob('a', '@daily', { failedJobsHistoryLimit: 11 })], ['BP-CRON-004']],
    [
      'eleven kept for a day',
      [cronJob('a', '@daily', { failedJobsHistoryLimit: 11 }, { ttlSecondsAfterFinished: 86400 })],
      [],
    ],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});

describe('QUOTA-001: refused, not queued', () => {
  const job = (name: string, spec: object, labels = {}) =>
    object(
      'batch/v1',
      'Job',
      name,
      {
        spec: { template: { spec: { containers: [{ name: 'main', resources: { requests: { cpu: 1 } } }] } }, ...spec },
      },
      { labels },
    );
  const pod = (resources: object) => ({ spec: { containers: [{ name: 'main', resources }] } });
  const limited = (spec: object) => job('a', { template: pod({ limits: { cpu: 1 } }), ...spec });
  const scaledJob = (labels: object) =>
    object(
      'keda.sh/v1alpha1',
      'ScaledJob',
      'a',
      {
        spec: {
          jobTargetRef: { activeDeadlineSeconds: 9, template: pod({ limits: { memory: '1Gi' } }) },
          successfulJobsHistoryLimit: 1,
          failedJobsHistoryLimit: 1,
          maxReplicaCount: 60,
        },
      },
      { labels },
    );
  test.each<Claim>([
    ['one Job above the quota', [job('a', { parallelism: 60 }), quota({ pods: '50' })], ['BP-QUOTA-001']],
    [
      'two Jobs above it together',
      [job('a', { parallelism: 30 }), job('b', { parallelism: 30 }), quota({ cpu: '50' })],
      ['BP-QUOTA-001'],
    ],
    [
      'no more at once than there is to do',
      [job('a', { parallelism: 60, completions: 40 }), quota({ pods: '50' })],
      [],
    ],
    ['what fits', [job('a', { parallelism: 50 }), quota({ pods: '50' })], []],
    [
      'what waits in Kueue',
      [job('a', { parallelism: 60 }, { 'kueue.x-k8s.io/queue-name': 'q' }), quota({ pods: '50' })],
      [],
    ],
    [
      'a quota in the only namespace that is named',
      [job('a', { parallelism: 60 }), quota({ pods: '50' }, {}, 'other')],
      ['BP-QUOTA-001'],
    ],
    [
      'a quota elsewhere',
      [
        { ...job('a', { parallelism: 60 }), metadata: { name: 'a', namespace: 'own' } },
        quota({ pods: '50' }, {}, 'other'),
      ],
      [],
    ],
    ['a limit is a request too', [limited({ parallelism: 60 }), quota({ cpu: '50' })], ['BP-QUOTA-001']],
    ['as many Jobs as KEDA may start', [scaledJob({}), quota({ pods: '50' })], ['BP-QUOTA-001']],
    ['as many, which wait in Kueue', [scaledJob({ 'kueue.x-k8s.io/queue-name': 'q' }), quota({ pods: '50' })], []],
    [
      'requests that are not written',
      [job('a', { parallelism: 60, template: { spec: { containers: [{ name: 'main' }] } } }), quota({ cpu: '50' })],
      [],
    ],
    [
      'CronJobs that never coincide',
      [
        cronJob('a', '0 * * * *', {}, { parallelism: 3 }),
        cronJob('b', '30 * * * *', {}, { parallelism: 3 }),
        quota({ pods: '5' }),
      ],
      [],
    ],
    [
      'one CronJob that alone does not fit',
      [cronJob('a', '0 * * * *', {}, { parallelism: 6 }), quota({ pods: '5' })],
      ['BP-QUOTA-001'],
    ],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});

describe('QUOTA-002: a priority that anybody may take', () => {
  const urgent = (rest: object = {}) =>
    object('scheduling.k8s.io/v1', 'PriorityClass', 'urgent', { value: 1000, ...rest });
  const scoped = (operator: string, values?: string[]) =>
    quota({ pods: '0' }, { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator, values }] } });
  test.each<Claim>([
    ['beside quotas that say nothing of it', [urgent(), quota({ pods: '5' })], ['BP-QUOTA-002']],
    ['where there are no quotas at all', [urgent()], []],
    ['that never preempts', [urgent({ preemptionPolicy: 'Never' }), quota({ pods: '5' })], []],
    ['that is above nobody', [urgent({ value: 0 }), quota({ pods: '5' })], []],
    ['that a quota names', [urgent(), scoped('In', ['urgent'])], []],
    ['that a quota names another than', [urgent(), scoped('In', ['other'])], ['BP-QUOTA-002']],
    ['that a quota forbids with all others', [urgent(), scoped('NotIn', ['own'])], []],
    ['that a quota leaves out', [urgent(), scoped('NotIn', ['urgent'])], ['BP-QUOTA-002']],
    ['that a quota on any class covers', [urgent(), scoped('Exists')], []],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});
