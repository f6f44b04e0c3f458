import { Fn, Stack, type StackProps } from 'aws-cdk-lib';
import { Cluster, ContainerInsights } from 'aws-cdk-lib/aws-ecs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { addJvm } from './web-tier/jvm';
import { addAudit } from './web-tier/logs';
import { type WebTier, WebTierNetwork } from './web-tier/network';
import { addReplica } from './web-tier/replication';
import { addBounded } from './web-tier/services';

/**
 * Web tier: services on Fargate in a network without a way to the internet. Images come from the account's own registry. A guard
 * keeps the replica of the orders fresh (case 8), and a service logs for audit (case 1).
 */
export class WebTierStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, { description: 'Web tier: services on Fargate in an isolated network', ...props });
    const alarmTopic = new Topic(this, 'Alarms', { enforceSSL: true });
    const { vpc, endpoints } = new WebTierNetwork(this, 'Network');
    const cluster = new Cluster(this, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.ENABLED });
    const tier: WebTier = { vpc, cluster, alarmTopic, endpoints };
    addJvm(this, tier);
    addBounded(this, tier);
    addReplica(this, tier);
    addAudit(this, tier);
  }

  /** Two wherever it is deployed, by their place in the list. */
  public override get availabilityZones(): string[] {
    return [0, 1].map((zone) => Fn.select(zone, Fn.getAzs()));
  }
}
