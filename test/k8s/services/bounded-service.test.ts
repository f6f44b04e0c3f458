import { ApiObject, JsonPatch } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { OVERRUN_API } from '../../../lib/cases/case-12-unbounded-thread-pool';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import type { LimitSettings } from '../../../lib/flow/services/limit';
import { loadStages } from '../../../lib/flow/services/load-test';
import { ServiceAdmission, ServiceLimit } from '../../../lib/flow/services/workload';
import { BoundedService } from '../../../lib/k8s/services/bounded-service';
import type { BoundedServiceProps } from '../../../lib/k8s/services/bounded-service-props';
import { loadTestScript } from '../../../lib/k8s/services/load-test';
import { Gate } from '../../../lib/runtime/gate/gate';
import { emptyChart, every, type Manifest, one, written } from '../../support/manifest';
import { sumOver } from '../../support/promql';

const props: BoundedServiceProps = { ...OVERRUN_API, image: 'shop/api:1' };

function make(
  given: Partial<BoundedServiceProps> = {},
  deployment?: (chart: ReturnType<typeof emptyChart>) => kplus.Deployment,
) {
  const chart = emptyChart();
  const own = deployment === undefined ? {} : { deployment: deployment(chart), image: undefined };
  const service = new BoundedService(chart, 'Api', { ...props, ...own, ...given });
  return { ...written(chart), service };
}

const made = make();
const value = (name: string) => made.service.plan.value(name);
const { spec } = one(made, 'Deployment');
const pod = spec.template.spec;
const [program]: Manifest[] = pod.containers;
const [gate]: Manifest[] = pod.initContainers;
const variables = ({ env }: Manifest) =>
  Object.fromEntries((env ?? []).map(({ name, value: text }: Manifest) => [name, text]));

describe('the traps of case 12 are absent', () => {
  test('trap: 150 waiting miss the promise: the bound leaves the P99 of the work its time', () => {
    const { SLOTS, QUEUE, WAIT_SECONDS } = variables(gate);
    expect((Number(QUEUE) / Number(SLOTS)) * 0.1).toBeLessThanOrEqual(Number(WAIT_SECONDS));
    expect(Number(WAIT_SECONDS) + 0.2511).toBeLessThanOrEqual(0.4001);
  });

  test('trap: a refusal that nobody maps is a 500: it is a 503 with Retry-After', () => {
    expect(variables(gate)).toMatchObject({ SHED_STATUS: '503', RETRY_AFTER_SECONDS: '1', RETRY_AFTER_JITTER: '0.5' });
  });

  test('trap: a liveness probe through the queue restarts the pods that protect themselves: probes go to the program', () => {
    for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
      expect(program[probe].httpGet).toMatchObject({ path: '/healthz', port: 8080 });
    }
    expect(gate.livenessProbe.httpGet.port).not.toBe(Number(variables(gate).PORT));
  });

  test('trap: processors say nothing of a pool that waits: pods follow the requests in flight', () => {
    const { triggers, minReplicaCount, maxReplicaCount, fallback } = one(made, 'ScaledObject').spec;
    const [{ type, metadata }] = triggers;
    expect(type).toBe('prometheus');
    expect(metadata.query).toBe(`sum(gate_in_flight{namespace="shop",service="${made.service.service.name}"})`);
    expect(Number(metadata.threshold)).toBe(value('targetPerReplica'));
    // No reading is no load of zero.
    expect(metadata.ignoreNullValues).toBe('false');
    expect([minReplicaCount, maxReplicaCount, fallback.replicas]).toEqual([2, 3, 3]);
    expect(spec.replicas).toBeUndefined();
  });
});

describe('nobody gets around the gate', () => {
  test('the Service leads to it, and the network policy opens no other port to callers', () => {
    expect(one(made, 'Service').spec.ports).toEqual([{ name: 'http', port: 80, targetPort: 9400 }]);
    const { ingress, policyTypes } = one(made, 'NetworkPolicy').spec;
    expect(policyTypes).toEqual(['Ingress']);
    expect(ingress.map(({ ports }: Manifest) => ports.map(({ port }: Manifest) => port))).toEqual([[9400], [9401]]);
    expect(ingress[1].from).toEqual([
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } },
    ]);
  });

  test('other namespaces only by name', () => {
    const { ingress } = one(make({ callerNamespaces: ['web'] }), 'NetworkPolicy').spec;
    expect(ingress[0].from).toHaveLength(2);
  });
});

describe('the pod', () => {
  test('has the gate as a sidecar: it starts before the program and ends after it', () => {
    expect(gate.restartPolicy).toBe('Always');
    expect(Number(variables(gate).TARGET_PORT)).toBe(8080);
  });

  test('drains its gate when it ends, and the program is not told to end before what was accepted is answered', () => {
    const { command } = gate.lifecycle.preStop.exec;
    expect(command.at(-1)).toBe(`http://127.0.0.1:${variables(gate).DRAIN_PORT}/`);
    expect(program.lifecycle.preStop).toEqual({ sleep: { seconds: value('preStopSeconds') } });
    expect(value('preStopSeconds')).toBeGreaterThan(value('leavingSeconds') + 0.4 + 1);
    expect(pod.terminationGracePeriodSeconds).toBe(value('terminationGracePeriodSeconds'));
    expect(value('terminationGracePeriodSeconds')).toBeGreaterThan(value('preStopSeconds') + 0.4 + 1);
  });

  test('trap: the kubelet runs preStop after a failed liveness probe too: that of the program leaves the gate open', () => {
    expect(Object.keys(program.lifecycle)).toEqual(['preStop']);
    expect(JSON.stringify(program)).not.toContain(variables(gate).DRAIN_PORT);
  });

  test('is ready only while its gate takes requests; a gate that drains is not restarted for it', () => {
    expect(gate.readinessProbe).toMatchObject({
      httpGet: { path: '/readyz', port: Number(variables(gate).METRICS_PORT) },
      periodSeconds: value('probePeriodSeconds'),
      failureThreshold: value('readinessProbeFailures'),
    });
    expect(gate.livenessProbe.httpGet.path).toBe('/healthz');
  });

  test('knows its bounds, so that a program can use them for its own pool', () => {
    expect(variables(program)).toMatchObject({ SLOTS: '30', QUEUE: '44', SERVER_DEADLINE_SECONDS: '0.4' });
    const calling = make({ downstreams: [{ name: 'stock-api', latencySeconds: 0.02 }] });
    expect(variables(one(calling, 'Deployment').spec.template.spec.containers[0]).TIMEOUT_SECONDS_STOCK_API).toBe(
      '0.03',
    );
  });

  test('is restricted', () => {
    for (const { securityContext } of [program, gate]) {
      expect(securityContext).toMatchObject({
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
        capabilities: { drop: ['ALL'] },
      });
    }
    expect(pod.automountServiceAccountToken).toBe(false);
  });
});

describe('a Deployment that is there already', () => {
  const existing = (grace?: number, lifecycle?: kplus.ContainerLifecycle) => (chart: ReturnType<typeof emptyChart>) =>
    new kplus.Deployment(chart, 'Existing', {
      replicas: 7,
      ...(grace !== undefined && { terminationGracePeriod: { toSeconds: () => grace } as never }),
      containers: [
        {
          image: 'shop/old:1',
          name: 'old',
          portNumber: 3000,
          envVariables: { MODE: kplus.EnvValue.fromValue('fast') },
          lifecycle,
        },
      ],
    });

  test('gets the gate, its bounds and an end after the gate; everything else stays', () => {
    const given = make({ port: 3000 }, existing());
    const { template, replicas } = one(given, 'Deployment').spec;
    const [old] = template.spec.containers;
    expect(old).toMatchObject({ image: 'shop/old:1', lifecycle: { preStop: { sleep: { seconds: 8 } } } });
    expect(variables(old)).toMatchObject({ MODE: 'fast', SLOTS: '30' });
    expect(variables(template.spec.initContainers[0]).TARGET_PORT).toBe('3000');
    expect(replicas).toBeUndefined();
    expect(every(given, 'PodDisruptionBudget')).toEqual([]);
    expect(one(given, 'Service').spec.selector).toEqual(one(given, 'Deployment').spec.selector.matchLabels);
  });

  test('keeps its replicas without autoscaling', () => {
    const given = make({ port: 3000, autoscaling: false }, existing());
    expect(one(given, 'Deployment').spec.replicas).toBe(7);
    expect(every(given, 'ScaledObject')).toEqual([]);
  });

  test('keeps what its program does after its start, in whatever way it was written', () => {
    const command = ['warm-up'];
    const written = make({ port: 3000 }, existing(undefined, { postStart: kplus.Handler.fromCommand(command) }));
    const patched = make({ port: 3000 }, (chart) => {
      const deployment = existing()(chart);
      const lifecycle = { postStart: { exec: { command } } };
      ApiObject.of(deployment).addJsonPatch(JsonPatch.add('/spec/template/spec/containers/0/lifecycle', lifecycle));
      return deployment;
    });
    for (const given of [written, patched]) {
      expect(one(given, 'Deployment').spec.template.spec.containers[0].lifecycle).toEqual({
        postStart: { exec: { command } },
        preStop: { sleep: { seconds: 8 } },
      });
    }
  });

  test('one whose program has a preStop is refused: a container has one; without the gate it keeps it', () => {
    const ends = { preStop: kplus.Handler.fromCommand(['say', 'goodbye']) };
    expect(() => make({ port: 3000 }, existing(undefined, ends))).toThrow(
      'deployment must not have a preStop in its first container',
    );
    const own = make({ port: 3000, admission: ServiceAdmission.APPLICATION }, existing(undefined, ends));
    expect(one(own, 'Deployment').spec.template.spec.containers[0].lifecycle).toEqual({
      preStop: { exec: { command: ['say', 'goodbye'] } },
    });
  });

  test('one that would be killed before it has answered is refused', () => {
    expect(() => make({ port: 3000 }, existing(5))).toThrow(
      'terminationGracePeriod of deployment must be at least 11 s',
    );
  });
});

describe('a program that takes ten minutes to start', () => {
  const workload = { ...props.workload, steadyPerSecond: undefined, coldStartSeconds: 600 };

  test('trap: a probe restarts it after five, and it never answers: it has twice its start', () => {
    const slow = make({ workload });
    const { template, progressDeadlineSeconds } = one(slow, 'Deployment').spec;
    for (const { startupProbe } of [...template.spec.containers, ...template.spec.initContainers])
      expect(startupProbe.periodSeconds * startupProbe.failureThreshold).toBe(1200);
    expect(progressDeadlineSeconds).toBe(2400);
  });

  test('in a Deployment that is there already, whose probe gives up earlier, is refused', () => {
    const probed = (failureThreshold?: number) => (chart: ReturnType<typeof emptyChart>) =>
      new kplus.Deployment(chart, 'Existing', {
        terminationGracePeriod: { toSeconds: () => 60 } as never,
        containers: [
          {
            image: 'shop/old:1',
            portNumber: 8080,
            startup: kplus.Probe.fromHttpGet('/healthz', { port: 8080, failureThreshold }),
          },
        ],
      });
    expect(() => make({ workload }, probed())).toThrow(
      'Api: deployment must give its program 600 s to start, workload.coldStartSeconds, before a probe restarts it, got 30 s',
    );
    expect(() => make({ workload }, probed(60))).not.toThrow();
  });
});

test('without autoscaling as many pods run as the peak needs', () => {
  expect(one(make({ autoscaling: false }), 'Deployment').spec.replicas).toBe(3);
});

describe('in a mesh of Istio', () => {
  const mesh = make({ mesh: { clients: 2 } });
  const rule = one(mesh, 'DestinationRule').spec;

  test('a refusal ejects no pod, and everything that one may have open is bounded', () => {
    const { outlierDetection, connectionPool } = rule.trafficPolicy;
    expect(outlierDetection.outlierDetectionHttpErrorCodes).not.toContain(503);
    expect(outlierDetection.outlierDetectionHttpErrorCodes).toContain(500);
    // Three pods with 74 each, of two clients.
    expect(connectionPool.http).toMatchObject({ http1MaxPendingRequests: 111, http2MaxRequests: 111 });
    expect(connectionPool.http.maxRetries).toBe(mesh.service.plan.value('meshRetries'));
  });

  test('clients wait a little longer than the service works, and their proxies do not retry', () => {
    const [{ timeout, retries }] = one(mesh, 'VirtualService').spec.http;
    expect(timeout).toBe('0.44s');
    expect(retries).toEqual({ attempts: 0 });
  });

  test('kubelet and Prometheus reach the gate without a certificate', () => {
    const { annotations } = one(mesh, 'Deployment').spec.template.metadata;
    expect(annotations['traffic.sidecar.istio.io/excludeInboundPorts']).toBe('9401');
  });

  test('Envoy in the place of the gate has a fixed minRTT: it refuses nothing in order to measure', () => {
    const envoy = make({ mesh: {}, admission: ServiceAdmission.ENVOY });
    const [{ patch }] = one(envoy, 'EnvoyFilter').spec.configPatches;
    const { min_rtt_calc_params: minRtt, concurrency_limit_params: limit } =
      patch.value.typed_config.gradient_controller_config;
    // Envoy's own buffer of 25 % would let answers of half a second pass.
    expect(minRtt).toEqual({ fixed_value: '0.4s', buffer: { value: 0 }, min_concurrency: 8 });
    expect(limit.max_concurrency_limit).toBe(74);
    expect(patch.value.typed_config.concurrency_limit_exceeded_status).toEqual({ code: 503 });
    const template = one(envoy, 'Deployment').spec.template.spec;
    expect(template.initContainers ?? []).toEqual([]);
    expect(template.containers[0].lifecycle).toBeUndefined();
    expect(one(envoy, 'Service').spec.ports[0].targetPort).toBe(8080);
    expect(every(envoy, 'PodMonitor')).toEqual([]);
  });

  test('trap: of Envoy only a rate over two minutes is known: the plan reacts as late as that', () => {
    const envoy = make({ mesh: {}, admission: ServiceAdmission.ENVOY });
    const { plan } = envoy.service;
    const { query } = one(envoy, 'ScaledObject').spec.triggers[0].metadata;
    expect(query).toMatch(/^sum\(rate\(istio_request_duration_milliseconds_sum\{.*\}\[120s\]\)\) \/ 1000$/);
    expect(plan.value('loadWindowSeconds')).toBe(120);
    // A scrape, the window, the last request in it, a decision and a start; of the gate it is 75 s.
    expect(plan.value('reactionSeconds')).toBeCloseTo(30 + 120 + 0.4 + 15 + 30, 9);
    expect(value('reactionSeconds')).toBe(75);
    expect(plan.value('alarmShedSeconds')).toBeGreaterThan(value('alarmShedSeconds'));
  });

  test('a service that answers 201 or 204 is measured as well as one that answers 200; errors are not', () => {
    const rules = one(make({ mesh: {}, admission: ServiceAdmission.ENVOY }), 'PrometheusRule').spec.groups[0].rules;
    const [{ expr }] = rules.filter(({ alert }: Manifest) => alert === 'ServiceSlow');
    const [, pattern] = /response_code=~"([^"]*)"/.exec(expr) as RegExpExecArray;
    const measured = ['200', '201', '204', '304', '404', '503', '0'].filter((code) =>
      new RegExp(`^(?:${pattern})$`).test(code),
    );
    expect(measured).toEqual(['200', '201', '204', '304']);
  });
});

test('a program that bounds itself has no gate, and is scraped by the same names', () => {
  const own = make({ admission: ServiceAdmission.APPLICATION });
  expect(one(own, 'Deployment').spec.template.spec.initContainers ?? []).toEqual([]);
  expect(one(own, 'PodMonitor').spec.podMetricsEndpoints[0].port).toBe('app');
});

test('the load test runs when somebody starts it, once, with room for its users, and begins by itself never', () => {
  const tested = make({ loadTest: true });
  const { spec, metadata } = one(tested, 'CronJob');
  expect(spec).toMatchObject({ suspend: true, concurrencyPolicy: 'Forbid' });
  expect(metadata.name).toBe(tested.service.loadJob!.name);
  const job = spec.jobTemplate.spec;
  const [k6] = job.template.spec.containers;
  expect(job.backoffLimit).toBe(0);
  expect(k6.command).toEqual(['k6', 'run', '--no-usage-report', '/opt/load-test/load-test.js']);
  expect(k6.env).toContainEqual({ name: 'TARGET', value: `http://${tested.service.service.name}/` });
  const script = tested.service.loadTest!.data['load-test.js'];
  const { scenarios } = JSON.parse(/options = (\{[\s\S]*?\n\});/.exec(script)![1]);
  const all = Object.values<Manifest>(scenarios);
  const seconds = (text: string) => Number(text.slice(0, -1));
  const ends = Math.max(
    ...all.map(
      ({ startTime, duration, gracefulStop }) => seconds(startTime) + seconds(duration) + seconds(gracefulStop),
    ),
  );
  expect(job.activeDeadlineSeconds).toBeGreaterThan(ends);
  const users = Math.max(...all.map(({ maxVUs }) => maxVUs));
  expect(Number(/^(\d+)Mi$/.exec(k6.resources.limits.memory)![1])).toBe(128 + 2 * users);
  expect(Number(k6.resources.requests.cpu)).toBe(Math.ceil(Math.max(...all.map(({ rate }) => rate)) / 2000));
  expect(k6.resources.limits.cpu).toBeUndefined();
  expect(every(make({}), 'CronJob')).toEqual([]);
});

test('the script for k6 is that of its plan', () => {
  const tested = make({ loadTest: true });
  const scripts = every(tested, 'ConfigMap').filter(({ data }) => data['load-test.js']);
  expect(scripts.map(({ data }) => data['load-test.js'])).toEqual([
    loadTestScript(tested.service.plan, loadStages(tested.service.plan, OVERRUN_API.workload)),
  ]);
});

describe('a limit that follows the work', () => {
  const followed = make({ limit: ServiceLimit.AIMD });
  const [own] = one(followed, 'Deployment').spec.template.spec.initContainers;

  test('the gate has the numbers of the plan, and starts where the plan is', () => {
    expect(variables(own)).toMatchObject({
      LIMIT: 'aimd',
      LIMIT_INITIAL: '30',
      LIMIT_FLOOR: '8',
      LIMIT_CEILING: '30',
      LIMIT_SERVICE_SECONDS: '0.1',
      LIMIT_TOLERANCE: '1.2',
      LIMIT_WINDOW_REQUESTS: '57',
      QUEUE: String(followed.service.plan.value('queueBound')),
    });
    expect(Object.keys(variables(gate)).filter((name) => name.startsWith('LIMIT'))).toEqual([]);
  });

  test('an alert says that the program has less capacity than planned; without the limit there is none', () => {
    const alerts = (manifests: Parameters<typeof one>[0]) =>
      one(manifests, 'PrometheusRule').spec.groups.flatMap(({ rules }: Manifest) => rules);
    const [limited] = alerts(followed).filter(({ alert }: Manifest) => alert === 'ServiceLimited');
    expect(limited.expr).toMatch(/^sum\(gate_limit\{.*\}\) \/ sum\(gate_slots\{.*\}\) < 0\.75$/);
    expect(alerts(made).map(({ alert }: Manifest) => alert)).not.toContain('ServiceLimited');
  });

  test('trap: at its floor a limit leaves few requests in flight: pods are started for them, and none is removed', () => {
    const { plan } = followed.service;
    const [slots, queue] = [plan.value('slotsPerInstance'), plan.value('queueBound')];
    const [{ metadata }] = one(followed, 'ScaledObject').spec.triggers;
    const callers: AbortController[] = [];
    /** A pod that has as much as its limit lets it have, and its gate's own counts of it. */
    const full = (now: number) => {
      const limit: LimitSettings = {
        name: 'aimd',
        initial: now,
        floor: plan.value('limitFloor'),
        ceiling: slots,
        serviceSeconds: plan.value('limitServiceSeconds'),
        tolerance: plan.value('limitTolerance'),
        windowRequests: plan.value('limitWindowRequests'),
      };
      const one = new Gate({ slots, queue, waitSeconds: 60, limit });
      for (let sent = 0; sent < slots + queue; sent += 1) {
        const caller = new AbortController();
        callers.push(caller);
        one.enter({ signal: caller.signal }).catch(() => {});
      }
      const { working, waiting } = one;
      return { gate_in_flight: working + waiting, gate_slots: slots, gate_limit: one.slots };
    };
    const target = Number(metadata.threshold);
    const atFloor = full(plan.value('limitFloor'));
    const planned = full(slots);
    for (const caller of callers) caller.abort();
    // By the requests in flight alone the autoscaler would remove a pod that refuses.
    expect(atFloor.gate_in_flight).toBeLessThan(target);
    expect(sumOver(metadata.query, [atFloor, atFloor]) / 2).toBeGreaterThan(2 * target);
    // As much as with all slots, but for the places in the queue that are no whole number.
    expect(sumOver(metadata.query, [planned])).toBe(slots + queue);
    expect(sumOver(metadata.query, [atFloor])).toBeGreaterThan(0.9 * (slots + queue));
    // The moment at which a limit falls: what was accepted is still there, and is no larger load for it.
    expect(sumOver(metadata.query, [{ ...planned, gate_limit: slots / 2 }])).toBe(slots + queue);
    // A pod with nothing to do shows nothing.
    expect(sumOver(metadata.query, [{ ...atFloor, gate_in_flight: 0 }])).toBe(0);
  });

  test('slots that the limit takes away are not free: the alert on busy pods counts those that it leaves', () => {
    const [busy] = one(followed, 'PrometheusRule')
      .spec.groups.flatMap(({ rules }: Manifest) => rules)
      .filter(({ alert }: Manifest) => alert === 'ServiceBusy');
    expect(busy.expr).toMatch(/^sum\(gate_working\{.*\}\) \/ sum\(gate_limit\{.*\}\) > /);
  });

  test('two services of one namespace have alerts that Alertmanager tells apart', () => {
    const chart = emptyChart();
    const services = ['Api', 'Quotes'].map(
      (id) => new BoundedService(chart, id, { ...props, limit: ServiceLimit.AIMD }),
    );
    const rules: Manifest[] = every(written(chart), 'PrometheusRule').flatMap(({ spec }) =>
      spec.groups.flatMap((group: Manifest) => group.rules),
    );
    const identities = rules.map(({ alert, labels }) => JSON.stringify({ alert, labels }));
    expect(rules).toHaveLength(2 * 6);
    expect(new Set(identities).size).toBe(identities.length);
    expect(new Set(rules.map(({ labels }) => labels.service))).toEqual(
      new Set(services.map(({ service }) => service.name)),
    );
  });

  test("Envoy's filter has a gradient of its own", () => {
    const given = { admission: ServiceAdmission.ENVOY, mesh: {}, limit: ServiceLimit.GRADIENT };
    expect(() => make(given)).toThrow('limit must not be given with admission envoy');
  });
});

test('a promise of half a minute: pods get the grace that it needs, and no Deployment is asked for one', () => {
  const slow = make({
    workload: { peakPerSecond: 5, serviceSeconds: 5, serviceVariation: 0.5 },
    objective: { latencySeconds: 30, errorRatio: 0.05 },
  });
  expect(one(slow, 'Deployment').spec.template.spec.terminationGracePeriodSeconds).toBe(70);
});

test('a field that cdk8s-plus does not know is kept when it is patched into the Deployment, and replicas stay out', () => {
  const chart = emptyChart();
  const { deployment } = new BoundedService(chart, 'Api', props);
  const preStop = { sleep: { seconds: 5 } };
  ApiObject.of(deployment).addJsonPatch(JsonPatch.add('/spec/template/spec/containers/0/lifecycle', { preStop }));
  const { spec: patched } = one(written(chart), 'Deployment');
  expect(patched.template.spec.containers[0].lifecycle).toEqual({ preStop });
  expect(patched.replicas).toBeUndefined();
  expect(patched.template.spec.nodeSelector).toEqual({ 'kubernetes.io/os': 'linux' });
});

describe('behind Envoy Gateway', () => {
  const { spec: policy, apiVersion } = one(
    make({ gateway: { httpRoute: 'orders', proxies: 3 }, callerNamespaces: ['envoy-gateway-system'] }),
    'BackendTrafficPolicy',
  );

  test('its proxies together send no more than the service holds, and none of them retries a refusal', () => {
    expect(apiVersion).toBe('gateway.envoyproxy.io/v1alpha1');
    expect(policy.targetRefs).toEqual([{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'orders' }]);
    const holds = value('maxInstances') * value('concurrencyLimit');
    expect(policy.circuitBreaker.maxParallelRequests).toBe(Math.ceil(holds / 3));
    expect(policy.circuitBreaker.maxPendingRequests).toBe(Math.ceil(value('concurrencyLimit') / 3));
    expect(policy.retry).toEqual({ numRetries: 0 });
  });

  test('it waits longer than the service works, and durations of Gateway API have no fractions', () => {
    expect(policy.timeout).toEqual({
      tcp: { connectTimeout: '400ms' },
      http: { requestTimeout: '440ms', connectionIdleTimeout: '60000ms' },
    });
  });

  test('trap: its proxies run in another namespace, from which the network policy drops connections: it has to be named', () => {
    const gateway = { httpRoute: 'orders' };
    expect(() => make({ gateway })).toThrow('Api: callerNamespaces must be given with gateway');
    const opened = (callerNamespaces: string[]) =>
      one(make({ gateway, callerNamespaces }), 'NetworkPolicy').spec.ingress[0];
    expect(opened(['envoy-gateway-system'])).toEqual({
      from: [
        { podSelector: {} },
        { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'envoy-gateway-system' } } },
      ],
      ports: [{ protocol: 'TCP', port: 9400 }],
    });
    expect(opened([]).from).toEqual([{ podSelector: {} }]);
  });

  test('a route needs a name', () => {
    const callerNamespaces: string[] = [];
    expect(() => make({ gateway: { httpRoute: 'No Route' }, callerNamespaces })).toThrow('gateway.httpRoute must be');
    expect(() => make({ gateway: {} as never, callerNamespaces })).toThrow('gateway.httpRoute is missing');
    expect(() => make({ gateway: { httpRoute: 'orders', proxies: 0 }, callerNamespaces })).toThrow(
      'gateway.proxies must',
    );
  });
});

describe('refused', () => {
  test('what cannot be kept, with ways out', () => {
    expect(() => make({ objective: { latencySeconds: 0.2 } })).toThrow(CapacityError);
  });

  test('every prop out of range at once', () => {
    const bad: Partial<BoundedServiceProps> = {
      image: 'bad image',
      port: 9400,
      healthPath: 'no',
      admission: ServiceAdmission.TARGET_OPTIMIZER,
      environment: { SLOTS: kplus.EnvValue.fromValue('3') },
      prometheus: 'ftp://x',
      callerNamespaces: ['No'],
      mesh: { clients: 0 },
    };
    for (const name of [
      'image',
      'port',
      'healthPath',
      'admission',
      'environment SLOTS',
      'prometheus',
      'callerNamespaces',
      'mesh.clients',
    ]) {
      expect(() => make(bad)).toThrow(`${name} must`);
    }
    expect(() => make(bad)).toThrow(InvalidInputError);
    expect(() => make({ admission: ServiceAdmission.ENVOY })).toThrow('admission by Envoy needs mesh');
    expect(() => make({ admission: ServiceAdmission.APPLICATION, priorityHeader: 'x-p' })).toThrow(
      'only the gate reads it',
    );
    expect(() => make({ image: undefined })).toThrow('image is missing');
  });

  test('a variable in the place of a bound, planned or not', () => {
    const downstreams = [{ name: 'stock', latencySeconds: 0.02 }];
    for (const name of ['SERVICE', 'RETRY_AFTER_SECONDS', 'LIMIT', 'LIMIT_FLOOR', 'TIMEOUT_SECONDS_STOCK']) {
      const environment = { [name]: kplus.EnvValue.fromValue('1') };
      expect(() => make({ downstreams, environment })).toThrow(
        `environment ${name} must not be given: the plan sets it`,
      );
    }
  });
});
