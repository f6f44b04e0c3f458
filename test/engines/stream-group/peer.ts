/**
 * Another member of the group, request by request, as a process of its own: it joins and deals out partitions when the test
 * says so. In between it sends heartbeats and nothing else, as a member does whose batch takes long: the group waits for it.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** What a test tells it. */
export type Command =
  | { readonly kind: 'join' }
  | { readonly kind: 'deal'; readonly partitions: Readonly<Record<string, readonly number[]>> }
  | { readonly kind: 'send'; readonly partition: number; readonly value: string };

/** What it tells the test. */
export type Told =
  | { readonly kind: 'ready' | 'rebalance' | 'dealt' | 'sent' }
  | {
      readonly kind: 'joined';
      readonly memberId: string;
      readonly leader: string;
      readonly members: readonly string[];
    };

const HEARTBEAT_MILLIS = 500;
const SESSION_MILLIS = 45_000;
const REBALANCE_MILLIS = 300_000;
/** Of the assigner that the worker has by default. */
const PROTOCOL = 'roundrobin';

const { BROKER = '', CA = '', USERNAME = '', PASSWORD = '', TOPIC = '', GROUP = '' } = process.env;

const int16 = (value: number) => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};
const int32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const text = (value: string) => Buffer.concat([int16(value.length), Buffer.from(value)]);
/** Both have a version first, and bytes of the user last, which are none. */
const subscription = Buffer.concat([int16(0), int32(1), text(TOPIC), int32(-1)]);
const assignment = (partitions: readonly number[]) =>
  Buffer.concat([int16(0), int32(1), text(TOPIC), int32(partitions.length), ...partitions.map(int32), int32(0)]);

interface Refused {
  readonly errors: readonly { readonly apiId: string }[];
  readonly response: { readonly memberId: string };
}

const tell = (told: Told) => process.send?.(told);

async function main(): Promise<void> {
  const { Connection, Consumer, Producer, heartbeatV4, joinGroupV9, syncGroupV5 } = await import('@platformatic/kafka');
  const settings = {
    tls: { ca: readFileSync(CA) },
    tlsServerName: true,
    sasl: { mechanism: 'SCRAM-SHA-512' as const, username: USERNAME, password: PASSWORD },
    requestTimeout: REBALANCE_MILLIS,
  };
  const [host, port] = BROKER.split(':');
  const connected = async () => {
    const connection = new Connection('peer', settings);
    await connection.connect(host, Number(port));
    return connection;
  };
  // A join is answered when all have joined; what is asked on its connection waits as long.
  const [joining, beating] = [await connected(), await connected()];
  const producer = new Producer({ clientId: 'peer', bootstrapBrokers: [BROKER], ...settings, acks: -1 });
  // The first one who asks makes the broker a coordinator.
  const finder = new Consumer({
    clientId: 'peer',
    bootstrapBrokers: [BROKER],
    groupId: GROUP,
    ...settings,
    retries: 60,
  });
  await finder.findGroupCoordinator();
  await finder.close(true);
  let [memberId, generation, isJoining] = ['', -1, false];

  async function asked() {
    const protocols = [{ name: PROTOCOL, metadata: subscription }];
    for (;;) {
      try {
        return await joinGroupV9.api.async(
          joining,
          GROUP,
          SESSION_MILLIS,
          REBALANCE_MILLIS,
          memberId,
          null,
          'consumer',
          protocols,
          '',
        );
      } catch (error) {
        const { errors, response } = error as Refused;
        const { apiId } = errors[0];
        // It is named first, and joins then.
        if (apiId === 'MEMBER_ID_REQUIRED') memberId = response.memberId;
        // A broker that has just begun coordinates nothing yet.
        else if (/COORDINATOR/.test(apiId)) await wait(HEARTBEAT_MILLIS);
        else throw error;
      }
    }
  }

  async function join(): Promise<void> {
    isJoining = true;
    const answer = await asked();
    generation = answer.generationId;
    isJoining = false;
    tell({
      kind: 'joined',
      memberId,
      leader: answer.leader,
      members: answer.members.map((one: { readonly memberId: string }) => one.memberId),
    });
  }

  async function deal(partitions: Readonly<Record<string, readonly number[]>>): Promise<void> {
    const assignments = Object.entries(partitions).map(([member, own]) => ({
      memberId: member,
      assignment: assignment(own),
    }));
    await syncGroupV5.api.async(joining, GROUP, generation, memberId, null, 'consumer', PROTOCOL, assignments);
    tell({ kind: 'dealt' });
  }

  setInterval(() => {
    if (generation < 0 || isJoining) return;
    const asked = generation;
    heartbeatV4.api.async(beating, GROUP, asked, memberId, null).catch(() => {
      // It hears so until it joins.
      if (asked === generation && !isJoining) tell({ kind: 'rebalance' });
    });
  }, HEARTBEAT_MILLIS);

  process.on('message', async (command: Command) => {
    if (command.kind === 'join') await join();
    else if (command.kind === 'deal') await deal(command.partitions);
    else {
      const { partition, value } = command;
      await producer.send({ messages: [{ topic: TOPIC, partition, value: Buffer.from(value) }] });
      tell({ kind: 'sent' });
    }
  });
  process.once('disconnect', () => process.exit(0));
  tell({ kind: 'ready' });
}

void main();
