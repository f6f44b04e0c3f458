/** What the examples of docs/rules leave open about the number that a trigger brings. */
import { type Claim, findingsIn, idsIn, object, scaledObject } from './manifest';

const trigger = (type: string, metadata: object = {}) => ({ type, metadata });
const rabbit = (metadata: object = {}) =>
  trigger('rabbitmq', { queueName: 'q', mode: 'QueueLength', value: '1', ...metadata });
const sqs = (metadata: object = {}) => trigger('aws-sqs-queue', { queueLength: '1', ...metadata });
const stream = (metadata: object = {}) => trigger('redis-streams', { stream: 's', consumerGroup: 'g', ...metadata });

const scaledJob = (scalingStrategy: object | undefined, triggers: object[], spec: object = {}) =>
  object('keda.sh/v1alpha1', 'ScaledJob', 'w', {
    spec: {
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 1,
      scalingStrategy,
      triggers,
      ...spec,
      jobTargetRef: {
        activeDeadlineSeconds: 9,
        template: { spec: { containers: [{ name: 'main', resources: { limits: { memory: '1Gi' } } }] } },
      },
    },
  });
const byDefault = (...triggers: object[]) => scaledJob(undefined, triggers);
const accurate = (...triggers: object[]) => scaledJob({ strategy: 'accurate' }, triggers);

describe('KEDA-011: running Jobs are subtracted', () => {
  test.each<Claim>([
    ['from waiting messages, by default', [byDefault(rabbit({ protocol: 'amqp' }))], ['BP-KEDA-011']],
    ['from waiting messages, as the address says', [byDefault(rabbit({ host: 'amqps://mq' }))], ['BP-KEDA-011']],
    [
      'over HTTP that leaves out what is in work',
      [byDefault(rabbit({ protocol: 'http', excludeUnacknowledged: 'true' }))],
      ['BP-KEDA-011'],
    ],
    ['from a list', [byDefault(trigger('redis', { listName: 'l' }))], ['BP-KEDA-011']],
    ['from what SQS shows', [byDefault(sqs({ scaleOnInFlight: 'false' }))], ['BP-KEDA-011']],
    [
      'from visible messages of Azure',
      [byDefault(trigger('azure-queue', { queueLengthStrategy: 'visibleonly' }))],
      ['BP-KEDA-011'],
    ],
    ['from all messages of Azure', [byDefault(trigger('azure-queue', {}))], []],
    ['over HTTP', [byDefault(rabbit({ protocol: 'http' }))], []],
    ['of SQS, with what is in flight', [byDefault(sqs())], []],
    ['by a protocol that is in a Secret', [byDefault(rabbit())], []],
    ['when Jobs run one at a time', [scaledJob(undefined, [rabbit({ protocol: 'amqp' })], { maxReplicaCount: 1 })], []],
    ['when another trigger counts otherwise', [byDefault(rabbit({ protocol: 'amqp' }), sqs())], []],
    [
      'by a share that somebody chose',
      [scaledJob({ strategy: 'custom', customScalingRunningJobPercentage: '0' }, [rabbit({ protocol: 'amqp' })])],
      [],
    ],
    ['not at all, and none is in the count', [accurate(rabbit({ protocol: 'amqp' }))], []],
    ['not at all, and SQS counts them', [accurate(sqs())], ['BP-KEDA-011']],
    ['not at all, and the management interface counts them', [accurate(rabbit({ protocol: 'http' }))], ['BP-KEDA-011']],
    [
      'not at all, and Pub/Sub counts them',
      [accurate(trigger('gcp-pubsub', { subscriptionName: 's' }))],
      ['BP-KEDA-011'],
    ],
    ['not at all, for an age', [accurate(trigger('gcp-pubsub', { mode: 'OldestUnackedMessageAge' }))], []],
    ['not at all, and one of two triggers counts them', [accurate(sqs(), trigger('kafka', { lagThreshold: '1' }))], []],
    ['not at all, for a rate', [accurate(rabbit({ protocol: 'http', mode: 'MessageRate' }))], []],
    [
      'not at all, and nobody knows when a position is committed',
      [accurate(trigger('kafka', { lagThreshold: '1' }))],
      [],
    ],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});

describe('KEDA-013: pending entries', () => {
  const scaled = (spec: object, ...triggers: object[]) => scaledObject('w', { ...spec, triggers });
  const pending = stream({ pendingEntriesCount: '5' });
  test.each<Claim>([
    ['alone, from zero', [scaled({}, pending)], ['BP-KEDA-013']],
    ['alone, on a cluster', [scaled({}, { ...pending, type: 'redis-cluster-streams' })], ['BP-KEDA-013']],
    ['alone, for Jobs', [byDefault(pending)], ['BP-KEDA-013']],
    ['alone, from one', [scaled({ minReplicaCount: 1 }, pending)], ['BP-KEDA-013']],
    ['beside the lag', [scaled({}, pending, stream({ lagCount: '5' }))], []],
    ['with the lag in one trigger', [scaled({}, stream({ pendingEntriesCount: '5', lagCount: '5' }))], []],
    ['beside the length', [scaled({}, pending, stream({ streamLength: '5' }))], []],
    ['beside a clock', [scaled({}, pending, trigger('cron', { desiredReplicas: '1' }))], []],
    ['the lag alone', [scaled({}, stream({ lagCount: '5' }))], []],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });

  test('from zero it is an error, from one a warning', () => {
    const severity = (spec: object) => findingsIn(scaled(spec, pending))[0].severity;
    expect([severity({}), severity({ minReplicaCount: 1 })]).toEqual(['error', 'warning']);
  });
});

describe('KEDA-014: conditions of pending pods', () => {
  const conditions = { pendingPodConditions: ['Ready'] };
  test.each<Claim>([
    ['of the default', [scaledJob(conditions, [sqs()])], ['BP-KEDA-014']],
    ['of a custom strategy', [scaledJob({ strategy: 'custom', ...conditions }, [sqs()])], ['BP-KEDA-014']],
    ['of accurate', [scaledJob({ strategy: 'accurate', ...conditions }, [rabbit({ protocol: 'amqp' })])], []],
    ['of eager', [scaledJob({ strategy: 'eager', ...conditions }, [sqs()])], []],
    [
      'under a name that there is not',
      [scaledJob({ strategy: 'eager', customPendingPodConditions: ['Ready'] }, [sqs()])],
      ['BP-KEDA-014'],
    ],
    ['none', [scaledJob({ pendingPodConditions: null }, [sqs()])], []],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });
});

describe('KEDA-015: activation', () => {
  const kafka = (metadata: object = {}) => trigger('kafka', { topic: 't', ...metadata });
  const scaled = (spec: object, ...triggers: object[]) => scaledObject('w', { ...spec, triggers });
  test.each<Claim>([
    ['above the target', [scaled({}, kafka({ lagThreshold: '10', activationLagThreshold: '11' }))], ['BP-KEDA-015']],
    ['above the default target', [scaled({}, kafka({ activationLagThreshold: '11' }))], ['BP-KEDA-015']],
    [
      'above the target of RabbitMQ',
      [scaled({}, rabbit({ protocol: 'http', activationValue: '50' }))],
      ['BP-KEDA-015'],
    ],
    ['for Jobs too', [byDefault(sqs({ activationQueueLength: '2' }))], ['BP-KEDA-015']],
    ['at the target', [scaled({}, kafka({ lagThreshold: '10', activationLagThreshold: '10' }))], []],
    ['where another trigger may wake it', [scaled({}, kafka({ activationLagThreshold: '50' }), trigger('cron'))], []],
    [
      'with a replica that always runs',
      [scaled({ minReplicaCount: 1 }, kafka({ activationLagThreshold: '5' }))],
      ['BP-KEDA-015'],
    ],
    [
      'with a replica that runs unless idle',
      [scaled({ minReplicaCount: 1, idleReplicaCount: 0 }, kafka({ activationLagThreshold: '5' }))],
      [],
    ],
    [
      'of nothing with a replica that always runs',
      [scaled({ minReplicaCount: 1 }, kafka({ activationLagThreshold: '0' }))],
      [],
    ],
    [
      'by a formula, which alone is asked',
      [
        scaled(
          { advanced: { scalingModifiers: { formula: 'a', target: '5', activationTarget: '2' } } },
          kafka({ activationLagThreshold: '50' }),
        ),
      ],
      [],
    ],
    [
      'above the target of a formula',
      [
        scaled(
          { advanced: { scalingModifiers: { formula: 'a', target: '5', activationTarget: '9' } } },
          kafka(),
          kafka(),
        ),
      ],
      ['BP-KEDA-015'],
    ],
  ])('%s', (_, bodies, ids) => {
    expect(idsIn(...bodies)).toEqual(ids);
  });

  test('the message has the items that wait and the replicas that are meant to serve them', () => {
    const [{ message }] = findingsIn(scaled({}, kafka({ lagThreshold: '10', activationLagThreshold: '95' })));
    expect(message).toContain('up to 95 items wait at zero replicas');
    expect(message).toContain('10 replicas');
  });
});
