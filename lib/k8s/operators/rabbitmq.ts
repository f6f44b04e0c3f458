/** The custom resources of RabbitMQ's messaging topology operator that constructs use, with the fields they use. */
import { ApiObject, type ApiObjectMetadata } from 'cdk8s';
import type { Construct } from 'constructs';
import { hashedName } from '../names';
import { RETAINED } from '../retained';

const API_VERSION = 'rabbitmq.com/v1beta1';

/** The `RabbitmqCluster` that an object belongs to. */
export interface ClusterReference {
  readonly name: string;
  readonly namespace?: string;
}

/** Where an object lives on the broker. */
export interface Placement {
  readonly vhost: string;
  readonly rabbitmqClusterReference: ClusterReference;
}

/**
 * An object is named after the resource on the broker, not after the construct: the topology operator deletes by the
 * name on the broker, so deleting one of two objects deletes the resource of both. It is retained like its queue.
 */
function metadata(name: string, { vhost, rabbitmqClusterReference: cluster }: Placement): ApiObjectMetadata {
  const identity = JSON.stringify([cluster.namespace ?? '', cluster.name, vhost, name]);
  return { name: hashedName(name, identity), annotations: { ...RETAINED } };
}

/** A durable quorum queue. It outlives the object, because deleting a manifest must not delete messages. */
export function quorumQueue(
  scope: Construct,
  id: string,
  name: string,
  args: Readonly<Record<string, unknown>>,
  placement: Placement,
): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: API_VERSION,
    kind: 'Queue',
    metadata: metadata(name, placement),
    spec: {
      name,
      type: 'quorum',
      durable: true,
      autoDelete: false,
      deletionPolicy: 'retain',
      arguments: args,
      ...placement,
    },
  });
}

/** A durable exchange. */
export function exchange(scope: Construct, id: string, name: string, kind: string, placement: Placement): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: API_VERSION,
    kind: 'Exchange',
    metadata: metadata(name, placement),
    spec: { name, type: kind, durable: true, autoDelete: false, ...placement },
  });
}

/** A binding from an exchange to a queue. */
export function binding(
  scope: Construct,
  id: string,
  source: string,
  destination: string,
  routingKey: string,
  placement: Placement,
): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: API_VERSION,
    kind: 'Binding',
    metadata: metadata(`${source}-${routingKey}-${destination}`, placement),
    spec: { source, destination, destinationType: 'queue', routingKey, ...placement },
  });
}

/** A policy on the queues whose names match the pattern. */
export function queuePolicy(
  scope: Construct,
  id: string,
  name: string,
  pattern: string,
  definition: Readonly<Record<string, unknown>>,
  placement: Placement,
): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: API_VERSION,
    kind: 'Policy',
    metadata: metadata(name, placement),
    spec: { name, pattern, applyTo: 'queues', priority: 10, definition, ...placement },
  });
}
