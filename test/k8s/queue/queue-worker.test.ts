import { Chart, Duration } from 'cdk8s';
import fc from 'fast-check';
import { InvalidInputError } from '../../../lib/flow/errors';
import { planQueue } from '../../../lib/flow/queue/plan';
import type { Workload } from '../../../lib/flow/queue/workload';
import { QueueTrigger } from '../../../lib/k8s/queue/queue-trigger';
import { QueueWorker } from '../../../lib/k8s/queue/queue-worker';
import type { QueueWorkerProps } from '../../../lib/k8s/queue/queue-worker-props';
import { emptyChart, every, type Manifest, one, type Written, written } from '../../support/manifest';
import { mostly, objectives, optional, validOrNamed, workloads } from '../../support/property';
import { messageOf } from '../../support/refused';

/** Case 2: orders of 50 ms, 111/s for half an hour. */
const orders = {
  workload: { steadyPerSecond: 20, peakPerSecond: 111, peakSeconds: 1800, serviceSeconds: 0.05 },
  objective: { latencySeconds: 90 },
};
const secret = (key: string) => ({ secretName: 'broker', key });
const rabbit = {
  queueName: 'orders',
  clusterName: 'rabbit',
  clusterNamespace: 'rabbitmq',
  connection: secret('amqp'),
  management: secret('management'),
};
const kafka = { bootstrapServers: ['events-kafka:9093'], topic: 'orders', partitions: 12, consumerGroup: 'orders' };
const redis = { host: 'redis', stream: 'orders', consumerGroup: 'workers' };
const TRIGGERS = {
  rabbitmq: QueueTrigger.rabbitMq(rabbit),
  'aws-sqs-queue': QueueTrigger.sqs({
    queueUrl: 'https://sqs.eu-central-1.amazonaws.com/123456789012/orders',
    region: 'eu-central-1',
    roleArn: 'arn:aws:iam::123456789012:role/orders',
  }),
  'redis-streams': QueueTrigger.redisStream({ ...redis, password: secret('password') }),
  kafka: QueueTrigger.kafka({ ...kafka, username: secret('user'), password: secret('password') }),
};

interface Worker extends Written {
  readonly worker: QueueWorker;
}

function make(props: Partial<QueueWorkerProps> = {}): Worker {
  const chart: Chart = emptyChart();
  const worker = new QueueWorker(chart, 'Orders', {
    ...orders,
    trigger: TRIGGERS.rabbitmq,
    image: 'shop/orders:1.4.2',
    ...props,
  });
  return { worker, ...written(chart) };
}

/** An item takes a quarter of an hour. */
const rendering: Partial<QueueWorkerProps> = {
  workload: { steadyPerSecond: 0.001, peakPerSecond: 0.02, peakSeconds: 3600, serviceSeconds: 900 },
  objective: { latencySeconds: 14_400 },
};

const made = make();
const asleep = make({ scaleToZero: true, objective: { latencySeconds: 600 } });
const jobs = make(rendering);
const spec = (chart: Written, kind: string): Manifest => one(chart, kind).spec;
const podOf = (chart: Written): Manifest =>
  chart.manifests.some(({ kind }) => kind === 'Deployment')
    ? spec(chart, 'Deployment').template.spec
    : spec(chart, 'ScaledJob').jobTargetRef.template.spec;
const value = (chart: Worker, name: string) => chart.worker.plan.value(name);

describe('the traps of case 2 are absent', () => {
  test('trap: no dead-letter exchange: a rejected order lands in a queue of its own, at least once', () => {
    const { definition, pattern } = spec(made, 'Policy');
    expect(definition).toMatchObject({
      'dead-letter-exchange': 'orders.dead',
      'dead-letter-strategy': 'at-least-once',
      overflow: 'reject-publish',
    });
    expect(new RegExp(pattern).test('orders')).toBe(true);
    expect(new RegExp(pattern).test('orders.dead')).toBe(false);
    const [exchange, binding] = [spec(made, 'Exchange'), spec(made, 'Binding')];
    expect(exchange.name).toBe(definition['dead-letter-exchange']);
    expect(binding).toMatchObject({
      source: exchange.name,
      destination: 'orders.dead',
      routingKey: definition['dead-letter-routing-key'],
    });
    expect(every(made, 'Queue').map((queue) => [queue.spec.name, queue.spec.type])).toEqual([
      ['orders.dead', 'quorum'],
      ['orders', 'quorum'],
    ]);
  });

  test('trap: a prefetch of 20 by habit: it is what the round trip asks for', () => {
    // 50 ms of work and 2 ms of network: one in work, one on its way.
    expect(value(made, 'prefetch')).toBe(2);
    const slow = make({ trigger: QueueTrigger.rabbitMq({ ...rabbit, roundTripSeconds: 0.1 }) });
    expect(value(slow, 'prefetch')).toBe(3);
    expect(environmentOf(slow)).toMatchObject({ PREFETCH: '3', SLOTS: '1' });
  });
});

describe('the traps of case 6 are absent', () => {
  test('trap: the target read as a threshold: each replica is left with what it clears in time', () => {
    const [trigger] = spec(made, 'ScaledObject').triggers;
    const target = Number(trigger.metadata.value);
    expect(target).toBe(Math.floor(value(made, 'backlogPerInstance')));
    expect(target * orders.workload.serviceSeconds).toBeLessThanOrEqual(orders.objective.latencySeconds);
  });

  test('trap: deprecated `queueLength`, and a password in plain text', () => {
    for (const trigger of Object.values(TRIGGERS)) {
      const text = JSON.stringify(make({ trigger }).manifests);
      expect(text).not.toMatch(/amqps?:\/\/|"password":"|hostFromEnv/);
    }
    const [{ metadata }] = spec(made, 'ScaledObject').triggers;
    expect(metadata).toMatchObject({ mode: 'QueueLength' });
    expect(metadata).not.toHaveProperty('queueLength');
  });
});

describe('the scaler follows the plan', () => {
  test('replicas, target and maximum are the knobs, and nothing else sets the number of pods', () => {
    expect(spec(made, 'ScaledObject')).toMatchObject({
      minReplicaCount: value(made, 'minInstances'),
      maxReplicaCount: value(made, 'maxInstances'),
      scaleTargetRef: { kind: 'Deployment', name: one(made, 'Deployment').metadata.name },
    });
    expect(spec(made, 'Deployment')).not.toHaveProperty('replicas');
  });

  test('the plan is the one of the same numbers on any engine, with the reaction time of KEDA', () => {
    // The depth is 5 s old, and a poll that finds part of a peak's backlog orders the rest 0.7 polls later.
    const consumer = { pollSeconds: 15, decideSeconds: 5 + 0.7 * 15, startSeconds: 30 };
    const { predictions } = planQueue('Orders', { workload: orders.workload, objective: orders.objective, consumer });
    expect(made.worker.plan.predictions).toEqual(predictions);
    expect(predictions.reactionSeconds).toBe(60.5);
  });

  test('a queue of SQS exists already: its settings are not known, so the plan has none', () => {
    const { worker } = make({ trigger: TRIGGERS['aws-sqs-queue'] });
    const names = worker.plan.knobs.map(({ name }) => name);
    for (const name of ['visibilityTimeoutSeconds', 'retentionSeconds', 'maxReceiveCount']) {
      expect(names).not.toContain(name);
      expect(worker.plan.explain()).not.toContain(name);
    }
    expect(names).toContain('itemTimeoutSeconds');
    expect(worker.plan.explain()).toContain('from Amazon SQS');
  });

  test('a scaler that is blind is ready for the peak', () => {
    expect(spec(made, 'ScaledObject').fallback).toEqual({
      failureThreshold: 3,
      replicas: value(made, 'maxInstances'),
    });
  });

  test('work in hand counts: pods at work are not sent away', () => {
    const looks = Object.fromEntries(
      Object.entries(TRIGGERS).map(([name, trigger]) => [name, spec(make({ trigger }), 'ScaledObject').triggers[0]]),
    );
    expect(looks.rabbitmq.metadata.protocol).toBe('http');
    expect(looks['aws-sqs-queue'].metadata).toMatchObject({ scaleOnInFlight: 'true', scaleOnDelayed: 'true' });
    for (const [name, look] of Object.entries(looks)) expect(look.type).toBe(name);
  });

  test('with Redis what waits and what is in hand are added up, for jobs too', () => {
    const trigger = TRIGGERS['redis-streams'];
    const pods = make({ trigger });
    const { triggers, advanced } = spec(pods, 'ScaledObject');
    const target = String(value(pods, 'targetPerReplica'));
    expect(triggers.map(({ name, metadata }: Manifest) => [name, metadata])).toMatchObject([
      ['waiting', { lagCount: target, consumerGroup: 'workers' }],
      ['inHand', { pendingEntriesCount: target, consumerGroup: 'workers' }],
    ]);
    expect(triggers[1].metadata).not.toHaveProperty('lagCount');
    expect(advanced.scalingModifiers).toEqual({ formula: 'waiting + inHand', target, activationTarget: '0' });
    expect(spec(make({ ...rendering, trigger }), 'ScaledJob').scalingStrategy).toEqual({
      strategy: 'default',
      multipleScalersCalculation: 'sum',
    });
    expect(spec(jobs, 'ScaledJob').scalingStrategy).toEqual({ strategy: 'default' });
  });

  test('of a Redis stream from which the worker deletes, the length counts, because Redis may not know the lag', () => {
    const deleting = make({ trigger: QueueTrigger.redisStream({ ...redis, deleteWhenDone: true }) });
    const { triggers, advanced } = spec(deleting, 'ScaledObject');
    expect(triggers).toHaveLength(1);
    expect(triggers[0].metadata).toMatchObject({ streamLength: String(value(deleting, 'targetPerReplica')) });
    // With a group KEDA would count its entries in hand instead.
    expect(triggers[0].metadata).not.toHaveProperty('consumerGroup');
    expect(advanced).not.toHaveProperty('scalingModifiers');
    expect(environmentOf(deleting).DELETE_WHEN_DONE).toBe('true');
  });

  test('scaling up is one step, scaling down waits out the cool-down', () => {
    const { scaleUp, scaleDown } = spec(made, 'ScaledObject').advanced.horizontalPodAutoscalerConfig.behavior;
    expect(scaleUp.stabilizationWindowSeconds).toBe(0);
    expect(scaleUp.policies[0].value).toBe(value(made, 'maxInstances'));
    expect(scaleDown.stabilizationWindowSeconds).toBe(value(made, 'scaleDownStabilizationSeconds'));
    expect(value(made, 'scaleDownStabilizationSeconds')).toBe(300);
    const calm = make({ cooldown: Duration.hours(2) });
    const { behavior } = spec(calm, 'ScaledObject').advanced.horizontalPodAutoscalerConfig;
    // The API takes an hour at most.
    expect(behavior.scaleDown.stabilizationWindowSeconds).toBe(3600);
    expect(calm.worker.plan.knob('scaleDownStabilizationSeconds').formula).toBe('given: cooldown, at most 3,600');
  });

  test('what KEDA does from zero and to zero alone is set, and planned, only where there may be none', () => {
    for (const field of ['pollingInterval', 'cooldownPeriod'])
      expect(spec(made, 'ScaledObject')).not.toHaveProperty(field);
    const given = make({ scaleToZero: true, objective: { latencySeconds: 600 }, cooldown: Duration.hours(2) });
    expect(spec(asleep, 'ScaledObject')).toMatchObject({ pollingInterval: 30, cooldownPeriod: 300 });
    expect(spec(given, 'ScaledObject')).toMatchObject({ pollingInterval: 30, cooldownPeriod: 7200 });
    const knobs = (chart: Worker) => chart.worker.plan.knobs.map(({ name }) => name);
    const ofSleep = ['pollingIntervalSeconds', 'cooldownPeriodSeconds', 'wakeUpSeconds'];
    expect(knobs(made).filter((name) => ofSleep.includes(name))).toEqual([]);
    expect(knobs(asleep)).toEqual(expect.arrayContaining(ofSleep));
    // A job ends with its item; KEDA has no fallback for jobs.
    expect(knobs(jobs).filter((name) => /cooldown|fallback|stabilization/i.test(name))).toEqual([]);
  });

  test('a minimum of none is asleep, too', () => {
    const none = make({ consumer: { minInstances: 0 }, objective: { latencySeconds: 600 } });
    expect(spec(none, 'ScaledObject')).toEqual(spec(asleep, 'ScaledObject'));
  });

  test('asleep: none, woken within what is promised', () => {
    expect(spec(asleep, 'ScaledObject').minReplicaCount).toBe(0);
    expect(value(asleep, 'wakeUpSeconds')).toBe(30 + 15 + 5 + 30);
    expect(() => make({ scaleToZero: true, objective: { latencySeconds: 60 } })).toThrow(
      /Orders: waking up from zero takes 80 s and an item 0.05 s, 60 s of latency is promised; leave scaleToZero off, or promise at least 81 s/,
    );
  });

  test('never more replicas than partitions: what more would take is refused', () => {
    const trigger = QueueTrigger.kafka({ ...kafka, partitions: 6 });
    expect(spec(make({ trigger }), 'ScaledObject').maxReplicaCount).toBeLessThanOrEqual(6);
    const given = make({ trigger, consumer: { maxInstances: 20 } });
    expect(spec(given, 'ScaledObject').maxReplicaCount).toBe(6);
    const few = { trigger: QueueTrigger.kafka({ ...kafka, partitions: 4 }) };
    expect(() => make(few)).toThrow(/^Orders: .* with 4 to 4 instances × 1 .*; 6 partitions, /);
  });
});

describe('an item gets the time that it takes', () => {
  test('the grace period outlasts the P99.9 of the service time', () => {
    const grace = podOf(made).terminationGracePeriodSeconds;
    expect(grace).toBeGreaterThan(value(made, 'itemTimeoutSeconds'));
  });

  test('longer than a node waits for a pod: a job of its own, one item each', () => {
    expect(jobs.worker.deployment).toBeUndefined();
    expect(spec(jobs, 'ScaledJob')).toMatchObject({
      minReplicaCount: 0,
      maxReplicaCount: value(jobs, 'maxInstances'),
      rollout: { strategy: 'gradual' },
      triggers: [{ metadata: { value: '1' } }],
      jobTargetRef: { parallelism: 1, completions: 1, backoffLimit: 0 },
    });
    expect(podOf(jobs).restartPolicy).toBe('Never');
    expect(environmentOf(jobs)).toMatchObject({ MAX_ITEMS: '1', PREFETCH: '1' });
    // The broker would take the message away after half an hour.
    expect(spec(jobs, 'Policy').definition['consumer-timeout']).toBeGreaterThan(
      1000 * value(jobs, 'itemTimeoutSeconds'),
    );
  });

  test('a job pays for its start with every item', () => {
    const utilisation = (0.02 * (900 + 30)) / value(jobs, 'maxInstances');
    expect(jobs.worker.plan.predictions.utilisation).toBeCloseTo(utilisation, 6);
  });

  test('a polling interval by hand is what KEDA gets, what jobs are planned with, and said to be given', () => {
    const soon = make({ ...rendering, consumer: { pollSeconds: 10 } });
    expect(spec(soon, 'ScaledJob').pollingInterval).toBe(10);
    expect(soon.worker.plan.knob('pollingIntervalSeconds')).toMatchObject({ value: 10, formula: 'given' });
    // RabbitMQ counts every five seconds, and a job's start is part of its item.
    expect(soon.worker.plan.predictions.reactionSeconds).toBe(10 + 5);
    expect(spec(jobs, 'ScaledJob').pollingInterval).toBe(30);
    expect(jobs.worker.plan.predictions.reactionSeconds).toBe(30 + 5);
    const seldom = make({ scaleToZero: true, objective: { latencySeconds: 600 }, consumer: { pollSeconds: 60 } });
    expect(spec(seldom, 'ScaledObject').pollingInterval).toBe(60);
    expect(() => make({ ...rendering, consumer: { pollSeconds: 0.5 } })).toThrow(
      'Orders: consumer.pollSeconds must be a whole number, at least 1, got 0.5',
    );
  });

  test('a refused job is offered service times of the item, without the start that comes on top', () => {
    // Pods that stay would be done in time, 1 % of the items taking more than about 1125 s; jobs start for 30 s more.
    const even = { ...rendering.workload, serviceVariation: 0.1 } as Workload;
    const hasty = { ...rendering, workload: even, objective: { latencySeconds: 1140 } };
    const offered = Number(/([\d.]+) s per item/.exec(messageOf(() => make(hasty)))?.[1]);
    expect(offered).toBeGreaterThan(0);
    const workload = { ...even, serviceSeconds: offered };
    expect(make({ ...hasty, workload }).worker.deployment).toBeUndefined();
  });

  test('numbers out of range are named as they were given', () => {
    const workload = { ...rendering.workload, serviceVariation: 11 } as Workload;
    expect(messageOf(() => make({ ...rendering, workload }))).toBe(
      'Orders: serviceVariation must be between 0 and 10, got 11',
    );
    expect(messageOf(() => make({ ...rendering, consumer: { startSeconds: -1 } }))).toBe(
      'Orders: startSeconds must be at least 0, got -1',
    );
  });

  test('a cool-down shorter than an item is refused', () => {
    const quick = {
      workload: { ...orders.workload, serviceSeconds: 5, peakPerSecond: 20 },
      cooldown: Duration.seconds(10),
    };
    expect(() => make(quick)).toThrow(
      /Orders: cooldown must be at least the time of one item, 35 s at its P99.9, got 10 s/,
    );
  });
});

describe('a pod is restricted', () => {
  test.each([
    ['a Deployment', made],
    ['a ScaledJob', jobs],
  ])('%s keeps Pod Security restricted, with requests and limits', (_, chart) => {
    const [container] = podOf(chart).containers;
    expect(container.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container.resources).toMatchObject({ limits: { memory: '256Mi' }, requests: { memory: '256Mi' } });
    expect(podOf(chart).automountServiceAccountToken).toBe(false);
  });

  test('it talks to its broker and to DNS, and only probes come in', () => {
    const { egress, ingress, podSelector } = spec(made, 'NetworkPolicy');
    expect(egress.flatMap((rule: Manifest) => rule.ports.map(({ port }: Manifest) => port))).toEqual([
      53, 53, 5671, 5672,
    ]);
    // Probes come from the node, which no policy holds back.
    expect(ingress).toEqual([]);
    expect(podSelector.matchLabels).toEqual(spec(made, 'Deployment').selector.matchLabels);
    expect(spec(jobs, 'NetworkPolicy').ingress).toEqual([]);
  });

  test('pods are spread, and a node is drained one pod at a time', () => {
    expect(podOf(made).topologySpreadConstraints[0].labelSelector.matchLabels).toEqual(
      spec(made, 'Deployment').selector.matchLabels,
    );
    expect(spec(made, 'PodDisruptionBudget').maxUnavailable).toBe(1);
  });

  test('with SQS the pods and KEDA take on the role of the service account', () => {
    const sqs = make({ trigger: TRIGGERS['aws-sqs-queue'] });
    expect(one(sqs, 'ServiceAccount').metadata.annotations).toEqual({
      'eks.amazonaws.com/role-arn': 'arn:aws:iam::123456789012:role/orders',
    });
    expect(spec(sqs, 'TriggerAuthentication')).toEqual({ podIdentity: { provider: 'aws', identityOwner: 'workload' } });
  });
});

describe('a certificate of one’s own authority', () => {
  const authority = { certificateAuthority: secret('ca.crt') };
  const user = { username: secret('user'), password: secret('password') };

  test.each([
    ['KAFKA_CA', QueueTrigger.kafka({ ...kafka, ...user, ...authority })],
    ['REDIS_CA', QueueTrigger.redisStream({ ...redis, ...authority })],
  ])('%s: KEDA and the worker get it from its Secret', (name, trigger) => {
    const chart = make({ trigger });
    const read = { name: 'broker', key: 'ca.crt' };
    expect(spec(chart, 'TriggerAuthentication').secretTargetRef).toContainEqual({ parameter: 'ca', ...read });
    expect(podOf(chart).containers[0].env).toContainEqual({ name, valueFrom: { secretKeyRef: read } });
  });

  test('without TLS it is refused', () => {
    expect(() => make({ trigger: QueueTrigger.kafka({ ...kafka, ...authority, tls: false }) })).toThrow(
      'Orders: certificateAuthority needs tls, got tls false',
    );
    expect(() => make({ trigger: QueueTrigger.redisStream({ ...redis, ...authority, tls: false }) })).toThrow(
      'Orders: certificateAuthority needs tls, got tls false',
    );
  });
});

describe('the queue is bounded', () => {
  test('by what arrives while all consumers are away, the peak first', () => {
    expect(value(made, 'maxLength')).toBe(111 * 1800 + 20 * 1800);
    const short = make({ trigger: QueueTrigger.rabbitMq({ ...rabbit, consumerOutage: Duration.seconds(10) }) });
    // A lower bound would be nearly full, or refuse publishers, in a peak that goes as planned.
    expect(value(short, 'maxLength')).toBe(Math.ceil(value(short, 'alarmBacklog') / 0.8));
    expect(value(short, 'alarmNearlyFull')).toBeGreaterThanOrEqual(value(short, 'alarmBacklog'));
  });
});

describe('alerts', () => {
  const rules: Manifest[] = spec(made, 'PrometheusRule').groups[0].rules;

  test('each has a summary and a runbook', () => {
    for (const { annotations } of rules) expect(Object.keys(annotations).sort()).toEqual(['runbook', 'summary']);
    expect(rules.map(({ alert }) => alert)).toEqual([
      'QueueBacklog',
      'QueueNeverDrains',
      'QueueScalerBlind',
      'QueueWorkerAtMaximum',
      'DeadLetters',
      'QueueNearlyFull',
    ]);
  });

  test('they watch this scaler, above what the plan foresees', () => {
    const scaler = one(made, 'ScaledObject').metadata.name;
    const series = (namespace: string) => `keda_scaler_metrics_value{${namespace},scaledObject="${scaler}"}`;
    // As KEDA's own chart has it scraped, and as Prometheus does without honorLabels.
    expect(rules[0].expr).toBe(
      `max(${series('namespace="shop",exported_namespace=""')} or ${series('exported_namespace="shop"')}) > ${value(made, 'alarmBacklog')}`,
    );
    expect(value(made, 'alarmBacklog')).toBeGreaterThan(made.worker.plan.predictions.peakBacklog);
  });

  test('with Kafka they can fire: KEDA does not cut the lag to the partitions', () => {
    // Six partitions with what fits into them: the default head-room would take seven.
    const trigger = QueueTrigger.kafka({ ...kafka, partitions: 6 });
    const chart = make({ trigger, objective: { ...orders.objective, headroom: 1.001 } });
    expect(value(chart, 'alarmBacklog')).toBeGreaterThan(6 * value(chart, 'targetPerReplica'));
    expect(spec(chart, 'ScaledObject').triggers[0].metadata.allowIdleConsumers).toBe('true');
  });

  test('of several triggers they watch the sum', () => {
    const trigger = TRIGGERS['redis-streams'];
    const [pods, each] = [make({ trigger }), make({ ...rendering, trigger })];
    const backlog = (chart: Worker) => spec(chart, 'PrometheusRule').groups[0].rules[0].expr;
    const series = (chart: Worker, more = '') =>
      ['namespace="shop",exported_namespace=""', 'exported_namespace="shop"']
        .map((place) => `keda_scaler_metrics_value{${place},scaledObject="${chart.worker.scaler.name}"${more}}`)
        .join(' or ');
    expect(backlog(pods)).toContain(`max(${series(pods, ',metric="composite-metric"')})`);
    expect(backlog(each)).toContain(`sum(max by (metric) (${series(each)}))`);
  });

  test('the dashboard shows backlog, replicas and dead letters', () => {
    const dashboards = every(made, 'ConfigMap');
    expect(dashboards).toHaveLength(1);
    expect(dashboards[0].metadata.labels).toEqual({ grafana_dashboard: '1' });
    const { panels } = JSON.parse(dashboards[0].data['orders-shop.json']);
    expect(panels.map(({ title }: Manifest) => title)).toEqual(['Backlog', 'Replicas', 'Dead letters']);
  });
});

describe('props', () => {
  test('everything wrong is named at once', () => {
    const wrong = () =>
      make({
        image: 'shop/orders:latest',
        cooldown: Duration.seconds(1),
        trigger: QueueTrigger.rabbitMq({ ...rabbit, queueName: 'a b', roundTripSeconds: 0 }),
      });
    expect(wrong).toThrow(InvalidInputError);
    expect(wrong).toThrow(
      /roundTripSeconds must be .*got 0; queueName must be .*'a b'; image must .*:latest'; cooldown .*got 1/,
    );
  });

  test('random ones give valid manifests or a named error', () => {
    const triggers = fc.constantFrom(...Object.values(TRIGGERS));
    validOrNamed(
      /^Orders: /,
      fc.record({
        workload: workloads(),
        objective: objectives(),
        trigger: triggers,
        scaleToZero: optional(fc.boolean()),
        cooldown: optional(
          mostly(
            fc.integer({ min: 60, max: 3600 }).map((s) => Duration.seconds(s)),
            Duration.seconds(1),
          ),
        ),
        consumer: optional(
          fc.record({ slotsPerInstance: optional(mostly(fc.integer({ min: 1, max: 8 }), 0)) }, { requiredKeys: [] }),
        ),
      }),
      make,
      (chart) => {
        const grace = podOf(chart).terminationGracePeriodSeconds;
        expect(grace).toBeGreaterThan(value(chart, 'itemTimeoutSeconds'));
        const scaler = chart.worker.scaler.toJson().spec;
        expect(scaler.maxReplicaCount).toBeGreaterThanOrEqual(Math.max(1, scaler.minReplicaCount));
      },
    );
  });
});

function environmentOf(chart: Written): Record<string, string> {
  const [{ env }] = podOf(chart).containers;
  return Object.fromEntries(env.map(({ name, value: text }: Manifest) => [name, text]));
}
