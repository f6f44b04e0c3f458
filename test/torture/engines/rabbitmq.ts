/**
 * RabbitMQ with the loop of the shipped worker, sized by `planQueue`, and the queue that the shipped function declares. The
 * numbers of Amazon MQ are taken because they are all there: the broker is one node, so quorum is of one.
 */
import { join } from 'node:path';
import type { ConfirmChannel, GetMessage } from 'amqplib';
import { build } from 'esbuild';
import { planQueue } from '../../../lib/flow/queue/plan';
import type { QueueQuestion } from '../../../lib/flow/queue/question';
import type { QueuePlan } from '../../../lib/flow/queue/workload';
import type { ResourceAnswer, ResourceEvent, TopologyProperties } from '../../../lib/runtime/rabbitmq-topology/apply';
import type { SecretStore } from '../../engines/bundle';
import { type RabbitMq, rabbitMqMissing, startRabbitMq } from '../../engines/rabbitmq';
import {
  ADMIN,
  clientEnvironment,
  declare,
  declared,
  PASSWORDS,
  properties,
  signIn,
  startQueueSecrets,
} from '../../engines/rabbitmq-objects';
import { until } from '../../support/until';
import type { Engine, Running, Sizing } from '../engine';
import { FAULT_KINDS } from '../faults';
import { type Letter, SHARES } from '../letters';
import { atPort, type Network, networkTo, portOf } from '../network';
import { Pods } from '../pods';

const QUEUE = 'letters';
const DEAD = `${QUEUE}.dead`;
/** Slots that are busy at any time, whatever the rate: letters take longer where fewer come. */
const BUSY = 32;
const SLOTS = 12;
const MOST_PER_SECOND = 320;
const LEAST_SECONDS = 40;
const LATENCY_SECONDS = 10;
/** Spare capacity, so that a recovery can be measured while letters come. */
const HEADROOM = 1.45;
const KILL_EVERY_SECONDS = 5;
/** A container that has ended is started again after 1 s; a process then takes so long to its first letter. Measured. */
const START_SECONDS = 1.6;
const BACK_SECONDS = 60;

/** What the changed plan is told: a broker that is further away, and that has to hold more. */
export const CHANGED: Partial<QueueQuestion> = { roundTripSeconds: 0.05, consumerOutageSeconds: 7200 };

/** The numbers of the run. */
export function sizingOf(messages: number, changed: Partial<QueueQuestion> = {}) {
  const perSecond = Math.min(MOST_PER_SECOND, messages / LEAST_SECONDS);
  const serviceSeconds = BUSY / perSecond;
  const plan = planQueue('Letters', {
    workload: { steadyPerSecond: perSecond, serviceSeconds, serviceVariation: 0 },
    objective: { latencySeconds: LATENCY_SECONDS, headroom: HEADROOM },
    // A kill counts as an attempt, and here there is one every few seconds: a letter may be in hand at several.
    consumer: { slotsPerInstance: SLOTS, startSeconds: START_SECONDS, maxAttempts: 6 },
    platform: 'fargate',
    broker: 'amazon-mq',
    ...changed,
  });
  const instances = plan.value('maxInstances');
  const sizing: Sizing = {
    perSecond,
    instances,
    // A letter that is sent twice is worked on twice.
    clearedPerSecond: (instances * plan.value('slotsPerInstance')) / serviceSeconds / (1 + SHARES.duplicate),
    shares: 'common',
    takeoverSeconds: START_SECONDS,
    isBackWhenReady: true,
    // Letters in work have no effect yet either.
    peakBacklog: plan.value('peakOutstanding'),
  };
  return { plan, sizing, serviceSeconds };
}

export const RABBITMQ: Engine = {
  title: 'RabbitMQ, order-worker',
  ordered: false,
  // The log has the name of an error, and nothing else is said of a letter.
  quotes: false,
  // A letter that comes back is put in its place again, in front.
  isFifo: true,
  assumed: `a consumer that is killed takes letters again after ${START_SECONDS} s, before that is measured`,
  kinds: FAULT_KINDS,
  cores: 0.5,
  killEverySeconds: KILL_EVERY_SECONDS,
  missing: rabbitMqMissing,
  async start(messages, folder) {
    const { plan, sizing, serviceSeconds } = sizingOf(messages);
    const broker = await startRabbitMq(ADMIN);
    const network = await networkTo({ target: portOf(broker.endpoint) });
    const rabbit = { ...broker, endpoint: atPort(broker.endpoint, network.ports[0]) };
    const secrets = await startQueueSecrets('/', QUEUE);
    try {
      await declareAs(rabbit, secrets, plan);
      const pods = new Pods(
        await podScript(folder),
        {
          EFFECTS: folder,
          WORK_MILLIS: String(1000 * serviceSeconds),
          ...clientEnvironment(rabbit, '/', `${QUEUE}.worker`, PASSWORDS.worker),
          NODE_EXTRA_CA_CERTS: rabbit.certificateFile,
          QUEUE_NAME: QUEUE,
          ...knobsOf(plan),
          HEALTH_PORT: '0',
        },
        sizing.instances,
      );
      return running(rabbit, network, secrets, pods, messages);
    } catch (error) {
      await secrets.stop();
      await network.stop();
      await rabbit.stop();
      throw error;
    }
  },
};

/** The consumer as one file, as `lib/runtime/build.ts` makes the shipped ones: nothing is compiled when it starts. */
async function podScript(folder: string): Promise<string> {
  const outfile = join(folder, '.pod', 'index.js');
  await build({
    entryPoints: [join(__dirname, 'pod-rabbitmq.ts')],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    mainFields: ['module', 'main'],
    logLevel: 'warning',
  });
  return outfile;
}

async function declareAs(rabbit: RabbitMq, secrets: SecretStore, plan: QueuePlan, before?: QueuePlan): Promise<void> {
  const { error, answer, output } = await declare<ResourceAnswer>(rabbit, secrets, eventOf(rabbit, plan, before));
  if (error !== undefined) throw new Error(`the topology was not declared: ${error}\n${output}`);
  if (answer?.Data.Changed === 0) throw new Error('the broker has nothing of the plan that it did not have before');
}

/**
 * The event of a stack that declares the queue of a plan.
 *
 * @param before what it declared until now; undefined when the stack is new
 */
export function eventOf(rabbit: RabbitMq, plan: QueuePlan, before?: QueuePlan): ResourceEvent {
  const propertiesOf = (one: QueuePlan) => properties(rabbit, declared('/', QUEUE, one)) as TopologyProperties;
  return {
    RequestType: before === undefined ? 'Create' : 'Update',
    LogicalResourceId: 'Topology',
    ResourceProperties: propertiesOf(plan),
    ...(before !== undefined && { PhysicalResourceId: QUEUE, OldResourceProperties: propertiesOf(before) }),
  };
}

/** What a consumer is told of a plan, as `RabbitMqWorker` tells it. */
function knobsOf(plan: QueuePlan) {
  return {
    PREFETCH: String(plan.value('prefetch')),
    SLOTS: String(plan.value('slotsPerInstance')),
    HEARTBEAT_SECONDS: String(plan.value('heartbeatSeconds')),
  };
}

/** @param rabbit at its address in the network; its management is beside it */
function running(rabbit: RabbitMq, network: Network, secrets: SecretStore, pods: Pods, messages: number): Running {
  const { sizing } = sizingOf(messages);
  const producer = new Producer(rabbit);
  const depth = async () => {
    const found = await rabbit.ask<{ messages?: number }>('GET', `queues/%2F/${QUEUE}`);
    return found?.messages ?? Number.NaN;
  };
  return {
    sizing,
    pods,
    send: (letters) => producer.send(letters),
    async strike(kind, seconds) {
      // No heartbeat is missed twice within that time, so connections stay.
      if (kind === 'cut') return network.cut(seconds);
      await rabbit.restart(kind === 'restart' ? 'SIGTERM' : 'SIGKILL');
      // A lost connection ends a consumer: it is back when its supervisor has started it again.
      await until('the consumers are back', () => pods.ready === sizing.instances, BACK_SECONDS, 200);
    },
    // Not another consumer time-out: brokers before 3.12 refuse one in a policy.
    async replan() {
      const { plan } = sizingOf(messages, CHANGED);
      await declareAs(rabbit, secrets, plan, sizingOf(messages).plan);
      return knobsOf(plan);
    },
    async aside() {
      const connection = await signIn(rabbit, '/', ADMIN.username, ADMIN.password);
      const channel = await connection.createChannel();
      const bodies: string[] = [];
      let said = '';
      for (let letter = await next(channel); letter; letter = await next(channel)) {
        bodies.push(letter.content.toString('utf8'));
        said += `${JSON.stringify(letter.properties.headers)}\n`;
      }
      // Nothing was acknowledged, so all of it is there as before.
      await connection.close();
      return { bodies, said };
    },
    left: depth,
    async stop() {
      await pods.end();
      await producer.close();
      await secrets.stop();
      await network.stop();
      await rabbit.stop();
    },
  };
}

const next = (channel: { get(queue: string): Promise<GetMessage | false> }) => channel.get(DEAD);

/** Publishes with confirms, as the user of producers. */
class Producer {
  private channel?: { readonly confirms: ConfirmChannel; readonly lost: Promise<never>; close(): Promise<void> };

  constructor(private readonly rabbit: RabbitMq) {}

  public async send(letters: readonly Letter[]): Promise<void> {
    try {
      this.channel ??= await this.open();
      const { confirms, lost } = this.channel;
      for (const { id, body, attributes } of letters)
        confirms.publish(QUEUE, '', Buffer.from(body), { persistent: true, messageId: id, headers: attributes });
      await Promise.race([confirms.waitForConfirms(), lost]);
    } catch (error) {
      // A producer that lost its broker is made anew, and what it had in hand is sent again.
      await this.close();
      throw error;
    }
  }

  public async close(): Promise<void> {
    await this.channel?.close();
    this.channel = undefined;
  }

  private async open() {
    const connection = await signIn(this.rabbit, '/', `${QUEUE}.producer`, PASSWORDS.producer);
    const lost = new Promise<never>((_, reject) => {
      for (const event of ['error', 'close'])
        connection.on(event, () => reject(new Error('the broker closed the connection')));
    });
    lost.catch(() => {});
    const confirms = await connection.createConfirmChannel();
    confirms.on('error', () => {});
    return { confirms, lost, close: () => connection.close().catch(() => {}) };
  }
}
