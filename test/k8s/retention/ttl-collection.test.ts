import fc from 'fast-check';
import { InvalidInputError } from '../../../lib/flow/errors';
import { TtlCollection, type TtlCollectionProps } from '../../../lib/k8s/retention/ttl-collection';
import { emptyChart, every, type Manifest, one, type Written, written } from '../../support/manifest';
import { mostly, optional, spread, validOrNamed } from '../../support/property';

const props: TtlCollectionProps = {
  workload: {
    insertsPerSecond: 16,
    documentBytes: 1000,
    existingDocuments: 500e6,
    spareWritesPerSecond: 500,
    deletesPerSecond: 200,
  },
  objective: { retentionSeconds: 87 * 86_400, collectionBytes: 125e9 },
  collection: 'events',
  connection: { secretName: 'mongodb', key: 'uri' },
  pushGateway: 'http://pushgateway.monitoring:9091',
  databaseNamespace: 'mongodb',
};

interface Made extends Written {
  readonly ttl: TtlCollection;
}

function make(given: Partial<TtlCollectionProps> = {}, id = 'Events'): Made {
  const chart = emptyChart();
  const ttl = new TtlCollection(chart, id, { ...props, ...given });
  const all = written(chart);
  // A program may say `null` or `undefined`.
  const withoutScripts = ({ data, ...rest }: Manifest) => ({
    ...rest,
    data: Object.entries(data ?? {}).filter(([name]) => !name.endsWith('.js')),
  });
  return { ...all, template: { toJSON: () => all.manifests.map(withoutScripts) }, ttl };
}

const made = make();
const value = (name: string) => made.ttl.plan.value(name);
const job = one(made, 'Job');
const cronJob = one(made, 'CronJob');
const pods: Manifest[] = [job.spec.template.spec, cronJob.spec.jobTemplate.spec.template.spec];
const variables = (pod: Manifest) =>
  Object.fromEntries(pod.containers[0].env.map(({ name, value: text }: Manifest) => [name, text]));
const script = (name: string): string => every(made, 'ConfigMap').find(({ data }) => data[name])?.data[name];

describe('the trap of case 16 is absent', () => {
  test('trap: an index on old data deletes all of it at once: it comes after the last document has its date', () => {
    const text = script('backfill.js');
    const calls = text.slice(text.indexOf('function finish()'));
    expect(calls.indexOf('backfill(run);')).toBeGreaterThan(0);
    expect(calls.indexOf('createIndex();')).toBeGreaterThan(calls.indexOf('backfill(run);'));
    // Nothing else makes one: not the report, and no other object of the chart.
    expect(script('report.js')).not.toContain('createIndex');
    expect(text.match(/\.createIndex\(/g)).toHaveLength(1);
  });

  test('trap: and what is too old by then is spread over what deletion can bear', () => {
    expect(variables(pods[0]).DRAIN_PER_SECOND).toBe(String(value('drainPerSecond')));
    expect(value('drainPerSecond')).toBe(200 - 16);
    const { expiredDocuments, backfillSeconds } = made.ttl.plan.predictions;
    // As many grow too old during the backfill as come in.
    expect(value('drainSeconds')).toBe(Math.ceil((expiredDocuments + 16 * backfillSeconds) / (200 - 16)));
  });
});

describe('the backfill', () => {
  test('is throttled by the plan', () => {
    expect(variables(pods[0])).toMatchObject({
      COLLECTION: 'events',
      BATCH_SIZE: '500',
      BATCH_SECONDS: '1',
      RETENTION_SECONDS: String(87 * 86_400),
      BACKFILL_SECONDS: String(value('backfillSeconds')),
    });
  });

  test('is given twice the predicted time, and tries again where it stopped', () => {
    expect(job.spec.activeDeadlineSeconds).toBe(2 * value('backfillSeconds') + 3600);
    expect(pods[0].restartPolicy).toBe('OnFailure');
  });

  test('is another Job with other settings, the same with the same: a template of a Job never changes', () => {
    expect(one(make(), 'Job').metadata.name).toBe(job.metadata.name);
    const longer = make({ objective: { retentionSeconds: 80 * 86_400 } });
    expect(one(longer, 'Job').metadata.name).not.toBe(job.metadata.name);
  });
});

describe('the report', () => {
  test('never runs twice at once, is over in time, and leaves little behind', () => {
    expect(cronJob.spec).toMatchObject({
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: 600,
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
      timeZone: 'Etc/UTC',
    });
    expect(cronJob.spec.jobTemplate.spec.activeDeadlineSeconds).toBe(600);
  });

  test('comes at a minute of its own: always the same for one name, spread over many', () => {
    const minute = (chart: Made) => Number(/^(\d+) \* \* \* \*$/.exec(one(chart, 'CronJob').spec.schedule)?.[1]);
    expect(minute(make())).toBe(minute(made));
    const minutes = Array.from({ length: 60 }, (_, index) => minute(make({}, `Events${index}`)));
    expect(new Set(minutes).size).toBeGreaterThan(25);
    expect(Math.max(...minutes)).toBeLessThan(60);
  });

  test('its alerts read what it pushes', () => {
    const text = script('report.js');
    const rules: Manifest[] = one(made, 'PrometheusRule').spec.groups[0].rules;
    const read = rules.flatMap(({ expr }) => expr.match(/ttl_collection_\w+/g) ?? []);
    expect(new Set(read).size).toBe(5);
    for (const name of read) expect(text).toContain(`${name}:`);
    for (const { expr } of rules.filter(({ expr: text }) => text.includes('ttl_collection')))
      expect(expr).toContain(`job="${variables(pods[1]).JOB}"`);
    for (const { annotations } of rules) expect(annotations.runbook.length).toBeGreaterThan(60);
  });
});

describe('rights', () => {
  test('the connection string comes from the Secret, by the environment, and is on no command line', () => {
    for (const { containers } of pods) {
      const uri = containers[0].env.find(({ name }: Manifest) => name === 'MONGODB_URI');
      expect(uri.valueFrom.secretKeyRef).toEqual({ name: 'mongodb', key: 'uri' });
      expect(containers[0].command.join(' ')).not.toMatch(/mongodb:|URI/);
    }
    expect(every(made, 'Secret')).toEqual([]);
  });

  test('Pod Security restricted, with limits, and no access to the API server', () => {
    for (const pod of pods) {
      expect(pod.securityContext.runAsNonRoot).toBe(true);
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.containers[0].securityContext).toMatchObject({
        runAsNonRoot: true,
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(pod.containers[0].resources.limits.memory).toBe('512Mi');
      expect(pod.volumes.map(({ hostPath }: Manifest) => hostPath)).not.toContainEqual(expect.anything());
    }
  });

  test('the pods reach database and Pushgateway, and nobody reaches them', () => {
    const { egress, ingress, podSelector } = one(made, 'NetworkPolicy').spec;
    expect(
      egress
        .slice(1)
        .map(({ ports, to }: Manifest) => [
          ports[0].port,
          to[0].namespaceSelector.matchLabels['kubernetes.io/metadata.name'],
        ]),
    ).toEqual([
      [27_017, 'mongodb'],
      [9091, 'monitoring'],
    ]);
    expect(ingress).toEqual([]);
    for (const template of [job.spec.template, cronJob.spec.jobTemplate.spec.template])
      expect(template.metadata.labels).toMatchObject(podSelector.matchLabels);
  });
});

describe('what is refused', () => {
  test.each<[string, Partial<TtlCollectionProps>]>([
    ["got 'system.users'", { collection: 'system.users' }],
    ["got 'a$b'", { collection: 'a$b' }],
    ['not be ttl_backfill, which holds the progress', { collection: 'ttl_backfill' }],
    ["createdField must be 1 to 120 letters, digits, '_' and '.', got 'a..b'", { createdField: 'a..b' }],
    ['databaseNamespace and databaseCidr must not be given together', { databaseCidr: '10.0.0.0/8' }],
    ["createdField must be 1 to 120 letters, digits, '_' and '.', got '$where'", { createdField: '$where' }],
    ["got 'http://user:pw@gateway:9091'", { pushGateway: 'http://user:pw@gateway:9091' }],
    ['databasePort must be a whole number, between 1 and 65535, got 0', { databasePort: 0 }],
  ])('%s', (message, given) => {
    expect(() => make(given)).toThrow(InvalidInputError);
    expect(() => make(given)).toThrow(message);
  });
});

test('random props give a valid document or a named error', () => {
  const random = fc.record({
    workload: fc.record({
      insertsPerSecond: mostly(spread(0.01, 1e3), 0, Number.NaN),
      documentBytes: mostly(spread(10, 1e6), 0),
      existingDocuments: mostly(spread(1, 1e9), -1),
      spareWritesPerSecond: mostly(spread(10, 1e5), 0),
      deletesPerSecond: mostly(spread(10, 1e5), 0),
      writersSetExpiry: optional(fc.boolean()),
    }),
    objective: fc.record({ retentionSeconds: mostly(spread(60, 1e8), 0) }),
    createdField: optional(mostly(fc.constant('createdAt'), '$x')),
    databaseNamespace: optional(fc.constant('mongodb')),
  });
  validOrNamed(/^Events: /, random, make, (chart) => {
    const { BATCH_SIZE, BATCH_SECONDS } = variables(one(chart, 'Job').spec.template.spec);
    const { spareWritesPerSecond } = chart.ttl.plan.knob('batchSize').inputs;
    expect(Number(BATCH_SIZE) / Number(BATCH_SECONDS)).toBeLessThanOrEqual(spareWritesPerSecond * (1 + 1e-9));
  });
});
