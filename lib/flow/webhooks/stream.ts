/** Deliveries as records of a stream: the question of the topic and its consumers. */
import type { StreamQuestion } from '../streams/workload';
import type { WebhookQuestion } from './workload';

/** Attributes of a delivery as headers, its key, and what a record has besides. */
export const ATTRIBUTE_BYTES = 500;
const DEFAULT_BODY_BYTES = 1024;

/** The mean bytes of a record. */
export function recordBytesOf({ workload }: Pick<WebhookQuestion, 'workload'>): number {
  return (workload.itemBytes ?? DEFAULT_BODY_BYTES) + ATTRIBUTE_BYTES;
}

/**
 * The question of the stream: a delivery is a record, and a tenant is a key where the order of tenants is kept.
 *
 * @param retentionSeconds how long records are kept, where that is known
 */
export function streamQuestionOf(question: WebhookQuestion, retentionSeconds?: number): StreamQuestion {
  const { workload, objective, order } = question;
  const { steadyPerSecond, peakPerSecond, peakSeconds, serviceSeconds, serviceVariation, poisonRatio } = workload;
  const { latencySeconds, maxBacklog, headroom } = objective;
  const given = {
    partitions: question.partitions,
    currentPartitions: question.currentPartitions,
    instances: question.instances,
    minInstances: question.minInstances,
    startSeconds: question.startSeconds,
    outageSeconds: question.outageSeconds,
    existingTopic: question.existingTopic,
    retentionSeconds,
  };
  return {
    workload: withoutAbsent({
      steadyPerSecond,
      peakPerSecond,
      peakSeconds,
      recordSeconds: serviceSeconds,
      recordVariation: serviceVariation,
      recordBytes: recordBytesOf(question),
      keys: order?.tenants,
      hottestKeyRatio: order?.busiestRatio,
      poisonRatio,
    }),
    objective: withoutAbsent({ latencySeconds, maxLag: maxBacklog, headroom }),
    platform: 'kafka-keda',
    ...withoutAbsent(given),
  };
}

/** A field that is there and undefined would be a choice that is none. */
function withoutAbsent<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
