import { type IInterfaceVpcEndpoint, type IVpc, Peer, Port, type SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { grantSecretValue } from '../secret-value';

/**
 * A SCRAM user, and the way to its password.
 */
export interface KafkaScramOptions {
  /**
   * The secret that holds `username` and `password` as JSON. Amazon MSK wants its name to start with `AmazonMSK_` and
   * a key of your own; associate it with the cluster.
   */
  readonly secret: ISecret;

  /**
   * The interface endpoint through which Secrets Manager is reached. The function may talk to it and to nothing else
   * but the brokers.
   *
   * @default - one that is somewhere in the VPC: the function may talk to port 443 of the VPC's addresses
   */
  readonly secretsManagerEndpoint?: IInterfaceVpcEndpoint;
}

/**
 * How the function that sets quotas signs in to the brokers.
 */
export class KafkaAuthentication {
  /**
   * As a SCRAM-SHA-512 user, whose password is in Secrets Manager. The user needs `AlterConfigs` and `DescribeConfigs`
   * on the cluster once there are ACLs.
   */
  public static scram(options: KafkaScramOptions): KafkaAuthentication {
    return new KafkaAuthentication(9096, 'BootstrapBrokerStringSaslScram', options);
  }

  /**
   * As the function's own role, through IAM access control. It needs no secret and no endpoint.
   */
  public static iam(): KafkaAuthentication {
    return new KafkaAuthentication(9098, 'BootstrapBrokerStringSaslIam');
  }

  private constructor(
    /** Port of the brokers; Amazon MSK developer guide, Port information. */
    public readonly port: number,
    /** Name of the brokers' addresses in the answer of `GetBootstrapBrokers`. */
    public readonly brokersOutput: string,
    private readonly scramOptions?: KafkaScramOptions,
  ) {}

  /**
   * Environment variables with which the function finds out how to sign in. No secret among them.
   *
   * @internal
   */
  public _environment(): { [name: string]: string } {
    return this.scramOptions ? { SECRET_ARN: this.scramOptions.secret.secretArn } : {};
  }

  /**
   * Gives the function what signing in takes.
   *
   * @internal
   */
  public _grant(grantee: IGrantable, clusterArn: string): void {
    if (this.scramOptions) {
      grantSecretValue(this.scramOptions.secret, grantee);
      return;
    }
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        // Amazon MSK developer guide, Semantics of IAM authorization policy actions: ALTER_CONFIGS and
        // DESCRIBE_CONFIGS on the cluster, which is what Kafka asks of whoever alters client quotas.
        actions: [
          'kafka-cluster:Connect',
          'kafka-cluster:DescribeClusterDynamicConfiguration',
          'kafka-cluster:AlterClusterDynamicConfiguration',
        ],
        resources: [clusterArn],
      }),
    );
  }

  /**
   * Opens the way to the password.
   *
   * @internal
   */
  public _allowFrom(securityGroup: SecurityGroup, vpc: IVpc): void {
    if (!this.scramOptions) return;
    const endpoint = this.scramOptions.secretsManagerEndpoint;
    if (endpoint) securityGroup.connections.allowTo(endpoint, Port.tcp(443), 'Secrets Manager');
    else securityGroup.addEgressRule(Peer.ipv4(vpc.vpcCidrBlock), Port.tcp(443), 'Secrets Manager inside the VPC');
  }
}
