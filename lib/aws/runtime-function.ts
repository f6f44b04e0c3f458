/**
 * A Lambda function that runs one of the bundles this package ships.
 *
 * Internal: constructs expose it as a `lambda.Function`. Its role may write to its own log group only; the construct
 * that owns it grants the rest.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type CfnResource, Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { packageRoot } from '../package-root';
import { cut, roleDescription } from './descriptions';

/** Settings of a function beside its code. */
export interface RuntimeFunctionProps {
  /** Name of the bundle: the folder under `lib/runtime` that holds its `handler.ts`. */
  readonly bundle: string;
  /** What the function does, in one sentence for a person who sees it in the console. */
  readonly description: string;
  /**
   * The longest time of one invocation. Up to 15 minutes.
   *
   * @default Duration.seconds(30)
   */
  readonly timeout?: Duration;
  /**
   * Memory in MiB, and CPU in proportion. 128 to 10,240.
   *
   * @default 256
   */
  readonly memorySize?: number;
  /**
   * Environment variables. No secrets: the template shows them.
   *
   * @default - none
   */
  readonly environment?: { [name: string]: string };
  /**
   * How long log lines are kept.
   *
   * @default one month
   */
  readonly logRetention?: logs.RetentionDays;
  /**
   * Whether to send traces to X-Ray. It costs per trace and needs a permission on every resource, so it is off unless
   * asked for.
   *
   * @default lambda.Tracing.DISABLED
   */
  readonly tracing?: lambda.Tracing;
  /**
   * Where in a VPC the function runs, and what it may connect to there.
   *
   * @default - not in a VPC
   */
  readonly network?: RuntimeFunctionNetwork;
}

/** A function's place in a VPC. */
export interface RuntimeFunctionNetwork {
  readonly vpc: ec2.IVpc;
  readonly vpcSubnets?: ec2.SubnetSelection;
  readonly securityGroup: ec2.ISecurityGroup;
}

/**
 * AWS Lambda developer guide, Giving Lambda functions access to resources in an Amazon VPC: execution role permissions.
 * On all resources: interfaces have no name before they exist, and a deletion limited to some of them fails.
 */
const NETWORK_INTERFACE_ACTIONS = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

/** A Lambda function that runs the bundle `lib/runtime/<bundle>/handler.ts`. */
export class RuntimeFunction extends lambda.Function {
  constructor(scope: Construct, id: string, props: RuntimeFunctionProps) {
    const logGroup = new logs.LogGroup(scope, `${id}Logs`, {
      retention: props.logRetention ?? logs.RetentionDays.ONE_MONTH,
      // Logs are evidence for a month, not data: they are deleted with the function.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // The managed AWSLambdaBasicExecutionRole may create and write any log group of the account.
    const role = new iam.Role(scope, `${id}Role`, {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: roleDescription(`${props.description} (role)`),
      // Inside the role: Lambda checks for these before the function exists, and a separate policy may come after it.
      inlinePolicies: props.network && { NetworkInterfaces: networkInterfaces() },
    });
    if (props.network) {
      Validations.of(role.node.defaultChild as CfnResource).acknowledge({
        id: 'AwsSolutions-IAM5[Resource::*]',
        reason:
          "Lambda creates a VPC function's network interfaces with its role, and they have no name before they exist. The function's code is denied these actions.",
      });
    }
    logGroup.grantWrite(role);
    super(scope, id, {
      code: lambda.Code.fromAsset(bundleCode(props.bundle)),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      description: cut(props.description, 256),
      timeout: props.timeout ?? Duration.seconds(30),
      memorySize: props.memorySize ?? 256,
      environment: props.environment,
      tracing: props.tracing ?? lambda.Tracing.DISABLED,
      vpc: props.network?.vpc,
      vpcSubnets: props.network?.vpcSubnets,
      securityGroups: props.network && [props.network.securityGroup],
      loggingFormat: lambda.LoggingFormat.JSON,
      logGroup,
      role,
    });
    if (props.network) this.denyNetworkInterfaces(role);
  }

  /**
   * Lambda creates the network interfaces with the function's role, outside of any invocation; the code does not need
   * these actions. AWS Lambda developer guide, Using source function ARN to control function access behavior.
   */
  private denyNetworkInterfaces(role: iam.Role): void {
    new iam.Policy(this, 'NoNetworkInterfaces', {
      roles: [role],
      statements: [
        new iam.PolicyStatement({
          effect: iam.Effect.DENY,
          actions: [...NETWORK_INTERFACE_ACTIONS, 'ec2:DetachNetworkInterface'],
          resources: ['*'],
          conditions: { ArnEquals: { 'lambda:SourceFunctionArn': this.functionArn } },
        }),
      ],
    });
  }
}

function networkInterfaces(): iam.PolicyDocument {
  return new iam.PolicyDocument({
    statements: [new iam.PolicyStatement({ actions: NETWORK_INTERFACE_ACTIONS, resources: ['*'] })],
  });
}

/** The zip of a bundle, found from lib/aws and from dist/lib/aws. */
export function bundleCode(bundle: string): string {
  const code = join(packageRoot(), 'dist', 'runtime', bundle, 'code.zip');
  if (!existsSync(code)) throw new Error(`the code of '${bundle}' is missing: no ${code}; run npm run prepare`);
  return code;
}

/** The folder of a bundle with its Dockerfile, found in the same way. */
export function bundleFolder(bundle: string): string {
  const folder = join(packageRoot(), 'dist', 'runtime', bundle);
  if (!existsSync(join(folder, 'Dockerfile'))) throw new Error(`no Dockerfile in ${folder}; run npm run prepare`);
  return folder;
}
