/**
 * Pushes as Pub/Sub does, which its emulator doesn't: posts every message in Pub/Sub's envelope, acknowledges it on
 * the statuses that its documentation lists, and on everything else has it delivered again after the backoff of the
 * plan, doubled with every attempt.
 */
import type { protos, v1 } from '@google-cloud/pubsub';
import type { Plan } from '../../../lib/flow/plan';

const ACKNOWLEDGED = [102, 200, 201, 202, 204];
const AT_ONCE = 20;

export class Pusher {
  #stopped = false;
  readonly #client: v1.SubscriberClient;
  readonly #done: Promise<void>;

  constructor(
    client: v1.SubscriberClient,
    private readonly subscription: string,
    private readonly endpoint: string,
    private readonly plan: Plan,
  ) {
    this.#client = client;
    this.#done = this.#run();
  }

  public async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const [{ receivedMessages }] = await this.#client.pull(
        { subscription: this.subscription, maxMessages: AT_ONCE, returnImmediately: true },
        { timeout: 5000 },
      );
      if (!receivedMessages?.length) await new Promise((resolve) => setTimeout(resolve, 50));
      // Not awaited: a message that hangs must not hold up the others.
      for (const one of receivedMessages ?? []) void this.#push(one);
    }
  }

  async #push({ ackId, message, deliveryAttempt }: protos.google.pubsub.v1.IReceivedMessage): Promise<void> {
    const { data, attributes, messageId } = message ?? {};
    const body = JSON.stringify({
      message: { data: Buffer.from(data ?? '').toString('base64'), attributes, messageId },
      subscription: this.subscription,
      deliveryAttempt,
    });
    const headers = { 'content-type': 'application/json' };
    const status = await fetch(this.endpoint, { method: 'POST', headers, body }).then(
      (response) => response.status,
      () => 0,
    );
    const asked = { subscription: this.subscription, ackIds: [String(ackId)] };
    if (ACKNOWLEDGED.includes(status)) await this.#client.acknowledge(asked);
    else {
      const [least, most] = ['minimumBackoffSeconds', 'maximumBackoffSeconds'].map((name) => this.plan.value(name));
      const backoff = Math.min(most, least * 2 ** (Number(deliveryAttempt) - 1));
      await new Promise((resolve) => setTimeout(resolve, 1000 * backoff));
      if (!this.#stopped) await this.#client.modifyAckDeadline({ ...asked, ackDeadlineSeconds: 0 });
    }
  }
}
