import { Random } from '../../flow/numerics/random';
import { type Pace, paceOf, slotSecondsOf } from '../../flow/rates/limit';
import { planRates } from '../../flow/rates/plan';
import { SENDERS, type SenderFacts, type SenderName } from '../../flow/rates/senders';
import { type MailingRun, type Slots, sendInSlots, sendUnlimited } from '../../flow/rates/simulation';
import type { ProviderLimit, RatesObjective, RatesPlan, RatesQuestion, RatesWorkload } from '../../flow/rates/workload';
import type { Engine } from '../engine';
import type { Answer, Numbers } from '../scenario';
import type { Kind } from './kind';
import { type Measured, NO_TIMELINES } from './measured';

/** A campaign through a provider with a limit: senders that take no notice of it before, one bucket after. */
export interface RatesScenario {
  readonly kind: 'rates';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  readonly workload: RatesWorkload;
  readonly objective: RatesObjective;
  readonly limit: ProviderLimit;
  /**
   * What is chosen by hand.
   *
   * @default - nothing
   */
  readonly choices?: Pick<RatesQuestion, 'messagesPerSecond' | 'burst'>;
  /** Senders before, each with one call after another. */
  readonly senders: number;
  /** Seconds that one of their calls takes. */
  readonly senderCallSeconds: number;
  readonly campaignsPerWeek: number;
  /** Share of a campaign, refused or bounced, from which the provider blocks the sender. */
  readonly blockedAtRatio: number;
}

/** How it is measured. */
export const rates: Kind<RatesScenario> = { measure: measureRates };

/** Who sends on each engine. */
const SENDER_OF: Readonly<Record<Engine, SenderName>> = { aws: 'lambda', k8s: 'deployment', gcp: 'cloud-tasks' };

function measureRates(subject: string, scenario: RatesScenario, seed: number, engine: Engine = 'aws'): Measured {
  const { workload, objective, limit, choices, senders, senderCallSeconds, campaignsPerWeek, blockedAtRatio } =
    scenario;
  const question: RatesQuestion = { workload, objective, limit, sender: SENDER_OF[engine], ...choices };
  const plan = planRates(subject, question);
  const sender = SENDERS[SENDER_OF[engine]];
  const pace = paceOf(limit, question, sender);
  const { windowMessages, windowSeconds } = pace;
  const { campaignMessages = 0, undeliverableRatio = 0, callSeconds } = workload;
  const mailing = { messages: campaignMessages, windowMessages, windowSeconds, undeliverableRatio };
  const numbers = ({ failedRatio, seconds }: Pick<MailingRun, 'failedRatio' | 'seconds'>): Numbers => ({
    failedRatio,
    blocksPerWeek: failedRatio >= blockedAtRatio ? campaignsPerWeek : 0,
    drainSeconds: seconds,
  });
  const { campaignSeconds = 0, failedRatio } = plan.predictions;
  return {
    before: numbers(sendUnlimited(mailing, senders, senderCallSeconds, new Random(seed))),
    after: {
      measured: numbers(sendInSlots(mailing, slotsOf(plan, pace, sender), callSeconds, new Random(seed))),
      predicted: numbers({ failedRatio, seconds: campaignSeconds }),
    },
    knobs: plan.knobs,
    timelines: NO_TIMELINES,
  };
}

/** The slots of a plan. A queue that is its own bucket saves a part of a second of its rate, and knows no late slot. */
function slotsOf(plan: RatesPlan, { jitterSeconds, messagesPerDay }: Pace, { burstSeconds }: SenderFacts): Slots {
  const messagesPerSecond = plan.value('messagesPerSecond');
  const isOwnBucket = burstSeconds !== undefined;
  return {
    messagesPerSecond,
    messagesPerDay,
    inFlight: plan.value('inFlight'),
    burst: isOwnBucket ? Math.max(1, Math.floor(messagesPerSecond * burstSeconds)) : plan.value('burst'),
    slotSeconds: isOwnBucket ? slotSecondsOf(jitterSeconds) : plan.value('slotSeconds'),
  };
}
