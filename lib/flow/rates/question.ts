/** The question of a construct, and what it tells its senders: the same for every engine. */
import type { BucketSettings, PauseSettings } from './run-time';
import type { SenderName } from './senders';
import type { ProviderLimit, RatesObjective, RatesPlan, RatesQuestion, RatesWorkload } from './workload';

/** What every construct of this subject is asked. */
export interface Asked {
  readonly workload: RatesWorkload;
  readonly limit: ProviderLimit;
  readonly objective?: RatesObjective;
  readonly standby?: { readonly limit: ProviderLimit };
  readonly jitterSeconds?: number;
  readonly burst?: number;
  readonly messagesPerSecond?: number;
}

/** The question that the plan answers. */
export function ratesQuestion(asked: Asked, sender: SenderName): RatesQuestion {
  const { workload, limit, objective, standby, jitterSeconds, burst, messagesPerSecond } = asked;
  return {
    workload,
    limit,
    sender,
    ...(objective !== undefined && { objective }),
    ...(standby !== undefined && { standby: standby.limit }),
    ...(jitterSeconds !== undefined && { jitterSeconds }),
    ...(burst !== undefined && { burst }),
    ...(messagesPerSecond !== undefined && { messagesPerSecond }),
  };
}

/** The bucket of a provider, the first or the second, from the knobs of the plan. */
export function bucketSettings(plan: RatesPlan, whose: 'first' | 'standby'): BucketSettings {
  const has = (name: string) => plan.knobs.some((knob) => knob.name === name);
  const [rate, day] =
    whose === 'first' ? ['messagesPerSecond', 'messagesPerDay'] : ['standbyMessagesPerSecond', 'standbyMessagesPerDay'];
  const horizon = whose === 'standby' && has('standbyHorizonSeconds') ? 'standbyHorizonSeconds' : 'horizonSeconds';
  return {
    messagesPerSecond: plan.value(rate),
    burst: plan.value('burst'),
    slotSeconds: plan.value('slotSeconds'),
    ...(has(day) && { messagesPerDay: plan.value(day) }),
    throttledFactor: plan.value('throttledFactor'),
    recoveryStep: plan.value('recoveryStep'),
    adaptSeconds: plan.value('adaptSeconds'),
    horizonSeconds: plan.value(horizon),
  };
}

/** When senders in pods pause by themselves, from the knobs of the plan. */
export function pauseSettings(plan: RatesPlan): PauseSettings {
  return {
    ratio: plan.value('pauseAtBounceRatio'),
    leastMessages: plan.value('pauseLeastMessages'),
    windowSeconds: plan.value('pauseWindowSeconds'),
  };
}
