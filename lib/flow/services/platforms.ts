/** How instances of a service come: how often the load is read, how long a decision and a start take. */

/** Platforms of a service. */
export const SERVICE_PLATFORMS = ['kubernetes', 'fargate'] as const;

/** The name of a platform. */
export type ServicePlatform = (typeof SERVICE_PLATFORMS)[number];

/** Facts of a platform. */
export interface ServicePlatformFacts {
  readonly instance: string;
  /** Seconds from a change of the load to a reading that shows it. */
  readonly readSeconds: number;
  /** Seconds from that to the decision. */
  readonly decideSeconds: number;
  /** Seconds of a start, unless the workload says. */
  readonly startSeconds: number;
  readonly source: string;
}

/** Prometheus scrapes pods this often. */
export const SCRAPE_SECONDS = 30;
/** A rate that the autoscaler reads is taken over so much: four scrapes, of which one may be missing. */
export const LOAD_WINDOW_SECONDS = 4 * SCRAPE_SECONDS;

/** The platforms. */
export const SERVICE_PLATFORM_FACTS: Readonly<Record<ServicePlatform, ServicePlatformFacts>> = {
  kubernetes: {
    instance: 'pod',
    readSeconds: SCRAPE_SECONDS,
    decideSeconds: 15,
    startSeconds: 30,
    source: 'kube-controller-manager, --horizontal-pod-autoscaler-sync-period: 15 s; scrapeSeconds',
  },
  fargate: {
    instance: 'task',
    readSeconds: 60,
    decideSeconds: 180,
    startSeconds: 60,
    source:
      'Application Auto Scaling user guide, target tracking: three periods of a minute; ALBRequestCountPerTarget is published every minute',
  },
};

/**
 * Seconds from a change of the load to a reading that shows all of it. The gate says how many requests it has. Of Envoy's requests
 * only the time is known, once they have ended: the mean of a window shows a change in full when the window has passed.
 */
export function readSecondsOf(
  platform: ServicePlatform,
  admission: string | undefined,
  latencySeconds: number,
): number {
  const { readSeconds } = SERVICE_PLATFORM_FACTS[platform];
  return admission === 'envoy' ? readSeconds + LOAD_WINDOW_SECONDS + latencySeconds : readSeconds;
}
