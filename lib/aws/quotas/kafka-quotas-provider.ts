/**
 * Two functions that run outside the VPC: one asks Amazon MSK for the brokers' addresses, one passes CloudFormation's
 * events to the function inside. So that function connects only to its brokers and its secret.
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { AwsCustomResource, AwsCustomResourcePolicy, PhysicalResourceId, Provider } from 'aws-cdk-lib/custom-resources';
import type { Construct } from 'constructs';

/** The brokers to ask for. */
export interface BrokersLookUpProps {
  readonly clusterArn: string;
  /** The field of the answer, which depends on how clients sign in. */
  readonly output: string;
}

/** Asks for `host:port` of the brokers, separated by commas, known once the stack is deployed. */
export function createBrokersLookUp(scope: Construct, { clusterArn, output }: BrokersLookUpProps): string {
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
    installLatestAwsSdk: false,
  });
  return lookUp.getResponseField(output);
}

/** The framework of the CDK that turns a function into a resource of a stack. */
export function createQuotaProvider(
  scope: Construct,
  { onEventHandler }: { readonly onEventHandler: LambdaFunction },
): Provider {
  const { role, logGroup } = helperRole(scope, 'Provider', 'Carries events of CloudFormation to a function');
  const resources = [onEventHandler.functionArn];
  // The framework asks for every version and alias of the function, but invokes it only by its ARN.
  role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction', 'lambda:GetFunction'], resources }));
  const frameworkOnEventRole = role.withoutPolicyUpdates();
  return new Provider(scope, 'Provider', { onEventHandler, frameworkOnEventRole, logGroup });
}

/** Instead of the managed policy for logs, which may write any log group of the account. */
function helperRole(scope: Construct, id: string, description: string): { role: Role; logGroup: LogGroup } {
  const logGroup = new LogGroup(scope, `${id}Logs`, {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com'), description });
  logGroup.grantWrite(role);
  return { role, logGroup };
}
