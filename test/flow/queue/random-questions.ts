/** Random questions over every pair of a platform and a broker, the same ones every time. */
import { Random } from '../../../lib/flow/numerics/random';
import type { BrokerName } from '../../../lib/flow/queue/brokers/facts';
import { BROKERS } from '../../../lib/flow/queue/brokers/table';
import type { PlatformName } from '../../../lib/flow/queue/platforms/facts';
import { PLATFORMS } from '../../../lib/flow/queue/platforms/table';
import type { QueueQuestion } from '../../../lib/flow/queue/question';

export interface Pair {
  readonly platform: PlatformName;
  readonly broker: BrokerName;
}

/** Every pair of a platform and a broker that it takes items from. */
export const PAIRS: readonly Pair[] = (Object.keys(PLATFORMS) as PlatformName[]).flatMap((platform) =>
  PLATFORMS[platform].facts.brokers.map((broker) => ({ platform, broker })),
);

/** Every pair of a platform and a broker that does not serve it. */
export const IMPOSSIBLE_PAIRS: readonly Pair[] = (Object.keys(PLATFORMS) as PlatformName[]).flatMap((platform) =>
  (Object.keys(BROKERS) as BrokerName[])
    .filter((broker) => !PLATFORMS[platform].facts.brokers.includes(broker))
    .map((broker) => ({ platform, broker })),
);

/** A question that is often refused: bounds by hand, short promises, long items. */
export function tightQuestion(random: Random, { platform, broker }: Pair): QueueQuestion {
  const spread = (low: number, high: number) => low * (high / low) ** random.uniform();
  const oneIn = (n: number) => random.uniform() < 1 / n;
  const isLambda = platform.startsWith('lambda');
  const long = oneIn(6);
  const serviceSeconds = long ? spread(200, 9000) : spread(0.03, 30);
  const steadyPerSecond = Math.min(spread(0.01, 30), 300 / serviceSeconds);
  const peakPerSecond = steadyPerSecond * spread(1, 20);
  const busy = peakPerSecond * serviceSeconds;
  const batchWindowSeconds = isLambda && oneIn(4) ? Math.ceil(spread(1, 20)) : undefined;
  const priced = oneIn(4);
  const canSleep = (platform === 'fargate' || platform === 'keda') && oneIn(4);
  const [least, most] = [1, Math.max(1, Math.floor(busy * spread(0.3, 1.3)))];
  return {
    platform,
    broker,
    workload: {
      steadyPerSecond,
      peakPerSecond,
      peakSeconds: oneIn(8) ? spread(86_400, 900_000) : spread(30, 3000),
      serviceSeconds,
      ...(oneIn(4) ? { failureRatio: spread(0.01, 0.2) } : {}),
      ...(oneIn(4) ? { serviceVariation: spread(0.1, 2) } : {}),
    },
    objective: {
      latencySeconds: serviceSeconds * spread(1, 15) + (batchWindowSeconds ?? 0),
      ...(oneIn(4) ? { maxBacklog: Math.ceil(peakPerSecond * spread(0.1, 5)) } : {}),
      ...(oneIn(4) ? { headroom: spread(1.05, 2) } : {}),
      ...(priced ? { monthlyCost: 36 * busy * spread(0.4, 1.6) } : {}),
    },
    consumer: {
      ...(oneIn(2) ? { maxInstances: most } : {}),
      ...(oneIn(4) && !canSleep && !isLambda && platform !== 'keda-job' ? { minInstances: least } : {}),
      ...(oneIn(6) ? { instanceLimit: most } : {}),
      ...(priced ? { instanceHourCost: 0.05 } : {}),
    },
    batchWindowSeconds,
    ...(canSleep ? { scaleToZero: true } : {}),
    ...(broker === 'kafka' && oneIn(2) ? { partitions: most } : {}),
    ...((broker === 'sqs' || broker === 'pubsub') && oneIn(6) ? { retentionSeconds: 86_400 } : {}),
    ...(broker === 'sqs' && oneIn(8)
      ? { visibilityTimeoutSeconds: Math.min(43_200, Math.ceil(spread(10, 90_000))) }
      : {}),
  };
}
