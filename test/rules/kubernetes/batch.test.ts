/** What the examples of docs/rules leave open about CronJobs, Jobs and quotas. */
import { type Claim, cronJob, deployment, findingsIn, idsIn, object, scaledObject } from './manifest';

const quota = (hard: object, spec = {}, namespace?: string) =>
  object('v1', 'ResourceQuota', 'bound', { spec: { hard, ...spec } }, { namespace });
const names = ['a', 'b', 'c', 'd', 'e'];
const five = (schedule: string | ((i: number) => string), spec = {}) =>
  names.map((name, i) => cronJob(name, typeof schedule === 'string' ? schedule : schedule(i), spec));

/** What a controller other than that of CronJobs starts by a schedule. */
const spark = (name: string, schedule: string, spec = {}) =>
  object('sparkoperator.k8s.io/v1beta2', 'ScheduledSparkApplication', name, { spec: { schedule, ...spec } });
const workflow = (schedule: string, seconds: number, spec = {}) =>
  object('argoproj.io/v1alpha1', 'CronWorkflow', 'w', {
    spec: { schedule, workflowSpec: { activeDeadlineSeconds: seconds, templates: [] }, ...spec },
  });

describe('CRON-002: what is no CronJob overlaps too', () => {
  const SECONDS = { annotations: { 'backpressure-constructs/service-seconds': '7200' } };
  const long = { ...spark('s', '0 * * * *'), metadata: { name: 's', ...SECONDS } };
  test.each<Claim>([
    ['a workflow that may take longer than its period', [workflow('0 * * * *', 7200)], ['BP-CRON-002']],
    ['a workflow that may not', [workflow('0 * * * *', 600)], []],
    ['a workflow that waits for its last run', [workflow('0 * * * *', 7200, { concurrencyPolicy: 'Forbid' })], []],
    ['a Spark application that takes longer', [long], ['BP-CRON-002']],
    ['a Spark application of unknown duration', [spark('s', '0 * * * *')], []],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});

describe('CRON-001: in the same minute', () => {
  test.each<Claim>([
    ['five Spark applications', names.map((name) => spark(name, '0 * * * *')), ['BP-CRON-001']],
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

describe('QUOTA-003: what a scaler wants', () => {
  const gpus = (count: unknown, kind = 'limits') => ({
    resources: {
      requests: { cpu: '1' },
      limits: { memory: '1Gi' },
      [kind]: { memory: '1Gi', 'nvidia.com/gpu': count },
    },
  });
  const worker = (name = 'w', container: Record<string, unknown> = gpus(1), spec: object = {}) => {
    const body = deployment(name, container);
    return { ...body, spec: { ...(body.spec as object), ...spec } };
  };
  const scaled = (most: unknown, least?: unknown) =>
    scaledObject('w', {
      minReplicaCount: least,
      maxReplicaCount: most,
      triggers: [{ type: 'kafka', metadata: { topic: 't' } }],
    });
  const beside = (body: object) => {
    const copy = structuredClone(body) as { spec: { template: { spec: { containers: object[] } } } };
    copy.spec.template.spec.containers.push({ name: 'beside', resources: { limits: { memory: '1Gi' } } });
    return copy;
  };
  const eight = quota({ 'requests.nvidia.com/gpu': '8' });
  test.each<Claim>([
    ['as many as there are', [scaled(8), worker(), eight], []],
    ['one more', [scaled(9), worker(), eight], ['BP-QUOTA-003']],
    ['one more, as requests', [scaled(9), worker('w', gpus(1, 'requests')), eight], ['BP-QUOTA-003']],
    ['the default of 100', [scaled(undefined), worker(), eight], ['BP-QUOTA-003']],
    ['no device at all', [scaled(50), worker('w', {}), eight], []],
    ['devices of one of two containers', [scaled(9), beside(worker()), eight], ['BP-QUOTA-003']],
    ['another device', [scaled(50), worker(), quota({ 'requests.amd.com/gpu': '8' })], []],
    ['as many, beside another one', [scaled(8), worker(), worker('v'), eight], ['BP-QUOTA-003']],
    [
      'as many, beside another one that is off',
      [scaled(8), worker(), worker('v', gpus(1), { replicas: 0 }), eight],
      [],
    ],
    ['pods', [scaled(9), worker(), quota({ pods: '8' })], ['BP-QUOTA-003']],
    ['limits of memory', [scaled(9), worker(), quota({ 'limits.memory': '8Gi' })], ['BP-QUOTA-003']],
    ['limits of memory that fit', [scaled(8), worker(), quota({ 'limits.memory': '8Gi' })], []],
    [
      'requests that are not written',
      [scaled(50), worker('w', { resources: { limits: { memory: '1Gi' } } }), quota({ cpu: '8' })],
      [],
    ],
    ['a number of Jobs', [scaled(50), worker(), quota({ 'count/jobs.batch': '8' })], []],
    ['under a quota for some pods only', [scaled(9), worker(), quota({ pods: '8' }, { scopes: ['BestEffort'] })], []],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });

  test('the message has what is taken, by others too, and what is left', () => {
    const [{ message, fix }] = findingsIn(scaled(20, 1), worker(), worker('v', gpus(2)), eight);
    expect(message).toBe(
      'up to 20 replicas of Deployment/w take requests.nvidia.com/gpu 20, and others at least 2, while ResourceQuota/bound admits 8: more than 6 are refused',
    );
    expect(fix).toContain('22 or more');
  });
});

describe('QUOTA-001 and -004: devices and numbers of objects', () => {
  const pod = (limits: object = {}) => ({
    spec: { containers: [{ name: 'main', resources: { limits: { memory: '1Gi', ...limits } } }] },
  });
  const scaledJob = (spec: object, job: object = {}) =>
    object('keda.sh/v1alpha1', 'ScaledJob', 'a', {
      spec: {
        jobTargetRef: { activeDeadlineSeconds: 9, template: pod({ 'nvidia.com/gpu': 1 }), ...job },
        successfulJobsHistoryLimit: 5,
        failedJobsHistoryLimit: 5,
        maxReplicaCount: 20,
        ...spec,
      },
    });
  const jobs = (count: string) => quota({ 'count/jobs.batch': count });
  test.each<Claim>([
    ['more devices than there are', [scaledJob({}), quota({ 'requests.nvidia.com/gpu': '8' })], ['BP-QUOTA-001']],
    ['as many devices', [scaledJob({}), quota({ 'requests.nvidia.com/gpu': '20' })], []],
    [
      'devices of one Job with several pods',
      [scaledJob({ maxReplicaCount: 4 }, { parallelism: 3 }), quota({ 'requests.nvidia.com/gpu': '8' })],
      ['BP-QUOTA-001'],
    ],
    ['more Jobs than may be', [scaledJob({}), jobs('19')], ['BP-QUOTA-001']],
    ['one Job, however many pods it has', [scaledJob({ maxReplicaCount: 4 }, { parallelism: 30 }), jobs('20')], []],
    ['Jobs that run and Jobs that are kept', [scaledJob({}), jobs('29')], ['BP-QUOTA-004']],
    ['the same with room', [scaledJob({}), jobs('30')], []],
    ['the same when they are removed', [scaledJob({}, { ttlSecondsAfterFinished: 60 }), jobs('29')], []],
    ['the pods of Jobs that are kept', [scaledJob({}), quota({ 'count/pods': '29' })], ['BP-QUOTA-004']],
    ['pods that still run', [scaledJob({}), quota({ pods: '29' })], []],
    [
      'four of each CronJob by default, and one that runs',
      [cronJob('a', '0 * * * *'), cronJob('b', '1 * * * *'), jobs('9')],
      ['BP-QUOTA-004'],
    ],
    ['the same with room for all of them', [cronJob('a', '0 * * * *'), cronJob('b', '1 * * * *'), jobs('10')], []],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});

describe('QUOTA-002: in each namespace', () => {
  const urgent = (rest: object = {}) =>
    object('scheduling.k8s.io/v1', 'PriorityClass', 'urgent', { value: 1000, ...rest });
  const onClass = (namespace: string) =>
    quota(
      { pods: '0' },
      { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['urgent'] }] } },
      namespace,
    );
  const user = (namespace: string) => ({
    ...deployment('w', {}, { priorityClassName: 'urgent' }),
    metadata: { name: 'w', namespace },
  });
  test.each<Claim>([
    ['of two tenants one is bound', [urgent(), onClass('a'), quota({ pods: '5' }, {}, 'b')], ['BP-QUOTA-002']],
    ['both are', [urgent(), onClass('a'), quota({ pods: '5' }, {}, 'b'), onClass('b')], []],
    ['the other one is meant to use it', [urgent(), onClass('a'), quota({ pods: '5' }, {}, 'b'), user('b')], []],
    ['all pods have it', [urgent({ globalDefault: true }), quota({ pods: '5' })], []],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });

  test('the message names who is not bound', () => {
    const [{ message }] = findingsIn(urgent(), onClass('a'), quota({ pods: '5' }, {}, 'b'));
    expect(message).toBe('value 1000 preempts everything below it, and none of 1 ResourceQuota(s) in b limits its use');
  });
});

describe('NAME-001: what is not meant to be applied as it is', () => {
  const nameless = (apiVersion: string, kind: string, spec: object = {}) => ({ apiVersion, kind, metadata: {}, spec });
  test.each<Claim>([
    ['a quota', [nameless('v1', 'ResourceQuota')], ['BP-NAME-001']],
    ['a Deployment', [nameless('apps/v1', 'Deployment', { selector: { matchLabels: { a: 'b' } } })], ['BP-NAME-001']],
    ['a patch of a Deployment', [nameless('apps/v1', 'Deployment', { replicas: 5 })], []],
    ['a Pod that a program makes', [nameless('v1', 'Pod')], []],
    ['what gets a name when it is made', [{ ...nameless('v1', 'ConfigMap'), metadata: { generateName: 'a-' } }], []],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});
