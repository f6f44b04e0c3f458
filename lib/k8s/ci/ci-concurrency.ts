import { ApiObject, type Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { headerOf, pipelineFiles } from '../../ci/files';
import { planCi } from '../../flow/ci/plan';
import type { CiPlan } from '../../flow/ci/workload';
import { sound } from '../../flow/kinds';
import { alertRules } from '../alert-rules';
import { grafanaDashboard } from '../grafana-dashboard';
import { INTERNET, networkPolicy } from '../network-policy';
import {
  type AutoscalingRunnerSetSpec,
  autoscalingRunnerSet,
  CLEANUP_FINALIZER,
  MANAGER_RULES,
  runnerSetLabels,
} from '../operators/actions-runner-controller';
import { podMonitor } from '../operators/prometheus';
import { namespaceOf } from '../promql';
import { chartLabels, LINUX, UNDISTURBED } from '../restricted-pod';
import { ciAlerts, ciGraphs } from './ci-alerts';
import { CI_KINDS, type CiConcurrencyProps, ciInputChecks, ciQuestion } from './ci-concurrency-props';

/** User and group of the runner's image. Source: actions/runner, images/Dockerfile. */
const RUNNER_USER = 1001;
const WORK_FOLDER = '/home/runner/_work';
const GIBIBYTE = 1024;

/**
 * A runner set of Actions Runner Controller that is sized from what is pushed, and the workflows that use it.
 *
 * Cures a fixed pool of runners that builds every push, so that people wait for builds of outdated commits (case 13). A newer
 * push ends the run of the older one, changes that no pipeline is about start none, and the pool follows the rest. Runs of the
 * main branch and deployments are never cancelled.
 */
export class CiConcurrency extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: CiPlan;

  /** The workflows, by path from the root of the repository. Empty without `pipelines`. */
  public readonly files: { [path: string]: string };

  /** The `AutoscalingRunnerSet`. */
  public readonly runnerSet: ApiObject;

  /** The account of the runners, without any right. */
  public readonly serviceAccount: kplus.ServiceAccount;

  /** What the controller may do in this namespace. */
  public readonly managerRole: ApiObject;

  /** Gives it to the controller. */
  public readonly managerRoleBinding: ApiObject;

  /**
   * No more pods than the runners of the plan and those that are being removed: of the namespace, or with `priorityClassName`
   * of that class in it.
   */
  public readonly resourceQuota: ApiObject;

  /** Runners reach DNS and the internet, and nothing in the cluster. */
  public readonly networkPolicy: ApiObject;

  /** How Prometheus finds the listener. */
  public readonly podMonitor: ApiObject;

  /** The `PrometheusRule`. */
  public readonly alerts: ApiObject;

  /** The dashboard. */
  public readonly dashboard: kplus.ConfigMap;

  private readonly props: CiConcurrencyProps;

  /**
   * @throws CapacityError when no pool keeps the promise, with ways out
   * @throws InvalidInputError when props are out of range, or the workload counts less than the pipelines start; the message
   * names each
   */
  constructor(scope: Construct, id: string, props: CiConcurrencyProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, CI_KINDS);
    this.props = usable;
    this.plan = planCi(id, ciQuestion(usable), [...checks, ...ciInputChecks(usable)]);
    const { runnerSetName: name, pipelines = [], dns } = usable;
    this.files = pipelineFiles('github', pipelines, {
      runner: name,
      timeoutMinutes: this.plan.value('timeoutMinutes'),
      cancelOutdated: usable.cancelOutdated,
      filterPaths: usable.filterPaths,
      header: headerOf(`CiConcurrency '${id}'`),
    });
    const finalizers = [CLEANUP_FINALIZER];
    this.serviceAccount = new kplus.ServiceAccount(this, 'ServiceAccount', {
      metadata: { name: `${name}-no-permission`, finalizers },
      automountToken: false,
    });
    this.managerRole = this.createRole(finalizers);
    this.managerRoleBinding = this.bindRole(finalizers);
    this.runnerSet = this.createRunnerSet();
    this.resourceQuota = this.boundPods();
    const egress = [{ ports: usable.egressPorts ?? [443], ...INTERNET }];
    this.networkPolicy = networkPolicy(this, 'NetworkPolicy', podLabels(name), egress, undefined, dns);
    this.podMonitor = this.monitorListener();
    const series = { namespace: namespaceOf(this), name };
    this.alerts = alertRules(this, 'Alerts', this.node.path, ciAlerts(this.plan, series));
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, ciGraphs(this.plan, series));
  }

  /** A quota without a scope counts every pod of the namespace, and the smallest of several is in force for all of them. */
  private boundPods(): ApiObject {
    const { priorityClassName } = this.props;
    const scopeSelector = priorityClassName && {
      matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: [priorityClassName] }],
    };
    return new ApiObject(this, 'ResourceQuota', {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      spec: { hard: { pods: String(this.plan.value('podQuota')) }, ...(scopeSelector && { scopeSelector }) },
    });
  }

  private createRunnerSet(): ApiObject {
    const { runnerSetName: name, controllerVersion, githubConfigUrl, githubSecretName, runnerGroup } = this.props;
    const cleanup = {
      'actions.github.com/cleanup-manager-role-name': this.managerRole.name,
      'actions.github.com/cleanup-manager-role-binding': this.managerRoleBinding.name,
      'actions.github.com/cleanup-no-permission-service-account-name': this.serviceAccount.name,
    };
    const spec: AutoscalingRunnerSetSpec = {
      githubConfigUrl,
      githubConfigSecret: githubSecretName,
      runnerGroup,
      minRunners: this.plan.value('minRunners'),
      maxRunners: this.plan.value('maxRunners'),
      template: {
        // A run is lost when its node is taken away.
        metadata: { labels: { ...chartLabels(this), ...podLabels(name) }, annotations: { ...UNDISTURBED } },
        spec: this.podSpec(),
      },
    };
    return autoscalingRunnerSet(this, 'RunnerSet', name, controllerVersion, cleanup, spec);
  }

  /** Pod Security `restricted`; only the root file system is writable, because the runner updates files in its home. */
  private podSpec(): object {
    const { image, cpu, memory, workspace, priorityClassName } = this.props;
    const bytes = memory === undefined ? `${4 * GIBIBYTE}Mi` : mebibytes(memory);
    const disk = workspace === undefined ? `${10 * GIBIBYTE}Mi` : mebibytes(workspace);
    return {
      restartPolicy: 'Never',
      ...(priorityClassName && { priorityClassName }),
      serviceAccountName: this.serviceAccount.name,
      automountServiceAccountToken: false,
      nodeSelector: { ...LINUX },
      securityContext: {
        runAsNonRoot: true,
        runAsUser: RUNNER_USER,
        runAsGroup: RUNNER_USER,
        fsGroup: RUNNER_USER,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: 'runner',
          image,
          command: ['/home/runner/run.sh'],
          resources: {
            requests: { cpu: cpu?.amount ?? '2', memory: bytes, 'ephemeral-storage': disk },
            limits: { memory: bytes, 'ephemeral-storage': disk },
          },
          securityContext: {
            allowPrivilegeEscalation: false,
            privileged: false,
            readOnlyRootFilesystem: false,
            runAsNonRoot: true,
            capabilities: { drop: ['ALL'] },
          },
          volumeMounts: [{ name: 'work', mountPath: WORK_FOLDER }],
        },
      ],
      volumes: [{ name: 'work', emptyDir: { sizeLimit: disk } }],
    };
  }

  private createRole(finalizers: string[]): ApiObject {
    const { runnerSetName: name, controllerVersion } = this.props;
    return new ApiObject(this, 'ManagerRole', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: `${name}-manager`, labels: runnerSetLabels(name, controllerVersion), finalizers },
      rules: MANAGER_RULES,
    });
  }

  private bindRole(finalizers: string[]): ApiObject {
    const { runnerSetName: name, controllerVersion, controllerNamespace, controllerServiceAccountName } = this.props;
    return new ApiObject(this, 'ManagerRoleBinding', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: `${name}-manager`, labels: runnerSetLabels(name, controllerVersion), finalizers },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: this.managerRole.name },
      subjects: [
        {
          kind: 'ServiceAccount',
          name: controllerServiceAccountName ?? 'arc-gha-rs-controller',
          namespace: controllerNamespace ?? 'arc-systems',
        },
      ],
    });
  }

  /** The listener runs beside the controller, with the labels of its set. */
  private monitorListener(): ApiObject {
    const { runnerSetName, controllerNamespace = 'arc-systems' } = this.props;
    const namespace = namespaceOf(this);
    const labels = {
      'actions.github.com/scale-set-name': runnerSetName,
      ...(namespace === undefined ? {} : { 'actions.github.com/scale-set-namespace': namespace }),
    };
    return podMonitor(this, 'PodMonitor', labels, 'metrics', this.plan.value('scrapeSeconds'), [controllerNamespace]);
  }
}

/** What tells the pods of this runner set from others of its namespace. */
function podLabels(name: string): Record<string, string> {
  return { 'app.kubernetes.io/component': 'runner', 'app.kubernetes.io/instance': name };
}

function mebibytes(size: Size): string {
  return `${Math.ceil(size.toKibibytes() / 1024)}Mi`;
}
