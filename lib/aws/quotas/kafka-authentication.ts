import { type IInterfaceVpcEndpoint, Peer, Port, type SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { KAFKA_PORTS } from '../kafka-cluster';
import { grantSecretValue } from '../secret-value';

/**
 * A SCRAM user, and how the function reads its password.
 */
export interface KafkaScramOptions {
  /**
   * The secret that holds `username` and `password` as JSON. Amazon MSK requires a name that starts with `AmazonMSK_`
   * and a key of your own; associate it with the cluster.
   */
  readonly secret: ISecret;

  /**
   * The interface endpoint of Secrets Manager. The function may connect only to it and to the brokers.
   *
   * @default - the function may connect to port 443 anywhere: Secrets Manager is behind a NAT gateway, or an endpoint that is not
   *   known here
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
    return new KafkaAuthentication(KAFKA_PORTS.scram, 'BootstrapBrokerStringSaslScram', options);
  }

  /**
   * As the function's own role, through IAM access control. It needs no secret and no endpoint.
   */
  public static iam(): KafkaAuthentication {
    return new KafkaAuthentication(KAFKA_PORTS.iam, 'BootstrapBrokerStringSaslIam');
  }

  private constructor(
    /** Port of the brokers; Amazon MSK developer guide, Port information. */
    public readonly port: number,
    /** Name of the brokers' addresses in the answer of `GetBootstrapBrokers`. */
    public readonly brokersOutput: string,
    private readonly scramOptions?: KafkaScramOptions,
  ) {}

  /**
   * Environment variables that tell the function how to sign in. None is a secret.
   *
   * @internal
   */
  public _environment(): { [name: string]: string } {
    return this.scramOptions ? { SECRET_ARN: this.scramOptions.secret.secretArn } : {};
  }

  /**
   * Gives the function the permissions that it needs to sign in.
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
        // DESCRIBE_CONFIGS on the cluster, which Kafka requires to alter client quotas.
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
   * Allows the connection to Secrets Manager.
   *
   * @internal
   */
  public _allowFrom(securityGroup: SecurityGroup): void {
    if (!this.scramOptions) return;
    const endpoint = this.scramOptions.secretsManagerEndpoint;
    if (endpoint) securityGroup.connections.allowTo(endpoint, Port.tcp(443), 'Secrets Manager');
    // Behind a NAT gateway its addresses are public ones, which nobody can list.
    else securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'Secrets Manager');
  }
}
