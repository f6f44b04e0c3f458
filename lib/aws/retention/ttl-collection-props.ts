import { type RemovalPolicy, Token } from 'aws-cdk-lib';
import type { IDatabaseCluster } from 'aws-cdk-lib/aws-docdb';
import type { ISecurityGroup, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ContainerImage, ICluster } from 'aws-cdk-lib/aws-ecs';
import type { IScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { type Check, shown } from '../../flow/errors';
import { CHECKED, FLAG, having, type Kinds, needed, OBJECT, sound, TEXT } from '../../flow/kinds';
import { COLLECTION_NAME, DATABASE_NAME, FIELD_PATH, type TextForm } from '../../flow/retention/collection-settings';
import type { RetentionObjective, RetentionWorkload } from '../../flow/retention/workload';
import { ALARM_SETTINGS, type AlarmSettings, alarmSettingsChecks } from '../alarm-settings';
import { CLUSTER, DOCUMENTDB, SCHEDULE_GROUP, SECRET, SECURITY_GROUP, TOPIC } from '../kinds';
import { removalCheck } from '../removal-policy';
import { TTL_COLLECTION_ALARMS } from './ttl-collection-rows';

/**
 * What a collection with a time to live is sized from, and where its database is.
 */
export interface TtlCollectionProps {
  /**
   * The inserts, the existing documents, and the load that the database can bear.
   */
  readonly workload: RetentionWorkload;

  /**
   * How long documents are kept, and the limits on size and time.
   */
  readonly objective: RetentionObjective;

  /**
   * The database: a cluster of Amazon DocumentDB 5.0 or 8.0, not an elastic one. An imported one needs its endpoint, its port and
   * its security group.
   */
  readonly databaseCluster: IDatabaseCluster;

  /**
   * User and password as JSON, keys `username` and `password`: the secret of the cluster, or that of a user with `readWrite` on
   * the database.
   */
  readonly secret: ISecret;

  /**
   * Name of the database. 1 to 63 letters, digits, `_` and `-`.
   */
  readonly databaseName: string;

  /**
   * Name of the collection. It gets the field `expireAt`; progress and lease are kept in the collection `ttl_backfill` beside it.
   * 1 to 120 letters, digits, `_`, `-` and `.`.
   */
  readonly collection: string;

  /**
   * Field with the creation time of a document, of BSON type `date`. Every document that has it expires. If it is missing, of
   * another type (a number or a timestamp for instance) or before 1971, the document gets no date and stays, unless
   * `expireUnknownAge` of the objective is true. 1 to 120 letters, digits, `_` and `.`.
   *
   * @default - the time within the ObjectId of `_id`: every document with one expires; an `_id` of another type says nothing
   */
  readonly createdField?: string;

  /**
   * The cluster of Amazon ECS in which backfill and report run on Fargate, in a VPC that reaches the database.
   */
  readonly cluster: ICluster;

  /**
   * Subnets of the tasks. They need a way to Secrets Manager, CloudWatch Logs and the registry of the image.
   *
   * @default - private subnets
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * The group of the tasks. It is let in at the database, and needs a way out to HTTPS.
   *
   * @default - one is made, which lets out HTTPS and the port of the database
   */
  readonly securityGroup?: ISecurityGroup;

  /**
   * An image for ARM64 that was built from `dist/runtime/ttl-collection` of this library.
   *
   * @default - built from there when the stack is deployed; that needs Docker
   */
  readonly image?: ContainerImage;

  /**
   * The group of the two schedules.
   *
   * @default - one is made
   */
  readonly scheduleGroup?: IScheduleGroup;

  /**
   * Where the alarms go.
   *
   * @default - nowhere; the alarms exist without an action
   */
  readonly alarmTopic?: ITopic;

  /**
   * Where alarms of each severity go, what they are called, and which are silent.
   *
   * @default - all to `alarmTopic`, with names from CloudFormation
   */
  readonly alarms?: AlarmSettings;

  /**
   * Whether to make a CloudWatch dashboard.
   *
   * @default true
   */
  readonly dashboard?: boolean;

  /**
   * What happens to the queue of starts that could not be delivered when it leaves the stack: RETAIN, RETAIN_ON_UPDATE_OR_DELETE or
   * DESTROY.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

const KINDS: Kinds<TtlCollectionProps> = {
  workload: CHECKED,
  objective: CHECKED,
  databaseCluster: needed(DOCUMENTDB),
  secret: needed(SECRET),
  databaseName: needed(TEXT),
  collection: needed(TEXT),
  createdField: TEXT,
  cluster: needed(CLUSTER),
  vpcSubnets: OBJECT,
  securityGroup: SECURITY_GROUP,
  image: having(['bind'], "a ContainerImage: ContainerImage.fromRegistry('shop/ttl:1')"),
  scheduleGroup: SCHEDULE_GROUP,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
  dashboard: FLAG,
  removalPolicy: CHECKED,
};

/** The props as far as they can be used, and what is wrong with them. */
export function usableCollectionProps(props: TtlCollectionProps): { props: TtlCollectionProps; checks: Check[] } {
  const { props: usable, checks } = sound(props, KINDS);
  const { databaseName, collection, createdField, databaseCluster, alarms, removalPolicy } = usable;
  return {
    props: usable,
    checks: [
      ...checks,
      text('databaseName', databaseName, DATABASE_NAME),
      text('collection', collection, COLLECTION_NAME),
      text('createdField', createdField, FIELD_PATH),
      {
        refused: databaseCluster !== undefined && !hasEndpoint(databaseCluster),
        message:
          'databaseCluster is imported without clusterEndpointAddress or port: give both, and its securityGroup, to fromDatabaseClusterAttributes()',
      },
      {
        // Otherwise the group of the tasks has no rule out to the database, and the database has none in.
        refused:
          databaseCluster !== undefined &&
          hasEndpoint(databaseCluster) &&
          databaseCluster.connections.securityGroups.length === 0,
        message:
          'databaseCluster is imported without its security group, so nothing would let the tasks in: give securityGroup to fromDatabaseClusterAttributes()',
      },
      removalCheck(removalPolicy),
      ...alarmSettingsChecks(alarms, TTL_COLLECTION_ALARMS),
    ],
  };
}

/** A name that only the deployment knows is not judged. */
function text(name: string, value: string | undefined, { has, form }: TextForm): Check {
  return {
    refused: value !== undefined && !Token.isUnresolved(value) && !has(value),
    message: `${name} must be ${form}, got ${shown(value)}`,
  };
}

/** The CDK throws where an imported cluster has none. */
function hasEndpoint(cluster: IDatabaseCluster): boolean {
  try {
    return cluster.clusterEndpoint !== undefined;
  } catch {
    return false;
  }
}
