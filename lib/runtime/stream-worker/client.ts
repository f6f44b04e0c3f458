/** The client of Kafka, and how it reaches the brokers. */
import { SESSION_SECONDS } from '../../flow/streams/platforms';
import { maxPollIntervalSeconds } from '../../flow/streams/run-time';
import { setting } from '../settings';

// An ES module, which CommonJS takes in only when it is needed; the bundle has it inside.
export const loadClient = () => import('@platformatic/kafka');

export type Client = Awaited<ReturnType<typeof loadClient>>;

export const HEARTBEAT_MILLIS = 3000;
/** A broker that has not answered by then is gone, also when nobody closed the connection: its node lost its power. */
export const REQUEST_MILLIS = 10_000;
/** A topic that gets more partitions is noticed after so long, by who writes and by who reads. By default five minutes. */
export const METADATA_MILLIS = 10_000;
/** Attempts again of the client itself, a second apart: a broker that restarts costs no membership. */
const RETRIES = 10;

export type Consumer = ReturnType<typeof newConsumer>;
export type Producer = ReturnType<typeof newProducer>;

/** A member of the group, and nothing else. */
export function newMember(client: Client, timeoutSeconds: number) {
  const rebalanceMillis = 1000 * maxPollIntervalSeconds(timeoutSeconds);
  // A join is answered when all members have joined, with one that was killed when its session is over.
  return newConsumer(client, rebalanceMillis, 1000 * SESSION_SECONDS + rebalanceMillis + REQUEST_MILLIS, RETRIES);
}

/**
 * Reads, and commits what it is told to, as a member whose name it is given. It tries nothing again by itself: a fetch would go
 * to a leader that is none any more, and a commit that is refused would join the group under the name of the member.
 */
export function newReader(client: Client, timeoutSeconds: number) {
  return newConsumer(client, 1000 * maxPollIntervalSeconds(timeoutSeconds), REQUEST_MILLIS, 0);
}

function newConsumer({ Consumer }: Client, rebalanceTimeout: number, requestTimeout: number, retries: number) {
  return new Consumer({
    ...connectionSettings(),
    retries,
    groupId: setting('CONSUMER_GROUP'),
    autocommit: false,
    sessionTimeout: 1000 * SESSION_SECONDS,
    rebalanceTimeout,
    requestTimeout,
    heartbeatInterval: HEARTBEAT_MILLIS,
  });
}

/** What a producer may have otherwise: how long it tries, in milliseconds. */
export interface ProducerPatience {
  readonly retries: number;
  readonly connectTimeout: number;
  readonly retryDelay: number;
}

/** What sets records aside: acknowledged by all replicas in sync. */
export function newProducer({ Producer }: Client, patience?: ProducerPatience) {
  return new Producer({ ...connectionSettings(), requestTimeout: REQUEST_MILLIS, ...patience, acks: -1 });
}

/** How the brokers are reached. */
function connectionSettings() {
  const { KAFKA_TLS, KAFKA_CA, KAFKA_CLIENT_CERTIFICATE, KAFKA_CLIENT_KEY, KAFKA_USERNAME, KAFKA_PASSWORD } =
    process.env;
  const tls = KAFKA_TLS === 'true' || KAFKA_USERNAME !== undefined;
  return {
    clientId: process.env.HOSTNAME ?? 'stream-worker',
    bootstrapBrokers: setting('BOOTSTRAP_SERVERS').split(','),
    ...(tls && {
      tls: {
        ...(KAFKA_CA && { ca: KAFKA_CA }),
        ...(KAFKA_CLIENT_CERTIFICATE && { cert: KAFKA_CLIENT_CERTIFICATE, key: KAFKA_CLIENT_KEY }),
      },
      tlsServerName: true,
    }),
    ...(KAFKA_USERNAME && {
      sasl: { mechanism: 'SCRAM-SHA-512' as const, username: KAFKA_USERNAME, password: KAFKA_PASSWORD ?? '' },
    }),
    connectTimeout: 5000,
    metadataMaxAge: METADATA_MILLIS,
    retries: RETRIES,
    // Of a client that is closed no attempt succeeds; with pauses they would keep the process for ten seconds.
    retryDelay: (client: object) => ('closed' in client && client.closed ? 0 : 1000),
  };
}
