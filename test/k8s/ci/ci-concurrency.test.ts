import { Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { parse } from 'yaml';
import { STORM_ON_ARC, STORM_PIPELINES } from '../../../lib/cases/case-13-ci-storm';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { CiConcurrency } from '../../../lib/k8s/ci/ci-concurrency';
import type { CiConcurrencyProps } from '../../../lib/k8s/ci/ci-concurrency-props';
import { emptyChart, one, written } from '../../support/manifest';

const props: CiConcurrencyProps = {
  workload: STORM_ON_ARC.workload,
  objective: STORM_ON_ARC.objective,
  pipelines: STORM_PIPELINES,
  runnerSetName: 'pool',
  githubConfigUrl: 'https://github.com/example/shop',
  githubSecretName: 'github-app',
  controllerVersion: '0.14.2',
  image: 'ghcr.io/actions/actions-runner:2.335.0',
};

function make(given: Partial<CiConcurrencyProps> = {}) {
  const chart = emptyChart();
  const ci = new CiConcurrency(chart, 'Runners', { ...props, ...given });
  return { ...written(chart), ci };
}

const made = make();
const value = (name: string) => made.ci.plan.value(name);
const set = one(made, 'AutoscalingRunnerSet');
const pod = set.spec.template.spec;
const [runner] = pod.containers;

describe('the traps of case 13 are absent', () => {
  const workflow = parse(made.ci.files['.github/workflows/shop.yml']);

  test('trap: a group named after the ref alone is shared by all workflows', () => {
    expect(workflow.concurrency.group).toContain('github.workflow');
  });

  test('trap: cancelling in the group cancels deployments from main as well', () => {
    expect(workflow.concurrency['cancel-in-progress']).toBe(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's looks like that.
      "${{ github.event_name == 'pull_request' }}",
    );
    expect(workflow.jobs.deploy.concurrency).toEqual({
      group: 'deploy-production',
      'cancel-in-progress': false,
      queue: 'max',
    });
  });
});

describe('the runner set', () => {
  test('has the bounds of the plan, and jobs ask for it by its name', () => {
    expect(set.spec).toMatchObject({ minRunners: value('minRunners'), maxRunners: value('maxRunners') });
    const { jobs } = parse(made.ci.files['.github/workflows/shop.yml']);
    expect(jobs.test).toMatchObject({ 'runs-on': 'pool', 'timeout-minutes': value('timeoutMinutes') });
  });

  // The controller deletes a set of another version.
  test("has the label with the controller's version", () => {
    expect(set.metadata.labels['app.kubernetes.io/version']).toBe('0.14.2');
  });

  test('lets the controller delete what it needs until it is gone, and nothing else', () => {
    const role = one(made, 'Role');
    const binding = one(made, 'RoleBinding');
    expect(set.metadata.annotations).toEqual({
      'actions.github.com/cleanup-manager-role-name': role.metadata.name,
      'actions.github.com/cleanup-manager-role-binding': binding.metadata.name,
      'actions.github.com/cleanup-no-permission-service-account-name': pod.serviceAccountName,
    });
    for (const { metadata } of [role, binding, one(made, 'ServiceAccount')])
      expect(metadata.finalizers).toEqual(['actions.github.com/cleanup-protection']);
    expect(binding.subjects).toEqual([
      { kind: 'ServiceAccount', name: 'arc-gha-rs-controller', namespace: 'arc-systems' },
    ]);
  });

  test('no secret stands in it', () => {
    expect(set.spec.githubConfigSecret).toBe('github-app');
    expect(JSON.stringify(made.manifests)).not.toMatch(/github_token|private_key/);
  });
});

describe('a runner', () => {
  test('has no right in the cluster and no token', () => {
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(one(made, 'ServiceAccount').automountServiceAccountToken).toBe(false);
  });

  test('is restricted, as Pod Security has it', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1001,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(runner.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    });
  });

  test('requests the memory and the disk that it may use, and its node is not taken away', () => {
    const { cpu, ...requests } = runner.resources.requests;
    expect(cpu).toBe('2');
    expect(requests).toEqual(runner.resources.limits);
    expect(set.spec.template.metadata.annotations).toMatchObject({
      'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
    });
  });

  test('reaches the internet and nothing in the cluster', () => {
    const { podSelector, egress, ingress } = one(made, 'NetworkPolicy').spec;
    expect(set.spec.template.metadata.labels).toMatchObject(podSelector.matchLabels);
    expect(ingress).toEqual([]);
    expect(egress[1].to[0].ipBlock.except).toContain('10.0.0.0/8');
    expect(egress[1].ports).toEqual([{ protocol: 'TCP', port: 443 }]);
  });
});

test('the namespace holds no more pods than the runners and those that are being removed', () => {
  expect(one(made, 'ResourceQuota').spec.hard).toEqual({ pods: String(value('podQuota')) });
  expect(value('podQuota')).toBeGreaterThan(value('maxRunners'));
});

// A quota without a scope counts all pods of the namespace: of two sets the smaller one would be in force for both.
test('with a priority class the quota counts the pods of this class only, and the runners are of it', () => {
  const scoped = make({ priorityClassName: 'ci-runners' });
  expect(one(scoped, 'ResourceQuota').spec.scopeSelector).toEqual({
    matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['ci-runners'] }],
  });
  expect(one(scoped, 'AutoscalingRunnerSet').spec.template.spec.priorityClassName).toBe('ci-runners');
  expect(one(made, 'ResourceQuota').spec).not.toHaveProperty('scopeSelector');
});

test('pipelines are planned: a matrix makes the pool larger, and a rate that is missing is named', () => {
  const pipelines = (matrix?: { [name: string]: string[] }) => [
    { name: 'a', branches: [], paths: ['src/**'], jobs: [{ name: 'b', matrix, steps: [{ run: 'make' }] }] },
  ];
  const four = make({ pipelines: pipelines({ node: ['22', '24'], shard: ['a', 'b'] }) }).ci.plan;
  expect(four.value('jobsPerRun')).toBe(4);
  expect(four.value('maxRunners')).toBeGreaterThan(make({ pipelines: pipelines() }).ci.plan.value('maxRunners'));
  const { mergesPerHourPeak: _, ...workload } = STORM_ON_ARC.workload;
  expect(() => make({ workload })).toThrow('mergesPerHourPeak is missing: pipeline shop runs for each merge');
});

test('what is chosen for the plan is in the files', () => {
  const { files } = make({ cancelOutdated: false, filterPaths: false }).ci;
  const workflow = parse(files['.github/workflows/shop.yml']);
  expect(workflow).not.toHaveProperty('concurrency');
  expect(workflow.jobs).not.toHaveProperty('changes');
});

test('saturated is when jobs, not idle runners, ask for the last runner', () => {
  const { groups } = one(made, 'PrometheusRule').spec;
  const rules: { alert: string; expr: string }[] = groups.flatMap(({ rules }: { rules: object[] }) => rules);
  const { expr } = rules.find(({ alert }) => alert === 'CiRunnersSaturated')!;
  expect(expr).toContain('gha_assigned_jobs');
  expect(expr).toMatch(new RegExp(`>= ${value('maxRunners')}$`));
});

test("the listener is scraped in the controller's namespace, by the labels of its set", () => {
  const { namespaceSelector, selector } = one(make({ controllerNamespace: 'arc' }), 'PodMonitor').spec;
  expect(namespaceSelector).toEqual({ matchNames: ['arc'] });
  expect(selector.matchLabels['actions.github.com/scale-set-name']).toBe('pool');
});

test('choices by hand are in the plan, and checked', () => {
  const chosen = make({
    maxRunners: 30,
    minRunners: 0,
    runnerStart: Duration.seconds(20),
    cpu: kplus.Cpu.millis(500),
    memory: Size.gibibytes(8),
    workspace: Size.gibibytes(20),
    egressPorts: [443, 22],
    runnerGroup: 'builds',
  });
  const { spec } = one(chosen, 'AutoscalingRunnerSet');
  expect(spec).toMatchObject({ maxRunners: 30, minRunners: 0, runnerGroup: 'builds' });
  expect(spec.template.spec.containers[0].resources.requests).toEqual({
    cpu: '500m',
    memory: '8192Mi',
    'ephemeral-storage': '20480Mi',
  });
  expect(chosen.ci.plan.knob('runnerStartSeconds').formula).toBe('given');
  expect(() => make({ maxRunners: 12, cancelOutdated: false })).toThrow(CapacityError);
});

test('without pipelines there are no files', () => {
  expect(make({ pipelines: undefined }).ci.files).toEqual({});
});

test.each<[string, Partial<CiConcurrencyProps>]>([
  ['runnerSetName must be 1 to 45', { runnerSetName: 'a'.repeat(46) }],
  ['without a slash at its end', { githubConfigUrl: 'https://github.com/example/' }],
  ['controllerVersion must be such as 0.14.2', { controllerVersion: 'latest' }],
  ['image must name a version or a digest', { image: 'ghcr.io/actions/actions-runner' }],
  ['githubSecretName is missing', { githubSecretName: undefined }],
  ['egressPorts[0] must be a whole number, between 1 and 65535, got 0', { egressPorts: [0] }],
  ['pipelines must have one at least, got none', { pipelines: [] }],
  [
    'pipelines[0].jobs[0].needs must name other jobs of the pipeline',
    { pipelines: [{ name: 'a', jobs: [{ name: 'b', needs: ['c'], steps: [{ run: 'make' }] }] }] },
  ],
  [
    'pipelines[0].jobs must not need one another in a circle, got b → c → b',
    {
      pipelines: [
        {
          name: 'a',
          jobs: [
            { name: 'b', needs: ['c'], steps: [{ run: 'make' }] },
            { name: 'c', needs: ['b'], steps: [{ run: 'make' }] },
          ],
        },
      ],
    },
  ],
  [
    "pipelines[0].branches[0] must be a branch such as main or release/**, got 'a b'",
    { pipelines: [{ name: 'a', branches: ['a b'], jobs: [{ name: 'b', steps: [{ run: 'make' }] }] }] },
  ],
  ['priorityClassName must be', { priorityClassName: 'Runners' }],
  [
    'pipelines[0].jobs[0].steps[0] must have run or uses, got both',
    { pipelines: [{ name: 'a', jobs: [{ name: 'b', steps: [{ run: 'make', uses: 'a/b@v1' }] }] }] },
  ],
])('%s', (message, given) => {
  expect(() => make(given)).toThrow(InvalidInputError);
  expect(() => make(given)).toThrow(message);
});

test('it makes these objects and no others', () => {
  expect(made.manifests.map(({ kind }) => kind).sort()).toEqual([
    'AutoscalingRunnerSet',
    'ConfigMap',
    'NetworkPolicy',
    'PodMonitor',
    'PrometheusRule',
    'ResourceQuota',
    'Role',
    'RoleBinding',
    'ServiceAccount',
  ]);
});
