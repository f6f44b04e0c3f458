/**
 * Sends mails in their slots, each once: claim, slot, call, record. A claim that is found again from before a crash was
 * between call and record, so its mail may have left; it is parked, not sent a second time.
 */
import { randomUUID } from 'node:crypto';
import { type Mail, mailOf, type Outcome } from './mail';
import type { Counted, Lane, Message, Ports, SenderConfig, Verdict } from './ports';
import type { Closed, Slot } from './slots';

/** A mail that this sender has claimed. */
interface Claimed {
  readonly message: Message;
  readonly mail: Mail;
  readonly token: string;
}

/** Slots of a provider, or why there are none. */
type Found =
  | { readonly lane: Lane; readonly slots: readonly Slot[] }
  | { readonly closed: Closed; readonly retryMillis: number }
  | { readonly failed: unknown };

/** Under which name mails are counted that are given back, beside `Closed`: no provider took them. */
const GIVEN_BACK: Readonly<Partial<Record<Closed, Counted>>> = { paused: 'Paused', day: 'DayFull', busy: 'Busy' };
/** Slots that a late mail may take after its first one. */
const MOST_SLOTS = 4;
/** How long before its slot a mail has its connection opened. */
const READY_MILLIS = 2000;
const MOST_RECORDS = 4;
const RECORD_PAUSE_MILLIS = 50;

/**
 * Sends what is in the messages. It does not throw: a message that is neither sent nor parked comes back.
 *
 * @param deadline when the sender has to have ended, in milliseconds since the epoch
 */
export async function sendBatch(
  messages: readonly Message[],
  deadline: number,
  config: SenderConfig,
  ports: Ports,
): Promise<ReadonlyMap<string, Verdict>> {
  return new Batch(deadline, config, ports).send(messages);
}

class Batch {
  readonly #verdicts = new Map<string, Verdict>();
  readonly #counts = new Map<Counted, number>();

  constructor(
    private readonly deadline: number,
    private readonly config: SenderConfig,
    private readonly ports: Ports,
  ) {}

  public async send(messages: readonly Message[]): Promise<ReadonlyMap<string, Verdict>> {
    const claimed = (await Promise.all(messages.map((message) => this.#claim(message)))).flat();
    if (claimed.length > 0) await this.#sendClaimed(claimed);
    for (const [name, value] of this.#counts) this.ports.count(name, value);
    return this.#verdicts;
  }

  async #claim(message: Message): Promise<Claimed[]> {
    const read = mailOf(message.body, this.config.mostRecipients);
    if ('fault' in read) {
      await this.#park(message, `malformed: ${read.fault}`);
      return [];
    }
    const { mail } = read;
    const now = this.ports.now();
    const token = randomUUID();
    try {
      const claim = await this.ports.claims.claim(mail.id, now, token);
      if (claim.state === 'mine') return [{ message, mail, token }];
      if (claim.state !== 'sending') {
        this.#count('Duplicate');
        this.#verdicts.set(message.messageId, 'done');
        return [];
      }
      const rest = this.config.claimSeconds * 1000 - claim.ageMillis;
      // Another sender is at it. A clock ahead of this one must not hide the message for hours.
      if (rest > 0) {
        this.#hide(message, Math.min(Math.ceil(rest / 1000), this.config.claimSeconds));
        return [];
      }
      return await this.#unknown({ message, mail, token }, claim.since, 'a sender ended between call and record');
    } catch (error) {
      // It may have been written all the same, and would be parked as a mail that was perhaps sent.
      await this.#release({ message, mail, token });
      this.#failed(message, 'claim', error);
      return [];
    }
  }

  /** A mail that may have been sent. */
  async #unknown(claimed: Claimed, since: number, reason: string): Promise<Claimed[]> {
    const { message, mail, token } = claimed;
    if (this.config.onUnknown === 'send') {
      if (await this.ports.claims.takeOver(mail.id, since, this.ports.now(), token)) return [claimed];
      this.#hide(message, 1);
      return [];
    }
    await this.#park(message, `perhaps sent: ${reason}`, mail);
    return [];
  }

  /** Sends each in its slot. A mail for which there is none yet waits for it as long as the function may. */
  async #sendClaimed(claimed: readonly Claimed[]): Promise<void> {
    const sending: Promise<void>[] = [];
    let waiting = claimed;
    while (waiting.length > 0) {
      const found = await this.#reserve(waiting.length);
      if ('failed' in found) {
        await Promise.all(waiting.map((one) => this.#release(one)));
        for (const { message } of waiting) this.#failed(message, 'bucket', found.failed);
        break;
      }
      if ('slots' in found) {
        const { lane, slots } = found;
        // Together: one that waits for the one before it would miss its slot.
        sending.push(...waiting.slice(0, slots.length).map((one, at) => this.#sendOne(one, lane, slots[at])));
        waiting = waiting.slice(slots.length);
      } else if (found.closed === 'busy' && this.#hasTime(found.retryMillis)) {
        await this.ports.wait(found.retryMillis);
      } else {
        await this.#giveBack(waiting, found.closed, found.retryMillis);
        break;
      }
    }
    // One that fails must not end the others, whose calls run.
    const failed = (await Promise.allSettled(sending)).filter((one) => one.status === 'rejected');
    for (const { reason } of failed) this.ports.log('failed', { what: 'send', error: nameOf(reason) });
  }

  /** Slots of the first provider that has any, or why there are none. */
  async #reserve(count: number): Promise<Found> {
    const { lanes } = this.ports;
    const closed: { readonly closed: Closed; readonly retryMillis: number }[] = [];
    for (const [index, lane] of lanes.entries()) {
      try {
        const reservation = await lane.bucket.reserve(count, this.#latest);
        if ('slots' in reservation) {
          if (index > 0) this.#count('Standby', reservation.slots.length);
          return { lane, slots: reservation.slots };
        }
        const { closed: why, retryMillis = this.config.closedSeconds * 1000 } = reservation;
        closed.push({ closed: why, retryMillis });
        // Also where another provider takes them: only this says that one is away.
        if (why === 'away') this.#count('Away', count);
        // A pause is meant for all providers: what bounces at one bounces at the other. And one in use is not away.
        if (why === 'paused' || why === 'busy') return { closed: why, retryMillis };
      } catch (failed) {
        return { failed };
      }
    }
    return closed.reduce((first, one) => (one.retryMillis < first.retryMillis ? one : first));
  }

  /** The last moment at which a call may begin. */
  get #latest(): number {
    return this.deadline - this.config.callSeconds * 1000;
  }

  #hasTime(millis: number): boolean {
    return !this.ports.isStopped?.() && this.ports.now() + millis <= this.#latest;
  }

  async #giveBack(claimed: readonly Claimed[], why: Closed, retryMillis: number): Promise<void> {
    const { closedSeconds, holdSeconds } = this.config;
    const reason = GIVEN_BACK[why];
    if (reason !== undefined) this.#count(reason, claimed.length);
    if (why !== 'busy') this.#count('Closed', claimed.length);
    await Promise.all(claimed.map((one) => this.#release(one)));
    const hideSeconds = Math.min(closedSeconds, Math.max(1, Math.ceil(retryMillis / 1000)));
    for (const { message } of claimed) this.#hide(message, hideSeconds);
    // Or the whole queue would be received and hidden within minutes.
    const rest = this.deadline - this.ports.now();
    await this.ports.wait(Math.max(0, Math.min(holdSeconds * 1000, rest)));
  }

  async #sendOne(claimed: Claimed, lane: Lane, first: Slot): Promise<void> {
    const { now, wait } = this.ports;
    let slot = first;
    for (let taken = 1; ; taken += 1) {
      if (slot.at - READY_MILLIS > now()) await wait(slot.at - READY_MILLIS - now());
      const handedOver = await lane.provider.ready?.(claimed.mail);
      if (slot.at > now()) await wait(slot.at - now());
      // A wait ends early then, and before its slot a mail must not leave.
      const inTime = !this.ports.isStopped?.() && now() <= slot.until;
      const call = inTime ? this.#call(claimed, lane) : undefined;
      handedOver?.();
      if (call !== undefined) return call;
      if (this.ports.isStopped?.()) break;
      this.#count('SlotsMissed');
      if (taken === MOST_SLOTS) break;
      try {
        const next = await lane.bucket.reserve(1, this.#latest);
        if ('closed' in next) break;
        [slot] = next.slots;
      } catch (error) {
        await this.#release(claimed);
        return this.#failed(claimed.message, 'bucket', error);
      }
    }
    await this.#release(claimed);
    this.#hide(claimed.message, 1);
  }

  async #call(claimed: Claimed, lane: Lane): Promise<void> {
    const { message, mail } = claimed;
    const outcome = await lane.provider.send(mail).catch(
      // It promises not to throw. If it does, the mail may have left.
      (error: unknown): Outcome => ({ kind: 'unknown', reason: nameOf(error) }),
    );
    switch (outcome.kind) {
      case 'sent':
        this.#count('Sent');
        if (outcome.rejected !== undefined) {
          this.#count('Refused', outcome.rejected);
          this.ports.log('recipients refused', { provider: lane.name, recipients: String(outcome.rejected) });
        }
        // It has left: the message must not come back.
        this.#verdicts.set(message.messageId, 'done');
        return this.#record(mail, outcome.messageId, lane);
      case 'throttled':
        this.#count('Throttled');
        await this.#tell(() => lane.bucket.throttled());
        return this.#comesBack(claimed);
      case 'away':
        this.#count('Away');
        // It was not sent: the next provider may take it, and no receive is spent. Not while this one would be asked again.
        if (await this.#tell(() => lane.bucket.away(outcome.millis))) return this.#sendClaimed([claimed]);
        return this.#comesBack(claimed);
      case 'refused':
        this.#count('Refused');
        return this.#park(message, `refused: ${outcome.reason}`, mail);
      case 'not-sent':
        this.#count('Failed');
        this.ports.log('not sent', { provider: lane.name, reason: outcome.reason });
        return this.#comesBack(claimed);
      case 'unknown':
        if (this.config.onUnknown === 'send') return this.#comesBack(claimed);
        return this.#park(message, `perhaps sent: ${outcome.reason}`, mail);
    }
  }

  async #record(mail: Mail, messageId: string, lane: Lane): Promise<void> {
    for (let tries = 1; tries <= MOST_RECORDS; tries += 1) {
      try {
        return await this.ports.claims.sent(mail.id, messageId, lane.name);
      } catch (error) {
        if (tries === MOST_RECORDS) {
          // The claim stays, so a copy of the message is parked and not sent.
          this.#count('Unrecorded');
          this.ports.log('sent, but not recorded', { provider: lane.name, messageId, error: nameOf(error) });
        } else await this.ports.wait(RECORD_PAUSE_MILLIS * 2 ** tries);
      }
    }
  }

  /** It was not sent: gives up the claim, and waits longer after each attempt. */
  async #comesBack(claimed: Claimed): Promise<void> {
    await this.#release(claimed);
    const { backoffSeconds, backoffCapSeconds } = this.config;
    const most = Math.min(backoffCapSeconds, backoffSeconds * 2 ** Math.min(30, claimed.message.receives - 1));
    this.#hide(claimed.message, Math.max(1, Math.ceil(this.ports.random() * most)));
  }

  async #park(message: Message, reason: string, mail?: Mail): Promise<void> {
    try {
      await this.ports.park(message, reason);
      if (mail !== undefined) await this.ports.claims.parked(mail.id, reason);
      this.#count('Parked');
      this.#verdicts.set(message.messageId, 'done');
    } catch (error) {
      // The claim stays: it is parked when the message comes back.
      this.#failed(message, 'park', error);
    }
  }

  /** A claim that stays is parked later, never sent twice. */
  async #release({ mail, token }: Claimed): Promise<void> {
    await this.#tell(() => this.ports.claims.release(mail.id, token));
  }

  /** Whether it was written. */
  async #tell(write: () => Promise<void>): Promise<boolean> {
    try {
      await write();
      return true;
    } catch (error) {
      this.ports.log('the store did not answer', { error: nameOf(error) });
      return false;
    }
  }

  #failed(message: Message, what: string, error: unknown): void {
    this.#count('Failed');
    this.ports.log('failed', { what, error: nameOf(error) });
    this.#hide(message, Math.max(1, Math.ceil(this.ports.random() * Math.min(60, 2 ** message.receives))));
  }

  #hide({ messageId }: Message, hideSeconds: number): void {
    this.#verdicts.set(messageId, { hideSeconds });
  }

  #count(name: Counted, value = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + value);
  }
}

/** Only the kind of failure: its text may quote the mail. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
