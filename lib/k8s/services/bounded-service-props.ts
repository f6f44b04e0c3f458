import type * as kplus from 'cdk8s-plus-28';
import type { Check } from '../../flow/errors';
import { isKnown, wholeNumber } from '../../flow/errors';
import { CHECKED, FLAG, having, type Kinds, listOf, mapOf, struct, TEXT } from '../../flow/kinds';
import { boundsChecks } from '../../flow/services/bounds';
import { graceSeconds } from '../../flow/services/knobs';
import { SERVICE_PLATFORM_FACTS } from '../../flow/services/platforms';
import {
  ServiceAdmission,
  type ServiceDownstream,
  type ServiceLimit,
  type ServiceObjective,
  type ServiceQuestion,
  type ServiceWorkload,
} from '../../flow/services/workload';
import { dnsLabel, dnsSubdomain, environmentName, imageReference, textCheck } from '../names';
import { startupSecondsOf } from '../startup-seconds';
import { hooksOf, programOf } from './wait-for-gate';

/** Ports of the gate. */
export const GATE_PORT = 9400;
export const GATE_METRICS_PORT = 9401;
export const GATE_DRAIN_PORT = 9402;
const GATE_PORTS = [GATE_PORT, GATE_METRICS_PORT, GATE_DRAIN_PORT];

/**
 * The mesh that clients of a service are in.
 */
export interface ServiceMesh {
  /**
   * Whether its clients have proxies of Istio: a `DestinationRule` and a `VirtualService` are made.
   *
   * @default true
   */
  readonly istio?: boolean;

  /**
   * Proxies that call the service at the same time. Each may have its share of what the service holds. A whole number, 1 to
   * 10,000.
   *
   * @default 1
   */
  readonly clients?: number;
}

/**
 * The gateway that callers of a service come through.
 */
export interface ServiceGateway {
  /** Name of the `HTTPRoute` of Envoy Gateway that leads to the service, in the same namespace. */
  readonly httpRoute: string;

  /**
   * Proxies of the gateway. Each may have its share of what the service holds. A whole number, 1 to 10,000.
   *
   * @default 2
   */
  readonly proxies?: number;
}

/**
 * What a service is sized from.
 */
export interface BoundedServiceProps {
  /** Its requests. */
  readonly workload: ServiceWorkload;

  /** Latency of the accepted requests, and the share that may be refused. */
  readonly objective: ServiceObjective;

  /**
   * Services that it calls. Their time-outs are in the plan, `resilience4j` has them as settings.
   *
   * @default - none
   */
  readonly downstreams?: ServiceDownstream[];

  /**
   * The image. It listens on `port` and answers `GET /healthz` unless `healthPath` says otherwise. Pin a digest or a version,
   * never `latest`.
   *
   * @default - none; needed unless `deployment` is given
   */
  readonly image?: string;

  /**
   * A Deployment of cdk8s-plus that is there already, in the same chart; its first container listens on `port`. That container
   * gets its bounds as variables and a `preStop` that waits for the gate, so it must have none, and the pods get the gate.
   * Everything else stays as it is.
   *
   * @default - a Deployment is made
   */
  readonly deployment?: kplus.Deployment;

  /**
   * Command of the container.
   *
   * @default - the image's own
   */
  readonly command?: string[];

  /**
   * Variables of the container, beside its bounds, which are set here: `SERVICE`, `SLOTS`, `QUEUE`, `WAIT_SECONDS`,
   * `SERVER_DEADLINE_SECONDS`, `IDLE_TIMEOUT_SECONDS`, `HEALTH_PATH`, `SHED_STATUS`, `RETRY_…`, `LIMIT` and `LIMIT_…`, and
   * `TIMEOUT_SECONDS_<NAME>` of each downstream. One of these is refused.
   *
   * @default - none
   */
  readonly environment?: { [name: string]: kplus.EnvValue };

  /**
   * Port on which the program listens. 1 to 65535, not 9400 to 9402, which are the gate's.
   *
   * @default 8080
   */
  readonly port?: number;

  /**
   * Path of the probes, which go to the program and not through the gate: a pod that refuses is healthy. Begins with `/`.
   *
   * @default /healthz
   */
  readonly healthPath?: string;

  /**
   * CPU and memory of the container.
   *
   * @default - 250 to 1,000 millicores, 256 MiB
   */
  readonly resources?: kplus.ContainerResources;

  /**
   * Who bounds the requests in work: the gate, the application or Envoy.
   *
   * @default ServiceAdmission.GATE
   */
  readonly admission?: ServiceAdmission;

  /**
   * Whether fewer requests are worked on while each takes longer than planned, as when a neighbour takes processors. The planned
   * slots are the ceiling, a quarter of them the floor. By the gate or the application: Envoy has its own.
   *
   * @default ServiceLimit.FIXED
   */
  readonly limit?: ServiceLimit;

  /**
   * Requests that one pod works on at the same time: threads of its pool, or connections to its database. A whole number, 1 to
   * 10,000.
   *
   * @default - derived, at most 30
   */
  readonly slotsPerInstance?: number;

  /**
   * Requests that wait in one pod. Still checked against the promise. A whole number, 0 to 1,000,000.
   *
   * @default - derived
   */
  readonly queueBound?: number;

  /**
   * Pods outside of a peak. A whole number, 1 to 10,000.
   *
   * @default - derived
   */
  readonly minReplicas?: number;

  /**
   * Pods at most. A whole number, 1 to 10,000.
   *
   * @default - derived
   */
  readonly maxReplicas?: number;

  /**
   * Whether a `ScaledObject` is made. Without it the Deployment keeps its replicas, as many as the peak needs.
   *
   * @default true
   */
  readonly autoscaling?: boolean;

  /**
   * Status of a refusal: 503, or 429 where something in between ejects pods for 503.
   *
   * @default 503
   */
  readonly shedStatus?: number;

  /**
   * Attempts after the first one of a call to a downstream. 0 to 10.
   *
   * @default 1
   */
  readonly retryAttempts?: number;

  /**
   * Header by which requests go first, with the value `high`. Only the gate reads it. Set it where no stranger can.
   *
   * @default - all are equal
   */
  readonly priorityHeader?: string;

  /**
   * Address of Prometheus, which KEDA asks for the load.
   *
   * @default http://prometheus-operated.monitoring.svc:9090
   */
  readonly prometheus?: string;

  /**
   * Namespace of Prometheus, from which metrics may be scraped.
   *
   * @default monitoring
   */
  readonly monitoringNamespace?: string;

  /**
   * Other namespaces from which the service may be called, each 1 to 63 lower-case letters, digits and hyphens. Needed with `gateway`,
   * whose proxies usually run in a namespace of their own, such as `envoy-gateway-system`; empty where they run in that of the service.
   * An ingress gateway of Istio is one of them as well, such as `istio-ingress`.
   *
   * @default - only its own
   */
  readonly callerNamespaces?: string[];

  /**
   * The mesh of its clients.
   *
   * @default - none
   */
  readonly mesh?: ServiceMesh;

  /**
   * The gateway of its callers: a `BackendTrafficPolicy` of Envoy Gateway is made for its route. Its proxies connect to the pods
   * themselves, so `callerNamespaces` must say where they run.
   *
   * @default - none
   */
  readonly gateway?: ServiceGateway;

  /**
   * Whether a script for k6 is made, which sends all, twice, five times and half of the capacity and compares with the plan, and a
   * suspended job that runs it once it is started. Refused where one pod cannot send it, or it takes longer than a day.
   *
   * @default false
   */
  readonly loadTest?: boolean;
}

/** The kind of every prop. */
export const KINDS: Kinds<BoundedServiceProps> = {
  workload: CHECKED,
  objective: CHECKED,
  downstreams: CHECKED,
  image: TEXT,
  deployment: having(['containers', 'addInitContainer', 'matchLabels'], 'a Deployment of cdk8s-plus-28'),
  command: listOf(TEXT),
  environment: mapOf(having(['value', 'valueFrom'], "an EnvValue: EnvValue.fromValue('text')")),
  port: CHECKED,
  healthPath: TEXT,
  resources: CHECKED,
  admission: CHECKED,
  limit: CHECKED,
  slotsPerInstance: CHECKED,
  queueBound: CHECKED,
  minReplicas: CHECKED,
  maxReplicas: CHECKED,
  autoscaling: FLAG,
  shedStatus: CHECKED,
  retryAttempts: CHECKED,
  priorityHeader: TEXT,
  prometheus: TEXT,
  monitoringNamespace: TEXT,
  callerNamespaces: listOf(TEXT),
  mesh: struct<ServiceMesh>({ istio: FLAG, clients: CHECKED } satisfies Kinds<ServiceMesh>),
  gateway: struct<ServiceGateway>({ httpRoute: TEXT, proxies: CHECKED } satisfies Kinds<ServiceGateway>),
  loadTest: FLAG,
};

/** The question of the plan. */
export function questionOf(props: BoundedServiceProps): ServiceQuestion {
  const {
    workload,
    objective,
    downstreams,
    slotsPerInstance,
    queueBound,
    shedStatus,
    retryAttempts,
    limit,
    admission,
  } = props;
  return {
    platform: 'kubernetes',
    workload,
    objective,
    downstreams,
    slotsPerInstance,
    queueBound,
    shedStatus,
    retryAttempts,
    limit,
    admission,
    minInstances: props.minReplicas,
    maxInstances: props.maxReplicas,
  };
}

const ADMISSIONS: readonly unknown[] = [ServiceAdmission.GATE, ServiceAdmission.APPLICATION, ServiceAdmission.ENVOY];
/** Props of a Deployment that is made here. */
const OF_MADE = ['image', 'command', 'environment', 'healthPath', 'resources'] as const;

/** Kubernetes, Pod lifecycle: `terminationGracePeriodSeconds` when it is left out. */
const KUBERNETES_GRACE_SECONDS = 30;

/** The checks of what is not in the question. */
export function inputChecks(props: BoundedServiceProps): Check[] {
  const { deployment, image, command = [], environment = {}, port, admission, mesh, priorityHeader, gateway } = props;
  const isGated = admission === undefined || admission === ServiceAdmission.GATE;
  const leastGraceSeconds = graceSeconds(props.objective?.latencySeconds ?? 0);
  const givenGraceSeconds = deployment?.terminationGracePeriod?.toSeconds() ?? KUBERNETES_GRACE_SECONDS;
  return [
    imageReference('image', image),
    { refused: image === undefined && deployment === undefined, message: 'image is missing' },
    ...OF_MADE.map((name) => ({
      refused: deployment !== undefined && props[name] !== undefined,
      message: `${name} must not be given with deployment, which has its own`,
    })),
    {
      refused: deployment !== undefined && givenGraceSeconds < leastGraceSeconds,
      message: `terminationGracePeriod of deployment must be at least ${leastGraceSeconds} s, so that what was accepted is answered, got ${givenGraceSeconds} s`,
    },
    startupCheck(props),
    {
      refused: deployment?.containers.length === 0,
      message: 'deployment must have the container of the program already, got none',
    },
    {
      refused: isGated && deployment !== undefined && 'preStop' in hooksOf(deployment),
      message:
        'deployment must not have a preStop in its first container: it sleeps there until the gate has answered what it accepted, and a container has one; leave it out, or give admission ServiceAdmission.APPLICATION',
    },
    ...command.map((one) => textCheck('command', one, (text) => !text.includes('\0'), 'text without a zero byte')),
    ...Object.keys(environment).map((name) => environmentName('environment', name)),
    ...boundsChecks('environment', environment, props.downstreams),
    wholeNumber('port', port, 1, 65_535),
    { refused: GATE_PORTS.includes(port ?? 0), message: `port must not be ${port}, which is the gate's` },
    textCheck('healthPath', props.healthPath, (text) => /^\/[\w./~-]{0,200}$/.test(text), 'a path such as /healthz'),
    {
      refused: admission !== undefined && !ADMISSIONS.includes(admission),
      message: `admission must be one of ${ADMISSIONS.join(', ')} on Kubernetes, got ${admission}`,
    },
    {
      refused: admission === ServiceAdmission.ENVOY && (mesh === undefined || mesh.istio === false),
      message: 'admission by Envoy needs mesh with istio, whose proxies it configures',
    },
    {
      refused: admission === ServiceAdmission.ENVOY && props.limit !== undefined,
      message: `limit must not be given with admission ${admission}: its filter has a gradient of its own`,
    },
    {
      refused: priorityHeader !== undefined && admission !== undefined && admission !== ServiceAdmission.GATE,
      message: `priorityHeader must not be given with admission ${admission}: only the gate reads it`,
    },
    textCheck('priorityHeader', priorityHeader, (text) => /^[A-Za-z0-9-]{1,100}$/.test(text), 'the name of a header'),
    textCheck(
      'prometheus',
      props.prometheus,
      (text) => /^https?:\/\/[A-Za-z0-9.-]{1,253}(:\d{1,5})?(\/[\w./-]{0,200})?$/.test(text),
      'an address such as http://prometheus-operated.monitoring.svc:9090',
    ),
    dnsLabel('monitoringNamespace', props.monitoringNamespace),
    ...(props.callerNamespaces ?? []).map((name) => dnsLabel('callerNamespaces', name)),
    wholeNumber('mesh.clients', mesh?.clients, 1, 10_000),
    {
      refused: gateway !== undefined && gateway.httpRoute === undefined,
      message: 'gateway.httpRoute is missing',
    },
    {
      refused: gateway !== undefined && props.callerNamespaces === undefined,
      message:
        'callerNamespaces must be given with gateway: the namespace of its proxies, such as envoy-gateway-system, or the network policy drops their connections; [] where they run in that of the service',
    },
    dnsSubdomain('gateway.httpRoute', gateway?.httpRoute),
    wholeNumber('gateway.proxies', gateway?.proxies, 1, 10_000),
  ];
}

/** A program that its own probe restarts before it has started as planned never answers. */
function startupCheck({ deployment, workload }: BoundedServiceProps): Check {
  const startSeconds = workload?.coldStartSeconds ?? SERVICE_PLATFORM_FACTS.kubernetes.startSeconds;
  const givenSeconds = deployment === undefined ? undefined : startupSecondsOf(programOf(deployment));
  return {
    refused: isKnown(givenSeconds) && isKnown(startSeconds) && givenSeconds < startSeconds,
    message: `deployment must give its program ${startSeconds} s to start, workload.coldStartSeconds, before a probe restarts it, got ${givenSeconds} s; give its startup probe a higher failureThreshold, or the workload a shorter start`,
  };
}
