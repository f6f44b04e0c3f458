import { duration, figure, percent } from '../figures';
import { type Expectation, type Knob, Plan } from '../plan';
import type { SenderName } from './senders';

/**
 * What is sent. Give a campaign, a steady rate, or both.
 */
export interface RatesWorkload {
  /**
   * Messages of a campaign, handed over at once. 0 to 10^9.
   *
   * @default 0
   */
  readonly campaignMessages?: number;

  /**
   * Messages that arrive per second all the time. 0 to 10^9.
   *
   * @default 0
   */
  readonly steadyPerSecond?: number;

  /**
   * Recipients of one message. Providers count each of them. A whole number, 1 to 1,000.
   *
   * @default 1
   */
  readonly recipientsPerMessage?: number;

  /**
   * Mean time in seconds of one call to the provider. Above 0, at most 600.
   */
  readonly callSeconds: number;

  /**
   * Share of the addresses that do not exist. The provider takes these messages and they bounce. 0 to below 1.
   *
   * @default 0
   */
  readonly undeliverableRatio?: number;
}

/**
 * The limit of a provider.
 */
export interface ProviderLimit {
  /**
   * Recipients per second that it takes. Above 0, at most 10^6.
   */
  readonly perSecond: number;

  /**
   * Seconds over which it counts: in no such window may there be more than `perSecond` times its length. 0.001 to 86,400;
   * long enough for one message.
   *
   * @default - 1, or the time of one message where that is longer
   */
  readonly windowSeconds?: number;

  /**
   * Recipients in any 24 hours. Above 0, at most 10^12.
   *
   * @default - no daily limit
   */
  readonly perDay?: number;

  /**
   * The share of these limits that this sender may take; others in the account take the rest. Above 0, at most 1.
   *
   * @default 1
   */
  readonly share?: number;
}

/**
 * The promise of a sender.
 */
export interface RatesObjective {
  /**
   * Seconds until the provider has the last message of a campaign. Above 0, at most a year. Needs `campaignMessages`.
   *
   * @default - as long as it takes
   */
  readonly completeSeconds?: number;

  /**
   * Share of the messages that bounce at which sending pauses by itself. Above 0, below 0.1: there Amazon SES pauses the
   * account.
   *
   * @default 0.05
   */
  readonly bounceRatio?: number;

  /**
   * Share of the messages that recipients complain about at which sending pauses by itself. Above 0, below 0.005: there
   * Amazon SES pauses the account.
   *
   * @default 0.001
   */
  readonly complaintRatio?: number;

  /**
   * The multiple of the messages that the promise is made for. Above 1, at most 10. A given value is part of the promise;
   * the default yields, and the plan says so.
   *
   * @default 1.25
   */
  readonly headroom?: number;
}

/** What becomes of a mail that the provider may have or not. */
export enum UnknownMail {
  /** It is set aside in the quarantine, with an alarm. A person decides. */
  PARK = 'park',
  /** It is sent again. Some recipients then get it twice. */
  SEND = 'send',
}

/** The input of a sender's plan. Case, docs, environment and construct use the same one. */
export interface RatesQuestion {
  /** What is sent. */
  readonly workload: RatesWorkload;
  /** What is promised. Default: no more than the limit. */
  readonly objective?: RatesObjective;
  /** The provider's limit. */
  readonly limit: ProviderLimit;
  /** The limit of a second provider that takes over while the first is paused. Default: none. */
  readonly standby?: ProviderLimit;
  /** Who sends. Default: `lambda`. */
  readonly sender?: SenderName;
  /**
   * Seconds within which a message reaches the provider after its slot; one that leaves later than half of them takes a new slot. 0.002 to 10.
   * Default: 0.05.
   */
  readonly jitterSeconds?: number;
  /** Messages that may leave at once, given by hand. A whole number from 1. Default: 1. */
  readonly burst?: number;
  /** Messages per second, given by hand; no more than the limit leaves. Default: as many as it leaves. */
  readonly messagesPerSecond?: number;
}

/**
 * Predictions for a sender.
 */
export interface RatesPredictions {
  /** The rate as a share of what the provider allows. */
  readonly limitRatio: number;
  /**
   * Seconds until the provider has the last message of a campaign.
   *
   * @default - there is no campaign
   */
  readonly campaignSeconds?: number;
  /**
   * Days that a campaign is spread over by the daily limit.
   *
   * @default - there is no campaign
   */
  readonly campaignDays?: number;
  /**
   * The same in seconds, when the second provider sends all of it.
   *
   * @default - there is no campaign, or no second provider
   */
  readonly standbyCampaignSeconds?: number;
  /** Share of the steady messages that the rate has room for: steady rate ÷ rate. */
  readonly utilisation: number;
  /** Share of the messages that do not arrive: addresses that do not exist. No message is refused. */
  readonly failedRatio: number;
  /** The multiple of the messages at which the promise breaks, to 1 %. */
  readonly breaksAtLoad: number;
}

/**
 * The plan of a sender: its rate, its senders and its brake, each number with its reason.
 */
export class RatesPlan extends Plan {
  constructor(
    subject: string,
    knobs: Knob[],
    /** The predictions. */
    public readonly predictions: RatesPredictions,
    remarks: string[] = [],
  ) {
    super(subject, knobs, remarks);
  }

  public expectations(): Expectation[] {
    const {
      limitRatio,
      campaignSeconds,
      campaignDays,
      standbyCampaignSeconds,
      utilisation,
      failedRatio,
      breaksAtLoad,
    } = this.predictions;
    const days = campaignDays !== undefined && campaignDays > 1 ? `, over ${campaignDays} days` : '';
    const breaks = Number.isFinite(breaksAtLoad) ? `${figure(breaksAtLoad)} ×` : 'no multiple of';
    return [
      { label: 'rate', text: `${percent(limitRatio)} of the limit, in any window; no message is refused` },
      ...(campaignSeconds === undefined ? [] : [{ label: 'campaign', text: `${duration(campaignSeconds)}${days}` }]),
      ...(standbyCampaignSeconds === undefined
        ? []
        : [{ label: 'by the second provider', text: duration(standbyCampaignSeconds) }]),
      ...(utilisation > 0 ? [{ label: 'steady messages', text: `${percent(utilisation)} of the rate` }] : []),
      { label: 'messages that bounce', text: percent(failedRatio) },
      { label: 'the promise breaks at', text: `${breaks} the messages` },
    ];
  }
}
