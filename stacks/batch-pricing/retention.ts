import { CfnOutput, CfnParameter } from 'aws-cdk-lib';
import { DatabaseCluster } from 'aws-cdk-lib/aws-docdb';
import { AttributeType } from 'aws-cdk-lib/aws-dynamodb';
import { type IVpc, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { Cluster, ContainerImage, ContainerInsights } from 'aws-cdk-lib/aws-ecs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { TtlCollection } from '../../lib/aws/retention/ttl-collection';
import { TtlTable } from '../../lib/aws/retention/ttl-table';
import { EVENTS, EVENTS_TABLE } from '../../lib/cases/case-16-collection-swells';

/** What is there already. */
export interface RetentionParts {
  readonly alarmTopic: ITopic;
  readonly vpc: IVpc;
}

/** Events of the pricing jobs, which are of value for weeks: a table and a collection that would keep them for ever (case 16). */
export class Retention extends Construct {
  /** The events. */
  public readonly events: TtlTable;
  /** The same in a collection. */
  public readonly documents: TtlCollection;

  constructor(scope: Construct, id: string, { alarmTopic, vpc }: RetentionParts) {
    super(scope, id);
    this.events = new TtlTable(this, 'Events', {
      ...EVENTS_TABLE,
      createdAttribute: 'createdAt',
      partitionKey: { name: 'job', type: AttributeType.STRING },
      sortKey: { name: 'createdAt', type: AttributeType.NUMBER },
      alarmTopic,
    });
    this.documents = this.createCollection(alarmTopic, vpc);
  }

  /**
   * The collection `events` of a cluster that there is: `jobs` of Amazon DocumentDB, with the secret `jobs/documentdb`. Give its
   * endpoint as a parameter, and the cluster the group of the output; the repository `ttl-collection` has the image.
   */
  private createCollection(alarmTopic: ITopic, vpc: IVpc): TtlCollection {
    const securityGroup = new SecurityGroup(this, 'Databases', {
      vpc,
      description: 'The documents of the jobs',
      allowAllOutbound: false,
    });
    new CfnOutput(this, 'DatabasesSecurityGroup', { value: securityGroup.securityGroupId });
    const endpoint = new CfnParameter(this, 'DocumentsEndpoint', {
      description: 'Endpoint of the cluster of Amazon DocumentDB',
      default: 'jobs.cluster-example.us-east-1.docdb.amazonaws.com',
    });
    return new TtlCollection(this, 'Documents', {
      ...EVENTS,
      databaseCluster: DatabaseCluster.fromDatabaseClusterAttributes(this, 'Jobs', {
        clusterIdentifier: 'jobs',
        clusterEndpointAddress: endpoint.valueAsString,
        port: 27_017,
        securityGroup,
      }),
      secret: Secret.fromSecretNameV2(this, 'Secret', 'jobs/documentdb'),
      databaseName: 'jobs',
      collection: 'events',
      cluster: new Cluster(this, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.ENABLED }),
      image: ContainerImage.fromEcrRepository(Repository.fromRepositoryName(this, 'Image', 'ttl-collection'), '1.0.0'),
      alarmTopic,
    });
  }
}
