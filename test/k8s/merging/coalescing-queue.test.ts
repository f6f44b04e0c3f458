import { Chart, Duration, Testing } from 'cdk8s';
import { STORM } from '../../../lib/cases/case-09-invalidation-storm';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { planCoalescing } from '../../../lib/flow/merging/plan';
import { MERGER_BYTES } from '../../../lib/flow/merging/transports';
import { CoalescingQueue, type CoalescingQueueProps } from '../../../lib/k8s/merging/coalescing-queue';
import { Invalidator } from '../../../lib/k8s/merging/invalidator';
import type { Untyped } from '../../support/stack';

const PROPS: CoalescingQueueProps = {
  ...STORM,
  invalidator: Invalidator.http({ url: 'http://rebuild.shop:8080/keys', namespace: 'shop' }),
  stream: 'announcements',
  redis: { host: 'redis.redis', namespace: 'redis', password: { secretName: 'announcements', key: 'password' } },
};

function make(props: Partial<CoalescingQueueProps> = {}, id = 'Invalidations') {
  const chart = new Chart(Testing.app(), 'pages', { namespace: 'pages' });
  const queue = new CoalescingQueue(chart, id, { ...PROPS, ...props });
  const manifests: Untyped[] = Testing.synth(chart);
  return { queue, manifests, of: (kind: string) => manifests.find((one) => one.kind === kind) };
}

function refused(props: Partial<CoalescingQueueProps>): Error {
  try {
    make(props);
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was made');
}

const usual = make();
const { spec } = usual.of('StatefulSet');
const [container] = spec.template.spec.containers;
const env = (name: string) => container.env.find((one: Untyped) => one.name === name);

describe('the traps of case 9 are absent', () => {
  test('trap: readers are scaled: as many as shards, each with the name of its stream, and no autoscaler', () => {
    expect(spec.replicas).toBe(usual.queue.plan.value('shards'));
    expect(spec.podManagementPolicy).toBe('Parallel');
    expect(env('POD_NAME').valueFrom.fieldRef.fieldPath).toBe('metadata.name');
    // Nothing else refers to the set by name: no ScaledObject, no HorizontalPodAutoscaler.
    const name = usual.of('StatefulSet').metadata.name;
    const scaling = usual.manifests.filter((one) => JSON.stringify(one.spec ?? {}).includes(`"name":"${name}"`));
    expect(scaling).toEqual([]);
  });

  test('trap: two readers of one name at once while a pod is replaced: a StatefulSet ends the old one first', () => {
    // Only these have pods: a StatefulSet, whose controller makes no second pod of a name.
    const withPods = usual.manifests.filter(({ spec }) => spec?.template !== undefined).map(({ kind }) => kind);
    expect(withPods).toEqual(['StatefulSet']);
    expect(spec.updateStrategy?.rollingUpdate?.maxUnavailable).toBeUndefined();
    expect(spec.serviceName).toBe(usual.of('Service').metadata.name);
    expect(usual.of('Service').spec.clusterIP).toBe('None');
  });

  test('trap: a flush is cut by the end of its pod', () => {
    const { plan } = usual.queue;
    expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(plan.value('flushTimeoutSeconds'));
    expect(Number(env('STALLED_SECONDS').value)).toBeGreaterThan(plan.value('flushTimeoutSeconds'));
  });

  test('the plan is that of the same question', () => {
    const { knobs } = planCoalescing('Invalidations', { ...STORM, transport: 'redis-stream', invalidator: 'rebuild' });
    for (const { name, value } of knobs) expect([name, usual.queue.plan.value(name)]).toEqual([name, value]);
    expect(Number(env('WINDOW_SECONDS').value)).toBe(1.8);
  });

  test('no secret is in a manifest', () => {
    expect(env('REDIS_PASSWORD').valueFrom.secretKeyRef).toEqual({ name: 'announcements', key: 'password' });
    expect(env('REDIS_PASSWORD').value).toBeUndefined();
  });

  test('it may connect to Redis and to the service, and Prometheus to it', () => {
    const { ingress, egress } = usual.of('NetworkPolicy').spec;
    expect(egress.map(({ ports }: Untyped) => ports.map(({ port }: Untyped) => port))).toEqual([
      [53, 53],
      [6379],
      [8080],
    ]);
    expect(ingress[0].from[0].namespaceSelector.matchLabels).toEqual({ 'kubernetes.io/metadata.name': 'monitoring' });
  });
});

test('a cache: its address is in a Secret, and one call at a time deletes keys', () => {
  const cache = make({
    invalidator: Invalidator.cache({
      connection: { secretName: 'cache', key: 'url' },
      keyPrefix: 'page:',
      cidr: '10.1.0.0/16',
      port: 6380,
    }),
  });
  const [merger] = cache.of('StatefulSet').spec.template.spec.containers;
  const value = (name: string) => merger.env.find((one: Untyped) => one.name === name);
  expect(value('CACHE_URL').valueFrom.secretKeyRef.name).toBe('cache');
  expect(value('CACHE_PREFIX').value).toBe('page:');
  expect(value('REBUILD_URL')).toBeUndefined();
  expect(cache.queue.plan.value('keysPerCall')).toBe(1000);
  expect(JSON.stringify(cache.of('NetworkPolicy').spec.egress)).toContain('10.1.0.0/16');
});

test('a cache that is a cluster is connected to as one', () => {
  const { of } = make({
    invalidator: Invalidator.cache({ connection: { secretName: 'c', key: 'url' }, clusterMode: true }),
  });
  expect(of('StatefulSet').spec.template.spec.containers[0].env).toContainEqual({
    name: 'CACHE_CLUSTER',
    value: 'true',
  });
});

test('a merger has the memory that its plan sizes a batch for', () => {
  expect(container.resources.limits.memory).toBe(`${MERGER_BYTES / 1024 ** 2}Mi`);
  expect(env('NODE_OPTIONS').value).toBe('--max-old-space-size=384');
});

test('what is set by hand is in the plan and in the pods', () => {
  const { queue, of } = make({ window: Duration.millis(3600), shards: 2, workers: 2, outage: Duration.minutes(30) });
  expect(queue.plan.knob('windowSeconds')).toMatchObject({ value: 3.6, formula: 'given' });
  expect(of('StatefulSet').spec.replicas).toBe(2);
});

test('a renamed construct reads the same streams, under the same names', () => {
  const text = (id: string) =>
    JSON.stringify(
      make({}, id)
        .of('StatefulSet')
        .spec.template.spec.containers[0].env.filter(({ name }: Untyped) => name !== 'POD_NAME'),
    );
  expect(text('Renamed')).toBe(text('Invalidations'));
});

describe('refused', () => {
  test('a million keys of half a second: with ways out', () => {
    const error = refused({ workload: { ...STORM.workload, distinctKeys: 1_000_000, keySeconds: 0.5 } });
    expect(error).toBeInstanceOf(CapacityError);
  });

  test('every wrong prop at once', () => {
    const error = refused({
      stream: 'a b',
      redis: { host: 'no host', password: { secretName: 'No', key: '..' }, cidr: '10.0.0.0/99', port: 70_000 },
      monitoringNamespace: 'No',
      invalidator: Invalidator.http({ url: 'http://user:password@rebuild/?q=1', namespace: 'a', cidr: '10.0.0.0/8' }),
      window: Duration.millis(150),
    });
    expect(error).toBeInstanceOf(InvalidInputError);
    expect((error as InvalidInputError).failures.length).toBeGreaterThanOrEqual(9);
    expect(error.message).toContain('windowSeconds must be a multiple of 0.1');
  });
});
