import type { Duration } from 'cdk8s';
import type * as kplus from 'cdk8s-plus-28';
import type { Check } from '../../flow/errors';
import { CHECKED, FLAG, type Kinds, listOf, needed, OBJECT, struct, TEXT } from '../../flow/kinds';
import type {
  ReplicaEngine,
  ReplicationObjective,
  ReplicationQuestion,
  ReplicationWorkload,
} from '../../flow/replication/workload';
import { DURATION, SECRET_KEY } from '../kinds';
import { dnsLabel, secretChecks, textCheck } from '../names';
import type { SecretKey } from '../secret-key';
import { MYSQL_SERVER, type MysqlServer, mysqlIdentityCheck, mysqlServerChecks } from './mysql-server';

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
   * The version of source and replicas.
   */
  readonly engine: ReplicaEngine;

  /**
   * The server that takes the writes. Heartbeats are written to it.
   */
  readonly source: MysqlServer;

  /**
   * The replicas that readers use. 1 to 64. The throttle follows the one that is furthest behind.
   */
  readonly replicas: MysqlServer[];

  /**
   * Name of the user of source and replicas, in a Secret. It needs SELECT, INSERT, UPDATE and CREATE on the schema of the
   * heartbeat, and REPLICATION CLIENT (MariaDB: REPLICA MONITOR) to tell a replica that stopped from one that is slow.
   */
  readonly user: SecretKey;

  /**
   * Its password, in a Secret.
   */
  readonly password: SecretKey;

  /**
   * Schema of the table `heartbeat`. It has to exist, and no replica may filter it out. 1 to 64 letters, digits and underscores.
   *
   * @default 'backpressure'
   */
  readonly schema?: string;

  /**
   * Whether the servers are reached by TLS.
   *
   * @default true
   */
  readonly tls?: boolean;

  /**
   * Certificate (PEM) of the authority that signed the servers' certificates, in a Secret. With TLS only.
   *
   * @default - an authority that the image knows
   */
  readonly certificateAuthority?: SecretKey;

  /**
   * Whether the certificate of a server has to be one for its `host`, which then must be a name. With TLS only; false for
   * certificates without that name: then the guard sends its password to any server whose certificate the authority signed.
   *
   * @default true
   */
  readonly verifyIdentity?: boolean;

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
   * replica with a binary log of its own, the default, then has to be made anew. The source is not touched.
   *
   * @default false
   */
  readonly relaxedDurability?: boolean;

  /**
   * Namespace of the writers, which may connect to the guard.
   *
   * @default - the namespace of the chart
   */
  readonly writerNamespace?: string;

  /**
   * Namespace of Prometheus, which may connect to the guard.
   *
   * @default 'monitoring'
   */
  readonly monitoringNamespace?: string;

  /**
   * CPU and memory of the guard.
   *
   * @default - 250 m to 1 CPU, 256 MiB
   */
  readonly resources?: kplus.ContainerResources;
}

/** What each prop has to be. */
export const GUARD_KINDS: Kinds<ReplicaLagGuardProps> = {
  workload: CHECKED,
  objective: CHECKED,
  engine: CHECKED,
  source: needed(struct(MYSQL_SERVER)),
  replicas: needed(listOf(struct(MYSQL_SERVER))),
  user: needed(SECRET_KEY),
  password: needed(SECRET_KEY),
  schema: TEXT,
  tls: FLAG,
  certificateAuthority: SECRET_KEY,
  verifyIdentity: FLAG,
  cpu: CHECKED,
  workers: CHECKED,
  heartbeat: DURATION,
  tick: DURATION,
  writerPoll: DURATION,
  releaseRatio: CHECKED,
  headroom: CHECKED,
  relaxedDurability: FLAG,
  writerNamespace: TEXT,
  monitoringNamespace: TEXT,
  resources: OBJECT,
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

/** What is wrong with the props, beside what the plan refuses. */
export function guardChecks(props: ReplicaLagGuardProps): Check[] {
  const { source, replicas = [], user, password, schema, tls = true, certificateAuthority, verifyIdentity } = props;
  const servers = [
    ...(source === undefined ? [] : [['source.', source] as const]),
    ...replicas.map((one, at) => [`replicas[${at}].`, one] as const),
  ];
  const names = replicas.map(({ name }, at) => name ?? `replica-${at + 1}`);
  return [
    ...servers.flatMap(([prefix, server]) => mysqlServerChecks(prefix, server)),
    ...(tls && verifyIdentity !== false ? servers.map(([prefix, server]) => mysqlIdentityCheck(prefix, server)) : []),
    ...names.map((name, at) => ({
      refused: names.indexOf(name) !== at,
      message: `replicas[${at}].name must not be that of another replica, got '${name}'`,
    })),
    ...secretChecks('user', user),
    ...secretChecks('password', password),
    ...secretChecks('certificateAuthority', certificateAuthority),
    {
      refused: !tls && certificateAuthority !== undefined,
      message: 'certificateAuthority needs tls, got tls false',
    },
    {
      refused: !tls && verifyIdentity === true,
      message: 'verifyIdentity needs tls, got tls false',
    },
    textCheck('schema', schema, (text) => /^\w{1,64}$/.test(text), '1 to 64 letters, digits and underscores'),
    dnsLabel('writerNamespace', props.writerNamespace),
    dnsLabel('monitoringNamespace', props.monitoringNamespace),
  ];
}
