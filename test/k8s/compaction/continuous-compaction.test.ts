import { Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { startsOf } from '../../../lib/flow/compaction/clock';
import { INTERVALS } from '../../../lib/flow/compaction/sizing';
import { CompactionWriter } from '../../../lib/flow/compaction/workload';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import type { ContinuousCompactionProps } from '../../../lib/k8s/compaction/compaction-props';
import { ContinuousCompaction } from '../../../lib/k8s/compaction/continuous-compaction';
import { emptyChart, every, type Manifest, one, written } from '../../support/manifest';

const props: ContinuousCompactionProps = {
  workload: { filesPerDay: 40_000, fileBytes: 2e6, openPartitions: 4, bytesPerSecond: 35.4e6 },
  objective: { longestRunSeconds: 1800, smallFiles: 15_000 },
  path: 's3://lake/events',
  image: 'registry.example.net/delta-rs:1.6.6',
  pushGateway: 'http://pushgateway.monitoring:9091',
};

function make(given: Partial<ContinuousCompactionProps> = {}, id = 'Compaction') {
  const chart = emptyChart();
  const compaction = new ContinuousCompaction(chart, id, { ...props, ...given });
  return { ...written(chart), compaction };
}

const made = make();
const { plan } = made.compaction;
const cronJob = one(made, 'CronJob');
const podOf = (job: Manifest) => job.spec.jobTemplate.spec.template.spec;
const pod = podOf(cronJob);
const [container] = pod.containers;
const argument = (name: string, from: Manifest = container) =>
  from.args.find((text: string) => text.startsWith(`--${name}=`))?.slice(name.length + 3);
const scripts = every(made, 'ConfigMap').find(({ data }) => data['compact.py'])!.data;

describe('the trap of case 17 is absent', () => {
  test('trap: one stray file does not start a run: it begins from startFiles on, twice what a run leaves', () => {
    expect(Number(argument('start-files'))).toBe(plan.value('startFiles'));
    expect(plan.value('startFiles')).toBeGreaterThanOrEqual(2 * plan.value('stopFiles'));
  });

  test('trap: nothing starts it but the clock, never its own output', () => {
    expect(cronJob.spec.schedule).toMatch(/^\d+ \d+,\d+,\d+,\d+ \* \* \*$/);
    expect(cronJob.spec.timeZone).toBe('Etc/UTC');
  });
});

describe('the run', () => {
  test.each([
    ['target-bytes', 'targetBytes'],
    ['small-bytes', 'smallBytes'],
    ['start-files', 'startFiles'],
    ['min-input-files', 'minInputFiles'],
    ['quiet-seconds', 'quietSeconds'],
    ['budget-seconds', 'runBudgetSeconds'],
    ['interval-seconds', 'intervalSeconds'],
    ['workers', 'workers'],
    ['vacuum-hours', 'vacuumHours'],
    ['vacuum-interval-seconds', 'vacuumIntervalSeconds'],
  ])('--%s is the knob %s', (name, knob) => {
    expect(argument(name)).toBe(String(plan.value(knob)));
    const changed = make({
      targetBytes: 256 * 2 ** 20,
      workers: 2,
      interval: Duration.hours(4),
      quiet: Duration.minutes(20),
      startFiles: 9000,
      workload: { ...props.workload, openPartitions: 1, partitionSeconds: 14_400, filesPerDay: 80_000 },
      objective: { longestRunSeconds: 3600, smallFiles: 60_000, retentionSeconds: 1_209_600 },
    });
    const [other] = podOf(one(changed, 'CronJob')).containers;
    expect(argument(name, other)).toBe(String(changed.compaction.plan.value(knob)));
  });

  test('its program has every argument that it is given, and no other', () => {
    const known = [...scripts['compact.py'].matchAll(/add_argument\("--([a-z-]+)"/g)].map(([, name]) => name);
    const given = container.args.map((text: string) => /^--([a-z-]+)=/.exec(text)?.[1]);
    expect([...given].sort()).toEqual([...known].sort());
    expect(container.command).toEqual(['python', '/opt/compaction/compact.py']);
    // Beside each other, or Python does not find the second.
    expect(Object.keys(scripts)).toEqual(['compact.py', 'decide.py']);
  });

  test('never runs twice at once, ends in time, and is retried once', () => {
    expect(cronJob.spec).toMatchObject({
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: plan.value('startingDeadlineSeconds'),
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
    });
    expect(cronJob.spec.jobTemplate.spec).toMatchObject({
      activeDeadlineSeconds: plan.value('runDeadlineSeconds'),
      backoffLimit: 1,
    });
    expect(plan.value('runDeadlineSeconds')).toBeGreaterThan(props.objective.longestRunSeconds);
  });

  test('has the CPUs and the memory of the plan', () => {
    const two = make({ workers: 2 });
    expect(container.resources.limits).toEqual({ cpu: '1000m', memory: `${plan.value('memoryMiB')}Mi` });
    expect(podOf(one(two, 'CronJob')).containers[0].resources.limits.cpu).toBe('2000m');
  });
});

describe('the clock', () => {
  const minutesOf = ({ minutes, hours }: ReturnType<typeof startsOf>) => {
    const numbers = (text: string, all: number) =>
      text === '*' ? Array.from({ length: all }, (_, index) => index) : text.split(',').map(Number);
    return numbers(hours, 24)
      .flatMap((hour) => numbers(minutes, 60).map((minute) => 60 * hour + minute))
      .sort((a, b) => a - b);
  };

  test.each(INTERVALS)('every %d s: as many starts a day as fit, evenly apart, from the offset on', (interval) => {
    for (const name of ['s3://lake/events', 's3://lake/orders', 'gs://a/b']) {
      const starts = startsOf(name, interval);
      const minutes = minutesOf(starts);
      expect(minutes).toHaveLength(86_400 / interval);
      expect(minutes[0]).toBe(starts.offsetMinutes);
      expect(new Set(minutes.map((minute) => minute % (interval / 60))).size).toBe(1);
    }
  });

  test('the first start of the day is the one that vacuums', () => {
    const [minute, hours] = cronJob.spec.schedule.split(' ');
    expect(Number(argument('offset-seconds'))).toBe(3600 * Number(hours.split(',')[0]) + 60 * Number(minute));
  });

  test('tables start at minutes of their own, each always at the same', () => {
    const of = (path: string) => one(make({ path }), 'CronJob').spec.schedule;
    expect(of('s3://lake/events')).toBe(cronJob.spec.schedule);
    expect(new Set(Array.from({ length: 20 }, (_, index) => of(`s3://lake/t${index}`))).size).toBeGreaterThan(15);
  });
});

describe('what is watched', () => {
  const rules: Manifest[] = one(made, 'PrometheusRule').spec.groups[0].rules;

  test('alerts and graphs read what a run pushes, of this job', () => {
    const graphs = every(made, 'ConfigMap').find(({ metadata }) => metadata.labels?.grafana_dashboard === '1')!;
    const text = JSON.stringify([rules, graphs.data]);
    const read = new Set([...text.matchAll(/continuous_compaction_(\w+)/g)].map(([, name]) => name));
    expect(read.size).toBeGreaterThan(7);
    for (const name of read) expect(scripts['compact.py']).toContain(`"${name}"`);
    for (const { expr } of rules) expect(expr).toContain(`job="${cronJob.metadata.name}"`);
    expect(argument('job')).toBe(cronJob.metadata.name);
  });

  test('each alert says what to do', () => {
    expect(rules).toHaveLength(8);
    for (const { annotations } of rules) expect(annotations.runbook.length).toBeGreaterThan(60);
  });
});

describe('rights', () => {
  test('Pod Security restricted, and no access to the API server', () => {
    expect(pod.securityContext.runAsNonRoot).toBe(true);
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(container.securityContext).toMatchObject({
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    });
  });

  test('credentials come from a Secret of the team, and are on no command line', () => {
    const [other] = podOf(one(make({ storeSecret: 'lake' }), 'CronJob')).containers;
    expect(other.envFrom).toEqual([{ secretRef: { name: 'lake' } }]);
    expect(every(make({ storeSecret: 'lake' }), 'Secret')).toEqual([]);
    expect(container.envFrom).toBeUndefined();
  });

  test('pods reach the store and the Pushgateway, and nobody reaches them', () => {
    const { egress, ingress, podSelector } = one(made, 'NetworkPolicy').spec;
    expect(ingress).toEqual([]);
    expect(egress.flatMap(({ ports }: Manifest) => ports.map(({ port }: Manifest) => port))).toEqual([
      53, 53, 443, 9091,
    ]);
    expect(cronJob.spec.jobTemplate.spec.template.metadata.labels).toMatchObject(podSelector.matchLabels);
    const inside = one(make({ storeNamespace: 'minio', storePort: 9000 }), 'NetworkPolicy').spec.egress[1];
    expect(inside.to[0].namespaceSelector.matchLabels).toEqual({ 'kubernetes.io/metadata.name': 'minio' });
  });

  test('a service account of the team is used as it is', () => {
    const chart = emptyChart();
    const serviceAccount = new kplus.ServiceAccount(chart, 'Lake');
    const own = new ContinuousCompaction(chart, 'Compaction', { ...props, serviceAccount });
    const all = written(chart);
    expect(every(all, 'ServiceAccount')).toHaveLength(1);
    expect(podOf(one(all, 'CronJob')).serviceAccountName).toBe(serviceAccount.name);
    expect(own.serviceAccount).toBe(serviceAccount);
  });
});

describe('what is refused', () => {
  test('a writer on Spark beside it, on Amazon S3 and nowhere else', () => {
    expect(() => make({ writer: CompactionWriter.SPARK })).toThrow(CapacityError);
    expect(() => make({ writer: CompactionWriter.SPARK, path: 's3a://lake/events' })).toThrow('loses commits');
    expect(() => make({ writer: CompactionWriter.SPARK, path: 'gs://lake/events' })).not.toThrow();
  });

  test('more than can be done', () => {
    expect(() => make({ workload: { ...props.workload, filesPerDay: 1e6 } })).toThrow(CapacityError);
  });

  test.each<[string, Partial<ContinuousCompactionProps> | object, string]>([
    ['a path with credentials', { path: 's3://key:secret@lake/events' }, 'path must be the address of a table'],
    ['a path that is a prefix of Parquet files on a disk', { path: '/data/events' }, 'path must be'],
    ['an image without a version', { image: 'delta-rs' }, 'image must name a version or a digest'],
    ['an address that is none', { pushGateway: 'pushgateway' }, 'pushGateway must be'],
    ['both places', { storeNamespace: 'minio', storeCidr: '10.0.0.0/8' }, 'must not be given together'],
    ['a port that is none', { storePort: 0 }, 'storePort must be a whole number'],
    ['seconds in place of a Duration', { interval: 3600 }, 'interval is a number, 3600; give a Duration'],
    ['an interval that cron cannot say', { interval: Duration.hours(5) }, 'intervalSeconds must be one of'],
    ['a misspelt prop', { targetByte: 1 }, 'did you mean targetBytes'],
    ['nothing', { path: undefined, image: undefined }, 'path is missing; image is missing'],
  ])('%s', (_name, given, message) => {
    expect(() => make(given as Partial<ContinuousCompactionProps>)).toThrow(InvalidInputError);
    expect(() => make(given as Partial<ContinuousCompactionProps>)).toThrow(message);
  });
});

describe('on Spark', () => {
  const onSpark = (given: Partial<ContinuousCompactionProps> = {}) =>
    make({ path: 's3a://lake/events', image: 'registry.example.net/spark-delta:3.5.7', spark: {}, ...given });
  const spark = onSpark({
    storeSecret: 'lake',
    environment: { AWS_REGION: 'eu-central-1' },
    spark: { sparkConf: { 'spark.hadoop.fs.s3a.endpoint': 'https://s3.example.net' } },
  });
  const application = one(spark, 'ScheduledSparkApplication');
  const { template } = application.spec;
  const value = (name: string) => spark.compaction.plan.value(name);

  test('the operator starts one run at a time, by the same clock, and repeats none that fails', () => {
    expect(application.spec).toMatchObject({
      timeZone: 'Etc/UTC',
      concurrencyPolicy: 'Forbid',
      successfulRunHistoryLimit: 1,
      failedRunHistoryLimit: 3,
    });
    expect(application.spec.schedule).toMatch(/^\d+ \d+,\d+,\d+,\d+ \* \* \*$/);
    expect(template.restartPolicy).toEqual({ type: 'Never' });
    expect(template.timeToLiveSeconds).toBe(value('timeToLiveSeconds'));
    expect(every(spark, 'CronJob')).toEqual([]);
  });

  test('the script of Spark is told the same as that of delta-rs, by its own plan', () => {
    expect(template.mainApplicationFile).toBe('local:///opt/compaction/compact_spark.py');
    const names = (list: string[]) => list.map((text) => text.split('=')[0]).filter((name) => name !== '--namespace');
    expect(names(template.arguments)).toEqual(names(container.args));
    expect(template.arguments).toContain(`--start-files=${value('startFiles')}`);
    expect(template.arguments).toContain(`--job=${application.metadata.name}`);
    const held = every(spark, 'ConfigMap').find(({ data }) => data['compact_spark.py'])!.data;
    expect(Object.keys(held).sort()).toEqual(['compact.py', 'compact_spark.py', 'decide.py']);
  });

  test('driver and executors are as large as the plan says, and get the credentials of the store', () => {
    for (const role of ['driver', 'executor'] as const) {
      expect(template[role]).toMatchObject({
        cores: value(`${role}Cores`),
        memory: `${value(`${role}MemoryMib`)}m`,
        memoryOverhead: `${value(`${role}MemoryOverheadMib`)}m`,
        env: [{ name: 'AWS_REGION', value: 'eu-central-1' }],
        envFrom: [{ secretRef: { name: 'lake' } }],
      });
    }
    expect(template.executor.instances).toBe(value('workers'));
    expect(one(onSpark({ workers: 3 }), 'ScheduledSparkApplication').spec.template.executor.instances).toBe(3);
  });

  test('Delta Lake is switched on, and other settings are taken', () => {
    expect(template.sparkConf).toEqual({
      'spark.hadoop.fs.s3a.endpoint': 'https://s3.example.net',
      'spark.sql.catalog.spark_catalog': 'org.apache.spark.sql.delta.catalog.DeltaCatalog',
      'spark.sql.extensions': 'io.delta.sql.DeltaSparkSessionExtension',
    });
  });

  test('the driver may make executors in its namespace, and nothing else', () => {
    const [rule] = one(spark, 'Role').rules;
    expect(rule.resources).toEqual(['pods', 'services', 'configmaps', 'persistentvolumeclaims']);
    expect(one(spark, 'RoleBinding').subjects[0].name).toBe(template.driver.serviceAccount);
  });

  test('alerts read what the runs report', () => {
    const rules = JSON.stringify(one(spark, 'PrometheusRule'));
    expect(rules).toContain(`job=\\"${application.metadata.name}\\"`);
  });

  test('trap: a driver that writes all day is refused on Amazon S3, and taken where commits are safe', () => {
    expect(() => onSpark({ writer: CompactionWriter.SPARK })).toThrow(CapacityError);
    expect(() => onSpark({ writer: CompactionWriter.SPARK, path: 'gs://lake/events' })).not.toThrow();
  });

  test('s3 for s3a, a setting of Delta Lake and a version without numbers are refused together', () => {
    const refused = () =>
      onSpark({
        path: 's3://lake/events',
        spark: { sparkVersion: 'latest', sparkConf: { 'spark.sql.extensions': 'other' } },
      });
    for (const part of ['path must begin with s3a://', 'spark.sparkVersion', 'must leave spark.sql.extensions']) {
      expect(refused).toThrow(part);
    }
    expect(refused).toThrow(InvalidInputError);
  });
});
