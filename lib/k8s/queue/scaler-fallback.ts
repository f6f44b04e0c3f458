import { type Check, wholeNumber } from '../../flow/errors';

/**
 * What runs while KEDA cannot read the queue. Pick one of the two.
 */
export class ScalerFallback {
  /**
   * This many replicas, after three readings in a row have failed.
   *
   * @param replicas a whole number from 0 to the `maxInstances` of the plan
   */
  public static replicas(replicas: number): ScalerFallback {
    return new ScalerFallback(replicas);
  }

  /**
   * None: the number of replicas stays as it is, and a worker at zero is not woken.
   *
   * @param reason why, for those who read the plan
   */
  public static none(reason: string): ScalerFallback {
    return new ScalerFallback(undefined, reason);
  }

  /** @internal */
  private constructor(
    /** @internal */
    public readonly _replicas: number | undefined,
    /** @internal */
    public readonly _reason?: string,
  ) {}
}

/** The checks that need no plan. */
export function fallbackChecks(fallback: ScalerFallback | undefined): Check[] {
  if (fallback === undefined) return [];
  const { _replicas: replicas, _reason: reason } = fallback;
  return [
    wholeNumber('fallback.replicas', replicas, 0),
    {
      refused: replicas === undefined && (typeof reason !== 'string' || reason.trim() === ''),
      message: "fallback.none needs its reason, such as 'the database takes no more connections'",
    },
  ];
}
