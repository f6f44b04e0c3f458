/**
 * A whole campaign in virtual time: a queue that counts receives as Amazon SQS does, functions that take batches as an
 * event source mapping gives them, one table, and a provider that takes so many in any second.
 */
import { Random } from '../../lib/flow/numerics/random';
import { bucketSettings } from '../../lib/flow/rates/question';
import { ANSWER_SECONDS } from '../../lib/flow/rates/run-time';
import type { RatesPlan } from '../../lib/flow/rates/workload';
import { DynamoBucketStore, DynamoClaims } from '../../lib/runtime/sender/dynamo';
import type { Outcome } from '../../lib/runtime/sender/mail';
import type { Counted, SenderConfig } from '../../lib/runtime/sender/ports';
import { sendBatch } from '../../lib/runtime/sender/send';
import { SharedBucket } from '../../lib/runtime/sender/slots';
import { DynamoTable } from './dynamo-table';
import { CONFIG, CountingProvider, message, mostInWindow, VirtualTime } from './mailing';

const WINDOW_SECONDS = 1;
const POLL_MILLIS = 200;

export interface Campaign {
  readonly plan: RatesPlan;
  readonly mails: number;
  /** What the provider takes in any second. Default: everything. */
  readonly takesPerSecond?: number;
  /** What the provider answers in place of that. */
  readonly answer?: Outcome;
  /** Milliseconds that the clock of each function is ahead. */
  readonly skews?: readonly number[];
  /** The oldest visible message first, or any. */
  readonly order?: 'oldest' | 'random';
  readonly callMillis?: number;
  /** Stops after so many seconds, done or not. */
  readonly seconds?: number;
}

interface Waiting {
  readonly id: string;
  receives: number;
  visibleAt: number;
}

/** What became of it. */
export interface CampaignRun {
  readonly sent: number;
  readonly deadLetters: number;
  /** Mails that were taken twice. */
  readonly twice: number;
  /** Mails that the provider took or refused in any second at most. */
  readonly mostInSecond: number;
  readonly seconds: number;
  /** Receives that ended without a call. */
  readonly givenBack: number;
  readonly counts: Partial<Record<Counted, number>>;
  /** Mails taken a second, between the first and the last of them. */
  readonly perSecond: number;
}

/** The numbers of a sender as the construct puts them into its environment. */
export function configOf(plan: RatesPlan): SenderConfig {
  const value = (knob: string) => plan.value(knob);
  return {
    ...CONFIG,
    claimSeconds: value('functionTimeoutSeconds'),
    callSeconds: value('callTimeoutSeconds'),
    backoffSeconds: value('backoffSeconds'),
    backoffCapSeconds: value('backoffCapSeconds'),
    closedSeconds: value('closedSeconds'),
    holdSeconds: value('holdSeconds'),
  };
}

/** Runs it to its end, or for so long. */
export async function runCampaign(campaign: Campaign): Promise<CampaignRun> {
  const { plan, mails, takesPerSecond, order = 'oldest', callMillis = 150, seconds = 86_400 } = campaign;
  const { skews = Array.from({ length: plan.value('senders') }, () => 0) } = campaign;
  const time = new VirtualTime();
  const began = time.millis;
  const end = began + seconds * 1000;
  const random = new Random(7);
  const table = new DynamoTable();
  table.pause = () => time.wait(5);
  const provider = new CountingProvider(time, callMillis);
  const taken: { readonly id: string; readonly at: number }[] = [];
  provider.answer = ({ id }) => {
    if (campaign.answer !== undefined) return campaign.answer;
    // What it took within the last second counts, when the mail arrives.
    const at = time.millis - callMillis;
    const recent = taken.slice(-(takesPerSecond ?? 1)).filter((one) => one.at > at - 1000 * WINDOW_SECONDS).length;
    if (takesPerSecond !== undefined && recent >= takesPerSecond) return { kind: 'throttled' };
    taken.push({ id, at });
    return { kind: 'sent', messageId: id };
  };
  const queue: Waiting[] = Array.from({ length: mails }, (_, at) => ({ id: `mail${at}`, receives: 0, visibleAt: 0 }));
  const counts: Partial<Record<Counted, number>> = {};
  const config = configOf(plan);
  let [deadLetters, givenBack, left, inWork] = [0, 0, mails, 0];

  const receive = (most: number): Waiting[] => {
    const batch: Waiting[] = [];
    const start = order === 'random' ? Math.floor(random.uniform() * queue.length) : 0;
    for (let turn = 0; turn < queue.length && batch.length < most; turn += 1) {
      const at = (start + turn) % queue.length;
      const one = queue[at];
      if (one.visibleAt > time.millis) continue;
      if (one.receives >= plan.value('maxReceiveCount')) {
        one.visibleAt = Number.POSITIVE_INFINITY;
        deadLetters += 1;
        left -= 1;
        continue;
      }
      one.receives += 1;
      one.visibleAt = time.millis + 6 * plan.value('functionTimeoutSeconds') * 1000;
      batch.push(one);
    }
    return batch;
  };

  const work = async (skew: number): Promise<void> => {
    const now = () => time.millis + skew;
    const bucket = new SharedBucket(
      new DynamoBucketStore(table.client, 'mails', 'ses'),
      bucketSettings(plan, 'first'),
      now,
    );
    while (left > 0 && time.millis < end) {
      const batch = receive(plan.value('messagesPerSender'));
      if (batch.length === 0) {
        // With nothing in work nothing changes before the next message is visible: a day of that is one step.
        const next = inWork > 0 ? 0 : Math.min(...queue.map(({ visibleAt }) => visibleAt), end) - time.millis;
        await time.wait(Math.max(POLL_MILLIS, Math.ceil(next / POLL_MILLIS) * POLL_MILLIS));
        continue;
      }
      inWork += 1;
      const deadline = now() + (plan.value('functionTimeoutSeconds') - ANSWER_SECONDS) * 1000;
      const calls = provider.arrivals.length;
      const verdicts = await sendBatch(
        batch.map(({ id, receives }) => message(id, { receives })),
        deadline,
        config,
        {
          claims: new DynamoClaims(table.client, 'mails', 86_400),
          lanes: [{ name: 'ses', provider, bucket }],
          park: async () => {},
          count: (name, value) => {
            counts[name] = (counts[name] ?? 0) + value;
          },
          log: () => {},
          now,
          wait: time.wait,
          random: () => random.uniform(),
        },
      );
      inWork -= 1;
      const called = new Set(provider.arrivals.slice(calls).map(({ id }) => id));
      for (const one of batch) {
        const verdict = verdicts.get(`m-${one.id}`);
        if (verdict === 'done') {
          queue.splice(queue.indexOf(one), 1);
          left -= 1;
        } else {
          one.visibleAt = time.millis + (verdict?.hideSeconds ?? 0) * 1000;
          if (!called.has(one.id)) givenBack += 1;
        }
      }
    }
  };
  await time.until(Promise.all(skews.map(work)));
  const times = taken.map(({ at }) => at);
  return {
    sent: taken.length,
    deadLetters,
    twice: taken.length - new Set(taken.map(({ id }) => id)).size,
    mostInSecond: mostInWindow(
      provider.arrivals.map(({ at }) => at),
      1000,
    ),
    seconds: (time.millis - began) / 1000,
    givenBack,
    counts,
    perSecond: ((taken.length - 1) * 1000) / (Math.max(...times) - Math.min(...times)),
  };
}
