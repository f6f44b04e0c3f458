import { Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { WEBHOOKS } from '../../../lib/cases/case-15-webhook-flood';
import { planStream } from '../../../lib/flow/streams/plan';
import { solveWebhooks } from '../../../lib/flow/webhooks/plan';
import { DEDUPLICATE_BY, HMAC_ALGORITHMS, HMAC_ENCODINGS, SIGNATURE_SCHEMES } from '../../../lib/flow/webhooks/sources';
import { WebhookBuffer } from '../../../lib/k8s/webhooks/webhook-buffer';
import { type WebhookBufferProps, webhookQuestionOf } from '../../../lib/k8s/webhooks/webhook-buffer-props';
import { DeduplicateBy, HmacAlgorithm, HmacEncoding, WebhookScheme } from '../../../lib/k8s/webhooks/webhook-source';
import { emptyChart, every, type Manifest, one, type Written, written } from '../../support/manifest';

const shop: WebhookBufferProps = {
  sources: [
    { name: 'github', scheme: WebhookScheme.GITHUB, secret: { secretName: 'signing', key: 'github' } },
    { name: 'pay', scheme: WebhookScheme.STRIPE, secret: { secretName: 'signing', key: 'pay' } },
  ],
  workload: { steadyPerSecond: 20, peakPerSecond: 80, peakSeconds: 600, serviceSeconds: 0.07, itemBytes: 4096 },
  objective: { latencySeconds: 60 },
  clusterName: 'events',
  clusterNamespace: 'kafka',
  topicName: 'shop.deliveries',
  consumerGroup: 'shop-webhooks',
  receiver: { image: 'registry.example.net/receiver:1.0.0' },
  consumer: { image: 'registry.example.net/orders:1.0.0' },
  gateway: { name: 'public', namespace: 'gateways', sectionName: 'https', hostnames: ['hooks.example.com'] },
};

interface Made extends Written {
  readonly buffer: WebhookBuffer;
}

function make(props: Partial<WebhookBufferProps> = {}): Made {
  const chart = emptyChart('shop');
  const buffer = new WebhookBuffer(chart, 'Webhooks', { ...shop, ...props });
  return { buffer, ...written(chart) };
}

const message = (props: Partial<WebhookBufferProps>): string => {
  try {
    make(props);
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was refused';
};

const made = make();
const receiverOf = ({ manifests }: Written): Manifest =>
  manifests.find(({ kind, spec }) => kind === 'Deployment' && spec.template.spec.containers[0].name === 'receiver');
const variablesOf = (deployment: Manifest): Record<string, Manifest> =>
  Object.fromEntries(
    deployment.spec.template.spec.containers[0].env.map(({ name, value, valueFrom }: Manifest) => [
      name,
      value ?? valueFrom.secretKeyRef,
    ]),
  );
const workerOf = ({ manifests }: Written): Manifest =>
  manifests.find(({ kind, spec }) => kind === 'Deployment' && spec.template.spec.containers[0].name === 'worker');
const policyOf = (chart: Written): Manifest =>
  every(chart, 'NetworkPolicy').find(
    ({ spec }) =>
      JSON.stringify(spec.podSelector.matchLabels) === JSON.stringify(receiverOf(chart).spec.selector.matchLabels),
  );
const own = (chart: Written, kind: string): Manifest => {
  const { name } = (chart as Made).buffer.alerts;
  return every(chart, kind).find((manifest) => manifest.metadata.name === name);
};
const value = (name: string) => made.buffer.plan.value(name);

test('one plan: knobs are those of the flow, and the stream is asked what the flow asked', () => {
  const { plan, stream } = solveWebhooks('Webhooks', webhookQuestionOf(shop));
  for (const knob of plan.knobs) expect([knob.name, value(knob.name)]).toEqual([knob.name, knob.value]);
  for (const knob of planStream('Stream', stream).knobs)
    expect([knob.name, made.buffer.stream.plan.value(knob.name)]).toEqual([knob.name, knob.value]);
});

test('the words of the enums are those that the checks know', () => {
  expect(Object.values(WebhookScheme).sort()).toEqual([...SIGNATURE_SCHEMES].sort());
  expect(Object.values(DeduplicateBy).sort()).toEqual([...DEDUPLICATE_BY].sort());
  expect(Object.values(HmacAlgorithm).sort()).toEqual([...HMAC_ALGORITHMS].sort());
  expect(Object.values(HmacEncoding).sort()).toEqual([...HMAC_ENCODINGS].sort());
});

describe('the traps of case 15 are absent', () => {
  test('trap: acks=all with one copy: all copies but one confirm, of both topics', () => {
    for (const { spec } of every(made, 'KafkaTopic'))
      expect([spec.replicas, spec.config['min.insync.replicas']]).toEqual([3, 2]);
    expect(message({ replicas: 2 })).toContain('replicas must be a whole number, between 3 and 100, got 2');
  });

  test('trap: a tenant as key fills one partition: the key is the delivery, unless order was asked for', () => {
    expect(variablesOf(receiverOf(made)).ORDERED_BY).toBeUndefined();
    expect(variablesOf(receiverOf(make({ order: { tenants: 50 } }))).ORDERED_BY).toBe('tenant');
  });

  test('trap: keys of deliveries expire before the deliveries: they outlive them', () => {
    for (const chart of [made, make({ retention: Duration.days(20) })]) {
      const { config } = every(chart, 'KafkaTopic').find(({ spec }) => spec.topicName === 'shop.deliveries').spec;
      // A segment is deleted by its latest delivery.
      expect(Number(variablesOf(workerOf(chart)).IDEMPOTENCY_SECONDS)).toBeGreaterThan(
        (config['retention.ms'] + config['segment.ms']) / 1000,
      );
    }
    expect(message({ idempotencyRetention: Duration.days(7) })).toContain(
      'idempotencySeconds must be at least the greatest age of a delivery on the topic',
    );
  });

  test('trap: a broker is waited for longer than the sender waits', () => {
    expect(variablesOf(receiverOf(made)).PUBLISH_TIMEOUT_SECONDS).toBe('8');
    expect(
      variablesOf(receiverOf(make({ receiver: { ...shop.receiver, senderSeconds: 5 } }))).PUBLISH_TIMEOUT_SECONDS,
    ).toBe('3');
  });

  test('trap: a signature is checked against a secret in the manifest: only files of Secrets are named', () => {
    const { volumes, containers } = receiverOf(made).spec.template.spec;
    expect(volumes.filter(({ secret }: Manifest) => secret)).toEqual([
      {
        name: 'signing-github',
        secret: { secretName: 'signing', defaultMode: 0o440, items: [{ key: 'github', path: 'signing-secret' }] },
      },
      {
        name: 'signing-pay',
        secret: { secretName: 'signing', defaultMode: 0o440, items: [{ key: 'pay', path: 'signing-secret' }] },
      },
    ]);
    // With a subPath the kubelet would never replace the file, and a rotation would need new pods.
    expect(containers[0].volumeMounts).toEqual([
      { mountPath: '/secrets/github', name: 'signing-github', readOnly: true },
      { mountPath: '/secrets/pay', name: 'signing-pay', readOnly: true },
      { mountPath: '/tmp', name: 'tmp' },
    ]);
    expect(JSON.parse(variablesOf(receiverOf(made)).WEBHOOK_SOURCES)).toEqual({
      github: {
        scheme: 'github',
        secretFile: '/secrets/github/signing-secret',
        toleranceSeconds: 300,
        deduplicateBy: 'delivery-id',
      },
      pay: {
        scheme: 'stripe',
        secretFile: '/secrets/pay/signing-secret',
        toleranceSeconds: 300,
        deduplicateBy: 'delivery-id',
      },
    });
  });
});

describe('the receiver', () => {
  test('is told the numbers of the plan', () => {
    expect(variablesOf(receiverOf(made))).toMatchObject({
      TOPIC: 'shop.deliveries',
      MAX_BODY_BYTES: String(value('maxBodyBytes')),
      PUBLISH_TIMEOUT_SECONDS: String(value('publishTimeoutSeconds')),
      CONCURRENCY: String(value('receiverConcurrency')),
      BATCH_BYTES: String(value('batchBytes')),
      BOOTSTRAP_SERVERS: 'events-kafka-bootstrap.kafka:9093',
      KAFKA_TLS: 'true',
      KAFKA_CA: { name: 'events-cluster-ca-cert', key: 'ca.crt' },
      KAFKA_CLIENT_CERTIFICATE: { name: 'shop-webhooks-receiver', key: 'user.crt' },
      KAFKA_CLIENT_KEY: { name: 'shop-webhooks-receiver', key: 'user.key' },
    });
  });

  test('has the planned pods before a flood, and more only above the plan', () => {
    expect(one(made, 'HorizontalPodAutoscaler').spec).toMatchObject({
      minReplicas: value('receiverReplicas'),
      maxReplicas: value('receiverMaxReplicas'),
      metrics: [{ resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } }],
    });
    const { spec } = receiverOf(made);
    expect(spec.replicas).toBeUndefined();
    expect(spec.strategy.rollingUpdate.maxUnavailable).toBe(0);
    // The autoscaler reckons in the request, and the plan in a whole processor.
    expect(spec.template.spec.containers[0].resources).toEqual({
      requests: { cpu: '1000m', memory: '512Mi' },
      limits: { cpu: '1000m', memory: '512Mi' },
    });
  });

  test('leaves its endpoints before its listener closes, and answers what is in work', () => {
    const { terminationGracePeriodSeconds, containers } = receiverOf(made).spec.template.spec;
    expect(containers[0].lifecycle.preStop.exec.command).toEqual(['sleep', '5']);
    expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(5 + 9);
  });

  // With a wrong authority, user or topic a rollout stops at its first pod, and the old ones go on.
  test('gets deliveries once it knows its topic, and is restarted only when it hangs', () => {
    const [{ readinessProbe, livenessProbe, startupProbe }] = receiverOf(made).spec.template.spec.containers;
    expect(readinessProbe.httpGet).toMatchObject({ path: '/ready', port: 8080 });
    for (const probe of [livenessProbe, startupProbe])
      expect(probe.httpGet).toMatchObject({ path: '/live', port: 8080 });
  });

  // With a broker that takes less a legal body would be answered 503 for good.
  test('sends no batch, and takes no body, that its topics do not take', () => {
    const topics = Object.fromEntries(
      every(made, 'KafkaTopic').map(({ spec }) => [spec.topicName, spec.config['max.message.bytes']]),
    );
    expect(value('batchBytes')).toBeLessThanOrEqual(topics['shop.deliveries']);
    expect(value('maxBodyBytes') + 8192).toBeLessThanOrEqual(topics['shop.deliveries']);
    expect(topics['shop.deliveries.dead']).toBe(topics['shop.deliveries'] + 8192);
  });

  test('may write deliveries and nothing else; consumers may not write them', () => {
    const users = Object.fromEntries(
      every(made, 'KafkaUser').map(({ metadata, spec }) => [
        metadata.name,
        spec.authorization.acls.map(({ resource, operations }: Manifest) => [resource.type, resource.name, operations]),
      ]),
    );
    expect(users).toEqual({
      'shop-webhooks-receiver': [['topic', 'shop.deliveries', ['Describe', 'Write']]],
      'shop-webhooks': [
        ['topic', 'shop.deliveries', ['Describe', 'Read']],
        ['topic', 'shop.deliveries.dead', ['Describe', 'Write']],
        ['group', 'shop-webhooks', ['Describe', 'Read']],
      ],
    });
  });

  test('has a quota, as the consumers have: a user without one takes what the others leave', () => {
    const quotas = every(made, 'KafkaUser').map(({ spec }) => spec.quotas);
    expect(quotas).toContainEqual({ producerByteRate: value('producerByteRate') });
    expect(quotas).toContainEqual({ consumerByteRate: value('consumerByteRate') });
  });

  test('is reached from the gateway and its own namespace, read by Prometheus, and reaches brokers and DNS', () => {
    const { ingress, egress } = policyOf(made).spec;
    const from = ingress.map((rule: Manifest) => [
      rule.from[0].namespaceSelector?.matchLabels['kubernetes.io/metadata.name'] ?? 'own',
      rule.ports[0].port,
    ]);
    expect(from).toEqual([
      ['gateways', 8080],
      ['own', 8080],
      ['monitoring', 9464],
    ]);
    expect(egress.map(({ ports }: Manifest) => ports.map(({ port }: Manifest) => port))).toEqual([[53, 53], [9093]]);
    const proxies = policyOf(make({ callerNamespaces: ['envoy-gateway-system'] })).spec.ingress;
    expect(
      proxies.map((rule: Manifest) => rule.from[0].namespaceSelector?.matchLabels['kubernetes.io/metadata.name']),
    ).toEqual(['envoy-gateway-system', 'monitoring']);
  });

  test('is drained one pod at a time', () => {
    const selects = every(made, 'PodDisruptionBudget').map(({ spec }) => spec.selector.matchLabels);
    expect(selects).toContainEqual(receiverOf(made).spec.selector.matchLabels);
  });
});

describe('the door', () => {
  test('a route takes the paths of the senders, and no other', () => {
    const { parentRefs, hostnames, rules } = one(made, 'HTTPRoute').spec;
    expect(parentRefs).toEqual([{ name: 'public', namespace: 'gateways', sectionName: 'https' }]);
    expect(hostnames).toEqual(['hooks.example.com']);
    expect(rules).toEqual([
      {
        matches: ['/github', '/pay'].map((prefix) => ({ path: { type: 'PathPrefix', value: prefix } })),
        backendRefs: [{ name: made.buffer.service.name, port: 80 }],
      },
    ]);
  });

  test('a rule of a route has eight paths at most', () => {
    const sources = Array.from({ length: 9 }, (_, n) => ({ ...shop.sources[0], name: `shop-${n}` }));
    expect(one(make({ sources }), 'HTTPRoute').spec.rules.map(({ matches }: Manifest) => matches.length)).toEqual([
      8, 1,
    ]);
  });

  test('an ingress has TLS, and the limit on bodies that the receiver has', () => {
    const ingress = { className: 'nginx', host: 'hooks.example.com', tlsSecretName: 'hooks-tls' };
    const { spec, metadata } = one(
      make({ gateway: undefined, ingress, callerNamespaces: ['ingress-nginx'] }),
      'Ingress',
    );
    expect(spec.tls).toEqual([{ hosts: ['hooks.example.com'], secretName: 'hooks-tls' }]);
    // Not /ready, which is the kubelet's.
    const paths = spec.rules.flatMap(({ http }: Manifest) => http.paths.map(({ path }: Manifest) => path));
    expect(paths).toEqual(shop.sources.map(({ name }) => `/${name}`));
    expect(metadata.annotations['nginx.ingress.kubernetes.io/proxy-body-size']).toBe(String(value('maxBodyBytes')));
  });

  test('without either there is only the Service', () => {
    const bare = make({ gateway: undefined });
    expect([...every(bare, 'HTTPRoute'), ...every(bare, 'Ingress')]).toEqual([]);
    expect(bare.buffer.httpRoute).toBeUndefined();
    expect(one(bare, 'Service').spec.selector).toEqual(receiverOf(bare).spec.selector.matchLabels);
  });
});

describe('bring your own', () => {
  test('a topic that is there is not made', () => {
    const given = make({ existingTopic: true, partitions: 24, retention: Duration.days(7) });
    expect(every(given, 'KafkaTopic').map(({ spec }) => spec.topicName)).toEqual(['shop.deliveries.dead']);
    expect(given.buffer.plan.value('partitions')).toBe(24);
    // One plan, also of how long the topic keeps them.
    for (const knob of ['retentionSeconds', 'segmentSeconds'])
      expect(given.buffer.stream.plan.value(knob)).toBe(given.buffer.plan.value(knob));
    // What that topic takes in a batch is not known here.
    expect(variablesOf(receiverOf(given)).BATCH_BYTES).toBe(String(value('maxBodyBytes') + 8192));
    expect(message({ existingTopic: true })).toMatch(/partitions must be given.*retention must be given/s);
  });

  test('users that are there are not made, and are signed in as', () => {
    const given = make({
      receiver: { ...shop.receiver, existingUser: 'writer' },
      consumer: { ...shop.consumer, existingUser: 'reader' },
    });
    expect(every(given, 'KafkaUser')).toEqual([]);
    expect(given.buffer.receiverUser).toBeUndefined();
    expect(variablesOf(receiverOf(given)).KAFKA_CLIENT_KEY.name).toBe('writer');
    expect(variablesOf(workerOf(given)).KAFKA_CLIENT_KEY.name).toBe('reader');
  });

  test('what the plan sets is not set again', () => {
    const environment = { IDEMPOTENCY_SECONDS: kplus.EnvValue.fromValue('7') };
    expect(message({ consumer: { ...shop.consumer, environment } })).toContain('give idempotencyRetention');
  });
});

test.each([
  ['events', ['events-kafka-bootstrap.kafka:9093']],
  ['a Service with svc', ['events-kafka-bootstrap.kafka.svc:9093', 'b-0.brokers.kafka.svc.cluster.local:9094']],
])('brokers in the cluster by the name of their Service: %s', (_, bootstrapServers) => {
  const text = JSON.stringify(make({ bootstrapServers }).manifests.filter(({ kind }) => kind === 'NetworkPolicy'));
  expect(text.match(/"kubernetes.io\/metadata.name":"kafka"/g)).toHaveLength(2);
});

test('brokers outside the cluster: receiver and consumers may connect to their addresses', () => {
  const outside = make({ bootstrapServers: ['b-1.example.com:9096'], brokerCidrs: ['10.20.0.0/16', '10.21.0.0/16'] });
  const policies = every(outside, 'NetworkPolicy');
  expect(policies).toHaveLength(2);
  for (const { spec } of policies)
    expect(spec.egress).toContainEqual({
      to: [{ ipBlock: { cidr: '10.20.0.0/16' } }, { ipBlock: { cidr: '10.21.0.0/16' } }],
      ports: [{ protocol: 'TCP', port: 9096 }],
    });
});

describe('alerts', () => {
  const rules = (chart: Made): Manifest[] => own(chart, 'PrometheusRule').spec.groups[0].rules;
  const named = (name: string) => rules(made).find(({ alert }) => alert === name).expr;

  test('go by the knobs of the plan', () => {
    expect(named('WebhooksTurnedAway')).toMatch(/code=~"5\.\.".*\[300s\]\)\) > 0$/);
    expect(named('WebhookPublishSlow')).toMatch(/histogram_quantile\(0\.99, .* > 4$/);
    expect(named('WebhookWritesRefused')).toBe(
      'min(kafka_topic_partition_in_sync_replica{namespace="kafka",strimzi_io_cluster="events",topic="shop.deliveries"}) < 2',
    );
    // 10 % of an hour of half of 20/s.
    expect(named('WebhooksRefused').match(/ > 3600 and /g)).toHaveLength(2);
  });

  test('nobody is paged for what a stranger can cause: forgeries beyond the reads of a secret are a warning of their own', () => {
    expect(named('WebhooksTurnedAway')).not.toContain('deferred');
    expect(named('WebhooksDeferred')).toMatch(
      /^sum by \(source\) \(increase\(receiver_deferred_total\{.*\}\[300s\]\)\) > 0$/,
    );
    const severities = Object.fromEntries(rules(made).map(({ alert, labels }) => [alert, labels.severity]));
    expect(severities).toMatchObject({ WebhooksTurnedAway: 'critical', WebhooksDeferred: 'warning' });
  });

  test('each names what to do', () => {
    for (const { annotations } of rules(made)) expect(annotations.runbook.length).toBeGreaterThan(80);
  });

  test('two in one namespace have series of their own', () => {
    const chart = emptyChart('shop');
    const two = ['One', 'Two'].map(
      (id) => new WebhookBuffer(chart, id, { ...shop, topicName: `${id}.hooks`, consumerGroup: id.toLowerCase() }),
    );
    const { manifests } = written(chart);
    const names = new Set(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
    expect(names.size).toBe(manifests.length);
    const [one, other] = two.map(({ alerts }) => JSON.stringify(alerts.toJson().spec));
    const receiver = /receiver=\\"([^"\\]+)\\"/;
    expect(receiver.exec(one)![1]).not.toBe(receiver.exec(other)![1]);
  });

  test('two in one namespace have alerts that Alertmanager tells apart', () => {
    const chart = emptyChart('shop');
    const two = ['One', 'Two'].map(
      (id) => new WebhookBuffer(chart, id, { ...shop, topicName: `${id}.hooks`, consumerGroup: id.toLowerCase() }),
    );
    const of = ({ alerts, stream }: WebhookBuffer): Manifest[] =>
      [alerts, stream.alerts].flatMap((rule) => rule.toJson().spec.groups[0].rules);
    const all = two.flatMap(of);
    expect(all).toHaveLength(2 * (6 + 2));
    expect(new Set(all.map(({ alert, labels }) => JSON.stringify({ alert, labels }))).size).toBe(all.length);
    expect(of(two[0]).map(({ labels }) => labels.receiver ?? labels.consumergroup)).toEqual([
      ...Array(6).fill(two[0].service.name),
      'one',
      'one',
    ]);
  });
});

test.each<[Partial<WebhookBufferProps>, RegExp]>([
  [{ sources: [] }, /sources must name at least one sender/],
  ...['-pay', 'pay-'].map((name): [Partial<WebhookBufferProps>, RegExp] => [
    { sources: [{ ...shop.sources[0], name }] },
    new RegExp(`sources\\.name must begin and end with a letter or a digit, .* got '${name}'`),
  ]),
  [
    { sources: [{ ...shop.sources[0], tolerance: Duration.hours(2) }] },
    /sources\.tolerance of github in seconds must be a whole number, between 1 and 3600, got 7200/,
  ],
  [
    { sources: [{ ...shop.sources[0], secret: { secretName: 'A B', key: 'k' } }] },
    /sources\.secret of github\.secretName must/,
  ],
  [
    {
      sources: [
        {
          ...shop.sources[0],
          scheme: WebhookScheme.HMAC,
          hmac: { signatureHeader: 'x-signature', signed: '{body}$(KAFKA_CLIENT_KEY)' },
        },
      ],
    },
    /sources\.hmac of github\.signed must be printable, without '\$\('/,
  ],
  [{ consumerGroup: 'x'.repeat(55) }, /consumerGroup must be 1 to 54 lower-case/],
  [{ topicName: 'x'.repeat(246) }, /at most 244 characters/],
  [{ receiver: { image: 'receiver:latest' } }, /receiver\.image must name a version or a digest/],
  [{ gateway: { name: 'public', hostnames: [] } }, /gateway\.hostnames must have one host at least/],
  [{ ingress: { className: 'nginx', host: 'a b', tlsSecretName: 't' } }, /ingress\.host must/],
  [
    { ingress: { className: 'nginx', host: 'hooks.example.com', tlsSecretName: 't' } },
    /callerNamespaces must be given with ingress/,
  ],
  [{ callerNamespaces: [] }, /callerNamespaces must have one namespace at least/],
  [{ bootstrapServers: ['events'] }, /bootstrapServers/],
  [{ bootstrapServers: ['b-1.example.com:9093'] }, /brokerCidrs must be given for b-1\.example\.com:9093: .* kafka,/],
  [{ bootstrapServers: ['10.20.0.7:9093'] }, /brokerCidrs must be given for 10\.20\.0\.7:9093/],
  [{ bootstrapServers: ['events.other:9093'] }, /brokerCidrs must be given for events\.other:9093/],
  [
    { bootstrapServers: ['b-1.example.com:9093'], brokerCidrs: ['10.20.0.0'] },
    /brokerCidrs\[0\] must be an address range/,
  ],
  [{ brokerCidrs: ['10.20.0.0/16'] }, /brokerCidrs needs bootstrapServers/],
  [{ retention: Duration.hours(1) }, /retention must be at least an outage of 4 h/],
])('%j is refused by name', (props, expected) => {
  expect(message(props)).toMatch(expected);
});

test('the flood of case 15 is planned', () => {
  const { workload } = WEBHOOKS;
  expect(make({ workload, objective: { latencySeconds: 2 } }).buffer.plan.predictions.latencyP99Seconds).toBeLessThan(
    2,
  );
});
