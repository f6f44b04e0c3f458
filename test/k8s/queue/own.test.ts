/** What a team has already: a workload, a queue, a broker outside the cluster, an identity, and a queue of another kind. */
import { Chart, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { CapacityError } from '../../../lib/flow/errors';
import type { CustomTriggerProps } from '../../../lib/k8s/queue/custom-trigger';
import type { KafkaTriggerProps } from '../../../lib/k8s/queue/kafka-trigger';
import { QueueTrigger } from '../../../lib/k8s/queue/queue-trigger';
import { QueueWorker } from '../../../lib/k8s/queue/queue-worker';
import type { QueueWorkerProps } from '../../../lib/k8s/queue/queue-worker-props';
import type { RabbitMqTriggerProps } from '../../../lib/k8s/queue/rabbitmq-trigger';
import type { ScaleTarget } from '../../../lib/k8s/queue/scale-target';
import type { SqsTriggerProps } from '../../../lib/k8s/queue/sqs-trigger';
import { emptyChart, every, type Manifest, one, written } from '../../support/manifest';
import { failuresOf, messageOf } from '../../support/refused';

const ORDERS = { steadyPerSecond: 20, peakPerSecond: 111, peakSeconds: 1800, serviceSeconds: 0.05 };
const RENDERING = { steadyPerSecond: 0.001, peakPerSecond: 0.02, peakSeconds: 3600, serviceSeconds: 900 };
const secret = (key: string) => ({ secretName: 'broker', key });
const rabbit = (more: Partial<RabbitMqTriggerProps> = {}) =>
  QueueTrigger.rabbitMq({ queueName: 'orders', connection: secret('amqp'), management: secret('management'), ...more });
const kafka = (more: Partial<KafkaTriggerProps> = {}) =>
  QueueTrigger.kafka({
    bootstrapServers: ['events-kafka:9093'],
    topic: 'orders',
    partitions: 12,
    consumerGroup: 'orders',
    ...more,
  });
const sqs = (more: Partial<SqsTriggerProps> = {}) =>
  QueueTrigger.sqs({
    queueUrl: 'https://sqs.eu-central-1.amazonaws.com/123456789012/orders',
    region: 'eu-central-1',
    ...more,
  });

function make(props: Partial<QueueWorkerProps> = {}, chart: Chart = emptyChart()) {
  const worker = new QueueWorker(chart, 'Orders', {
    workload: ORDERS,
    objective: { latencySeconds: 90 },
    trigger: rabbit({ clusterName: 'rabbit' }),
    ...(props.target === undefined ? { image: 'shop/orders:1.4.2' } : {}),
    ...props,
  });
  const has = (name: string) => worker.plan.knobs.some((knob) => knob.name === name);
  return { worker, has, value: (name: string) => worker.plan.value(name), ...written(chart) };
}

const failures = (props: Partial<QueueWorkerProps>) => failuresOf(() => make(props));

const kindsOf = ({ manifests }: { manifests: Manifest[] }) => manifests.map(({ kind }) => kind).sort();
const alertsOf = (made: ReturnType<typeof make>): string[] =>
  one(made, 'PrometheusRule').spec.groups[0].rules.map(({ alert }: Manifest) => alert);
const environmentOf = (made: ReturnType<typeof make>): Record<string, Manifest> =>
  Object.fromEntries(
    one(made, 'Deployment').spec.template.spec.containers[0].env.map(({ name, value, valueFrom }: Manifest) => [
      name,
      value ?? valueFrom.secretKeyRef.key,
    ]),
  );
const lastEgress = (made: ReturnType<typeof make>): Manifest => one(made, 'NetworkPolicy').spec.egress.at(-1);

describe('a workload that is there already', () => {
  const target = { name: 'orders-api' };
  const scaled = make({ target, trigger: kafka() });
  const ofOurs = make({ trigger: kafka() });

  test('gets a scaler, alerts and a dashboard from the plan, and nothing else', () => {
    expect(kindsOf(scaled)).toEqual(['ConfigMap', 'PrometheusRule', 'ScaledObject']);
    const { scaleTargetRef, ...rest } = one(scaled, 'ScaledObject').spec;
    expect(scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'orders-api' });
    const { scaleTargetRef: _, ...same } = one(ofOurs, 'ScaledObject').spec;
    expect(rest).toEqual(same);
    expect(alertsOf(scaled)).toEqual(alertsOf(ofOurs));
  });

  test('what the plan assumes of it is in annotations and in the plan, by name and value', () => {
    const rabbitOne = make({ target: { name: 'orders', kind: 'StatefulSet' } });
    expect(one(rabbitOne, 'ScaledObject').metadata.annotations).toEqual({
      'backpressure/assumes-termination-grace-period-seconds': String(rabbitOne.value('terminationGracePeriodSeconds')),
      'backpressure/assumes-slots': '1',
      'backpressure/assumes-prefetch': String(rabbitOne.value('prefetch')),
      'backpressure/assumes-replicas': 'unset',
      'backpressure/assumes-pod-management-policy': 'Parallel',
    });
    expect(rabbitOne.worker.plan.explain()).toMatch(
      /StatefulSet orders is not made here, and the plan assumes of it: terminationGracePeriodSeconds is at least \d+;/,
    );
  });

  test('settings of pods that are not made here are in no plan', () => {
    for (const name of ['startupProbeFailures', 'probePeriodSeconds', 'progressDeadlineSeconds'])
      expect([name, scaled.has(name), ofOurs.has(name)]).toEqual([name, false, true]);
  });

  test('a Rollout of Argo, and whatever else has a scale', () => {
    const made = make({ target: { name: 'orders', kind: 'Rollout', apiVersion: 'argoproj.io/v1alpha1' } });
    expect(one(made, 'ScaledObject').spec.scaleTargetRef).toEqual({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      name: 'orders',
    });
  });

  test('its pods get a budget and a policy if their labels are given, and only if asked for', () => {
    const podLabels = { app: 'orders' };
    const made = make({ target: { ...target, podLabels, disruptionBudget: true, networkPolicy: true } });
    expect(one(made, 'PodDisruptionBudget').spec.selector.matchLabels).toEqual(podLabels);
    expect(one(made, 'NetworkPolicy').spec.podSelector.matchLabels).toEqual(podLabels);
    expect(kindsOf(make({ target: { ...target, podLabels } }))).not.toContain('NetworkPolicy');
  });

  test('no container of it is known here', () => {
    expect(() => scaled.worker.container).toThrow('Orders: container is not known here: the pods are those of target');
    expect(scaled.worker.deployment).toBeUndefined();
  });

  /** Synthesizes a worker in the app of its target, which has such a pod. */
  function besides(pod: object, container: object = {}, more: Partial<QueueWorkerProps> = {}) {
    return () => {
      const app = Testing.app();
      const chart = new Chart(app, 'shop', { namespace: 'shop' });
      new kplus.k8s.KubeDeployment(chart, 'Api', {
        metadata: { name: 'orders-api' },
        spec: { selector: {}, template: { spec: { containers: [{ name: 'api', ...container }], ...pod } } },
      });
      make({ target, trigger: kafka(), ...more }, chart);
      app.synth();
    };
  }

  test('in the same app its grace period is read', () => {
    const graceOf = (seconds: number) => besides({ terminationGracePeriodSeconds: seconds });
    const wanted = scaled.value('terminationGracePeriodSeconds');
    expect(graceOf(wanted - 1)).toThrow(
      `Orders: terminationGracePeriodSeconds of Deployment orders-api must be at least ${wanted}`,
    );
    expect(graceOf(wanted)).not.toThrow();
  });

  test('in the same app its probes are read: one that restarts a pod before it has started as planned is refused', () => {
    const probed = (probes: object) =>
      besides({ terminationGracePeriodSeconds: 600 }, probes, { consumer: { startSeconds: 300 } });
    const httpGet = { port: 8080 };
    expect(probed({ livenessProbe: { httpGet } })).toThrow(
      'Orders: the probes of Deployment orders-api must let a container start for 300 s',
    );
    expect(probed({ startupProbe: { httpGet, failureThreshold: 29 }, livenessProbe: { httpGet } })).toThrow(
      'got 290 s',
    );
    expect(probed({ startupProbe: { httpGet, failureThreshold: 30 }, livenessProbe: { httpGet } })).not.toThrow();
    expect(probed({})).not.toThrow();
  });

  test('an item that is too long for any pod is refused, with jobs as a way out', () => {
    const long = () => make({ target, workload: RENDERING, objective: { latencySeconds: 14_400 } });
    expect(long).toThrow(CapacityError);
    expect(long).toThrow(/a job for each item, platform keda-job/);
  });

  test.each<[string, Partial<QueueWorkerProps>, string[]]>([
    ['an image', { target, image: 'a/b:1' }, ['image must not be given with target: the pods are those of orders-api']],
    ['neither image nor target', { image: undefined }, ['image is missing']],
    [
      'a kind that apps/v1 cannot scale',
      { target: { ...target, kind: 'Rollout' } },
      ['target.apiVersion must be given for a Rollout: apps/v1 has only Deployment and StatefulSet to scale'],
    ],
    [
      'a policy for pods without labels',
      { target: { ...target, networkPolicy: true, podLabels: {} } as ScaleTarget },
      ['target.networkPolicy needs target.podLabels, which select its pods, got none'],
    ],
  ])('%s is refused', (_, props, expected) => expect(failures(props)).toEqual(expected));
});

describe('a queue of RabbitMQ that exists already', () => {
  const TOPOLOGY = ['Binding', 'Exchange', 'Policy', 'Queue'];
  const known = { deadLetterQueueName: 'orders.failed', deliveryLimit: 9, maxLength: 1_000_000 };

  test('is declared nowhere, so no operator is needed', () => {
    const made = make({ trigger: rabbit({ existing: {} }) });
    expect(kindsOf(made).filter((kind) => TOPOLOGY.includes(kind))).toEqual([]);
    expect(made.worker.topology).toBeUndefined();
    expect(kindsOf(make()).filter((kind) => TOPOLOGY.includes(kind))).toHaveLength(5);
  });

  test('what is not known of it is in no plan and no alert, and the plan says so', () => {
    const made = make({ trigger: rabbit({ existing: {} }) });
    for (const name of ['deliveryLimit', 'maxLength', 'alarmNearlyFull', 'alarmDeadLetters', 'consumerTimeoutSeconds'])
      expect([name, made.has(name)]).toEqual([name, false]);
    expect(alertsOf(made).filter((name) => /DeadLetters|NearlyFull/.test(name))).toEqual([]);
    expect(made.worker.plan.remarks).toEqual([
      'orders exists already, and the plan assumes a delivery limit of 4',
      'orders: no alert watches its dead letters and its bound',
    ]);
  });

  test('what is known is given, decides on the attempts, and is watched by its own name', () => {
    const made = make({ trigger: rabbit({ existing: known, clusterName: 'rabbit', clusterNamespace: 'mq' }) });
    expect(made.worker.plan.knob('deliveryLimit')).toMatchObject({ value: 9, formula: 'given' });
    expect(made.worker.plan.knob('maxLength')).toMatchObject({ value: 1_000_000, formula: 'given' });
    expect(made.worker.plan.value('alarmNearlyFull')).toBe(800_000);
    const rules: Manifest[] = one(made, 'PrometheusRule').spec.groups[0].rules;
    expect(rules.find(({ alert }) => alert === 'DeadLetters').expr).toContain('queue="orders.failed"');
    expect(made.worker.plan.remarks).toEqual([]);
  });

  test('a bound that is full in a peak that goes as planned is refused, with one that is not', () => {
    const tight = () => make({ trigger: rabbit({ existing: { maxLength: 100 } }) });
    expect(tight).toThrow(CapacityError);
    const enough = Number(/a maxLength of (\d+)/.exec(messageOf(tight))?.[1]);
    const made = make({ trigger: rabbit({ existing: { maxLength: enough } }) });
    expect(0.8 * enough).toBeGreaterThanOrEqual(made.value('alarmBacklog'));
  });

  test('a time-out of the broker that would interrupt an item is named', () => {
    const made = make({
      trigger: rabbit({ existing: {} }),
      workload: RENDERING,
      objective: { latencySeconds: 14_400 },
    });
    expect(made.worker.plan.remarks).toContainEqual(expect.stringMatching(/orders needs a consumer-timeout of \d+ s/));
  });

  test('a broker outside the cluster is reached where it is, on its ports', () => {
    const made = make({ trigger: rabbit({ existing: {}, cidrs: ['10.1.0.0/24', '10.2.0.0/24'], ports: [5671] }) });
    expect(lastEgress(made)).toEqual({
      to: [{ ipBlock: { cidr: '10.1.0.0/24' } }, { ipBlock: { cidr: '10.2.0.0/24' } }],
      ports: [{ protocol: 'TCP', port: 5671 }],
    });
  });

  test.each<[string, Partial<RabbitMqTriggerProps>, string]>([
    ['no cluster to declare it in', {}, 'trigger.clusterName is missing'],
    [
      'a place inside and outside',
      { clusterName: 'rabbit', clusterNamespace: 'mq', cidrs: ['10.0.0.0/8'] },
      'clusterNamespace and cidrs must not be given together: the broker is inside or outside the cluster',
    ],
    [
      'a limit out of range',
      { existing: { deliveryLimit: -1 } },
      'deliveryLimit must be a whole number, between 0 and 999, got -1',
    ],
  ])('%s is refused', (_, more, expected) => expect(failures({ trigger: rabbit(more) })).toContain(expected));

  test('attempts by hand that are not its own are refused', () => {
    expect(failures({ trigger: rabbit({ existing: known }), consumer: { maxAttempts: 3 } })).toEqual([
      'consumer.maxAttempts must be deliveryLimit + 1, 10, or left out, got 3',
    ]);
  });
});

describe('Kafka', () => {
  const client = { clientCertificate: secret('user.crt'), clientKey: secret('user.key') };
  const trigger = (made: ReturnType<typeof make>) => one(made, 'ScaledObject').spec.triggers[0];

  test('by a client certificate: KEDA and the worker have it, TLS is on, and no user signs in', () => {
    const made = make({ trigger: kafka({ ...client, certificateAuthority: secret('ca.crt') }) });
    expect(trigger(made).metadata).toMatchObject({ tls: 'enable' });
    expect(trigger(made).metadata).not.toHaveProperty('sasl');
    const parameters = one(made, 'TriggerAuthentication').spec.secretTargetRef.map(
      ({ parameter, key }: Manifest) => `${parameter} ${key}`,
    );
    expect(parameters.sort()).toEqual(['ca ca.crt', 'cert user.crt', 'key user.key']);
    expect(environmentOf(made)).toMatchObject({
      KAFKA_TLS: 'true',
      KAFKA_CA: 'ca.crt',
      KAFKA_CLIENT_CERTIFICATE: 'user.crt',
      KAFKA_CLIENT_KEY: 'user.key',
    });
  });

  test('by TLS alone, which needs no Secret', () => {
    const made = make({ trigger: kafka({ tls: true }) });
    expect(trigger(made)).toMatchObject({ metadata: { tls: 'enable' } });
    expect(trigger(made)).not.toHaveProperty('authenticationRef');
    expect(environmentOf(made).KAFKA_TLS).toBe('true');
    expect(trigger(make({ trigger: kafka() })).metadata).not.toHaveProperty('tls');
  });

  test.each<[string, Partial<KafkaTriggerProps>, string]>([
    [
      'a certificate without its key',
      { clientCertificate: secret('user.crt') },
      'clientCertificate and clientKey must be given together, got one of them',
    ],
    ['a certificate without TLS', { ...client, tls: false }, 'clientCertificate needs tls, got tls false'],
    [
      'a password without TLS',
      { username: secret('u'), password: secret('p'), tls: false },
      'username needs tls, got tls false',
    ],
    ['no range', { cidrs: [] }, 'cidrs must be address ranges, at least one, got none'],
  ])('%s is refused', (_, more, expected) => expect(failures({ trigger: kafka(more) })).toEqual([expected]));

  test('in three zones outside the cluster', () => {
    const cidrs = ['10.1.0.0/24', '10.2.0.0/24', '10.3.0.0/24'];
    expect(lastEgress(make({ trigger: kafka({ cidrs }) })).to).toEqual(cidrs.map((cidr) => ({ ipBlock: { cidr } })));
  });
});

describe('EKS Pod Identity', () => {
  const made = make({ trigger: sqs() });

  test('needs no annotation, and the pod gets credentials from the agent of its node, not from STS', () => {
    expect(one(made, 'ServiceAccount').metadata).not.toHaveProperty('annotations');
    const { egress } = one(made, 'NetworkPolicy').spec;
    expect(egress.slice(1).map(({ to, ports }: Manifest) => [to[0].ipBlock.cidr, ports[0].port])).toEqual([
      ['0.0.0.0/0', 443],
      ['169.254.170.23/32', 80],
    ]);
  });

  test('KEDA polls as itself, or by a role that trusts it', () => {
    expect(one(made, 'TriggerAuthentication').spec).toEqual({ podIdentity: { provider: 'aws' } });
    const scalerRoleArn = 'arn:aws:iam::123456789012:role/keda-orders';
    expect(one(make({ trigger: sqs({ scalerRoleArn }) }), 'TriggerAuthentication').spec).toEqual({
      podIdentity: { provider: 'aws', roleArn: scalerRoleArn },
    });
  });

  test('an annotation that cannot be set here is named', () => {
    const roleArn = 'arn:aws:iam::123456789012:role/orders';
    const { worker } = make({ trigger: sqs({ roleArn }), target: { name: 'orders' } });
    expect(worker.plan.remarks).toContain(
      `the service account of the pods needs the annotation eks.amazonaws.com/role-arn: ${roleArn}`,
    );
  });

  test('STS and a second role of the scaler are refused where they have no effect', () => {
    const role = 'arn:aws:iam::123456789012:role/orders';
    expect(failures({ trigger: sqs({ stsCidr: '10.0.0.0/24' }) })).toEqual([
      'stsCidr needs roleArn: with EKS Pod Identity the pod asks the agent of its node, not STS',
    ]);
    expect(failures({ trigger: sqs({ roleArn: role, scalerRoleArn: role }) })).toEqual([
      'scalerRoleArn must not be given with roleArn, with which KEDA polls',
    ]);
  });
});

/** What a team writes for itself, outside of this library. */
const ServiceBus = {
  queue: (queueName: string, more: Partial<CustomTriggerProps> = {}) =>
    QueueTrigger.custom({
      scaler: 'azure-servicebus',
      metadata: { queueName, namespace: 'shop' },
      targetField: 'messageCount',
      activationField: 'activationMessageCount',
      countsWork: true,
      maxAttempts: 10,
      authentication: { connection: secret('connection') },
      environment: { QUEUE_NAME: queueName },
      secrets: { SERVICE_BUS: secret('connection') },
      egress: [{ ports: [5671], cidrs: ['10.30.0.0/24'] }],
      ...more,
    }),
};

describe('a fifth queue', () => {
  const made = make({ trigger: ServiceBus.queue('orders') });

  test('is scaled on by the plan, with its credentials from a Secret', () => {
    const [trigger] = one(made, 'ScaledObject').spec.triggers;
    expect(trigger).toEqual({
      type: 'azure-servicebus',
      metadata: {
        queueName: 'orders',
        namespace: 'shop',
        messageCount: String(made.value('targetPerReplica')),
        activationMessageCount: '0',
      },
      authenticationRef: { name: made.worker.triggerAuthentication?.name },
    });
    expect(one(made, 'TriggerAuthentication').spec.secretTargetRef).toEqual([
      { parameter: 'connection', name: 'broker', key: 'connection' },
    ]);
    expect(environmentOf(made)).toMatchObject({ QUEUE_NAME: 'orders', SERVICE_BUS: 'connection' });
    expect(lastEgress(made)).toMatchObject({ to: [{ ipBlock: { cidr: '10.30.0.0/24' } }], ports: [{ port: 5671 }] });
    expect(alertsOf(made)).toEqual(['QueueBacklog', 'QueueNeverDrains', 'QueueScalerBlind', 'QueueWorkerAtMaximum']);
  });

  test('has a plan of its own numbers: the age of its depth, its attempts, its bound', () => {
    const old = make({ trigger: ServiceBus.queue('orders', { depthAgeSeconds: 30 }) });
    const { reactionSeconds } = old.worker.plan.predictions;
    expect(reactionSeconds - made.worker.plan.predictions.reactionSeconds).toBe(25);
    const failing = { ...ORDERS, failureRatio: 0.2 };
    const attempts = (maxAttempts: number) =>
      make({ workload: failing, trigger: ServiceBus.queue('orders', { maxAttempts }) }).worker.plan.predictions;
    expect(attempts(1)).not.toEqual(attempts(10));
    expect(() => make({ trigger: ServiceBus.queue('orders', { instanceLimit: 2 }) })).toThrow(CapacityError);
  });

  test('that does not count items in work has lower alarms, and jobs are started by another strategy', () => {
    const blind = ServiceBus.queue('orders', { countsWork: false });
    const counted = made.value('alarmBacklog') - made.value('maxInstances') * made.value('slotsPerInstance');
    expect(make({ trigger: blind }).value('alarmBacklog')).toBe(counted);
    const jobs = (trigger: QueueTrigger) =>
      one(make({ trigger, workload: RENDERING, objective: { latencySeconds: 14_400 } }), 'ScaledJob').spec;
    expect(jobs(blind).scalingStrategy).toEqual({ strategy: 'accurate' });
    expect(jobs(ServiceBus.queue('orders')).scalingStrategy).toEqual({ strategy: 'default' });
  });

  test('can sign in by an identity that is there already', () => {
    const trigger = ServiceBus.queue('orders', {
      authentication: undefined,
      authenticationName: 'service-bus',
      serviceAccountAnnotations: { 'azure.workload.identity/client-id': '00000000-0000-0000-0000-000000000000' },
    });
    const own = make({ trigger });
    expect(one(own, 'ScaledObject').spec.triggers[0].authenticationRef).toEqual({ name: 'service-bus' });
    expect(every(own, 'TriggerAuthentication')).toEqual([]);
    expect(Object.keys(one(own, 'ServiceAccount').metadata.annotations)).toEqual(['azure.workload.identity/client-id']);
  });

  test('says what is wrong, all at once', () => {
    const wrong = ServiceBus.queue('orders', {
      scaler: 'Azure',
      metadata: { connection: 'Endpoint=sb://shop', messageCount: '5' },
      maxAttempts: 0,
      egress: [{ ports: [5671] }],
    });
    expect(failures({ trigger: wrong })).toEqual(
      expect.arrayContaining([
        "scaler must be the name of a scaler of KEDA, got 'Azure'",
        'metadata must have no credential, got connection: give it in authentication, from a Secret',
        'metadata must not have messageCount, which comes from the plan',
        'maxAttempts must be a whole number, between 1 and 1000, got 0',
        'egress[0] must have either namespace or cidrs: the queue is inside or outside the cluster',
      ]),
    );
  });
});
