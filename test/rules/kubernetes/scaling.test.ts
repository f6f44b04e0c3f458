/** What the examples of docs/rules leave open about scalers and what they scale. */
import { type Claim, deployment, findingsIn, idsIn, object, scaledObject } from './manifest';

const SECONDS = 'backpressure-constructs/service-seconds';
const rabbit = (metadata = {}) => ({
  type: 'rabbitmq',
  metadata: { queueName: 'q', mode: 'QueueLength', value: '5', ...metadata },
});
const amqp = rabbit({ protocol: 'amqp' });
const kafka = (metadata = {}) => ({ type: 'kafka', metadata: { topic: 'events', lagThreshold: '10', ...metadata } });
const topic = (partitions: unknown, name = 'events') =>
  object('kafka.strimzi.io/v1', 'KafkaTopic', name, { spec: { partitions, replicas: 3 } });
const hpa = (name: string, target: string, metadata = {}) =>
  object(
    'autoscaling/v2',
    'HorizontalPodAutoscaler',
    name,
    {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target },
        maxReplicas: 5,
        metrics: [],
      },
    },
    metadata,
  );

describe('KEDA-016: a scaler of KEDA 1', () => {
  const old = (spec: object) => object('keda.k8s.io/v1alpha1', 'ScaledObject', 'w', { spec });
  test.each<Claim>([
    ['is found', [old({ triggers: [{ type: 'cpu' }] })], ['BP-KEDA-016']],
    [
      'is read all the same: its target has another scaler',
      [old({ scaleTargetRef: { deploymentName: 'w' }, triggers: [{ type: 'cpu' }] }), hpa('h', 'w')],
      ['BP-KEDA-006', 'BP-KEDA-016'],
    ],
    ['is no scaler of KEDA 2', [scaledObject('w', { triggers: [{ type: 'cpu' }] })], []],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});

describe('HPA-002: a number of pods beside a scaler', () => {
  const fixed = (kind: string) => object('apps/v1', kind, 'w', { spec: { replicas: 2 } });
  const keda = (ref: object) => scaledObject('w', { scaleTargetRef: ref, triggers: [amqp] });
  const only = (...bodies: Claim[1]) => idsIn(...bodies).filter((id) => id.startsWith('BP-HPA'));
  test.each<Claim>([
    ['is found beside KEDA', [fixed('Deployment'), keda({ name: 'w' })], ['BP-HPA-002']],
    ['is found of a StatefulSet', [fixed('StatefulSet'), keda({ kind: 'StatefulSet', name: 'w' })], ['BP-HPA-002']],
    ['is found once beside two', [fixed('Deployment'), keda({ name: 'w' }), hpa('h', 'w')], ['BP-HPA-002']],
    ['is none of a workload of another kind', [fixed('StatefulSet'), keda({ name: 'w' })], []],
    ['is what it is without a scaler', [fixed('Deployment')], []],
  ])('%s', (_, bodies, ids) => {
    expect(only(...bodies)).toEqual(ids);
  });
});

describe('KEDA-001: a target far above what one replica clears', () => {
  const kept = (minReplicaCount: number) =>
    scaledObject('w', { minReplicaCount, maxReplicaCount: 3, triggers: [kafka({ lagThreshold: '5000' })] });
  test.each<Claim>([
    ['is found where replicas follow it', [kept(1)], ['BP-KEDA-001']],
    ['starts nothing where their number is kept', [kept(3)], []],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});

describe('KEDA-003: a fallback', () => {
  const without = (...triggers: object[]) => scaledObject('w', { fallback: undefined, triggers });
  test.each([
    ['is missing for a source that can fail', [amqp], ['BP-KEDA-003']],
    ['is of no use to cpu and cron', [{ type: 'cpu' }, { type: 'cron' }], []],
    ['is supported for a metric of type Value too', [{ ...amqp, metricType: 'Value' }], ['BP-KEDA-003']],
  ])('%s', (_, triggers, ids) => {
    expect(idsIn(without(...triggers))).toEqual(ids);
  });
});

describe('KEDA-004: replicas above the partitions', () => {
  const scaled = (most: unknown, ...triggers: object[]) => scaledObject('w', { maxReplicaCount: most, triggers });
  test.each<Claim>([
    ['are found', [scaled(20, kafka()), topic(6)], ['BP-KEDA-004']],
    [
      'are found by the name of the topic, not of the object',
      [scaled(20, kafka({ topic: 'a.b' })), { ...topic(6), spec: { topicName: 'a.b', partitions: 6 } }],
      ['BP-KEDA-004'],
    ],
    ['are as many as there are', [scaled(6, kafka()), topic(6)], []],
    ['are the default, 100, when nobody has chosen', [scaled(undefined, kafka()), topic(6)], ['BP-KEDA-004']],
    ['are fewer than the partitions by default', [scaled(undefined, kafka()), topic(300)], ['BP-KEDA-004']],
    ['are fewer than the partitions by choice', [scaled(50, kafka()), topic(300)], []],
    ['are wanted with idle consumers', [scaled(20, kafka({ allowIdleConsumers: 'true' })), topic(6)], []],
    ['serve another trigger too', [scaled(20, kafka(), amqp), topic(6)], []],
    ['are not known without the topic', [scaled(20, kafka()), topic(6, 'others')], []],
    ['are not known when two clusters have the topic', [scaled(20, kafka()), topic(6), topic(30)], []],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});

describe('KEDA-005: scaled to zero in the middle of an item', () => {
  const worker = (grace?: number) => deployment('w', {}, { terminationGracePeriodSeconds: grace });
  const scaled = (spec: object, annotations = {}) => scaledObject('w', { triggers: [amqp], ...spec }, annotations);
  test.each<Claim>([
    ['by the annotated time', [scaled({}, { [SECONDS]: '400' })], ['BP-KEDA-005']],
    ['by the grace period', [scaled({ cooldownPeriod: 30 }), worker(60)], ['BP-KEDA-005']],
    [
      'by AMQP as the address says',
      [scaled({ cooldownPeriod: 30, triggers: [rabbit({ host: 'amqp://rabbitmq' })] }), worker(60)],
      ['BP-KEDA-005'],
    ],
    ['not when the cool-down is longer', [scaled({}), worker(60)], []],
    ['not when one replica stays', [scaled({ cooldownPeriod: 30, minReplicaCount: 1 }), worker(60)], []],
    ['not when nobody says how long an item takes', [scaled({ cooldownPeriod: 10 }), worker()], []],
    [
      'not over HTTP, which counts what is in flight',
      [scaled({ cooldownPeriod: 30, triggers: [rabbit({ protocol: 'http' })] }), worker(60)],
      [],
    ],
    [
      'over HTTP that is told not to',
      [
        scaled({ cooldownPeriod: 30, triggers: [rabbit({ protocol: 'http', excludeUnacknowledged: 'true' })] }),
        worker(60),
      ],
      ['BP-KEDA-005'],
    ],
    ['not when the protocol is in a secret', [scaled({ cooldownPeriod: 30, triggers: [rabbit()] }), worker(60)], []],
    [
      'of SQS only when it looks away',
      [
        scaled({ cooldownPeriod: 30, triggers: [{ type: 'aws-sqs-queue', metadata: { scaleOnInFlight: 'false' } }] }),
        worker(60),
      ],
      ['BP-KEDA-005'],
    ],
    [
      'of SQS not by default',
      [scaled({ cooldownPeriod: 30, triggers: [{ type: 'aws-sqs-queue', metadata: {} }] }), worker(60)],
      [],
    ],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});

describe('KEDA-006: two scalers on one workload', () => {
  const scaled = (name: string, target: string, annotations = {}) =>
    scaledObject(name, { scaleTargetRef: { name: target }, triggers: [amqp] }, annotations);
  test.each<Claim>([
    ['two ScaledObjects', [scaled('a', 'w'), scaled('b', 'w')], ['BP-KEDA-006']],
    ['two autoscalers', [hpa('a', 'w'), hpa('b', 'w')], ['BP-KEDA-006']],
    ['an autoscaler before the ScaledObject', [hpa('a', 'w'), scaled('b', 'w')], ['BP-KEDA-006']],
    ['one each', [hpa('a', 'v'), scaled('b', 'w')], []],
    [
      'the autoscaler that KEDA made',
      [scaled('b', 'w'), hpa('keda-hpa-b', 'w', { ownerReferences: [{ kind: 'ScaledObject', name: 'b' }] })],
      [],
    ],
    [
      'an autoscaler that is taken over',
      [hpa('a', 'w'), scaled('b', 'w', { 'scaledobject.keda.sh/transfer-hpa-ownership': 'true' })],
      [],
    ],
    ['of one name in two namespaces', [hpa('a', 'w', { namespace: 'x' }), hpa('a', 'w', { namespace: 'y' })], []],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});

describe('KEDA-007 and -008: time to finish', () => {
  const http = { triggers: [rabbit({ protocol: 'http' })] };
  const template = (body: ReturnType<typeof deployment>, annotations: object) => {
    const spec = body.spec as { template: object };
    return { ...body, spec: { ...spec, template: { ...spec.template, metadata: { annotations } } } };
  };
  const longJobs = (annotations: object, seconds = '900') =>
    object(
      'keda.sh/v1alpha1',
      'ScaledJob',
      'w',
      {
        spec: {
          successfulJobsHistoryLimit: 1,
          failedJobsHistoryLimit: 1,
          ...http,
          jobTargetRef: {
            activeDeadlineSeconds: 2000,
            template: {
              metadata: { annotations },
              spec: { containers: [{ name: 'main', resources: { limits: { memory: '1Gi' } } }] },
            },
          },
        },
      },
      { annotations: { [SECONDS]: seconds } },
    );
  const sleeping = (seconds: number, grace?: number) =>
    deployment(
      'w',
      { lifecycle: { preStop: { exec: { command: ['sh', '-c', `sleep ${seconds}`] } } } },
      { terminationGracePeriodSeconds: grace },
    );
  test.each<Claim>([
    [
      'a grace period above that of the cluster autoscaler',
      [scaledObject('w', http), deployment('w', {}, { terminationGracePeriodSeconds: 900 })],
      ['BP-KEDA-007'],
    ],
    ['the same where nobody scales', [deployment('w', {}, { terminationGracePeriodSeconds: 900 })], []],
    [
      'the same on a node that stays',
      [
        scaledObject('w', http),
        template(deployment('w', {}, { terminationGracePeriodSeconds: 900 }), {
          'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
        }),
      ],
      [],
    ],
    [
      'the same on a node that Karpenter leaves alone',
      [
        scaledObject('w', http),
        template(deployment('w', {}, { terminationGracePeriodSeconds: 900 }), {
          'karpenter.sh/do-not-disrupt': 'true',
        }),
      ],
      [],
    ],
    ['a Job for each long item, on a node that may go', [longJobs({})], ['BP-KEDA-012']],
    [
      'a Job for each long item that no autoscaler evicts',
      [longJobs({ 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' })],
      [],
    ],
    ['a Job for each long item that Karpenter leaves alone', [longJobs({ 'karpenter.sh/do-not-disrupt': 'true' })], []],
    [
      'a Job for each long item that may be evicted',
      [longJobs({ 'karpenter.sh/do-not-disrupt': 'false' })],
      ['BP-KEDA-012'],
    ],
    ['a Job for each item of 600 s', [longJobs({}, '600')], []],
    ['600 s exactly', [scaledObject('w', http), deployment('w', {}, { terminationGracePeriodSeconds: 600 })], []],
    ['an item longer than the default grace period', [deployment('w', {}, {}, { [SECONDS]: '31' })], ['BP-KEDA-008']],
    ['an item as long as it', [deployment('w', {}, {}, { [SECONDS]: '30' })], []],
    [
      'the item is annotated at the scaler',
      [scaledObject('w', http, { [SECONDS]: '31' }), deployment('w', {})],
      ['BP-KEDA-008'],
    ],
    ['a preStop hook that uses all of it up', [sleeping(30)], ['BP-KEDA-008']],
    ['a preStop hook that leaves time', [sleeping(10)], []],
    [
      'a preStop hook of the kubelet',
      [deployment('w', { lifecycle: { preStop: { sleep: { seconds: 45 } } } })],
      ['BP-KEDA-008'],
    ],
    [
      'a preStop hook and an item, each of which would fit',
      [deployment('w', { lifecycle: { preStop: { sleep: { seconds: 20 } } } }, {}, { [SECONDS]: '20' })],
      ['BP-KEDA-008'],
    ],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});

describe('KEDA-009, WORKER-001, HPA-001: what is multiplied', () => {
  const scaledJob = (spec: object, job: object, resources: object = { limits: { memory: '1Gi' } }) =>
    object('keda.sh/v1alpha1', 'ScaledJob', 'w', {
      spec: {
        successfulJobsHistoryLimit: 1,
        failedJobsHistoryLimit: 1,
        triggers: [rabbit({ protocol: 'http' })],
        ...spec,
        jobTargetRef: {
          activeDeadlineSeconds: 9,
          template: { spec: { containers: [{ name: 'main', resources }] } },
          ...job,
        },
      },
    });
  const range = (limits: object) =>
    object('v1', 'LimitRange', 'l', { spec: { limits: [{ type: 'Container', ...limits }] } });
  const utilization = (name: string) => ({
    type: 'Resource',
    resource: { name, target: { type: 'Utilization', averageUtilization: 70 } },
  });
  const autoscaler = (...metrics: object[]) => ({
    ...hpa('w', 'w'),
    spec: { ...(hpa('w', 'w').spec as object), metrics },
  });
  const asking = (resources: object) => deployment('w', { resources: { limits: { memory: '1Gi' }, ...resources } });
  test.each<Claim>([
    ['one of the history limits is left out', [scaledJob({ failedJobsHistoryLimit: undefined }, {})], ['BP-KEDA-009']],
    [
      'finished Jobs are removed after a while',
      [scaledJob({ failedJobsHistoryLimit: undefined }, { ttlSecondsAfterFinished: 60 })],
      [],
    ],
    ['a ScaledJob without memory limit', [scaledJob({}, {}, {})], ['BP-WORKER-001']],
    ['one at a time needs none', [scaledJob({ maxReplicaCount: 1 }, {}, {})], []],
    ['the namespace has a default limit', [scaledJob({}, {}, {}), range({ default: { memory: '1Gi' } })], []],
    ['a share of a request that there is not', [autoscaler(utilization('cpu')), asking({})], ['BP-HPA-001']],
    ['a limit is a request too', [autoscaler(utilization('cpu')), asking({ limits: { cpu: 1, memory: '1Gi' } })], []],
    [
      'the namespace has a default request',
      [autoscaler(utilization('cpu')), asking({}), range({ defaultRequest: { cpu: '100m' } })],
      [],
    ],
    [
      'only the container that is asked about counts',
      [
        autoscaler({
          type: 'ContainerResource',
          containerResource: { name: 'cpu', container: 'other', target: { type: 'Utilization' } },
        }),
        asking({}),
      ],
      [],
    ],
    [
      'an amount needs no request',
      [
        autoscaler({
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'AverageValue', averageValue: '1' } },
        }),
        asking({}),
      ],
      [],
    ],
    [
      'KEDA’s cpu trigger is no different',
      [
        scaledObject('w', { triggers: [{ type: 'cpu', metricType: 'Utilization', metadata: { value: '70' } }] }),
        asking({}),
      ],
      ['BP-HPA-001'],
    ],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });

  test('a target without a name is not the workload without a name', () => {
    const nameless = { ...asking({}), metadata: { generateName: 'w-' } };
    const scaler = { ...autoscaler(utilization('cpu')), spec: { scaleTargetRef: {}, metrics: [utilization('cpu')] } };
    expect(idsIn(scaler, nameless)).toEqual([]);
  });

  test('the numbers are in the message', () => {
    expect(findingsIn(scaledJob({ maxReplicaCount: 20 }, {}, {}))[0].message).toBe(
      'main has no memory limit, and ScaledJob/w starts up to 20 of it',
    );
  });
});
