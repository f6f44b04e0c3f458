/**
 * Two functions that run outside the VPC: one asks Amazon MSK for the brokers' addresses, one passes CloudFormation's
 * events to the function inside. So that function connects only to its brokers and its secret.
 */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnFunction, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { AwsCustomResource, AwsCustomResourcePolicy, PhysicalResourceId, Provider } from 'aws-cdk-lib/custom-resources';
import type { Construct } from 'constructs';
import type { Plan } from '../../flow/plan';

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

/** The function that sets the quotas, and the plan with the knob `providerTimeoutSeconds`. */
export interface QuotaProviderProps {
  readonly onEventHandler: LambdaFunction;
  readonly plan: Plan;
}

/** The framework of the CDK that turns a function into a resource of a stack. */
export function createQuotaProvider(scope: Construct, { onEventHandler, plan }: QuotaProviderProps): Provider {
  const { role, logGroup } = helperRole(scope, 'Provider', 'Carries events of CloudFormation to a function');
  const resources = [onEventHandler.functionArn];
  // The framework asks for every version and alias of the function, but invokes it only by its ARN.
  role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction', 'lambda:GetFunction'], resources }));
  const frameworkOnEventRole = role.withoutPolicyUpdates();
  const provider = new Provider(scope, 'Provider', { onEventHandler, frameworkOnEventRole, logGroup });
  // The L2 takes no time-out.
  for (const one of provider.node.findAll()) {
    if (one instanceof CfnFunction) one.timeout = plan.value('providerTimeoutSeconds');
  }
  return provider;
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
