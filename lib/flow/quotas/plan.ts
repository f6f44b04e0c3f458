/**
 * Quotas of a shared Kafka cluster, every knob with its reason.
 */

import { type Check, validate } from '../errors';
import { figure, sizeText } from '../figures';
import { MESSAGE_BYTES, QUOTA_WINDOW_SECONDS } from '../kafka';
import type { Knob } from '../plan';
import { quotaChecks, refuseOverload } from './checks';
import { producerSettings, producerTimeKnobs } from './producer-settings';
import { type ResolvedCapacity, resolveCapacity, type Seen, type Shares, shareOut } from './shares';
import { type KafkaTenant, QuotasPlan, type QuotasQuestion, type TenantQuota } from './workload';

const OWN = 'derived here from the capacity given';
const PER_BROKER = 'Apache Kafka documentation, Design, Quotas: each broker holds a client to its quota by itself';
/**
 * The quotas of a cluster's tenants.
 *
 * @param subject id of the sized construct; every error starts with it
 * @param question the cluster's capacity and its tenants
 * @param checks further checks of the input, thrown together with these
 * @throws InvalidInputError when a number is outside its range
 * @throws CapacityError when rates given by hand do not fit on a broker, or a tenant would get less than its mean rate
 * of writing or reading
 */
export function planQuotas(subject: string, question: QuotasQuestion, checks: readonly Check[] = []): QuotasPlan {
  validate(subject, [...checks, ...quotaChecks(question)]);
  const { capacity, tenants } = question;
  const resolved = resolveCapacity(capacity);
  const shares = shareOut(resolved, tenants);
  refuseOverload(subject, resolved, tenants, shares);
  const quotas: TenantQuota[] = [];
  const knobs: Knob[] = [...capacityKnobs(resolved, shares), ...producerTimeKnobs()];
  for (const [index, one] of shares.seen.entries()) {
    const { quota, reasons } = tenantQuota(one, shares.producer[index], shares.consumer[index], resolved, shares);
    quotas.push(quota);
    knobs.push(...reasons);
  }
  return new QuotasPlan(subject, knobs, quotas, remarks(subject, tenants, quotas));
}

function capacityKnobs(capacity: ResolvedCapacity, shares: Shares): Knob[] {
  const { brokers, spareBrokers, brokerBytesPerSecond, replicationFactor } = capacity;
  return [
    {
      name: 'producerCapacityPerBroker',
      value: shares.producerCapacity,
      unit: 'bytes/s',
      formula: 'bytes/s of a broker ÷ replication factor: it stores its own records and copies of the others',
      inputs: { brokerBytesPerSecond, replicationFactor },
      source: OWN,
    },
    {
      name: 'consumerCapacityPerBroker',
      value: shares.consumerCapacity,
      unit: 'bytes/s',
      formula: 'bytes/s of a broker − (replication factor − 1) × bytes/s that tenants may write to it',
      inputs: { brokerBytesPerSecond, replicationFactor, written: shares.producer.reduce((sum, one) => sum + one, 0) },
      source: OWN,
    },
    {
      name: 'brokersReckonedWith',
      value: brokers - spareBrokers,
      unit: 'brokers',
      formula: 'brokers − those that may be down',
      inputs: { brokers, spareBrokers },
      source: 'Amazon MSK developer guide, Patching: brokers restart one at a time',
    },
  ];
}

function tenantQuota(
  { tenant, weight, peak, busiest, partitions }: Seen,
  producerRate: number,
  consumerRate: number,
  capacity: ResolvedCapacity,
  shares: Shares,
): { quota: TenantQuota; reasons: Knob[] } {
  const { name } = tenant;
  const [producerByteRate, consumerByteRate] = [producerRate, consumerRate].map((rate) =>
    Math.max(1, Math.floor(rate)),
  );
  const share = producerByteRate / busiest;
  const excess = Math.max(0, peak - share) * (tenant.peakSeconds ?? 0);
  const peakWaitSeconds = excess / share;
  const { settings, knobs } = producerSettings({
    name,
    peakBytesPerSecond: peak,
    partitions,
    producerByteRate,
    peakWaitSeconds,
  });
  const totalWeight = shares.seen.reduce((sum, one) => sum + one.weight, 0);
  const threads = capacity.requestThreads;
  const requestPercentage =
    threads === undefined ? undefined : Math.max(1, Math.floor((100 * threads * weight) / totalWeight));
  const inputs = { busiestBrokerShare: busiest, peakBytesPerSecond: peak, weight };
  const rateKnob = (kind: string, value: number, given: number | undefined, room: number, most: string): Knob => ({
    name: `${kind}.${name}`,
    value,
    unit: 'bytes/s',
    formula:
      given === undefined
        ? `weighted max-min share of the busiest broker that leads its partitions, at most ${most}`
        : 'given for the cluster × the share that its busiest broker leads',
    inputs: given === undefined ? { ...inputs, capacityPerBroker: room } : { given, busiestBrokerShare: busiest },
    source: PER_BROKER,
  });
  const reasons = [
    rateKnob('producerByteRate', producerByteRate, tenant.producerBytesPerSecond, shares.producerCapacity, 'its peak'),
    rateKnob(
      'consumerByteRate',
      consumerByteRate,
      tenant.consumerBytesPerSecond,
      shares.consumerCapacity,
      'twice its peak for each reader, and what lets the largest batches through',
    ),
    ...(requestPercentage === undefined
      ? []
      : [
          {
            name: `requestPercentage.${name}`,
            value: requestPercentage,
            unit: 'percent of a thread',
            formula: '100 × threads × weight ÷ weights of all',
            inputs: { requestThreads: threads ?? 0, weight, totalWeight },
            source: 'KIP-124: a request quota is out of (num.io.threads + num.network.threads) × 100 %',
          },
        ]),
    ...knobs,
  ];
  const quota = {
    name,
    producerByteRate,
    consumerByteRate,
    requestPercentage,
    producerBytesPerSecond: share,
    consumerBytesPerSecond: consumerByteRate / busiest,
    peakWaitSeconds,
    producer: settings,
  };
  return { quota, reasons };
}

function remarks(subject: string, tenants: readonly KafkaTenant[], quotas: readonly TenantQuota[]): string[] {
  return [...throttledRemarks(subject, tenants, quotas), ...unreadRemarks(subject, tenants, quotas)];
}

/** An answer with more than the quota allows in its window is emptied, and asked for again. */
function unreadRemarks(subject: string, tenants: readonly KafkaTenant[], quotas: readonly TenantQuota[]): string[] {
  return tenants.flatMap(({ name, readers = 1 }, index) => {
    const most = quotas[index].consumerByteRate * QUOTA_WINDOW_SECONDS;
    if (readers === 0 || most >= MESSAGE_BYTES) return [];
    return [
      `${subject}: a batch of records of ${name} above ${figure(most)} bytes is never read: its quota of ${figure(quotas[index].consumerByteRate)} bytes/s is less than that in ${QUOTA_WINDOW_SECONDS} s; set max.message.bytes of its topics below, or give it more weight or consumerBytesPerSecond`,
    ];
  });
}

/** A tenant that is throttled at its peak is served as planned, and should know it. */
function throttledRemarks(subject: string, tenants: readonly KafkaTenant[], quotas: readonly TenantQuota[]): string[] {
  return tenants.flatMap(({ name, peakBytesPerSecond = 0 }, index) => {
    const { producerBytesPerSecond: share, peakWaitSeconds } = quotas[index];
    // Rounding down to a whole byte is no throttling.
    if (peakBytesPerSecond <= share * (1 + 1e-6) + 1000) return [];
    return [
      `${subject}: ${name} is held to ${sizeText(share)}/s of its ${sizeText(peakBytesPerSecond)}/s at the peak; its last record waits ${figure(peakWaitSeconds)} s`,
    ];
  });
}
