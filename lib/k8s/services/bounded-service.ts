import { ApiObject, JsonPatch } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { sound } from '../../flow/kinds';
import { boundsOf } from '../../flow/services/bounds';
import { loadStages, loadTestKnobs } from '../../flow/services/load-test';
import { adaptiveKnobs, gatewayKnobs, meshKnobs } from '../../flow/services/mesh';
import { planService } from '../../flow/services/plan';
import { type Resilience4jSettings, resilience4jSettings, resilience4jYaml } from '../../flow/services/resilience4j';
import { ServiceAdmission, type ServicePlan } from '../../flow/services/workload';
import { alertRules } from '../alert-rules';
import { grafanaDashboard } from '../grafana-dashboard';
import { keepPatches } from '../keep-patches';
import { ingressPolicy } from '../network-policy';
import { podMonitor } from '../operators/prometheus';
import { namespaceOf } from '../promql';
import { disruptionBudget, refuseSharedPaths } from '../restricted-pod';
import { scriptConfigMap, textConfigMap } from '../script';
import { addGate, adopt, createDeployment, openToNode } from './bounded-pod';
import {
  type BoundedServiceProps,
  GATE_METRICS_PORT,
  GATE_PORT,
  inputChecks,
  KINDS,
  questionOf,
} from './bounded-service-props';
import { gatewayPolicy } from './gateway-policy';
import { loadJob } from './load-job';
import { loadTestScript } from './load-test';
import { serviceAlerts, serviceGraphs } from './service-alerts';
import { adaptiveConcurrency, meshOf } from './service-mesh';
import { serviceScaler } from './service-scaler';
import { hooksOf, waitForGate } from './wait-for-gate';

const PROMETHEUS = 'http://prometheus-operated.monitoring.svc:9090';
const MONITORING = 'monitoring';
const SERVICE_PORT = 80;
const PROXIES = 2;

/**
 * A service that accepts what it can answer in time, and refuses the rest at once.
 *
 * Cures a pool with a queue without a bound, in which requests wait until their callers have gone (case 12). Slots, queue,
 * time-outs, retries and pods follow from one promise; the gate in front of the program holds them, pods follow the requests in
 * flight, and nothing ejects a pod that refuses.
 */
export class BoundedService extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: ServicePlan;

  /** The Deployment, made here or given. */
  public readonly deployment: kplus.Deployment;

  /** The container of the program. */
  public readonly container: kplus.Container;

  /** The gate. Undefined where the application or Envoy bounds the requests. */
  public readonly gate?: kplus.Container;

  /** The program of the gate. */
  public readonly script?: kplus.ConfigMap;

  /** The Service, on port 80. Its requests go through the gate. */
  public readonly service: kplus.Service;

  /** Pods by requests in flight. Undefined without `autoscaling`. */
  public readonly scaledObject?: ApiObject;

  /** Lets a node be drained one pod at a time. Undefined where the Deployment is given. */
  public readonly disruptionBudget?: ApiObject;

  /** Who may connect, and where: nobody reaches the program around its gate. */
  public readonly networkPolicy: ApiObject;

  /** How Prometheus finds the gate, or the program. Undefined with Envoy, whose metrics Istio's own monitors read. */
  public readonly podMonitor?: ApiObject;

  /** The `DestinationRule` of its clients' proxies. */
  public readonly destinationRule?: ApiObject;

  /** The `VirtualService` of its clients' proxies. */
  public readonly virtualService?: ApiObject;

  /** The `BackendTrafficPolicy` of its gateway's proxies. */
  public readonly backendTrafficPolicy?: ApiObject;

  /** Adaptive concurrency in the proxies of its pods. */
  public readonly envoyFilter?: ApiObject;

  /** The script for k6. */
  public readonly loadTest?: kplus.ConfigMap;

  /** Runs the script with k6; suspended: somebody starts it. */
  public readonly loadJob?: kplus.CronJob;

  /** The `PrometheusRule`. */
  public readonly alerts: ApiObject;

  /** The dashboard. */
  public readonly dashboard: kplus.ConfigMap;

  /** Breakers, time limiters and retries of the downstreams, by the names of Resilience4j. */
  public readonly resilience4j: Resilience4jSettings;

  /** The same as the text of Spring Boot's `application.yml`; empty without downstreams. */
  public readonly resilience4jYaml: string;

  /**
   * @throws CapacityError when the promise cannot be kept, or its load test cannot be run, with ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: BoundedServiceProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    const plan = planService(id, questionOf(usable), [...checks, ...inputChecks(usable)]);
    const { deployment: given, admission = ServiceAdmission.GATE, mesh, gateway, port = 8080 } = usable;
    const istio = mesh !== undefined && mesh.istio !== false;
    const isGated = admission === ServiceAdmission.GATE;
    const stages = usable.loadTest ? loadStages(plan, usable.workload) : [];
    this.plan = plan.withKnobs([
      ...(istio ? meshKnobs(plan, mesh.clients ?? 1) : []),
      ...(gateway === undefined ? [] : gatewayKnobs(plan, gateway.proxies ?? PROXIES)),
      ...(admission === ServiceAdmission.ENVOY ? adaptiveKnobs(plan) : []),
      ...(usable.loadTest ? loadTestKnobs(plan, stages) : []),
    ]);
    this.service = new kplus.Service(this, 'Service', {
      ports: [{ name: 'http', port: SERVICE_PORT, targetPort: isGated ? GATE_PORT : port }],
    });
    const bounds = boundsOf(this.plan, this.service.name, usable.limit, usable.healthPath);
    this.deployment = given ?? createDeployment(this, usable, this.plan, bounds);
    [this.container] = this.deployment.containers;
    if (given !== undefined) adopt(given, bounds);
    if (isGated) {
      waitForGate(this.deployment, this.plan, given === undefined ? {} : hooksOf(given));
      this.script = scriptConfigMap(this, 'Script', 'gate-proxy/index.js');
      this.gate = addGate(this, this.deployment, this.script, this.plan, bounds, usable);
      refuseSharedPaths(this, this.deployment);
      if (istio) openToNode(this.deployment);
    }
    this.service.select(this.deployment);
    const { matchLabels } = this.deployment;
    const series = { admission, namespace: namespaceOf(this), service: this.service.name };
    if (given === undefined) this.disruptionBudget = disruptionBudget(this, 'DisruptionBudget', matchLabels);
    if (usable.autoscaling !== false) {
      // A number in the manifest would undo the autoscaler's at each deployment. `remove` fails where there is none.
      ApiObject.of(this.deployment).addJsonPatch(
        JsonPatch.add('/spec/replicas', 0),
        JsonPatch.remove('/spec/replicas'),
      );
      const { prometheus = PROMETHEUS } = usable;
      this.scaledObject = serviceScaler(this, this.deployment.name, this.plan, series, prometheus);
    }
    // Those of this construct are in already: they have only fields that are kept anyway.
    if (given === undefined && !isGated) keepPatches(this.deployment);
    const { callerNamespaces = [], monitoringNamespace = MONITORING } = usable;
    this.networkPolicy = ingressPolicy(this, 'NetworkPolicy', matchLabels, [
      { ports: [isGated ? GATE_PORT : port], namespaces: callerNamespaces, own: true },
      { ports: [isGated ? GATE_METRICS_PORT : port], namespaces: [monitoringNamespace] },
    ]);
    if (admission !== ServiceAdmission.ENVOY) {
      const metrics = isGated ? 'gate-metrics' : 'app';
      this.podMonitor = podMonitor(this, 'PodMonitor', matchLabels, metrics, this.plan.value('scrapeSeconds'));
    } else {
      this.envoyFilter = adaptiveConcurrency(this, matchLabels, this.plan);
    }
    if (istio) {
      ({ destinationRule: this.destinationRule, virtualService: this.virtualService } = meshOf(
        this,
        this.service.name,
        this.plan,
      ));
    }
    if (gateway !== undefined) this.backendTrafficPolicy = gatewayPolicy(this, gateway.httpRoute, this.plan);
    if (usable.loadTest) {
      this.loadTest = textConfigMap(this, 'LoadTest', 'load-test.js', loadTestScript(this.plan, stages));
      this.loadJob = loadJob(this, this.loadTest, `http://${this.service.name}/`, this.plan);
    }
    this.alerts = alertRules(this, 'Alerts', this.node.path, serviceAlerts(this.plan, series, this.scaledObject));
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, serviceGraphs(this.plan, series));
    this.resilience4j = resilience4jSettings(this.plan);
    this.resilience4jYaml = resilience4jYaml(this.plan);
  }
}
