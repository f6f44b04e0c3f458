import { Duration } from 'cdk8s';
import fc from 'fast-check';
import type { BatchTenant } from '../../../lib/flow/shares/workload';
import { FairShare, type FairShareProps } from '../../../lib/k8s/shares/fair-share';
import { emptyChart, every, type Manifest, one, type Written, written } from '../../support/manifest';
import { mostly, optional, spread, usually, validOrNamed } from '../../support/property';

const GIB = 1024 ** 3;

/** Case 20: rating jobs of ten minutes on 208 cores. */
const jobs = { steadyPerSecond: 0.03, serviceSeconds: 600, serviceVariation: 0.5 };
const tenant = (name: string, more: Partial<BatchTenant> = {}): BatchTenant => ({
  name,
  workload: jobs,
  jobCpu: 2,
  jobMemoryBytes: 4 * GIB,
  ...more,
});
const rating: FairShareProps = {
  capacity: { cpu: 208, memoryBytes: 832 * GIB },
  tenants: [tenant('billing'), tenant('fraud'), tenant('pricing'), tenant('risk', { weight: 2.5 })],
  objective: { latencySeconds: 4200, latencyQuantile: 0.95 },
};

interface Shared extends Written {
  readonly shares: FairShare;
}

function make(props: Partial<FairShareProps> = {}): Shared {
  const chart = emptyChart('monitoring');
  const shares = new FairShare(chart, 'Rating', { ...rating, ...props });
  return { shares, ...written(chart) };
}

const made = make();
const urgent = make({ urgentClass: true });
const of = (chart: Written, kind: string, name: string, namespace?: string): Manifest =>
  every(chart, kind).find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
const quota = (name: string) => of(made, 'ResourceQuota', 'upper-bound', name).spec.hard;
const resources = (queue: Manifest) => queue.spec.resourceGroups[0].flavors[0].resources;
const number = (quantity: string): number =>
  quantity.endsWith('m') ? Number(quantity.slice(0, -1)) / 1000 : Number(quantity.replace('Mi', ''));

describe('the traps of case 20 are absent', () => {
  test('trap: objects without a name do not apply: every object has one, and none twice in a namespace', () => {
    const names = made.manifests.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
    for (const { metadata } of made.manifests) expect(metadata.name).toMatch(/^[a-z0-9][a-z0-9-]*$/);
    expect(new Set(names).size).toBe(names.length);
  });

  test('trap: a quota rejects and does not queue: it stands above all that the queue admits', () => {
    for (const queue of every(made, 'ClusterQueue')) {
      const hard = quota(queue.metadata.name);
      const [cpu, memory] = resources(queue);
      expect(number(hard['requests.cpu'])).toBeGreaterThan(number(cpu.nominalQuota) + number(cpu.borrowingLimit));
      expect(number(hard['requests.memory'])).toBeGreaterThan(
        number(memory.nominalQuota) + number(memory.borrowingLimit),
      );
      expect(hard['limits.memory']).toBe(hard['requests.memory']);
    }
  });

  test('trap: there is no queue without Kueue: every namespace has one, and jobs that name none get in it', () => {
    for (const { metadata } of every(made, 'ClusterQueue')) {
      expect(of(made, 'LocalQueue', 'default', metadata.name).spec.clusterQueue).toBe(metadata.name);
    }
  });

  test('trap: a class of high priority evicts the neighbours: no class preempts, and no tenant may use another’s', () => {
    for (const chart of [made, urgent]) {
      for (const { preemptionPolicy, globalDefault } of every(chart, 'PriorityClass')) {
        expect([preemptionPolicy, globalDefault]).toEqual(['Never', false]);
      }
    }
    expect(every(made, 'PriorityClass').map(({ value }) => value)).toEqual([0, 0, 0, 0]);
    expect(of(made, 'ResourceQuota', 'foreign-priority-classes', 'batch-risk').spec).toEqual({
      hard: { pods: '0' },
      scopeSelector: {
        matchExpressions: [
          { scopeName: 'PriorityClass', operator: 'Exists' },
          { scopeName: 'PriorityClass', operator: 'NotIn', values: ['batch-risk'] },
        ],
      },
    });
  });

  test('other tenants’ completion goes from 40 to above 90 % when one submits ten times its share', () => {
    const even = make({ tenants: rating.tenants.map((one) => ({ ...one, weight: 1 })) });
    const others = even.shares.forecastFlood('risk', 10, Duration.hours(2)).filter(({ name }) => name !== 'risk');
    for (const { before, after } of others) {
      expect(before).toBeCloseTo(0.4, 6);
      expect(after).toBeGreaterThan(0.9);
    }
  });
});

describe('queues', () => {
  const queue = of(made, 'ClusterQueue', 'batch-risk');

  test('one for each tenant, in one cohort, open to its own namespace only', () => {
    expect(every(made, 'ClusterQueue').map(({ metadata }) => metadata.name)).toEqual([
      'batch-billing',
      'batch-fraud',
      'batch-pricing',
      'batch-risk',
    ]);
    expect(queue.apiVersion).toBe('kueue.x-k8s.io/v1beta2');
    expect(queue.spec.cohortName).toBe('batch');
    expect(queue.spec.namespaceSelector).toEqual({ matchLabels: { 'kubernetes.io/metadata.name': 'batch-risk' } });
    expect(queue.metadata.namespace).toBeUndefined();
  });

  test('nominal quota and borrowing limit are the plan’s jobs times their size, the weight its own', () => {
    const { nominalJobs, borrowedJobs } = made.shares.plan.tenant('risk');
    expect(resources(queue)).toEqual([
      { name: 'cpu', nominalQuota: `${2 * nominalJobs}`, borrowingLimit: `${2 * borrowedJobs}` },
      { name: 'memory', nominalQuota: `${4096 * nominalJobs}Mi`, borrowingLimit: `${4096 * borrowedJobs}Mi` },
    ]);
    expect(queue.spec.fairSharing).toEqual({ weight: '2500m' });
  });

  test('what nobody is guaranteed is in the cohort, and all together is the cluster', () => {
    const [spare] = resources(one(made, 'Cohort'));
    const nominal = every(made, 'ClusterQueue').reduce((sum, each) => sum + number(resources(each)[0].nominalQuota), 0);
    expect(nominal + number(spare.nominalQuota)).toBe(208);
  });

  test('a tenant takes its room back by preemption, unless it is to wait', () => {
    expect(queue.spec.preemption).toEqual({ reclaimWithinCohort: 'Any', withinClusterQueue: 'Never' });
    const patient = make({ reclaimByPreemption: false });
    expect(of(patient, 'ClusterQueue', 'batch-risk').spec.preemption.reclaimWithinCohort).toBe('Never');
  });

  test('urgent jobs, when asked for, push out jobs of their own queue', () => {
    expect(of(urgent, 'PriorityClass', 'batch-risk-urgent').value).toBe(1000);
    expect(of(urgent, 'ClusterQueue', 'batch-risk').spec.preemption.withinClusterQueue).toBe('LowerPriority');
    const { matchExpressions } = of(urgent, 'ResourceQuota', 'foreign-priority-classes', 'batch-risk').spec
      .scopeSelector;
    expect(matchExpressions[1].values).toEqual(['batch-risk', 'batch-risk-urgent']);
  });
});

describe('namespaces', () => {
  test('are restricted, and closed but for DNS', () => {
    for (const { metadata } of every(made, 'Namespace')) {
      expect(metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
      const { spec } = of(made, 'NetworkPolicy', 'default-deny', metadata.name);
      expect(spec).toMatchObject({ podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [] });
      expect(spec.egress.flatMap(({ ports }: Manifest) => ports.map(({ port }: Manifest) => port))).toEqual([53, 53]);
    }
  });

  test('give a job without a size that of the plan, and refuse one that the queue could never admit', () => {
    const [container, pod] = of(made, 'LimitRange', 'job-size', 'batch-billing').spec.limits;
    expect(container).toEqual({
      type: 'Container',
      default: { cpu: '2', memory: '4096Mi' },
      defaultRequest: { cpu: '2', memory: '4096Mi' },
    });
    const [cpu] = resources(of(made, 'ClusterQueue', 'batch-billing'));
    expect(number(pod.max.cpu)).toBe(number(cpu.nominalQuota) + number(cpu.borrowingLimit));
  });
});

describe('alerts and dashboard', () => {
  const rules: Manifest[] = one(made, 'PrometheusRule').spec.groups[0].rules;
  const rule = (name: string) => rules.find(({ alert }) => alert === name);

  test('every alert says what to do', () => {
    expect(rules.map(({ alert }) => alert)).toEqual([
      'TenantWaitsWhileOthersBorrow',
      'TenantJobsLate',
      'TenantQueueInactive',
      'TenantAroundTheQueue',
      'TenantAtItsBound',
    ]);
    for (const { annotations, labels } of rules) {
      expect(annotations.runbook.length).toBeGreaterThan(80);
      expect(labels.severity).toMatch(/critical|warning/);
    }
  });

  test('waiting while others borrow rings at half the promise; late is what the promise leaves beside the job', () => {
    expect(rule('TenantWaitsWhileOthersBorrow').for).toBe('35m');
    expect(rule('TenantJobsLate').expr).toMatch(/^histogram_quantile\(0.95, .*\) > 3600 or /);
  });

  test('a wait that no bucket of Kueue’s shows rings no alert that could never ring', () => {
    const slow = make({ objective: { latencySeconds: 20_000, latencyQuantile: 0.95 } });
    const names = one(slow, 'PrometheusRule').spec.groups[0].rules.map(({ alert }: Manifest) => alert);
    expect(names).not.toContain('TenantJobsLate');
  });

  test('the quota is what others run into, the bound is where the alert rings', () => {
    const { nominalJobs, borrowedJobs } = made.shares.plan.tenant('billing');
    expect(rule('TenantAroundTheQueue').expr).toContain(`namespace="batch-billing"`);
    expect(rule('TenantAroundTheQueue').expr).toContain(`> ${nominalJobs + borrowedJobs}`);
    expect(Number(quota('batch-billing').pods)).toBeGreaterThan(nominalJobs + borrowedJobs);
  });

  test('dashboard and alerts live in the namespace of the chart', () => {
    for (const kind of ['PrometheusRule', 'ConfigMap']) expect(one(made, kind).metadata.namespace).toBe('monitoring');
  });
});

test('property: random tenants give valid documents or a named error', () => {
  const tenants: fc.Arbitrary<BatchTenant[]> = fc
    .array(
      fc.record({
        workload: fc
          .record({
            load: mostly(spread(0.1, 30), 0, Number.NaN),
            serviceSeconds: mostly(spread(10, 3000), -1),
            serviceVariation: optional(mostly(fc.constantFrom(0, 0.5, 1, 2), 11)),
          })
          .map(({ load, serviceSeconds, ...rest }) => ({
            steadyPerSecond: load / serviceSeconds,
            serviceSeconds,
            ...rest,
          })),
        jobCpu: mostly(spread(0.001, 4), 0, 1e9),
        jobMemoryBytes: mostly(spread(1e6, 1e10), -1),
        weight: optional(mostly(spread(0.01, 100), 0, -1)),
        nominalJobs: fc.option(mostly(fc.integer({ min: 1, max: 50 }), 0, 1.5), { nil: undefined, freq: 10 }),
        borrowedJobs: optional(mostly(fc.integer({ min: 0, max: 50 }), -1)),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .chain((given) =>
      usually(fc.constant(''), fc.constantFrom('?', 'A')).map((odd) =>
        given.map((each, i) => ({ ...each, name: `tenant-${i}${odd}` })),
      ),
    );
  const props = fc.record({
    capacity: fc.record({
      cpu: mostly(spread(50, 2000), 0),
      memoryBytes: mostly(spread(1e11, 1e13), Number.POSITIVE_INFINITY),
    }),
    tenants,
    objective: fc.record({
      latencySeconds: mostly(spread(5000, 100_000), 1),
      latencyQuantile: optional(fc.constantFrom(0.5, 0.9, 0.99)),
    }),
    reclaimByPreemption: optional(fc.boolean()),
    urgentClass: optional(fc.boolean()),
    cohort: optional(mostly(fc.constantFrom('batch', 'nightly-2'), 'Batch', '')),
  });
  validOrNamed(/^Rating: /, props as fc.Arbitrary<FairShareProps>, make, (chart, { capacity }) => {
    const guaranteed = every(chart, 'ClusterQueue').map((queue) => number(resources(queue)[0].nominalQuota));
    expect(guaranteed.reduce((sum, cpu) => sum + cpu, 0)).toBeLessThanOrEqual(capacity.cpu * (1 + 1e-9));
  });
});
