import type { RemovalPolicy, Resource } from 'aws-cdk-lib';

/** A queue or bucket that stays without its policy would take requests without TLS, so the policy shares its fate. */
export function retainPolicyOf(resource: Resource, removalPolicy: RemovalPolicy): void {
  (resource.node.findChild('Policy') as Resource).applyRemovalPolicy(removalPolicy);
}
