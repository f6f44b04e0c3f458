/** A function as a resource of a stack: the framework of the CDK, which passes CloudFormation's events to it. */
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnFunction, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Provider } from 'aws-cdk-lib/custom-resources';
import type { Construct } from 'constructs';
import type { Plan } from '../flow/plan';
import { helperRole } from './helper-role';

/** The function, and the plan with the knob `providerTimeoutSeconds`. */
export interface ResourceProviderProps {
  readonly onEventHandler: LambdaFunction;
  readonly plan: Plan;
}

/** The framework of the CDK that turns a function into a resource of a stack. It runs outside the VPC of the function. */
export function createResourceProvider(scope: Construct, { onEventHandler, plan }: ResourceProviderProps): Provider {
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
