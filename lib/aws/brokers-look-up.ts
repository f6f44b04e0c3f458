/** Asks Amazon MSK for the addresses of brokers, from outside their VPC. */
import { Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { AwsCustomResource, AwsCustomResourcePolicy, PhysicalResourceId } from 'aws-cdk-lib/custom-resources';
import type { Construct } from 'constructs';
import type { Plan } from '../flow/plan';
import { helperRole } from './helper-role';

/** The brokers to ask for. */
export interface BrokersLookUpProps {
  readonly clusterArn: string;
  /** The field of the answer, which depends on how clients sign in. */
  readonly output: string;
  /** The plan with the knob `brokersLookUpTimeoutSeconds`. */
  readonly plan: Plan;
}

/** Asks for `host:port` of the brokers, separated by commas, known once the stack is deployed. */
export function createBrokersLookUp(scope: Construct, { clusterArn, output, plan }: BrokersLookUpProps): string {
  const { role, logGroup } = helperRole(scope, 'Brokers', 'Asks Amazon MSK for the addresses of brokers');
  const lookUp = new AwsCustomResource(scope, 'Brokers', {
    resourceType: 'Custom::KafkaBrokers',
    // Also on update: another way to sign in uses another port.
    onUpdate: {
      service: 'Kafka',
      action: 'GetBootstrapBrokers',
      parameters: { ClusterArn: clusterArn },
      outputPaths: [output],
      physicalResourceId: PhysicalResourceId.of(`${scope.node.addr}-brokers`),
    },
    policy: AwsCustomResourcePolicy.fromStatements([
      new PolicyStatement({ actions: ['kafka:GetBootstrapBrokers'], resources: [clusterArn] }),
    ]),
    role,
    logGroup,
    timeout: Duration.seconds(plan.value('brokersLookUpTimeoutSeconds')),
    installLatestAwsSdk: false,
  });
  return lookUp.getResponseField(output);
}
