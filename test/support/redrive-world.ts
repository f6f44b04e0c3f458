/** A redriver's world in memory: three queues, a consumer and the table, on one clock. */
import type { SQSMessageAttributes, SQSRecord } from 'aws-lambda';
import { DEFAULT_MASKED_FIELDS, Masking } from '../../lib/runtime/masking';
import type { Limits, WindowCount } from '../../lib/runtime/redrive/decide';
import {
  type Outgoing,
  type Ports,
  type Purpose,
  type RedriverConfig,
  redriveBatch,
} from '../../lib/runtime/redrive/redriver';

export const limits: Limits = {
  maxRedrives: 1,
  windowSeconds: 100,
  redrivesPerWindow: 50,
  verdictMinimum: 5,
  successRatioFloor: 0.5,
  backoffSeconds: 10,
  backoffCapSeconds: 10,
  retentionSeconds: 14 * 86_400,
  stuckTries: 3,
  stuckHoldSeconds: 21_600,
};
export const start = 1_800_000_000_000;
/** The key of the redriver's seals. */
export const key = Buffer.alloc(32, 7);

export interface Message {
  readonly messageId: string;
  body: string;
  attributes: SQSMessageAttributes;
  groupId?: string;
  sentAt: number;
  visibleAt: number;
}

type Journaled = Record<Purpose, number> & { isSent: boolean; failures: number };

/**
 * Source queue, consumer, dead-letter queue, redriver and quarantine on one clock. The consumer's attempts take
 * `failSeconds` from the first to the dead-letter queue.
 */
export class World {
  public now = start;
  public readonly source: Message[] = [];
  public readonly deadLetters: Message[] = [];
  public readonly quarantine: Message[] = [];
  public readonly processed: string[] = [];
  public readonly counted: { name: string; details: Record<string, string> }[] = [];
  public readonly windows = new Map<number, WindowCount>();
  public readonly returns = new Set<string>();
  public readonly redrives = new Map<string, number>();
  public readonly journals = new Map<string, Journaled>();
  public readonly hidden: number[] = [];
  public crashAfterSend = false;
  public key: Uint8Array = key;
  private next = 0;

  constructor(
    private readonly healthy: (id: string, now: number) => boolean,
    public readonly config: RedriverConfig = {
      limits,
      sourceName: 'orders',
      sourceAccount: '111122223333',
      fifo: false,
      masking: new Masking(DEFAULT_MASKED_FIELDS),
    },
    private readonly random: () => number = () => 0.5,
    private readonly failSeconds = 50,
  ) {}

  public produce(body: string, attributes: SQSMessageAttributes = {}, groupId?: string): string {
    const messageId = `m${this.next++}`;
    this.source.push({ messageId, body, attributes, groupId, sentAt: this.now, visibleAt: this.now });
    return messageId;
  }

  public async run(seconds: number, stepSeconds = 5): Promise<void> {
    for (const end = this.now + seconds * 1000; this.now < end; this.now += stepSeconds * 1000) {
      this.consume();
      await this.redrive();
    }
  }

  public consume(): void {
    for (const message of this.source.filter(({ visibleAt }) => visibleAt <= this.now)) {
      this.source.splice(this.source.indexOf(message), 1);
      const id = message.attributes['backpressure-id']?.stringValue ?? message.messageId;
      if (this.healthy(id, this.now)) this.processed.push(id);
      else this.deadLetters.push({ ...message, visibleAt: this.now + this.failSeconds * 1000 });
    }
  }

  public async redrive(): Promise<void> {
    for (;;) {
      const batch = this.deadLetters.filter(({ visibleAt }) => visibleAt <= this.now).slice(0, 10);
      if (batch.length === 0) return;
      for (const message of batch) message.visibleAt = this.now + 180_000;
      const failures = await redriveBatch(batch.map(record), this.config, this.ports());
      const kept = new Set(failures.map(({ itemIdentifier }) => itemIdentifier));
      if (this.crashAfterSend) return;
      for (const message of batch.filter(({ messageId }) => !kept.has(messageId)))
        this.deadLetters.splice(this.deadLetters.indexOf(message), 1);
    }
  }

  public count(name: string): number {
    return this.counted.filter((entry) => entry.name === name).length;
  }

  public ports(): Ports {
    return {
      now: () => this.now,
      random: this.random,
      remaining: () => 30_000,
      key: async () => this.key,
      begin: async (letter, purpose) => {
        const journal = this.journal(letter);
        this.journals.set(letter, { ...journal, [purpose]: journal[purpose] + 1 });
        return { tries: journal[purpose] + 1, isSent: journal.isSent };
      },
      finish: async (letter) => void this.journals.set(letter, { ...this.journal(letter), isSent: true }),
      fail: async (letter, begun) => {
        const journal = { ...this.journal(letter) };
        journal.failures += 1;
        for (const purpose of begun) journal[purpose] -= 1;
        this.journals.set(letter, journal);
        return journal.failures;
      },
      sendToSource: async (message) => {
        const id = message.attributes['backpressure-id'].stringValue!;
        this.redrives.set(id, (this.redrives.get(id) ?? 0) + 1);
        this.source.push(this.sent(message));
      },
      sendToQuarantine: async (message) => void this.quarantine.push(this.sent(message)),
      hide: async (receiptHandle, seconds) => {
        this.hidden.push(seconds);
        const letter = this.deadLetters.find(({ messageId }) => messageId === receiptHandle);
        if (letter) letter.visibleAt = this.now + seconds * 1000;
      },
      readWindows: async (numbers) => new Map([...this.windows].filter(([window]) => numbers.includes(window))),
      isNew: async (key) => !this.returns.has(key) && this.returns.add(key) !== undefined,
      addReturned: async (window, count) => {
        const { redriven, returned } = this.windows.get(window) ?? { redriven: 0, returned: 0 };
        this.windows.set(window, { redriven, returned: returned + count });
      },
      takePlaces: async (window, count, limit) => {
        const { redriven, returned } = this.windows.get(window) ?? { redriven: 0, returned: 0 };
        if (redriven + count > limit) return false;
        this.windows.set(window, { redriven: redriven + count, returned });
        return true;
      },
      count: (name, details) => void this.counted.push({ name, details }),
    };
  }

  private journal(letter: string): Journaled {
    return this.journals.get(letter) ?? { redrive: 0, masking: 0, isSent: false, failures: 0 };
  }

  private sent(message: Outgoing): Message {
    expect(Object.keys(message.attributes).length).toBeLessThanOrEqual(10);
    const { body, attributes, groupId, delaySeconds } = message;
    return {
      messageId: `m${this.next++}`,
      body,
      attributes,
      groupId,
      sentAt: this.now,
      visibleAt: this.now + delaySeconds * 1000,
    };
  }
}

export function record(message: Message): SQSRecord {
  return {
    messageId: message.messageId,
    receiptHandle: message.messageId,
    body: message.body,
    messageAttributes: message.attributes,
    attributes: {
      SentTimestamp: String(message.sentAt),
      ApproximateReceiveCount: '6',
      ApproximateFirstReceiveTimestamp: String(message.sentAt),
      SenderId: 'x',
      MessageGroupId: message.groupId,
    },
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn',
    awsRegion: 'us-east-1',
  };
}

export const text = (value: string) => ({ stringValue: value, dataType: 'String' as const });
