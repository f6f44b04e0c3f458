/**
 * Producer and consumer of a topic in a process of their own, because the client is an ES module and jest runs none. Each
 * line of the input is one thing to do, and is answered by a line of its own when it is done.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Consumer, Producer } from '@platformatic/kafka';

const { BROKER, CERTIFICATE, USERNAME, PASSWORD, TOPIC, GROUP, PARTITIONS } = process.env;
const options = {
  clientId: 'cluster-test',
  bootstrapBrokers: [BROKER],
  sasl: { mechanism: 'SCRAM-SHA-512', username: USERNAME, password: PASSWORD },
  tls: { ca: readFileSync(CERTIFICATE) },
  tlsServerName: true,
};

const producer = new Producer(options);
let consumer;
let messages;
const inHand = [];
let sent = 0;

const commands = {
  /** Adds messages, to one partition after the other. */
  async put(count) {
    const batch = Array.from({ length: count }, () => ({
      topic: TOPIC,
      partition: sent++ % Number(PARTITIONS),
      value: Buffer.from('order'),
    }));
    await producer.send({ messages: batch });
  },
  /** Reads messages as a member of the group, and commits nothing. */
  async take(count) {
    if (!messages) {
      consumer = new Consumer({ ...options, groupId: GROUP, autocommit: false });
      const stream = await consumer.consume({ topics: [TOPIC], mode: 'committed', fallbackMode: 'earliest' });
      messages = stream[Symbol.asyncIterator]();
    }
    for (let i = 0; i < count; i += 1) inHand.push((await messages.next()).value);
  },
  /** Commits what was read first. */
  async finish(count) {
    const last = new Map(inHand.splice(0, count).map(({ partition, offset }) => [partition, offset]));
    const offsets = [...last].map(([partition, offset]) => ({
      topic: TOPIC,
      partition,
      offset: offset + 1n,
      leaderEpoch: -1,
    }));
    await consumer.commit({ offsets });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, count] = line.split(' ');
  try {
    await commands[name](Number(count));
    console.log('done');
  } catch (error) {
    console.log(`failed: ${error.message} ${error.errors?.map(({ message }) => message).join(', ') ?? ''}`);
  }
}
process.exit(0);
