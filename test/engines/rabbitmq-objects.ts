/** The queue of case 2 on a real broker: its plan, the topology that its construct declares, and how to sign in. */
import { readFileSync } from 'node:fs';
import { connect } from 'amqplib';
import { namesOf, topologyOf } from '../../lib/aws/queue/rabbit-mq-names';
import type { QueuePlan } from '../../lib/flow/queue/workload';
import { brokerUrl } from '../../lib/runtime/order-worker/broker-url';
import type { Topology } from '../../lib/runtime/rabbitmq-topology/topology';
import { type Invoked, invoke, type SecretStore, startSecrets } from './bundle';
import type { RabbitMq } from './rabbitmq';

const arn = (name: string) => `arn:aws:secretsmanager:us-east-1:123456789012:secret:${name}`;
export const ARNS = { admin: arn('admin'), worker: arn('worker'), producer: arn('producer') };
export const PASSWORDS = { admin: 'admin-4Qp7', worker: 'worker-9sLw', producer: 'producer-2Vtk' };
export const ADMIN = { username: 'administrator', password: PASSWORDS.admin };

/** A user as its secret holds it. */
export const secretOf = (username: string, password: string) => JSON.stringify({ username, password });

/** The secrets of a queue in a virtual host. */
export async function startQueueSecrets(vhost: string, queue: string): Promise<SecretStore> {
  const { workerUser, producerUser } = namesOf(vhost, queue);
  return startSecrets({
    [ARNS.admin]: secretOf(ADMIN.username, ADMIN.password),
    [ARNS.worker]: secretOf(workerUser, PASSWORDS.worker),
    [ARNS.producer]: secretOf(producerUser, PASSWORDS.producer),
  });
}

/** What the construct declares of a queue with that plan. */
export function declared(vhost: string, queue: string, plan: QueuePlan): Topology {
  return topologyOf(namesOf(vhost, queue), plan, ARNS);
}

/** Invokes the shipped function. */
export function declare<T>(rabbit: RabbitMq, secrets: SecretStore, event: object): Promise<Invoked<T>> {
  return invoke('rabbitmq-topology', event, {
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    NODE_EXTRA_CA_CERTS: rabbit.certificateFile,
  });
}

/** Properties of the resource. */
export function properties(rabbit: RabbitMq, topology: Topology, more: object = {}): object {
  return {
    Management: rabbit.management,
    AdminSecretArn: ARNS.admin,
    Topology: JSON.stringify(topology),
    ...more,
  };
}

/** What a client of ECS is told. */
export function clientEnvironment(rabbit: RabbitMq, vhost: string, username: string, password: string) {
  return {
    RABBITMQ_ENDPOINT: rabbit.endpoint,
    RABBITMQ_VHOST: vhost,
    RABBITMQ_USERNAME: username,
    RABBITMQ_PASSWORD: password,
  };
}

/** A connection as that user, made with the code of the shipped worker. */
export function signIn(rabbit: RabbitMq, vhost: string, username: string, password: string) {
  return connect(brokerUrl(clientEnvironment(rabbit, vhost, username, password)), {
    ca: [readFileSync(rabbit.certificateFile)],
  });
}
