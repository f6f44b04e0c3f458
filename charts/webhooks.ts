import { Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';
import { WEBHOOKS } from '../lib/cases/case-15-webhook-flood';
import { WebhookBuffer } from '../lib/k8s/webhooks/webhook-buffer';
import { WebhookScheme } from '../lib/k8s/webhooks/webhook-source';
import { restrictedNamespace } from './namespace';

/** Differences between installations under the same Prometheus. */
export interface WebhooksProps extends ChartProps {
  /**
   * Namespace of the brokers.
   *
   * @default 'kafka'
   */
  readonly clusterNamespace?: string;
}

/**
 * Webhooks of two senders through Kafka: each is confirmed when two brokers have it, and handled once (case 15). Expects
 * Strimzi 0.49 or later with a cluster `events` in the namespace `kafka`, whose user and topic operator watch the namespace
 * `webhooks`, authorization of type `simple`, an internal listener with TLS that knows clients by their certificate, and Kafka
 * Exporter; a Gateway `public` of Gateway API with a listener `https`; KEDA, metrics-server, kube-state-metrics and the
 * Prometheus operator; copies of the Secret `events-cluster-ca-cert`; and the Secret `webhook-signing` with the secrets of the
 * senders. The images stand for your own.
 */
export class WebhooksChart extends Chart {
  /** The buffer. */
  public readonly webhooks: WebhookBuffer;

  constructor(scope: Construct, id: string, { clusterNamespace = 'kafka', ...props }: WebhooksProps = {}) {
    super(scope, id, { namespace: 'webhooks', ...props });
    restrictedNamespace(this);
    this.webhooks = new WebhookBuffer(this, 'Webhooks', {
      workload: WEBHOOKS.workload,
      ...WEBHOOKS.on.k8s,
      sources: [
        { name: 'github', scheme: WebhookScheme.GITHUB, secret: { secretName: 'webhook-signing', key: 'github' } },
        {
          name: 'shop',
          scheme: WebhookScheme.STANDARD_WEBHOOKS,
          secret: { secretName: 'webhook-signing', key: 'shop' },
        },
      ],
      clusterName: 'events',
      clusterNamespace,
      topicName: 'webhooks.deliveries',
      consumerGroup: 'webhooks',
      receiver: { image: 'docker.io/example/webhook-receiver:1.0.0' },
      consumer: { image: 'docker.io/example/webhook-consumer:1.0.0' },
      gateway: { name: 'public', namespace: 'gateways', sectionName: 'https' },
      callerNamespaces: ['envoy-gateway-system'],
    });
  }
}
