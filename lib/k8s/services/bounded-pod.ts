/** The pod of a bounded service: the program, and the gate in front of it. */
import { Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { ServicePlan } from '../../flow/services/workload';
import { stockImage } from '../images';
import {
  chartLabels,
  DEFAULT_RESOURCES,
  mountTemporary,
  onLinux,
  restrictedContainer,
  restrictedPod,
  spreadOverNodes,
} from '../restricted-pod';
import { type BoundedServiceProps, GATE_DRAIN_PORT, GATE_METRICS_PORT, GATE_PORT } from './bounded-service-props';

/** Folder of the gate's program. */
const PROGRAM = '/opt/gate';
/** 3,000 requests a second take about one core. */
const GATE_CPU = { request: kplus.Cpu.millis(100), limit: kplus.Cpu.millis(1000) };
const GATE_MEMORY = Size.mebibytes(128);
/**
 * The hook of the gate: the kubelet runs it when the pod ends, beside that of the program, or before it restarts the gate. In its
 * container, so that the port of the drain is on loopback; by BusyBox, because another Node would need half of the memory.
 *
 * Source: kubelet, killContainer: hooks of sidecars run at once, and only the signal waits for the program.
 */
const DRAIN = ['wget', '-q', '-Y', 'off', '-O', '/dev/null', `http://127.0.0.1:${GATE_DRAIN_PORT}/`];

/** The Deployment, without the gate. */
export function createDeployment(
  scope: Construct,
  props: BoundedServiceProps,
  plan: ServicePlan,
  bounds: Readonly<Record<string, string>>,
): kplus.Deployment {
  const { port = 8080, healthPath = '/healthz' } = props;
  const value = (name: string) => plan.value(name);
  const probe = (kind: 'readiness' | 'liveness' | 'startup') =>
    kplus.Probe.fromHttpGet(healthPath, {
      port,
      periodSeconds: Duration.seconds(value('probePeriodSeconds')),
      timeoutSeconds: Duration.seconds(value('probeTimeoutSeconds')),
      failureThreshold: value(`${kind}ProbeFailures`),
    });
  const deployment = new kplus.Deployment(scope, 'Deployment', {
    replicas: value('maxInstances'),
    podMetadata: { labels: chartLabels(scope) },
    securityContext: restrictedPod(),
    serviceAccount: new kplus.ServiceAccount(scope, 'ServiceAccount', { automountToken: false }),
    automountServiceAccountToken: false,
    terminationGracePeriod: Duration.seconds(value('terminationGracePeriodSeconds')),
    progressDeadline: Duration.seconds(value('progressDeadlineSeconds')),
    containers: [
      {
        name: 'service',
        image: props.image as string,
        command: props.command,
        envVariables: { ...texts(bounds), ...props.environment },
        ports: [{ name: 'app', number: port }],
        readiness: probe('readiness'),
        liveness: probe('liveness'),
        startup: probe('startup'),
        resources: props.resources ?? DEFAULT_RESOURCES,
        securityContext: restrictedContainer(),
      },
    ],
  });
  mountTemporary(scope, deployment.containers[0]);
  spreadOverNodes(deployment);
  onLinux(deployment);
  return deployment;
}

/** Gives a Deployment that is there already what one made here has: its bounds. */
export function adopt(deployment: kplus.Deployment, bounds: Readonly<Record<string, string>>): void {
  const [container] = deployment.containers;
  for (const [name, text] of Object.entries(bounds)) {
    container.env.addVariable(name, kplus.EnvValue.fromValue(text));
  }
}

/** Istio's proxy would ask the kubelet and Prometheus for certificates that they do not have. */
export function openToNode(deployment: kplus.Deployment): void {
  deployment.podMetadata.addAnnotation('traffic.sidecar.istio.io/excludeInboundPorts', String(GATE_METRICS_PORT));
}

/** The gate: a sidecar, so that it starts before the program and ends after it. */
export function addGate(
  scope: Construct,
  deployment: kplus.Deployment,
  program: kplus.ConfigMap,
  plan: ServicePlan,
  bounds: Readonly<Record<string, string>>,
  { port = 8080, priorityHeader }: BoundedServiceProps,
): kplus.Container {
  const probe = (kind: 'readiness' | 'liveness' | 'startup', path = '/healthz') =>
    kplus.Probe.fromHttpGet(path, {
      port: GATE_METRICS_PORT,
      periodSeconds: Duration.seconds(plan.value('probePeriodSeconds')),
      timeoutSeconds: Duration.seconds(plan.value('probeTimeoutSeconds')),
      failureThreshold: plan.value(`${kind}ProbeFailures`),
    });
  const gate = deployment.addInitContainer({
    name: 'gate',
    image: stockImage('node'),
    restartPolicy: kplus.ContainerRestartPolicy.ALWAYS,
    command: ['node', `${PROGRAM}/index.js`],
    envVariables: texts({
      ...bounds,
      ...(priorityHeader !== undefined && { PRIORITY_HEADER: priorityHeader }),
      PORT: String(GATE_PORT),
      TARGET_PORT: String(port),
      IDLE_TIMEOUT_SECONDS: String(plan.value('idleTimeoutSeconds')),
      LEAVING_SECONDS: String(plan.value('leavingSeconds')),
      METRICS_PORT: String(GATE_METRICS_PORT),
      DRAIN_PORT: String(GATE_DRAIN_PORT),
    }),
    ports: [
      { name: 'http', number: GATE_PORT },
      { name: 'gate-metrics', number: GATE_METRICS_PORT },
    ],
    // A gate that drains gets no new requests, and is not restarted for it.
    readiness: probe('readiness', '/readyz'),
    liveness: probe('liveness'),
    startup: probe('startup'),
    lifecycle: { preStop: kplus.Handler.fromCommand(DRAIN) },
    resources: { cpu: GATE_CPU, memory: { request: GATE_MEMORY, limit: GATE_MEMORY } },
    securityContext: restrictedContainer(),
  });
  gate.mount(PROGRAM, kplus.Volume.fromConfigMap(scope, 'Program', program), { readOnly: true });
  return gate;
}

function texts(values: Readonly<Record<string, string>>): Record<string, kplus.EnvValue> {
  return Object.fromEntries(Object.entries(values).map(([name, text]) => [name, kplus.EnvValue.fromValue(text)]));
}
