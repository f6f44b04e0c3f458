import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ContainerImage, ICluster } from 'aws-cdk-lib/aws-ecs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { CHECKED, FLAG, having, type Kinds, listOf, needed, OBJECT, TEXT } from '../../flow/kinds';
import type {
  ReplicaEngine,
  ReplicationObjective,
  ReplicationQuestion,
  ReplicationWorkload,
} from '../../flow/replication/workload';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { CLUSTER, DURATION, SECRET, TABLE, TOPIC } from '../kinds';
import type { DatabaseServer } from './database-server';

/** Schema of the heartbeat. */
export const DEFAULT_SCHEMA = 'backpressure';

/**
 * What a guard is sized from, and where its servers are.
 */
export interface ReplicaLagGuardProps {
  /**
   * The writes on the source, and how fast a replica applies them.
   */
  readonly workload: ReplicationWorkload;

  /**
   * The longest that a replica may be behind, and the longest that a bulk write may wait if that is promised.
   */
  readonly objective: ReplicationObjective;

  /**
   * The version of source and replicas: the family of their parameter groups.
   */
  readonly engine: ReplicaEngine;

  /**
   * The server that takes the writes. Heartbeats are written to it.
   */
  readonly source: DatabaseServer;

  /**
   * The replicas that readers use. 1 to 64. The throttle follows the one that is furthest behind. A class smaller than that
   * of the source applies more slowly.
   */
  readonly replicas: DatabaseServer[];

  /**
   * User and password as JSON, keys `username` and `password`. The user needs SELECT, INSERT, UPDATE and CREATE on the schema
   * of the heartbeat, and REPLICATION CLIENT.
   */
  readonly secret: ISecret;

  /**
   * The cluster in which the guard runs, in a VPC that reaches the servers.
   */
  readonly cluster: ICluster;

  /**
   * Subnets of the guard. It needs a way to DynamoDB, CloudWatch Logs, Secrets Manager and its registry.
   *
   * @default - private subnets
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * The image of the guard.
   *
   * @default - built from the program that comes with this library, when the stack is deployed; that needs Docker
   */
  readonly image?: ContainerImage;

  /**
   * Whether the certificate of a server has to be one for its address. Only a name of your own, which the certificate of RDS
   * does not have, needs false: then the guard sends its password to any instance of RDS that answers at that address.
   *
   * @default true
   */
  readonly verifyIdentity?: boolean;

  /**
   * Schema of the table `heartbeat`. It has to exist, and no replica may filter it out. 1 to 64 letters, digits and underscores.
   *
   * @default 'backpressure'
   */
  readonly schema?: string;

  /**
   * The table of the signal, with partition key `guard` and sort key `item`, both strings. Several guards may share it.
   *
   * @default - a table is made
   */
  readonly table?: ITable;

  /**
   * Processors of a replica. A whole number, 1 to 256.
   *
   * @default 4
   */
  readonly cpu?: number;

  /**
   * Threads of a replica that apply. A whole number, 1 to 1,024. Still checked against the workload.
   *
   * @default - the fewest that apply the peak
   */
  readonly workers?: number;

  /**
   * Time from one heartbeat to the next. 0.1 to 60 seconds.
   *
   * @default Duration.millis(500)
   */
  readonly heartbeat?: Duration;

  /**
   * Time from one reading of the lag to the next. 0.1 to 60 seconds.
   *
   * @default Duration.seconds(1)
   */
  readonly tick?: Duration;

  /**
   * Time from one poll of a writer to its next; the signal tells it to writers. 0.1 to 60 seconds.
   *
   * @default Duration.seconds(1)
   */
  readonly writerPoll?: Duration;

  /**
   * Share of the target lag up to which the rate rises again. 0.1 to 0.9.
   *
   * @default 0.5
   */
  readonly releaseRatio?: number;

  /**
   * Times the load that is planned for. 1 to 10.
   *
   * @default 1.25
   */
  readonly headroom?: number;

  /**
   * Whether replicas write their logs once a second only. They apply faster, and a crash loses their last transactions: a
   * replica with a binary log of its own, as RDS has it with backups, then has to be made anew. The source is not touched.
   *
   * @default false
   */
  readonly relaxedDurability?: boolean;

  /**
   * Where the alarms go.
   *
   * @default - nowhere; the alarms still exist
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
   * What happens to the table of the signal when it leaves the stack; writers go on with the least rate without it. RETAIN,
   * RETAIN_ON_UPDATE_OR_DELETE or DESTROY.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

const SERVER = having(['_binding'], 'a DatabaseServer: DatabaseServer.instance() or DatabaseServer.cluster()');

/** What each prop has to be. */
export const GUARD_KINDS: Kinds<ReplicaLagGuardProps> = {
  workload: CHECKED,
  objective: CHECKED,
  engine: CHECKED,
  source: needed(SERVER),
  replicas: needed(listOf(SERVER)),
  secret: needed(SECRET),
  cluster: needed(CLUSTER),
  vpcSubnets: OBJECT,
  image: having(['bind'], "a ContainerImage: ContainerImage.fromRegistry('shop/guard:1')"),
  verifyIdentity: FLAG,
  schema: TEXT,
  table: TABLE,
  cpu: CHECKED,
  workers: CHECKED,
  heartbeat: DURATION,
  tick: DURATION,
  writerPoll: DURATION,
  releaseRatio: CHECKED,
  headroom: CHECKED,
  relaxedDurability: FLAG,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
  dashboard: FLAG,
  removalPolicy: CHECKED,
};

/** The question that the props ask. */
export function guardQuestion(props: ReplicaLagGuardProps): ReplicationQuestion {
  const { workload, objective, engine, cpu, workers, releaseRatio, headroom, relaxedDurability, replicas } = props;
  const seconds = (time: Duration | undefined) => time && time.toMilliseconds({ integral: false }) / 1000;
  return {
    workload,
    objective,
    engine,
    cpu,
    replicas: replicas?.length,
    workers,
    heartbeatSeconds: seconds(props.heartbeat),
    tickSeconds: seconds(props.tick),
    writerPollSeconds: seconds(props.writerPoll),
    releaseRatio,
    relaxedDurability,
    headroom,
  };
}
