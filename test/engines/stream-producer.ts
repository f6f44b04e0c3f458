/** A producer of keyed records in a process of its own, because its client is an ES module and jest runs none. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ROOT } from '../support/reference';
import type { Kafka } from './kafka';

/** What is sent. */
export interface Sent {
  readonly topic: string;
  /** Different keys, one after the other. */
  readonly keys: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Only one record, with this value. Otherwise the values count from `first`. */
  readonly value?: string;
  readonly first?: number;
}

/** Sends at an even rate, with `acks=all`. After each batch it prints `SENT <n>`, the records so far. */
export function produce(kafka: Kafka, user: { username: string; password: string }, sent: Sent): ChildProcess {
  const script = `import { Producer } from '@platformatic/kafka';
    const { topic, keys, seconds, perSecond, value, first = 0 } = JSON.parse(process.env.SENT);
    const out = new Producer({ clientId: 'test', bootstrapBrokers: [process.env.BROKER],
      tls: { ca: process.env.KAFKA_CA }, tlsServerName: true,
      sasl: { mechanism: 'SCRAM-SHA-512', username: process.env.USERNAME, password: process.env.PASSWORD } });
    const message = (number, text) => ({ topic, key: Buffer.from('device-' + (number % keys)), value: Buffer.from(text) });
    if (value !== undefined) await out.send({ messages: [message(0, value)], acks: -1 });
    else {
      const began = Date.now();
      let sent = 0;
      const all = Math.round(seconds * perSecond);
      while (sent < all) {
        const due = Math.min(all, Math.floor(((Date.now() - began) / 1000) * perSecond));
        if (due > sent) {
          const numbers = Array.from({ length: due - sent }, (_, index) => first + sent + index);
          await out.send({ messages: numbers.map((number) => message(number, String(number))), acks: -1 });
          sent = due;
          console.log('SENT ' + sent);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    await out.close();`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      BROKER: kafka.tlsBroker,
      KAFKA_CA: readFileSync(kafka.certificateFile, 'utf8'),
      USERNAME: user.username,
      PASSWORD: user.password,
      SENT: JSON.stringify(sent),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
