/**
 * Webhooks: two shipped receivers, Kafka behind them, and the shipped consumer, sized by `planWebhooks`. Letters are signed
 * deliveries; each that has forged attributes has a twin with a forged signature, which nobody may store.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { SESSION_SECONDS } from '../../../lib/flow/streams/platforms';
import { planWebhooks } from '../../../lib/flow/webhooks/plan';
import { METADATA_MILLIS } from '../../../lib/runtime/stream-worker/client';
import { signRequest } from '../../../lib/runtime/webhook/signature';
import { kafkaMissing } from '../../engines/kafka';
import { freePorts } from '../../support/ports';
import { until } from '../../support/until';
import { Broken, type Engine, type Running } from '../engine';
import { FAULT_KINDS } from '../faults';
import { type Letter, SHARES } from '../letters';
import { Pods } from '../pods';
import {
  ADMIN,
  ASSUMED,
  knobsOf,
  LATENCY_SECONDS,
  type Load,
  onKafka,
  readerSettings,
  sizingBy,
  TOPIC,
  withTopic,
} from './kafka';
import { Dealings } from './kafka-dealings';

const SECRET = 'whsec_c2VzYW1lIHNlc2FtZSBzZXNhbWU=';
const FORGED = 'whsec_Zm9yZ2VkIGZvcmdlZCBmb3JnZWQ=';
const RECEIVERS = 2;
/** Times as much comes by what the changed plan is told: its topic has more partitions. */
const CHANGED_LOAD = 2.1;
const READY_SECONDS = 60;
/** Requests at once. */
const AT_ONCE = 20;
const PATIENCE_MILLIS = 10_000;
/** A delivery that nobody has judged after so long ends the run: no fault lasts that long. */
const UNJUDGED_MILLIS = 180_000;
const AGAIN_MILLIS = 500;
const [UNAUTHORIZED, TOO_LARGE] = [401, 413];

const webhooksOf = ({ perSecond, recordSeconds }: Load) =>
  planWebhooks('Letters', {
    workload: {
      steadyPerSecond: perSecond,
      serviceSeconds: recordSeconds,
      serviceVariation: 0,
      itemBytes: 1024,
      poisonRatio: SHARES.poison,
    },
    objective: { latencySeconds: LATENCY_SECONDS },
  });

/** The numbers of the run, and those of the changed plan. */
export const sizingOf = (messages: number) => sizingBy(webhooksOf, messages);
export const changedOf = (messages: number) =>
  sizingBy(webhooksOf, messages, ({ perSecond }) => ({ perSecond: CHANGED_LOAD * perSecond }));

export const WEBHOOKS: Engine = {
  title: 'webhook receivers, Apache Kafka 3.9.1, kafka-webhook',
  // Deliveries are spread by their ids.
  ordered: false,
  quotes: true,
  isFifo: true,
  assumed: ASSUMED,
  kinds: FAULT_KINDS,
  cores: 1.1,
  killEverySeconds: 1.5 * SESSION_SECONDS,
  missing: kafkaMissing,
  async start(messages, folder) {
    const { plan, sizing, workMillis } = sizingOf(messages);
    return onKafka(plan.value('partitions'), async (kafka, started) => {
      const secrets = mkdtempSync(join(tmpdir(), 'backpressure-torture-secrets-'));
      const secretFile = join(secrets, 'shop');
      writeFileSync(secretFile, SECRET);
      const ports = await freePorts(RECEIVERS);
      const source = { scheme: 'standard-webhooks', secretFile, deduplicateBy: 'delivery-id', toleranceSeconds: 300 };
      const front = new Pods(
        join(__dirname, 'pod-receiver.cjs'),
        {
          ...readerSettings(kafka),
          PORTS: ports.join(),
          WEBHOOK_SOURCES: JSON.stringify({ shop: source }),
          MAX_BODY_BYTES: String(plan.value('maxBodyBytes')),
          PUBLISH_TIMEOUT_SECONDS: String(plan.value('publishTimeoutSeconds')),
          CONCURRENCY: String(plan.value('receiverConcurrency')),
        },
        RECEIVERS,
      );
      const pods = new Pods(
        join(__dirname, 'pod-webhooks.cjs'),
        {
          EFFECTS: folder,
          WORK_MILLIS: String(workMillis),
          ...readerSettings(kafka),
          ...knobsOf(plan),
          IDEMPOTENCY_SECONDS: String(plan.value('idempotencySeconds')),
        },
        sizing.instances,
      );
      started.push(front, pods);
      const dealings = new Dealings(pods);
      const topic = await withTopic(kafka, pods, dealings, sizing);
      const before = plan.value('partitions');
      let grown: { readonly to: number; readonly atMillis: number } | undefined;
      await until('the receivers are ready', () => front.ready === RECEIVERS, READY_SECONDS);
      const door = new Door(ports, plan.value('maxBodyBytes'));
      return {
        ...topic,
        front,
        send: (letters) => door.send(letters),
        refused: () => door.refused,
        // Deliveries keep no order, so that they may go to other partitions.
        async replan() {
          const { plan: changed } = changedOf(messages);
          if (grown === undefined) {
            const to = changed.value('partitions');
            const args = ['--alter', '--topic', TOPIC, '--partitions', String(to)];
            await kafka.tool('org.apache.kafka.tools.TopicCommand', ADMIN.username, args);
            grown = { to, atMillis: Date.now() };
          }
          return knobsOf(changed);
        },
        // Receivers write to new partitions before a group whose member was killed deals them out.
        measured(_, beganAt) {
          const dealtAt = dealings.firstOf(before);
          if (grown === undefined || dealtAt === undefined) return {};
          const from = (grown.atMillis + METADATA_MILLIS / 2 - beganAt) / 1000;
          return { unread: { from, to: (dealtAt - beganAt) / 1000, ratio: 1 - before / grown.to } };
        },
        async stop() {
          await front.end();
          await topic.stop();
          rmSync(secrets, { recursive: true });
        },
      } satisfies Running;
    });
  },
};

/**
 * The senders: each sends until it is told that its delivery is stored, or is refused for good.
 *
 * @throws Broken when no receiver has told it in time, and when a delivery is answered as it should not be
 */
export class Door {
  public readonly refused = new Set<string>();
  private turn = 0;

  constructor(
    private readonly ports: readonly number[],
    private readonly maxBodyBytes: number,
    private readonly unjudgedMillis = UNJUDGED_MILLIS,
  ) {}

  public async send(letters: readonly Letter[]): Promise<void> {
    const left = [...letters];
    const one = async () => {
      for (let letter = left.shift(); letter !== undefined; letter = left.shift()) await this.deliver(letter);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  }

  private async deliver(letter: Letter): Promise<void> {
    const { id, body, attributes } = letter;
    if (Object.keys(attributes).length > 0) {
      const status = await this.untilJudged(`forged-${id}`, JSON.stringify({ id: `forged-${id}` }), attributes, FORGED);
      if (status !== UNAUTHORIZED) throw new Broken(`a forged delivery was answered with ${status}`);
    }
    const status = await this.untilJudged(id, body, attributes, SECRET);
    if (status < 300) return;
    if (status === TOO_LARGE && Buffer.byteLength(body) > this.maxBodyBytes) this.refused.add(id);
    else throw new Broken(`${id} was answered with ${status}`);
  }

  /** The first answer that is not to come again. */
  private async untilJudged(
    id: string,
    body: string,
    attributes: Readonly<Record<string, string>>,
    secret: string,
  ): Promise<number> {
    const end = Date.now() + this.unjudgedMillis;
    let last = 'no answer';
    do {
      this.turn += 1;
      const port = this.ports[this.turn % this.ports.length];
      const status = await fetch(`http://127.0.0.1:${port}/shop/acme`, {
        method: 'POST',
        headers: {
          ...attributes,
          ...signRequest('standard-webhooks', secret, body, id, Date.now()),
          'content-type': 'application/json',
        },
        body,
        signal: AbortSignal.timeout(PATIENCE_MILLIS),
      }).then(
        (response) => response.status,
        () => undefined,
      );
      if (status !== undefined && status < 500) return status;
      if (status !== undefined) last = `status ${status}`;
      await wait(AGAIN_MILLIS);
    } while (Date.now() < end);
    throw new Broken(`${id} was judged by no receiver in ${this.unjudgedMillis / 1000} s, at last: ${last}`);
  }
}
