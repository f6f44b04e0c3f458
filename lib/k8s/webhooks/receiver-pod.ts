/** The pods that take deliveries, and what keeps them: their Deployment, autoscaler, budget and policy. */
import { ApiObject, Duration, JsonPatch, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { Plan } from '../../flow/plan';
import { LIVE_PATH, READY_PATH } from '../../runtime/webhook-receiver/contract';
import { keepPatches } from '../keep-patches';
import {
  chartLabels,
  mountTemporary,
  onLinux,
  restrictedContainer,
  restrictedPod,
  spreadOverNodes,
} from '../restricted-pod';
import type { SecretKey } from '../secret-key';
import { SECRET_FILE, secretFolder, type WebhookSource } from './webhook-source';

/** Where deliveries are taken. */
export const RECEIVER_PORT = 8080;
/** Where Prometheus reads. */
export const METRICS_PORT = 9464;
/** Not writable, and readable for the group of the pod. */
const SECRET_MODE = 0o440;
/** What one pod is planned for, and what its autoscaler takes as the whole. */
const CPU = kplus.Cpu.millis(1000);

/** What a receiver is told. */
export interface ReceiverSettings {
  readonly image: string;
  readonly sources: readonly WebhookSource[];
  /** Variables as text. */
  readonly environment: Readonly<Record<string, string>>;
  /** Variables from Secrets. */
  readonly secrets: Readonly<Record<string, SecretKey>>;
}

/** The Deployment of the receiver. */
export function receiverDeployment(scope: Construct, plan: Plan, settings: ReceiverSettings): kplus.Deployment {
  const value = (name: string) => plan.value(name);
  const probe = (kind: 'readiness' | 'liveness' | 'startup') =>
    // A pod that cannot reach its topic takes no deliveries, and is not restarted for it.
    kplus.Probe.fromHttpGet(kind === 'readiness' ? READY_PATH : LIVE_PATH, {
      port: RECEIVER_PORT,
      periodSeconds: Duration.seconds(value('probePeriodSeconds')),
      timeoutSeconds: Duration.seconds(value('probeTimeoutSeconds')),
      failureThreshold: value(`${kind}ProbeFailures`),
    });
  const memory = Size.mebibytes(value('receiverMemoryMiB'));
  const deployment = new kplus.Deployment(scope, 'Receiver', {
    replicas: value('receiverReplicas'),
    // A new pod is there before an old one goes: for twice the peak all of them are needed.
    strategy: kplus.DeploymentStrategy.rollingUpdate({
      maxSurge: kplus.PercentOrAbsolute.percent(25),
      maxUnavailable: kplus.PercentOrAbsolute.absolute(0),
    }),
    podMetadata: { labels: chartLabels(scope) },
    securityContext: restrictedPod(),
    serviceAccount: new kplus.ServiceAccount(scope, 'ServiceAccount', { automountToken: false }),
    automountServiceAccountToken: false,
    terminationGracePeriod: Duration.seconds(value('terminationGracePeriodSeconds')),
    progressDeadline: Duration.seconds(value('progressDeadlineSeconds')),
    containers: [
      {
        name: 'receiver',
        image: settings.image,
        envVariables: variables(scope, settings),
        ports: [
          { name: 'http', number: RECEIVER_PORT },
          { name: 'metrics', number: METRICS_PORT },
        ],
        readiness: probe('readiness'),
        liveness: probe('liveness'),
        startup: probe('startup'),
        resources: { cpu: { request: CPU, limit: CPU }, memory: { request: memory, limit: memory } },
        securityContext: restrictedContainer(),
        lifecycle: { preStop: kplus.Handler.fromCommand(['sleep', String(value('leavingSeconds'))]) },
      },
    ],
  });
  const [container] = deployment.containers;
  for (const source of settings.sources) mountSecret(scope, container, source);
  mountTemporary(scope, container);
  spreadOverNodes(deployment);
  onLinux(deployment);
  // The autoscaler sets the replicas; a number here would reset them at every deployment.
  ApiObject.of(deployment).addJsonPatch(JsonPatch.add('/spec/replicas', 0), JsonPatch.remove('/spec/replicas'));
  return keepPatches(deployment);
}

function variables(scope: Construct, { environment, secrets }: ReceiverSettings): Record<string, kplus.EnvValue> {
  const texts = Object.entries(environment).map(([name, text]) => [name, kplus.EnvValue.fromValue(text)]);
  const hidden = Object.entries(secrets).map(([name, { secretName, key }]) => {
    const secret = kplus.Secret.fromSecretName(scope, `Secret${name}`, secretName);
    return [name, kplus.EnvValue.fromSecretValue({ secret, key })];
  });
  return Object.fromEntries([...texts, ...hidden]);
}

/** As a file of a folder: the kubelet replaces it when the Secret changes, which it does not with a variable. */
function mountSecret(scope: Construct, container: kplus.Container, { name, secret }: WebhookSource): void {
  const own = kplus.Secret.fromSecretName(scope, `Signing-${name}`, secret.secretName);
  const volume = kplus.Volume.fromSecret(scope, `SigningVolume-${name}`, own, {
    name: `signing-${name}`,
    defaultMode: SECRET_MODE,
    items: { [secret.key]: { path: SECRET_FILE } },
  });
  container.mount(secretFolder(name), volume, { readOnly: true });
}

/** More receivers than are planned for what is above the plan; never fewer. */
export function receiverAutoscaler(scope: Construct, deployment: kplus.Deployment, plan: Plan): ApiObject {
  return new ApiObject(scope, 'Autoscaler', {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment.name },
      minReplicas: plan.value('receiverReplicas'),
      maxReplicas: plan.value('receiverMaxReplicas'),
      metrics: [
        {
          type: 'Resource',
          resource: {
            name: 'cpu',
            target: { type: 'Utilization', averageUtilization: plan.value('receiverCpuPercent') },
          },
        },
      ],
    },
  });
}
