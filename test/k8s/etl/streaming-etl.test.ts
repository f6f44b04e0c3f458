import { Duration } from 'cdk8s';
import { PAGE_VIEWS } from '../../../lib/cases/case-03-batch-to-streaming';
import { planArguments } from '../../../lib/flow/etl/settings';
import { StreamingEtl, type StreamingEtlProps } from '../../../lib/k8s/etl/streaming-etl';
import { emptyChart, every, type Manifest, one, type Written, written } from '../../support/manifest';

const views: StreamingEtlProps = {
  ...PAGE_VIEWS,
  queryName: 'page-views',
  clusterName: 'events',
  clusterNamespace: 'kafka',
  topicName: 'page.views',
  schema: 'page STRING, at TIMESTAMP',
  eventTime: 'at',
  keys: ['page'],
  table: 's3a://lake/page_views',
  checkpoint: 's3a://lake-checkpoints/page_views',
  image: 'example/spark:3.5.7',
};

interface Made extends Written {
  readonly etl: StreamingEtl;
}

function make(props: Partial<StreamingEtlProps> = {}, id = 'PageViews'): Made {
  const chart = emptyChart('reports');
  const etl = new StreamingEtl(chart, id, { ...views, ...props });
  return { etl, ...written(chart) };
}

const made = make();
const application: Manifest = one(made, 'SparkApplication');
const { plan } = made.etl;

/** The value of an argument of the job. */
const argument = (name: string, from: Manifest = application): string | undefined =>
  from.spec.arguments.find((text: string) => text.startsWith(`--${name}=`))?.slice(name.length + 3);
const message = (props: Partial<StreamingEtlProps>): string => {
  try {
    make(props);
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was refused';
};

describe('the traps of case 3 are absent', () => {
  test('trap: update into a Delta sink never starts: windows are merged in foreachBatch', () => {
    expect(argument('output-mode')).toBe('update');
    const script = every(made, 'ConfigMap').find(({ data }) => data?.['job.py'] !== undefined);
    expect(script.data['job.py']).toMatch(/foreachBatch[\s\S]*\.start\(\)/);
    expect(script.data['job.py']).not.toMatch(/writeStream[^)]*\.format\("delta"\)/);
  });

  test('trap: without maxOffsetsPerTrigger the first batch is the whole backlog', () => {
    expect(argument('max-offsets-per-trigger')).toBe('375000');
  });

  test('trap: append of a window of 5 minutes, 10 minutes late, is refused in words', () => {
    expect(message({ outputMode: 'append' })).toMatch(
      /^PageViews: in append mode a window of 5 min appears once the watermark of 10 min has passed it.*MERGE/,
    );
  });
});

test('every number of the plan that the job needs is an argument, and nothing is said twice', () => {
  for (const text of planArguments(plan)) expect(application.spec.arguments).toContain(text);
  const names = application.spec.arguments
    .filter((text: string) => !text.startsWith('--kafka-option'))
    .map((text: string) => text.split('=')[0]);
  expect(new Set(names).size).toBe(names.length);
  expect(argument('trigger-seconds')).toBe(String(plan.value('triggerSeconds')));
});

test('executors, their cores and their memory are those of the plan', () => {
  const { driver, executor, restartPolicy } = application.spec;
  expect(executor).toMatchObject({ instances: 1, cores: 4, memory: '8192m', memoryOverhead: '820m' });
  expect(driver).toMatchObject({
    cores: 1,
    memory: '2048m',
    memoryOverhead: '384m',
    terminationGracePeriodSeconds: 139,
  });
  expect(restartPolicy).toEqual({
    type: 'Always',
    onFailureRetryInterval: 10,
    onSubmissionFailureRetryInterval: 20,
  });
});

test('the topic keeps records beyond an outage, in as many partitions as cores', () => {
  expect(one(made, 'KafkaTopic').spec).toEqual({
    topicName: 'page.views',
    partitions: 4,
    replicas: 3,
    config: { 'min.insync.replicas': 2, 'retention.ms': 259_200_000, 'max.message.bytes': 1_048_588 },
  });
});

test('the user reads its topic and its own consumer groups, as fast as its cores take records', () => {
  const { spec, metadata } = one(made, 'KafkaUser');
  expect(metadata.name).toBe('page-views');
  // Two queries × 1,000 bytes × 4 cores ÷ 1 ms
  expect(spec.quotas).toEqual({ consumerByteRate: 8_000_000 });
  expect(spec.authorization.acls).toEqual([
    expect.objectContaining({ resource: { type: 'topic', name: 'page.views', patternType: 'literal' } }),
    expect.objectContaining({ resource: { type: 'group', name: 'page-views-spark', patternType: 'prefix' } }),
  ]);
  expect(spec.authorization.acls.flatMap(({ operations }: Manifest) => operations)).not.toContain('Write');
  expect(argument('group-prefix')).toBe('page-views-spark');
});

test('no password is in the manifest: the job reads it from the Secret of its user', () => {
  expect(argument('sasl-jaas-file')).toBe('/opt/etl/user/sasl.jaas.config');
  expect(application.spec.volumes).toContainEqual({ name: 'user', secret: { secretName: 'page-views' } });
  for (const pod of [application.spec.driver, application.spec.executor]) {
    expect(pod.volumeMounts).toContainEqual({ name: 'authority', mountPath: '/opt/etl/authority', readOnly: true });
  }
});

test('driver and executors are restricted', () => {
  for (const pod of [application.spec.driver, application.spec.executor]) {
    expect(pod.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(pod.podSecurityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
  }
});

test('the driver may make executors in its namespace, and no more', () => {
  const [{ apiGroups, resources, verbs }, ...more] = one(made, 'Role').rules;
  expect(more).toEqual([]);
  expect(apiGroups).toEqual(['']);
  expect(resources).toEqual(['pods', 'services', 'configmaps', 'persistentvolumeclaims']);
  expect(verbs).not.toContain('*');
  expect(resources).not.toContain('secrets');
  expect(one(made, 'RoleBinding').subjects[0]).toMatchObject({ kind: 'ServiceAccount', name: 'page-views' });
  expect(application.spec.driver.serviceAccount).toBe('page-views');
});

test('driver and executors reach each other, brokers, storage and the API server; only Prometheus reaches the driver', () => {
  const [outer, inner] = ['made', 'inner'].map((_, i) => every(made, 'NetworkPolicy')[i].spec);
  const ports = outer.egress.flatMap(({ ports }: Manifest) => ports.map(({ port }: Manifest) => port));
  expect(ports).toEqual(expect.arrayContaining([53, 9093, 443, 6443]));
  expect(outer.ingress).toEqual([expect.objectContaining({ ports: [{ protocol: 'TCP', port: 8090 }] })]);
  expect(inner.ingress[0].from).toEqual(inner.egress[0].to);
  expect(inner.podSelector).toEqual(inner.ingress[0].from[0].podSelector);
});

test('a renamed construct changes the same application, topic and user: no second writer comes up', () => {
  const renamed = make({}, 'Views');
  for (const kind of ['SparkApplication', 'KafkaTopic', 'KafkaUser', 'ServiceAccount', 'Role', 'RoleBinding']) {
    expect([kind, one(renamed, kind).metadata.name]).toEqual([kind, one(made, kind).metadata.name]);
  }
});

test('a topic, a user and an authority that are there are used', () => {
  const { manifests, ...own } = make({
    existingTopic: true,
    user: { secretName: 'etl-user', key: 'jaas' },
    certificateAuthority: { secretName: 'our-ca', key: 'root.pem' },
    bootstrapServers: ['kafka.example.net:9094'],
  });
  expect(own.etl.topic).toBeUndefined();
  expect(own.etl.user).toBeUndefined();
  expect(manifests.map(({ kind }) => kind)).not.toContain('KafkaTopic');
  const given = one({ manifests, ...own }, 'SparkApplication');
  expect(argument('sasl-jaas-file', given)).toBe('/opt/etl/user/jaas');
  expect(given.spec.arguments).toContain('--kafka-option=kafka.ssl.truststore.location=/opt/etl/authority/root.pem');
  expect(argument('bootstrap-servers', given)).toBe('kafka.example.net:9094');
});

test('brokers by address are reached wherever they are', () => {
  const own = make({ clusterNamespace: undefined, bootstrapServers: ['kafka.example.net:9094'] });
  const [outer] = every(own, 'NetworkPolicy');
  const to = outer.spec.egress.find(({ ports }: Manifest) => ports.some(({ port }: Manifest) => port === 9094)).to;
  expect(to[0].ipBlock.cidr).toBe('0.0.0.0/0');
});

test('a transform of the user comes with the job', () => {
  const own = make({ transform: 'def transform(df):\n    return df\n' });
  expect(argument('transform', one(own, 'SparkApplication'))).toBe('/opt/etl/transform/transform.py');
  // Another text has another name, so that the operator starts the application again.
  const other = make({ transform: 'def transform(df):\n    return df.distinct()\n' });
  expect(other.etl.transformScript?.name).not.toBe(own.etl.transformScript?.name);
  expect(JSON.stringify(one(own, 'SparkApplication').spec.volumes)).toContain(own.etl.transformScript?.name);
});

test('a trigger by hand is in the plan and in the job, and refused when it is too long', () => {
  const own = make({ trigger: Duration.seconds(60) });
  expect(own.etl.plan.knob('triggerSeconds').formula).toBe('given');
  expect(argument('trigger-seconds', one(own, 'SparkApplication'))).toBe('60');
  expect(message({ trigger: Duration.minutes(5) })).toContain('make the oldest record');
});

test.each<[string, Partial<StreamingEtlProps>, string]>([
  ['a checkpoint within the table', { checkpoint: 's3a://lake/page_views/_cp' }, 'checkpoint must not be within'],
  ['no key', { keys: [] }, 'keys must be at least one column'],
  ['a column that would leave its quotes', { keys: ['a` = 1 OR `b'] }, 'keys must be a column'],
  ['an image without a version', { image: 'spark:latest' }, 'image must name a version or a digest'],
  ['a setting of the plan', { sparkConf: { 'spark.scheduler.mode': 'FIFO' } }, 'must leave spark.scheduler.mode'],
  ['a name with capitals', { queryName: 'PageViews' }, 'queryName must be'],
])('%s is refused', (_, props, text) => expect(message(props)).toContain(text));
