/** What a team chooses on a worker: probes, fallback, labels, variables, DNS; and that every object can be reached and patched. */
import { ApiObject, Chart, Duration, JsonPatch, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { QueueTrigger } from '../../../lib/k8s/queue/queue-trigger';
import { QueueWorker } from '../../../lib/k8s/queue/queue-worker';
import type { QueueWorkerProps } from '../../../lib/k8s/queue/queue-worker-props';
import { ScalerFallback } from '../../../lib/k8s/queue/scaler-fallback';
import { WorkerProbes } from '../../../lib/k8s/queue/worker-probes';
import { emptyChart, type Manifest, one, written } from '../../support/manifest';
import { failuresOf } from '../../support/refused';

const secret = (key: string) => ({ secretName: 'broker', key });
const rabbit = QueueTrigger.rabbitMq({
  queueName: 'orders',
  clusterName: 'rabbit',
  connection: secret('amqp'),
  management: secret('management'),
});
const redis = QueueTrigger.redisStream({ host: 'redis', stream: 'orders', consumerGroup: 'workers' });

/** An item takes a quarter of an hour. */
const LONG: Partial<QueueWorkerProps> = {
  workload: { steadyPerSecond: 0.001, peakPerSecond: 0.02, peakSeconds: 3600, serviceSeconds: 900 },
  objective: { latencySeconds: 14_400 },
};

function make(props: Partial<QueueWorkerProps> = {}, chart = emptyChart()) {
  const worker = new QueueWorker(chart, 'Orders', {
    workload: { steadyPerSecond: 20, peakPerSecond: 111, peakSeconds: 1800, serviceSeconds: 0.05 },
    objective: { latencySeconds: 90 },
    trigger: redis,
    image: 'shop/orders:1.4.2',
    ...props,
  });
  return { worker, chart, value: (name: string) => worker.plan.value(name) };
}

function containerOf(chart: Chart): Manifest {
  return one(written(chart), 'Deployment').spec.template.spec.containers[0];
}

const failures = (props: Partial<QueueWorkerProps>) => failuresOf(() => make(props));

const knobs = ({ worker }: ReturnType<typeof make>) => worker.plan.knobs.map(({ name }) => name);

describe('every object is a member', () => {
  test('of a Deployment on RabbitMQ', () => {
    const { worker } = make({ trigger: rabbit });
    const { networkPolicy, disruptionBudget, serviceAccount, triggerAuthentication, topology } = worker;
    const kinds = [networkPolicy, disruptionBudget, triggerAuthentication, ...Object.values(topology!)].map(
      (object) => object?.kind,
    );
    expect(kinds).toEqual([
      ...['NetworkPolicy', 'PodDisruptionBudget', 'TriggerAuthentication'],
      ...['Exchange', 'Queue', 'Binding', 'Queue', 'Policy'],
    ]);
    expect(serviceAccount?.kind).toBe('ServiceAccount');
  });

  test('no object is only to be found by its id', () => {
    const { worker, chart } = make({ trigger: rabbit });
    const members = Object.values(worker)
      .flatMap((member) => (member === worker.topology ? Object.values(member) : [member]))
      .map((member) => member?.name);
    for (const { kind, metadata } of written(chart).manifests)
      expect([kind, members.includes(metadata.name)]).toEqual([kind, true]);
  });

  test('a job has no budget: a drain does not wait for a pod of a job by its budget', () => {
    const { worker } = make(LONG);
    expect(worker.disruptionBudget).toBeUndefined();
    expect(worker.networkPolicy?.kind).toBe('NetworkPolicy');
  });
});

describe('probes', () => {
  test('another path, port and period: the manifest has them, and the plan says that they are given', () => {
    const made = make({
      probes: WorkerProbes.http({
        path: '/actuator/health',
        port: 8081,
        period: Duration.seconds(20),
        timeout: Duration.seconds(3),
        startupFailures: 60,
      }),
    });
    const { livenessProbe, startupProbe, ports, env } = containerOf(made.chart);
    expect(livenessProbe).toEqual({
      httpGet: { path: '/actuator/health', port: 8081, scheme: 'HTTP' },
      periodSeconds: 20,
      timeoutSeconds: 3,
      failureThreshold: 6,
    });
    expect(startupProbe.failureThreshold).toBe(60);
    expect(ports.map(({ containerPort }: Manifest) => containerPort)).toEqual([8081]);
    expect(env).toContainEqual({ name: 'HEALTH_PORT', value: '8081' });
    expect(made.worker.plan.knob('probePeriodSeconds')).toMatchObject({ value: 20, formula: 'given' });
    expect(made.value('probeTimeoutSeconds')).toBe(3);
  });

  test('a long start with another period: the startup probe and the rollout follow from both', () => {
    const made = make({
      consumer: { startSeconds: 600 },
      probes: WorkerProbes.http({ period: Duration.seconds(20) }),
    });
    const { startupProbe } = containerOf(made.chart);
    expect(startupProbe.failureThreshold * startupProbe.periodSeconds).toBe(1200);
    expect(made.value('progressDeadlineSeconds')).toBe(2400);
  });

  test('failures by hand that restart a pod before it has started are refused, with the fewest that do not', () => {
    const short = WorkerProbes.http({ startupFailures: 30 });
    expect(failures({ consumer: { startSeconds: 600 }, probes: short })).toEqual([
      'probes.startupFailures must be at least 60 with a period of 10 s, or pods that take 600 s to start are restarted before, got 30; leave it out, or give a longer period or a shorter consumer.startSeconds',
    ]);
    expect(failures({ consumer: { startSeconds: 300 }, probes: short })).toEqual([]);
  });

  test('a command opens no port and needs no server', () => {
    const { chart } = make({ probes: WorkerProbes.command({ command: ['celery', 'inspect', 'ping'] }) });
    const { readinessProbe, livenessProbe, startupProbe, ports, env } = containerOf(chart);
    for (const probe of [readinessProbe, livenessProbe, startupProbe])
      expect(probe).toMatchObject({ exec: { command: ['celery', 'inspect', 'ping'] }, periodSeconds: 10 });
    expect(ports).toBeUndefined();
    expect(env.map(({ name }: Manifest) => name)).not.toContain('HEALTH_PORT');
  });

  test('none: neither probe nor port nor knob, and the plan has the reason', () => {
    const made = make({ probes: WorkerProbes.none('a sidecar watches it') });
    expect(Object.keys(containerOf(made.chart)).filter((key) => /probe|ports/i.test(key))).toEqual([]);
    expect(knobs(made).filter((name) => /probe/i.test(name))).toEqual([]);
    expect(made.worker.plan.remarks).toContainEqual(expect.stringContaining('a sidecar watches it'));
  });

  test.each<[string, WorkerProbes, string[]]>([
    ['an empty reason', WorkerProbes.none(' '), ["probes.none needs its reason, such as 'a sidecar watches it'"]],
    [
      'numbers out of range',
      WorkerProbes.http({ path: 'healthz', port: 0, period: Duration.seconds(5), timeout: Duration.seconds(6) }),
      [
        'probes.timeout in seconds must be a whole number, between 1 and 5, got 6',
        "probes.path must be a path such as /healthz, got 'healthz'",
        'probes.port must be a whole number, between 1 and 65535, got 0',
      ],
    ],
    ['an empty command', WorkerProbes.command({ command: [] }), ['probes.command must not be empty, got []']],
  ])('%s is refused', (_, probes, expected) => expect(failures({ probes })).toEqual(expected));

  test('of a job are refused: it has a deadline', () => {
    expect(failures({ ...LONG, probes: WorkerProbes.http(), fallback: ScalerFallback.replicas(1) })).toEqual([
      'probes must not be given where every item gets its own job, which has a deadline instead',
      'fallback must not be given where every item gets its own job: KEDA has no fallback for jobs',
    ]);
  });
});

describe('a scaler that is blind', () => {
  test('runs as many replicas as were chosen, and the plan says so', () => {
    const made = make({ fallback: ScalerFallback.replicas(3) });
    expect(one(written(made.chart), 'ScaledObject').spec.fallback).toEqual({ failureThreshold: 3, replicas: 3 });
    expect(made.worker.plan.knob('fallbackReplicas')).toMatchObject({ value: 3, formula: 'given' });
  });

  test('or none: no fallback in the manifest, no knob, another runbook', () => {
    const made = make({ fallback: ScalerFallback.none('the database takes no more connections') });
    expect(one(written(made.chart), 'ScaledObject').spec).not.toHaveProperty('fallback');
    expect(knobs(made).filter((name) => /fallback/.test(name))).toEqual([]);
    const rules: Manifest[] = one(written(made.chart), 'PrometheusRule').spec.groups[0].rules;
    const [blind] = rules.filter(({ alert }) => alert === 'QueueScalerBlind');
    expect(blind.annotations.runbook).toMatch(/Meanwhile the number of replicas stays as it is\.$/);
  });

  test('more than the maximum is refused: the autoscaler would cut it', () => {
    const { value } = make();
    const most = value('maxInstances');
    expect(failures({ fallback: ScalerFallback.replicas(most + 1) })).toEqual([
      `fallback.replicas must be at most maxInstances of the plan, ${most}, got ${most + 1}`,
    ]);
    expect(failures({ fallback: ScalerFallback.replicas(-1) })).toEqual([
      'fallback.replicas must be a whole number, at least 0, got -1',
    ]);
  });
});

describe('variables', () => {
  const text = kplus.EnvValue.fromValue;

  test('that are set here are refused, each with where its value is from', () => {
    const environment = { SLOTS: text('7'), STREAM: text('mine'), HEALTH_PORT: text('1'), LOG_LEVEL: text('info') };
    expect(failures({ environment })).toEqual([
      'environment must not have SLOTS, which is set here from slotsPerInstance of the plan: give consumer.slotsPerInstance',
      'environment must not have STREAM, which is set here from the trigger',
      'environment must not have HEALTH_PORT, which is set here from probes: give WorkerProbes.http({ port })',
    ]);
  });

  test('a number of the plan cannot be replaced later either', () => {
    const app = Testing.app();
    const { worker } = make({}, new Chart(app, 'shop', { namespace: 'shop' }));
    worker.container.env.addVariable('LOG_LEVEL', text('info'));
    expect(worker.node.validate()).toEqual([]);
    worker.container.env.addVariable('SLOTS', text('7'));
    expect(() => app.synth()).toThrow(/Orders: SLOTS was set again; it is set here from slotsPerInstance/);
  });

  test('HEALTH_PORT is free where no probe needs a port', () => {
    const environment = { HEALTH_PORT: text('1') };
    expect(failures({ environment, probes: WorkerProbes.none('a sidecar watches it') })).toEqual([]);
  });
});

describe('labels', () => {
  const labels = { 'app.kubernetes.io/name': 'orders' };

  test.each<[string, Partial<QueueWorkerProps>]>([
    ['pods that stay', {}],
    ['a job for each item', LONG],
  ])('are on every object and on the pods: %s', (_, props) => {
    const { chart } = make({ ...props, labels, trigger: rabbit });
    const { manifests } = written(chart);
    for (const { metadata } of manifests) expect(metadata.labels).toMatchObject(labels);
    const [{ spec }] = manifests.filter(({ kind }) => kind === 'Deployment' || kind === 'ScaledJob');
    expect((spec.template ?? spec.jobTargetRef.template).metadata.labels).toMatchObject(labels);
  });

  test('of the rule alone are for the ruleSelector of a Prometheus', () => {
    const { manifests } = written(make({ labels, alertLabels: { release: 'prometheus' } }).chart);
    const released = manifests.filter(({ metadata }) => metadata.labels.release === 'prometheus');
    expect(released.map(({ kind }) => kind)).toEqual(['PrometheusRule']);
    expect(released[0].metadata.labels).toMatchObject(labels);
  });

  test('that select pods, or are none, are refused', () => {
    expect(failures({ labels: { 'cdk8s.io/metadata.addr': 'mine' }, alertLabels: { release: 'a b' } })).toEqual([
      "alertLabels release must be a label value of up to 63 letters, digits, hyphens, dots and underscores, got 'a b'",
      'labels must not have cdk8s.io/metadata.addr, by which the pods are selected',
    ]);
  });
});

test('a service account that is there already takes the place of ours', () => {
  const chart = emptyChart();
  const serviceAccount = kplus.ServiceAccount.fromServiceAccountName(chart, 'Mine', 'orders');
  const { worker } = make({ serviceAccount }, chart);
  const manifests = written(chart);
  expect(one(manifests, 'Deployment').spec.template.spec.serviceAccountName).toBe('orders');
  expect(manifests.manifests.map(({ kind }) => kind)).not.toContain('ServiceAccount');
  expect(worker.serviceAccount).toBeUndefined();
});

describe('DNS', () => {
  const rules = (dns?: QueueWorkerProps['dns']): Manifest[] =>
    one(written(make({ dns }).chart), 'NetworkPolicy').spec.egress.slice(0, -1);
  const ports = (rule: Manifest) => rule.ports.map(({ protocol, port }: Manifest) => `${protocol} ${port}`);

  test('of OpenShift is on another port of another namespace', () => {
    const [rule, ...more] = rules({ namespace: 'openshift-dns', port: 5353 });
    expect(more).toEqual([]);
    expect(rule.to).toEqual([
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'openshift-dns' } } },
    ]);
    expect(ports(rule)).toEqual(['UDP 5353', 'TCP 5353']);
  });

  test('of a node comes beside that of the cluster, which it asks', () => {
    const [cluster, node] = rules({ podLabels: { 'k8s-app': 'kube-dns' }, cidrs: ['169.254.20.10/32'] });
    expect(cluster.to).toEqual([
      {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
        podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
      },
    ]);
    expect(node.to).toEqual([{ ipBlock: { cidr: '169.254.20.10/32' } }]);
    expect(ports(node)).toEqual(['UDP 53', 'TCP 53']);
  });

  test('somewhere that is no place is refused', () => {
    expect(failures({ dns: { namespace: 'A', port: 0, cidrs: ['169.254.20.10'] } })).toEqual([
      "dns.namespace must be 1 to 63 lower-case letters, digits and hyphens, got 'A'",
      'dns.port must be a whole number, between 1 and 65535, got 0',
      "dns.cidrs[0] must be an address range such as 10.0.0.0/16, got '169.254.20.10'",
    ]);
    expect(failures({ dns: { cidrs: [] } })).toEqual(['dns.cidrs must be address ranges, at least one, got none']);
  });
});

describe('a patch is kept, also where Kubernetes 1.28 did not know it', () => {
  test('a port as a number stays one: a rule without its port would open every port', () => {
    const { worker, chart } = make();
    worker.networkPolicy?.addJsonPatch(
      JsonPatch.add('/spec/egress/-', {
        to: [{ ipBlock: { cidr: '10.0.0.0/8' } }],
        ports: [{ protocol: 'TCP', port: 5432 }],
      }),
    );
    const { egress } = one(written(chart), 'NetworkPolicy').spec;
    expect(egress.at(-1)).toEqual({
      to: [{ ipBlock: { cidr: '10.0.0.0/8' } }],
      ports: [{ protocol: 'TCP', port: 5432 }],
    });
    // What was there is as it was.
    expect(egress[0].ports[0]).toEqual({ protocol: 'UDP', port: 53 });
  });

  test('a field that is newer stays: preStop.sleep', () => {
    const { worker, chart } = make();
    const lifecycle = { preStop: { sleep: { seconds: 5 } } };
    ApiObject.of(worker.deployment!).addJsonPatch(
      JsonPatch.add('/spec/template/spec/containers/0/lifecycle', lifecycle),
    );
    expect(containerOf(chart).lifecycle).toEqual(lifecycle);
  });

  test('what cdk8s-plus-28 only writes in another case is not written twice', () => {
    const { spec } = one(written(make().chart), 'Deployment').spec.template;
    expect(Object.keys(spec).filter((key) => /fqdn/i.test(key))).toEqual(['setHostnameAsFQDN']);
  });
});
