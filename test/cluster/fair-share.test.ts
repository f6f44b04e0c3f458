/**
 * What `FairShare` says of the API server, asked of a real one: the quota refuses and keeps nothing waiting, jobs that
 * wait count against no quota, sizes are filled in, no class of somebody else gets in, and Kueue's objects are taken.
 * Kueue itself does not run here: its CRDs are enough for that.
 */
import { Yaml } from 'cdk8s';
import { FairShare } from '../../lib/k8s/shares/fair-share';
import { emptyChart, every, type Manifest, written } from '../support/manifest';
import { EXACT, prove } from '../support/proof';
import { until } from '../support/until';
import { get, HAS_CLUSTER, kubectl, settled } from './kubernetes';

const onCluster = HAS_CLUSTER ? describe : describe.skip;

// Names of this run, so that one that still ends does not stand in the way.
const COHORT = `share-${process.pid}`;
const [ACME, GLOBEX] = [`${COHORT}-acme`, `${COHORT}-globex`];
const workload = { steadyPerSecond: 0.001, serviceSeconds: 600 };
const small = { workload, jobCpu: 0.5, jobMemoryBytes: 64 * 1024 ** 2, nominalJobs: 2, borrowedJobs: 1 };

function shares(): { plan: FairShare['plan']; manifests: Manifest[] } {
  const chart = emptyChart('default');
  const { plan } = new FairShare(chart, 'Share', {
    cohort: COHORT,
    capacity: { cpu: 4, memoryBytes: 4 * 1024 ** 3 },
    tenants: [
      { name: 'acme', ...small },
      { name: 'globex', ...small },
    ],
    objective: { latencySeconds: 20_000, latencyQuantile: 0.9 },
  });
  const chartKinds = ['PrometheusRule', 'ConfigMap'];
  return { plan, manifests: written(chart).manifests.filter(({ kind }) => !chartKinds.includes(kind)) };
}

const { plan, manifests } = shares();
const quotaJobs = plan.tenant('acme').quotaJobs;

function pod(name: string, more: Manifest = {}, resources?: Manifest): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: ACME },
    spec: {
      securityContext: { runAsNonRoot: true, runAsUser: 10_001, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'job',
          image: 'docker.io/example/job:1.0.0',
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          resources,
        },
      ],
      ...more,
    },
  };
}

const create = (manifest: Manifest) => kubectl(['create', '-f', '-'], Yaml.stringify(manifest));
const used = async () => (await get('resourcequota', 'upper-bound', ACME)).status.used;

onCluster('FairShare on a real API server', () => {
  beforeAll(async () => {
    await settled();
    await kubectl(['apply', '--validate=strict', '-f', '-'], Yaml.stringify(...manifests));
    // A quota is enforced once its use is known; a pod needs the account that the controller makes.
    for (const quota of ['upper-bound', 'foreign-priority-classes']) {
      await until(`the use of ${quota}`, async () => {
        return (await get('resourcequota', quota, ACME)).status?.used?.pods !== undefined;
      });
    }
    await until('the default account', async () => {
      return (await kubectl(['get', 'serviceaccount', '-n', ACME, '-o', 'name'])).includes('serviceaccount/default');
    });
  }, 400_000);

  afterAll(async () => {
    await kubectl(['delete', '--wait=false', '--ignore-not-found', '-f', '-'], Yaml.stringify(...manifests));
  }, 60_000);

  test('takes every object, Kueue’s in the version that is stored', async () => {
    for (const { kind, metadata } of manifests) {
      const home = metadata.namespace === undefined ? [] : ['-n', metadata.namespace];
      await expect(kubectl(['get', kind, metadata.name, ...home, '-o', 'name'])).resolves.toContain(metadata.name);
    }
    const [queue] = every({ manifests } as never, 'ClusterQueue');
    const stored = JSON.parse(
      await kubectl(['get', 'clusterqueues.v1beta2.kueue.x-k8s.io', queue.metadata.name, '-o', 'json']),
    );
    expect(stored.spec).toMatchObject(queue.spec);
  }, 120_000);

  test('holds a borrowing limit without a cohort for wrong, so that the claim above can fail', async () => {
    const [queue] = every({ manifests } as never, 'ClusterQueue');
    const { cohortName: _, ...spec } = queue.spec;
    const alone = { ...queue, metadata: { name: `${COHORT}-alone` }, spec };
    await expect(create(alone)).rejects.toThrow(/borrowingLimit|cohort/);
  });

  test('jobs that wait are suspended, and count against no quota', async () => {
    const template = { spec: { ...pod('any').spec, restartPolicy: 'Never' } };
    const jobs = Array.from({ length: 3 * quotaJobs }, (_, i) => ({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: `waiting-${i}`, namespace: ACME, labels: { 'kueue.x-k8s.io/queue-name': 'default' } },
      spec: { suspend: true, template },
    }));
    await kubectl(['create', '-f', '-'], Yaml.stringify(...jobs));
    expect((await used()).pods).toBe('0');
  }, 60_000);

  test('a pod without a size gets that of the plan', async () => {
    await create(pod('first'));
    const { containers } = (await get('pod', 'first', ACME)).spec;
    const size = { cpu: '500m', memory: '64Mi' };
    expect(containers[0].resources).toEqual({ requests: size, limits: size });
  });

  test('a pod that the queue could never admit is refused by its size', async () => {
    const larger = pod('larger', {}, { requests: { cpu: '2', memory: '64Mi' }, limits: { cpu: '2', memory: '64Mi' } });
    await expect(create(larger)).rejects.toThrow(/maximum cpu usage per Pod is 1500m, but limit is 2/);
  });

  test('a class of one’s own is taken, that of a neighbour and one of the system are not', async () => {
    await create(pod('own-class', { priorityClassName: ACME }));
    expect((await get('pod', 'own-class', ACME)).spec.preemptionPolicy).toBe('Never');
    for (const priorityClassName of [GLOBEX, 'system-cluster-critical']) {
      await expect(create(pod('foreign', { priorityClassName }))).rejects.toThrow(
        /exceeded quota: foreign-priority-classes, requested: pods=1, used: pods=0, limited: pods=0/,
      );
    }
  });

  test('the quota admits all that the queue would, and refuses the next with 403: nothing waits at it', async () => {
    // Two are there.
    for (let i = 2; i < quotaJobs; i += 1) await create(pod(`more-${i}`));
    await expect(create(pod('one-too-many'))).rejects.toThrow(
      /pods "one-too-many" is forbidden: exceeded quota: upper-bound, requested: .*pods=1.*limited: /,
    );
    prove({
      case: 20,
      construct: 'k8s.FairShare',
      engine: 'Kubernetes API server',
      metric: 'pods of a tenant that the quota admits',
      unit: 'pods',
      predicted: quotaJobs,
      measured: Number((await used()).pods),
      tolerance: EXACT,
      how: 'Pods are created until one is refused; the refused one waits nowhere. Kueue itself does not run here.',
      scaledBy: 'two jobs and one borrowed for dozens: a quota is a count.',
    });
    await expect(get('pod', 'one-too-many', ACME)).rejects.toThrow(/not found/);
  }, 60_000);

  test('and the neighbour has all of its own', async () => {
    const neighbour = (await get('resourcequota', 'upper-bound', GLOBEX)).status;
    expect([neighbour.used.pods, neighbour.hard.pods]).toEqual(['0', String(plan.tenant('globex').quotaJobs)]);
  });

  test('a pod that is not restricted is refused', async () => {
    await expect(create(pod('privileged', { hostNetwork: true }))).rejects.toThrow(/violates PodSecurity "restricted/);
  });
});
