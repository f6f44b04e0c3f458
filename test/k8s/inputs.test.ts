/** What a caller in JavaScript or Python can give is refused by the name of the prop, and stands in no manifest. */
import { InvalidInputError } from '../../lib/flow/errors';
import { KafkaQuotas } from '../../lib/k8s/quotas/kafka-quotas';
import { FairShare } from '../../lib/k8s/shares/fair-share';
import { TenantNamespace } from '../../lib/k8s/shares/tenant-namespace';
import { emptyChart } from '../support/manifest';
import type { Untyped } from '../support/stack';

const share = {
  name: 'risk',
  weight: 1,
  wantedJobs: 4,
  nominalJobs: 4,
  borrowedJobs: 2,
  quotaJobs: 7,
  jobCpu: 1,
  jobMemoryBytes: 2 ** 30,
  onTimeRatio: 1,
};

const namespace = (given: Untyped) =>
  new TenantNamespace(emptyChart(), 'It', {
    name: 'risk',
    share: { ...share, ...given },
    cohortName: 'batch',
    flavorName: 'standard',
  });

const quotas = (given: Untyped) =>
  new KafkaQuotas(emptyChart(), 'It', {
    clusterName: 'events',
    capacity: { brokers: 3, brokerBytesPerSecond: 60_000_000 },
    tenants: [{ name: 'billing', steadyBytesPerSecond: 1_000_000 }],
    topics: [{ topicName: 'billing', tenant: 'billing', partitions: 6 }],
    ...given,
  });

const NUMBERS = ['weight', 'nominalJobs', 'borrowedJobs', 'quotaJobs', 'jobCpu', 'jobMemoryBytes'];
const WRONG = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 1e300, Number.MIN_VALUE];

test.each(NUMBERS.flatMap((name) => WRONG.map((value) => [name, value] as const)))(
  'a share of which %s is %p is refused by name',
  (name, value) => {
    expect(() => namespace({ [name]: value })).toThrow(InvalidInputError);
    expect(() => namespace({ [name]: value })).toThrow(new RegExp(`^It: share\\.${name} must be .*, got `));
  },
);

test('a tenant of a shared cluster with a name that the construct tree cannot hold is refused by name', () => {
  const tenant = { workload: { steadyPerSecond: 0.01, serviceSeconds: 100 }, jobCpu: 1, jobMemoryBytes: 2 ** 30 };
  const shared = (name: string) =>
    new FairShare(emptyChart(), 'It', {
      capacity: { cpu: 100, memoryBytes: 1e12 },
      tenants: [{ ...tenant, name }],
      objective: { latencySeconds: 3600 },
    });
  expect(() => shared('constructor')).toThrow(InvalidInputError);
  expect(shared('constructors').tenants).toHaveLength(1);
});

test('a share within its ranges is a namespace', () => {
  expect(namespace({}).namespace.name).toBe('risk');
});

test('an authentication that Strimzi does not have is refused with those that it has', () => {
  expect(() => quotas({ authentication: 'none' })).toThrow(
    "It: authentication must be one of scram-sha-512, tls, got 'none'",
  );
});

test('the settings of a tenant that there is not are refused with the tenants that there are', () => {
  expect(() => quotas({}).producerProperties('constructor')).toThrow(InvalidInputError);
  expect(() => quotas({}).producerProperties('constructor')).toThrow("It: no tenant 'constructor'; there are billing");
});
