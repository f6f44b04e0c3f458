/**
 * The function of `RabbitMqQueue`: the pure parts wired to a broker and to Secrets Manager. Everything comes with the
 * event, also the places of the secrets, and never a secret.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { countMetric } from '../metrics';
import { readUser } from '../user-secret';
import {
  handleEvent,
  type Ports,
  type RepairAnswer,
  type RepairEvent,
  type ResourceAnswer,
  type ResourceEvent,
} from './apply';
import { BrokerError, managedBroker } from './broker';

/** The broker counts a queue every five seconds. */
const COUNTED_MILLIS = 5000;

const user = (secretArn: string) => readUser(secretArn, (message) => new BrokerError(message));

const ports: Ports = {
  async connect(management, adminSecretArn) {
    const admin = await user(adminSecretArn);
    return { broker: managedBroker(management, admin), admin: admin.username };
  },
  password: async (secretArn) => (await user(secretArn)).password,
  count: (name, details) => countMetric(name, {}, details),
  pause: () => wait(COUNTED_MILLIS),
};

export async function handler(event: ResourceEvent | RepairEvent): Promise<ResourceAnswer | RepairAnswer> {
  return handleEvent(event, ports);
}
