import type { RemovalPolicy, Resource } from 'aws-cdk-lib';

/** A retained queue or bucket without its policy would accept requests without TLS, so the policy is retained too. */
export function retainPolicyOf(resource: Resource, removalPolicy: RemovalPolicy): void {
  (resource.node.findChild('Policy') as Resource).applyRemovalPolicy(removalPolicy);
}
