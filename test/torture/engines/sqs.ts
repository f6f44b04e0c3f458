/** SQS and DynamoDB of a local AWS with the shipped consumer of webhooks, sized by `planQueue`. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { webhookKnobs } from '../../../lib/aws/webhooks/webhook-plan';
import { WebhookScheme } from '../../../lib/aws/webhooks/webhook-source';
import { planQueue } from '../../../lib/flow/queue/plan';
import { TOLERANCE_SECONDS } from '../../../lib/flow/webhooks/sources';
import type { SourceConfig } from '../../../lib/runtime/webhook/contract';
import { type LocalAws, localAwsMissing, startLocalAws } from '../../engines/local-aws';
import type { Engine, Running, Sizing } from '../engine';
import { SHARES } from '../letters';
import { atPort, networkTo, portOf } from '../network';
import { Pods } from '../pods';
import { Ledger } from './sqs-ledger';
import { secondsPerLetter } from './sqs-pace';
import {
  attributesOf,
  countIn,
  createQueue,
  drain,
  type MadeQueue,
  SECRET_OF_SOURCE,
  SOURCE,
  sendAll,
} from './sqs-queues';

/** Environments that are busy, whatever the rate: letters are slower where fewer come. */
const BUSY = 6;
/**
 * What the local AWS carries: it is one thread of Python, which looks through the whole queue for every receive and every deletion.
 * At 240/s it fell behind from the first second. The tables are in another one.
 */
const MOST_PER_SECOND = 120;
const LEAST_SECONDS = 60;
/** Processors that the two and the consumers can use, and the share of their time that letters may take while they are worked off. */
const [MOST_PROCESSORS, LETTERS_SHARE] = [2, 0.35];
/** What is left of the rate when what waits is worked off. */
const HEADROOM = 1.4;
const LATENCY_SECONDS = 60;
/** A killed process is started again after a second, and loads its clients. */
const TAKEOVER_SECONDS = 3;
const FUNCTION_TIMEOUT_SECONDS = 5;
/** What the changed plan has: its queue hides a message for longer. */
const CHANGED_TIMEOUT_SECONDS = 8;

/** Letters in a second at most, where one takes so much of a processor. */
export function carriedPerSecond(secondsPerLetter: number, processors: number): number {
  const cleared = (LETTERS_SHARE * Math.min(MOST_PROCESSORS, processors)) / secondsPerLetter;
  return Math.max(1, Math.min(MOST_PER_SECOND, Math.floor(cleared / HEADROOM)));
}

/**
 * The numbers of the run.
 *
 * @param mostPerSecond letters in a second that this machine carries
 */
export function sizingOf(
  messages: number,
  functionTimeoutSeconds = FUNCTION_TIMEOUT_SECONDS,
  mostPerSecond = MOST_PER_SECOND,
) {
  const perSecond = Math.min(mostPerSecond, messages / LEAST_SECONDS);
  const serviceSeconds = BUSY / perSecond;
  const workload = {
    steadyPerSecond: perSecond,
    serviceSeconds,
    serviceVariation: 0,
    poisonRatio: SHARES.poison + SHARES.hostile,
  };
  const plan = planQueue('Letters', {
    workload,
    objective: { latencySeconds: LATENCY_SECONDS, headroom: HEADROOM },
    platform: 'lambda',
    broker: 'sqs',
    functionTimeoutSeconds,
    // A person reads the dead letters: in the quarantine their bodies would be masked, and not to be compared.
    redrive: { maxRedrives: 0 },
  });
  const instances = plan.value('maxInstances');
  const sizing: Sizing = {
    perSecond,
    instances,
    clearedPerSecond: instances / serviceSeconds,
    shares: 'common',
    takeoverSeconds: TAKEOVER_SECONDS,
    isBackWhenReady: true,
    peakBacklog: plan.predictions.peakBacklog,
  };
  const sources = [{ name: SOURCE, scheme: WebhookScheme.STANDARD_WEBHOOKS }];
  return { plan: plan.withKnobs(webhookKnobs(plan, { workload, sources })), sizing, serviceSeconds };
}

type Planned = ReturnType<typeof sizingOf>['plan'];

export const SQS: Engine = {
  title: 'Amazon SQS and DynamoDB (ministack 1.5.33), webhookConsumer',
  ordered: false,
  quotes: true,
  isFifo: false,
  assumed: `a consumer that is killed takes letters again after ${TAKEOVER_SECONDS} s, before that is measured`,
  // Not a crash: the local AWS writes what it has when it ends in order, and AWS itself is not to lose what it took.
  kinds: ['kill', 'upgrade', 'replan', 'restart', 'cut'],
  given: ['store'],
  cores: 1.5,
  killEverySeconds: 5,
  missing: localAwsMissing,
  async start(messages) {
    const aws: LocalAws[] = [];
    try {
      for (let one = 0; one < 2; one += 1) aws.push(await startLocalAws());
      return await running(aws[0], aws[1], messages);
    } catch (error) {
      await Promise.all(aws.map((one) => one.stop()));
      throw error;
    }
  },
};

/** Measured once: a shorter schedule is tried at the same rate, as its faults have their times. */
let pace: Promise<number> | undefined;

/** What an environment is told of a plan. */
function knobsOf(plan: Planned) {
  return {
    BATCH_SIZE: String(plan.value('batchSize')),
    FUNCTION_TIMEOUT_SECONDS: String(plan.value('functionTimeoutSeconds')),
    IDEMPOTENCY_SECONDS: String(plan.value('idempotencySeconds')),
    PARKED_PER_HOUR: String(plan.value('parkedPerHour')),
  };
}

/**
 * @param aws has the queues
 * @param store has the tables: as at AWS, a queue that grows takes nothing from them
 */
async function running(aws: LocalAws, store: LocalAws, messages: number): Promise<Running> {
  const both = [aws, store];
  const sqs = new SQSClient(aws.client);
  const dynamo = new DynamoDBClient(store.client);
  pace ??= secondsPerLetter(sqs, dynamo);
  const carried = carriedPerSecond(await pace, availableParallelism());
  const { plan, sizing, serviceSeconds } = sizingOf(messages, FUNCTION_TIMEOUT_SECONDS, carried);
  const network = await networkTo(...both.map(({ client }) => ({ target: portOf(client.endpoint) })));
  const [queues, tables] = both.map(({ client }, place) => atPort(client.endpoint, network.ports[place]));
  /** The client goes where the URL of a queue says. */
  const inNetwork = ({ url }: MadeQueue) => atPort(url, network.ports[0]);
  const sender = new SQSClient({ ...aws.client, endpoint: queues });
  const dead = await createQueue(sqs, 'dead-letters', {
    MessageRetentionPeriod: String(plan.value('deadLetterRetentionSeconds')),
  });
  const queue = await createQueue(sqs, 'letters', attributesOf(plan, dead.arn));
  const refused = await createQueue(sqs, 'refused', {});
  const [keys, ledger] = ['keys', 'ledger'];
  for (const TableName of [keys, ledger])
    await dynamo.send(
      new CreateTableCommand({
        TableName,
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
  const secrets = new SecretsManagerClient(aws.client);
  const { ARN: secretArn = '' } = await secrets.send(
    new CreateSecretCommand({ Name: SOURCE, SecretString: SECRET_OF_SOURCE }),
  );
  secrets.destroy();
  const source: SourceConfig = {
    scheme: WebhookScheme.STANDARD_WEBHOOKS,
    secretArn,
    toleranceSeconds: TOLERANCE_SECONDS.usual,
    deduplicateBy: 'delivery-id',
  };
  const { region, credentials } = aws.client;
  const pods = new Pods(
    join(__dirname, 'pod-sqs.cjs'),
    {
      WORK_MILLIS: String(1000 * serviceSeconds),
      AWS_ENDPOINT_URL: queues,
      AWS_ENDPOINT_URL_DYNAMODB: tables,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      WEBHOOK_SOURCES: JSON.stringify({ [SOURCE]: source }),
      IDEMPOTENCY_TABLE: keys,
      LEDGER_TABLE: ledger,
      QUEUE_URL: inNetwork(queue),
      QUEUE_ARN: queue.arn,
      REFUSED_QUEUE_URL: inNetwork(refused),
      REFUSED_QUEUE_ARN: refused.arn,
      ...knobsOf(plan),
    },
    sizing.instances,
  );
  /** Ids of letters that the queue refused, as their sender was told. */
  const refusals = new Set<string>();
  return {
    sizing,
    pods,
    effects: new Ledger(dynamo, ledger, () => pods.said),
    async send(letters) {
      for (const id of await sendAll(sender, inNetwork(queue), letters)) refusals.add(id);
    },
    async strike(kind, seconds) {
      if (kind === 'store') await store.restart(seconds);
      else if (kind === 'restart') await Promise.all(both.map((one) => one.restart()));
      else await network.cut(seconds);
    },
    async replan() {
      const { plan: changed } = sizingOf(messages, CHANGED_TIMEOUT_SECONDS, carried);
      await sqs.send(
        new SetQueueAttributesCommand({ QueueUrl: queue.url, Attributes: attributesOf(changed, dead.arn) }),
      );
      return knobsOf(changed);
    },
    refused: () => refusals,
    async aside() {
      const letters = await drain(sqs, dead.url);
      return {
        bodies: letters.map(({ body }) => body),
        said: letters.map(({ attributes }) => JSON.stringify(attributes)).join('\n'),
      };
    },
    // Refused are forgeries, and there are none: one that is parked is a good letter that was lost.
    left: async () => (await countIn(sqs, queue.url)) + (await countIn(sqs, refused.url)),
    async stop() {
      // The books are closed: nothing is left to be finished in order.
      pods.killAll();
      for (const client of [sqs, sender, dynamo]) client.destroy();
      await network.stop();
      await Promise.all(both.map((one) => one.stop()));
    },
  };
}
