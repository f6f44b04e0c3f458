/** What the examples of docs/rules leave open about JVMs, Prometheus, Kafka, RabbitMQ and log volumes. */
import { type Claim, deployment, findingsIn, idsIn, object } from './manifest';

describe('Spark', () => {
  const heap = { name: 'proxy', args: ['java', '-Xmx1900m'], resources: { limits: { memory: '2Gi' } } };
  const pod = { template: { spec: { containers: [heap] } } };
  test.each<Claim>([
    [
      'the executor has a template',
      [object('sparkoperator.k8s.io/v1beta2', 'SparkApplication', 's', { spec: { executor: pod } })],
      ['BP-JVM-001'],
    ],
    [
      'so has the driver of one with a schedule',
      [
        object('sparkoperator.k8s.io/v1beta2', 'ScheduledSparkApplication', 's', {
          spec: { template: { driver: pod } },
        }),
      ],
      ['BP-JVM-001'],
    ],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});

describe('JVM', () => {
  // A log of the collector, which is not what these rows are about.
  const java = (flags: string, memory = '5Gi', rest = {}) =>
    deployment('w', {
      resources: { limits: { memory } },
      env: [{ name: 'JAVA_OPTS', value: `${flags} -Xlog:gc*` }],
      ...rest,
    });
  const temurin = (release: number) => ({ image: `eclipse-temurin:${release}-jre` });
  test.each<Claim>([
    ['80 % of the container', [java('-Xmx4096m')], []],
    ['more', [java('-Xmx4097m')], ['BP-JVM-001']],
    ['the last of two counts', [java('-Xmx1g -Xmx5g')], ['BP-JVM-001']],
    ['flags among the arguments', [deployment('w', { args: ['java', '-Xmx256m', '-jar', 'a.jar'] })], ['BP-JVM-001']],
    ['a container without limit', [deployment('w', { resources: {}, args: ['-Xmx9g'] })], []],
    ['a share of the container', [java('-XX:MaxRAMPercentage=90.0')], ['BP-JVM-001']],
    ['a smaller share', [java('-XX:MaxRAMPercentage=75')], []],
    ['a pause goal for Shenandoah', [java('-XX:+UseShenandoahGC -XX:MaxGCPauseMillis=50')], ['BP-JVM-002']],
    ['a pause goal for G1', [java('-XX:+UseG1GC -XX:MaxGCPauseMillis=50')], []],
    ['a pause goal for the default collector', [java('-XX:MaxGCPauseMillis=50')], []],
    ['generations of ZGC before 21', [java('-XX:+UseZGC -XX:+ZGenerational', '5Gi', temurin(20))], ['BP-JVM-004']],
    ['generations of ZGC after 23', [java('-XX:+UseZGC -XX:+ZGenerational', '5Gi', temurin(25))], ['BP-JVM-002']],
    ['generations of ZGC in 23', [java('-XX:+UseZGC -XX:+ZGenerational', '5Gi', temurin(23))], []],
    ['generations of ZGC switched off', [java('-XX:+UseZGC -XX:-ZGenerational', '5Gi', temurin(20))], []],
    ['a release that is not told', [java('-XX:+UseZGC -XX:+ZGenerational')], []],
    ['an experiment', [java('-XX:+UseCompactObjectHeaders', '5Gi', temurin(24))], ['BP-JVM-004']],
    [
      'an experiment that is unlocked',
      [java('-XX:+UnlockExperimentalVMOptions -XX:+UseCompactObjectHeaders', '5Gi', temurin(24))],
      [],
    ],
    [
      'generations of Shenandoah in 21',
      [java('-XX:ShenandoahGCMode=generational', '5Gi', temurin(21))],
      ['BP-JVM-004'],
    ],
    ['another mode of Shenandoah in 21', [java('-XX:ShenandoahGCMode=iu', '5Gi', temurin(21))], []],
    ['two sizes of a heap', [java('-Xmx1g -XX:MaxRAMPercentage=50')], ['BP-JVM-005']],
    ['a first size and a share', [java('-Xms1g -XX:MaxRAMPercentage=50')], []],
    ['two collectors', [java('-XX:+UseG1GC -XX:+UseZGC')], ['BP-JVM-002']],
    ['one chosen, one switched off', [java('-XX:-UseG1GC -XX:+UseZGC')], []],
    ['CMS on a JVM that has none', [java('-XX:+UseConcMarkSweepGC', '5Gi', temurin(17))], ['BP-JVM-002']],
    ['CMS on one that has it', [java('-XX:+UseConcMarkSweepGC', '5Gi', temurin(8))], []],
    ['CMS on who knows which', [java('-XX:+UseConcMarkSweepGC')], []],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});

describe('Prometheus', () => {
  const endpoint = (rest: object = {}) => ({ port: 'http', interval: '30s', ...rest });
  const monitor = (...endpoints: object[]) =>
    object('monitoring.coreos.com/v1', 'ServiceMonitor', 'm', { spec: { endpoints } });
  const rules = (...list: object[]) =>
    object('monitoring.coreos.com/v1', 'PrometheusRule', 'r', { spec: { groups: [{ name: 'g', rules: list }] } });
  const alert = (expr: string) => ({ alert: 'A', expr });
  const prometheus = object('monitoring.coreos.com/v1', 'Prometheus', 'p', { spec: { scrapeInterval: '3m' } });
  const drop = (labels: string[], rest: object = {}) =>
    endpoint({ metricRelabelings: [{ sourceLabels: labels, regex: 'x', action: 'drop' }], ...rest });
  const embedded = (text: string) => object('v1', 'ConfigMap', 'c', { data: { 'prometheus.yml': text } });
  test.each<Claim>([
    ['two minutes', [monitor(endpoint({ interval: '2m' }))], []],
    ['more', [monitor(endpoint({ interval: '2m1s' }))], ['BP-PROM-001']],
    [
      'the default of the Prometheus beside it',
      [monitor(endpoint({ interval: undefined })), prometheus],
      ['BP-PROM-001'],
    ],
    ['the default of nobody', [monitor(endpoint({ interval: undefined }))], []],
    [
      'in an embedded configuration',
      [embedded('global: { scrape_interval: 5m }\nscrape_configs: [{ job_name: a }]')],
      ['BP-PROM-001'],
    ],
    [
      'which says so itself',
      [embedded('global: { scrape_interval: 5m }\nscrape_configs: [{ job_name: a, scrape_interval: 1m }]')],
      [],
    ],
    ['a template of one', [embedded('scrape_configs:\n{{- range .Jobs }}\n  - {{ . }}\n{{- end }}')], []],
    ['a window of four scrapes', [monitor(endpoint()), rules(alert('rate(a_total[2m]) > 1'))], []],
    ['a window of fewer', [monitor(endpoint()), rules(alert('sum(rate(a_total[119s])) > 1'))], ['BP-PROM-002']],
    [
      'when something is scraped more often',
      [monitor(endpoint(), endpoint({ interval: '10s' })), rules(alert('rate(a_total[1m]) > 1'))],
      [],
    ],
    [
      'when something is scraped who knows how often',
      [monitor(endpoint(), endpoint({ interval: undefined })), rules(alert('rate(a_total[1m]) > 1'))],
      [],
    ],
    ['nothing is scraped here', [rules(alert('rate(a_total[1m]) > 1'))], []],
    ['level:metric:operations', [rules({ record: 'job:a:sum', expr: 'a' })], []],
    ['a rate under one colon', [rules({ record: 'job:a', expr: 'sum(rate(a[5m])) by (job)' })], ['BP-PROM-003']],
    ['a rate under a plain name', [rules({ record: 'a_sum', expr: 'sum(rate(a[5m]))' })], ['BP-PROM-003']],
    ['what is no rate may be called anything', [rules({ record: 'node:memory', expr: 'sum(memory) by (node)' })], []],
    ['more levels than one', [rules({ record: 'cluster:ns:a:rate5m', expr: 'sum(rate(a[5m])) by (ns)' })], []],
    ['samples of a pod dropped', [monitor(drop(['pod']))], ['BP-PROM-004']],
    ['a metric of a pod dropped', [monitor(drop(['__name__', 'pod']))], []],
    ['samples that bring their own labels', [monitor(drop(['pod'], { honorLabels: true }))], []],
    ['samples of cAdvisor', [monitor(drop(['pod'], { path: '/metrics/cadvisor' }))], []],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});

describe('Kafka', () => {
  const user = (name: string, quotas?: object, cluster = 'events') =>
    object(
      'kafka.strimzi.io/v1',
      'KafkaUser',
      name,
      { spec: { quotas } },
      { labels: { 'strimzi.io/cluster': cluster } },
    );
  const topic = (replicas: unknown, least?: unknown) =>
    object(
      'kafka.strimzi.io/v1',
      'KafkaTopic',
      't',
      { spec: { replicas, config: { 'min.insync.replicas': least } } },
      { labels: { 'strimzi.io/cluster': 'events' } },
    );
  const cluster = (config: object) => object('kafka.strimzi.io/v1', 'Kafka', 'events', { spec: { kafka: { config } } });
  const quotas = { producerByteRate: 1 };
  test.each<Claim>([
    ['nobody has a quota', [user('a'), user('b')], []],
    ['another has one', [user('a', quotas), user('b')], ['BP-KAFKA-001']],
    ['another has one in another cluster', [user('a', quotas), user('b', undefined, 'other')], []],
    ['all copies in sync', [topic(2, 2)], ['BP-KAFKA-002']],
    ['as the cluster wants it', [topic(2), cluster({ 'min.insync.replicas': 2 })], ['BP-KAFKA-002']],
    ['one copy may be missing', [topic(3, 2)], []],
    ['one copy of three confirms', [topic(3, 1)], ['BP-KAFKA-008']],
    ['one copy by default, of the topic and of its cluster', [topic(3), cluster({})], ['BP-KAFKA-008']],
    ['one copy, as the cluster wants it', [topic(3), cluster({ 'min.insync.replicas': 1 })], ['BP-KAFKA-008']],
    ['two copies, as the cluster wants it', [topic(3), cluster({ 'min.insync.replicas': 2 })], []],
    ['as many copies as a cluster says that is elsewhere', [topic(3)], []],
    ['one copy, of which nothing is promised', [topic(1, 1)], []],
    ['as many copies as the broker likes', [topic(undefined, 2)], []],
    ...(
      [
        ['all copies', { 'transaction.state.log.min.isr': 3, 'transaction.state.log.replication.factor': 3 }, true],
        ['all of the usual three copies', { 'transaction.state.log.min.isr': 3 }, true],
        ['two of three copies', { 'transaction.state.log.min.isr': 2 }, false],
        ['its one copy', { 'transaction.state.log.min.isr': 1, 'transaction.state.log.replication.factor': 1 }, false],
        ['the usual number of copies', { 'transaction.state.log.replication.factor': 3 }, false],
      ] as const
    ).map(
      ([claim, config, wrong]): Claim => [
        `transactions that need ${claim}`,
        [cluster(config)],
        wrong ? ['BP-KAFKA-002'] : [],
      ],
    ),
    [
      'the quota plug-in of Strimzi',
      [cluster({ 'client.quota.callback.class': 'io.strimzi.kafka.quotas.StaticQuotaCallback' })],
      [],
    ],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});

describe('RabbitMQ', () => {
  const queue = (name: string, spec: object = {}) =>
    object('rabbitmq.com/v1beta1', 'Queue', name, { spec: { name, ...spec } });
  const policy = (definition: object, spec: object = {}) =>
    object('rabbitmq.com/v1beta1', 'Policy', 'p', { spec: { pattern: '.*', definition, ...spec } });
  const bound = (source: string, destination: string) =>
    object('rabbitmq.com/v1beta1', 'Binding', 'b', { spec: { source, destination, destinationType: 'queue' } });
  const cluster = (image: string) => object('rabbitmq.com/v1beta1', 'RabbitmqCluster', 'c', { spec: { image } });
  const rejecting = { 'x-overflow': 'reject-publish' };
  const letters = { arguments: { 'x-dead-letter-exchange': 'dead', 'x-delivery-limit': 5 } };
  const limited = queue('a', { type: 'quorum', arguments: { 'x-max-length': 9, ...rejecting } });
  test.each<Claim>([
    ['nothing bounds it', [queue('a')], ['BP-RABBITMQ-001']],
    ['an argument does', [queue('a', { arguments: { 'x-max-length': 10, ...rejecting } })], []],
    ['a policy does', [queue('a'), policy({ 'max-length-bytes': 10, overflow: 'reject-publish' })], []],
    [
      'a policy for others does not',
      [queue('a'), policy({ 'max-length': 10 }, { pattern: '^b' })],
      ['BP-RABBITMQ-001'],
    ],
    [
      'a policy for exchanges does not',
      [queue('a'), policy({ 'dead-letter-exchange': 'x' }, { applyTo: 'exchanges' })],
      ['BP-RABBITMQ-001'],
    ],
    [
      'a policy of another vhost does not',
      [queue('a'), policy({ 'max-length': 10 }, { vhost: 'other' })],
      ['BP-RABBITMQ-001'],
    ],
    [
      'a policy that only Erlang can read might',
      [queue('a'), policy({ 'max-length': 10 }, { pattern: '(?i)^A$' })],
      [],
    ],
    ['a stream is no queue', [queue('a', { type: 'stream' })], []],
    [
      'what failed elsewhere is parked in it',
      [queue('a', { type: 'quorum', ...letters }), queue('dead', { type: 'quorum' }), bound('dead', 'dead')],
      [],
    ],
    [
      'parked by its own name',
      [queue('a', { arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' } }), queue('dead')],
      [],
    ],
    [
      'delivered for ever',
      [queue('a', { type: 'quorum', arguments: { 'x-dead-letter-exchange': 'dead' } })],
      ['BP-RABBITMQ-002'],
    ],
    [
      'delivered for ever, as the broker says',
      [queue('a', { type: 'quorum', arguments: { 'x-max-length': 1 } }), cluster('rabbitmq:3.13.7')],
      ['BP-RABBITMQ-002'],
    ],
    [
      'twenty times, as the broker says',
      [
        queue('a', { type: 'quorum', arguments: { 'x-max-length': 1 } }),
        cluster('docker.io/library/rabbitmq:4.1.0-management'),
      ],
      ['BP-RABBITMQ-005'],
    ],
    [
      'twenty times, and then parked',
      [queue('a', { type: 'quorum', arguments: { 'x-dead-letter-exchange': 'dead' } }), cluster('rabbitmq:4')],
      [],
    ],
    ...(
      [
        ['as many times as it says', { 'x-delivery-limit': 5 }, ['BP-RABBITMQ-005']],
        ['as often as it takes', { 'x-delivery-limit': -1 }, []],
        ['five times, and then parked', { 'x-delivery-limit': 5, 'x-dead-letter-exchange': 'dead' }, []],
      ] as const
    ).map(
      ([claim, limit, ids]): Claim => [
        `delivered ${claim}`,
        [queue('a', { type: 'quorum', arguments: { 'x-max-length': 9, ...rejecting, ...limit } })],
        ids,
      ],
    ),
    ['delivered as often as a policy says', [limited, policy({ 'delivery-limit': 3 })], ['BP-RABBITMQ-005']],
    ['parked as a policy says', [limited, policy({ 'delivery-limit': 3, 'dead-letter-exchange': 'dead' })], []],
    [
      'delivered as one of two policies says',
      [limited, policy({ 'delivery-limit': 3 }), policy({ 'delivery-limit': 3 }, { priority: 1 })],
      [],
    ],
    ['an old message for a new one', [queue('a', { arguments: { 'x-max-length': 10 } })], ['BP-RABBITMQ-004']],
    [
      'the same, as it says',
      [queue('a', { arguments: { 'x-max-length-bytes': 10, 'x-overflow': 'drop-head' } })],
      ['BP-RABBITMQ-004'],
    ],
    ['the same by a policy', [queue('a'), queue('b'), policy({ 'max-length': 10 })], ['BP-RABBITMQ-004']],
    ['the latest value', [queue('a', { arguments: { 'x-max-length': 1 } })], []],
    ['the oldest are parked', [queue('a', { arguments: { 'x-max-length': 9, 'x-dead-letter-exchange': 'x' } })], []],
    [
      'the newest are refused, as a policy says',
      [queue('a', { arguments: { 'x-max-length': 9 } }), policy({ overflow: 'reject-publish' })],
      [],
    ],
    [
      'a policy for queues of another type refuses nothing',
      [
        queue('a', { arguments: { 'x-max-length': 9 } }),
        policy({ overflow: 'reject-publish' }, { applyTo: 'quorum_queues' }),
      ],
      ['BP-RABBITMQ-004'],
    ],
    [
      'of two policies nobody knows which applies',
      [queue('a'), policy({ 'max-length': 10 }), policy({ 'dead-letter-routing-key': 'x' })],
      [],
    ],
    ['a classic queue has no limit to set', [queue('a', { type: 'classic', arguments: { 'x-max-length': 1 } })], []],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});

test('RabbitMQ 4 deletes what is returned too often, and a policy has one finding for all of its queues', () => {
  const queue = (name: string, type: string) => object('rabbitmq.com/v1beta1', 'Queue', name, { spec: { name, type } });
  const cluster = object('rabbitmq.com/v1beta1', 'RabbitmqCluster', 'c', { spec: { image: 'rabbitmq:4-management' } });
  const [unbounded] = findingsIn(queue('a', 'quorum'), cluster);
  expect(unbounded.ruleId).toBe('BP-RABBITMQ-001');
  expect(unbounded.message).toMatch(/a message that is returned more than 20 times is deleted too$/);
  const policy = object('rabbitmq.com/v1beta1', 'Policy', 'p', {
    spec: { pattern: '.*', definition: { 'max-length': 500 } },
  });
  const found = findingsIn(queue('a', 'classic'), queue('b', 'classic'), queue('c', 'classic'), policy);
  expect(found.map(({ resource, path, message }) => [resource, path, message])).toEqual([
    [
      'Policy/p',
      'spec.definition.max-length',
      'at max-length 500 the oldest messages of a and 2 more are dropped for new ones: no overflow, and no dead-letter exchange takes them',
    ],
  ]);
});

describe('LOG-001: volumes', () => {
  const writing = (volume: object, path = '/var/log/app', container: object = {}, others: object[] = []) => {
    const mount = { name: 'v', mountPath: path, ...(path === '' ? {} : {}) };
    const body = deployment('w', { volumeMounts: [mount], ...container }, { volumes: [{ name: 'v', ...volume }] });
    const spec = (body.spec as { template: { spec: { containers: object[] } } }).template.spec;
    spec.containers.push(...others);
    return body;
  };
  const emptyDir = { emptyDir: {} };
  const host = (path: string) => ({ hostPath: { path } });
  test.each<Claim>([
    ['an emptyDir for logs', [writing(emptyDir)], ['BP-LOG-001']],
    ['one that is bounded', [writing({ emptyDir: { sizeLimit: '1Gi' } })], []],
    ['one in memory', [writing({ emptyDir: { medium: 'Memory' } })], []],
    [
      'one in a pod whose disk is bounded',
      [writing(emptyDir, '/logs', { resources: { limits: { 'ephemeral-storage': '1Gi' } } })],
      [],
    ],
    ['an emptyDir for something else', [writing(emptyDir, '/var/blog')], []],
    ['a directory of the node', [writing(host('/srv/app/logs'))], ['BP-LOG-001']],
    [
      'the same beside a rotator',
      [writing(host('/srv/app/logs'), '/logs', {}, [{ name: 'rotate', image: 'logrotate:1' }])],
      [],
    ],
    ['the logs of the node itself', [writing(host('/var/log'), '/var/log')], []],
    [
      'a directory that is only read',
      [writing(host('/srv/app/logs'), '/logs', { volumeMounts: [{ name: 'v', mountPath: '/logs', readOnly: true }] })],
      [],
    ],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});

describe('LOG-008: claims', () => {
  const claim = { name: 'v', persistentVolumeClaim: { claimName: 'logs' } };
  const writing = (container: object = {}, path = '/opt/app/logs', volumes: object[] = [claim]) =>
    deployment('w', { volumeMounts: [{ name: 'v', mountPath: path }], ...container }, { volumes });
  const settings = (data: object) => object('v1', 'ConfigMap', 'settings', { data });
  const configured = writing({}, undefined, [claim, { name: 'c', configMap: { name: 'settings' } }]);
  const cleaner = (command: string) =>
    object('batch/v1', 'CronJob', 'nightly', {
      spec: {
        schedule: '7 3 * * *',
        startingDeadlineSeconds: 600,
        concurrencyPolicy: 'Forbid',
        jobTemplate: {
          spec: {
            activeDeadlineSeconds: 600,
            template: {
              spec: {
                containers: [{ name: 'main', image: 'busybox:1', args: ['sh', '-c', command], volumeMounts: [] }],
                volumes: [claim],
              },
            },
          },
        },
      },
    });
  const ofItsOwn = { volumeClaimTemplates: [{ metadata: { name: 'v' }, spec: {} }] };
  const plain = writing({}, '/var/log/app', []);
  const stateful = { ...plain, kind: 'StatefulSet', spec: { ...(plain.spec as object), ...ofItsOwn } };
  test.each<Claim>([
    ['that nobody rotates', [writing()], ['BP-LOG-008']],
    ['for data', [writing({}, '/opt/app/data')], []],
    ['for a blog', [writing({}, '/srv/weblog')], []],
    ['that is read', [writing({ volumeMounts: [{ name: 'v', mountPath: '/logs', readOnly: true }] })], []],
    ['with a bound in a variable', [writing({ env: [{ name: 'LOG_RETENTION_DAYS', value: '7' }] })], []],
    ['with a bound in its configuration', [configured, settings({ 'log4j2.xml': '<RollingFile name="a">' })], []],
    ['with a configuration that says nothing of it', [configured, settings({ 'app.ini': 'port=80' })], ['BP-LOG-008']],
    ['with a configuration from elsewhere', [configured], []],
    ['that another workload cleans', [writing(), cleaner('find /logs -mtime +7 -delete')], []],
    ['that another workload reads', [writing(), cleaner('grep -c ERROR /logs/app')], ['BP-LOG-008']],
    ['of a StatefulSet', [stateful], ['BP-LOG-008']],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});

test('an annotation about the workload accepts no finding, and one that accepts says nothing else', () => {
  const queue = (annotations: object) =>
    object('rabbitmq.com/v1beta1', 'Queue', 'a', { spec: { name: 'a' } }, { annotations });
  expect(findingsIn(queue({ 'backpressure-constructs/service-seconds': '5' }))).toHaveLength(1);
  expect(findingsIn(queue({ 'backpressure-constructs/BP-RABBITMQ-001': 'Declared elsewhere.' }))).toEqual([]);
  expect(findingsIn(queue({ 'backpressure-constructs/BP-RABBITMQ-001': ' ' }))).toHaveLength(1);
});
