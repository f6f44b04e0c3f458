/**
 * What replication is called in each version, and which names it no longer has.
 *
 * Sources, read 29 November 2026: MySQL 8.4 Reference Manual, "What Is New in MySQL 8.4 since MySQL 8.0", options removed;
 * MySQL 8.0 Reference Manual, Replica Server Options and Variables, Binary Logging Options and Variables; MariaDB, Parallel
 * Replication. A version between two of these is not known to RDS.
 */
import { ReplicaEngine } from './workload';

/** Every family, as RDS names it. */
export const ENGINE_NAMES: readonly string[] = Object.values(ReplicaEngine);

/** Names of one version. */
export interface EngineFacts {
  /** How many threads apply. */
  readonly workers: string;
  /** What the source writes, beside rows. */
  readonly source: Readonly<Record<string, string>>;
  /** How the replica applies, beside its threads. */
  readonly replica: Readonly<Record<string, string>>;
  /** Statements that a user who is no administrator cannot make on a replica. */
  readonly superReadOnly: boolean;
  /** The version as people write it. */
  readonly label: string;
}

const ROWS = { binlog_format: 'ROW', binlog_row_image: 'MINIMAL' };
/** 8.0 tracks commit times unless told otherwise: transactions of one group only are independent. */
const WRITE_SETS = { binlog_transaction_dependency_tracking: 'WRITESET', transaction_write_set_extraction: 'XXHASH64' };

const FACTS: Readonly<Record<string, EngineFacts>> = {
  [ReplicaEngine.MYSQL_8_0]: {
    workers: 'replica_parallel_workers',
    source: { ...ROWS, ...WRITE_SETS },
    // Some defaults of RDS have several workers and no order (Materialize, ensure_replication_commit_order).
    replica: { replica_parallel_type: 'LOGICAL_CLOCK', replica_preserve_commit_order: 'ON' },
    superReadOnly: true,
    label: 'MySQL 8.0',
  },
  [ReplicaEngine.MYSQL_8_4]: {
    workers: 'replica_parallel_workers',
    source: ROWS,
    // replica_parallel_type is deprecated, and LOGICAL_CLOCK is what it is.
    replica: { replica_preserve_commit_order: 'ON' },
    superReadOnly: true,
    label: 'MySQL 8.4',
  },
  [ReplicaEngine.AURORA_MYSQL_8_0]: {
    workers: 'replica_parallel_workers',
    source: { ...ROWS, binlog_transaction_dependency_tracking: 'WRITESET' },
    replica: { replica_parallel_type: 'LOGICAL_CLOCK', replica_preserve_commit_order: 'ON' },
    superReadOnly: false,
    label: 'Aurora MySQL 3',
  },
  [ReplicaEngine.MARIADB_10_11]: mariadb('MariaDB 10.11'),
  [ReplicaEngine.MARIADB_11_4]: mariadb('MariaDB 11.4'),
};

/** Optimistic: whatever conflicts is rolled back and applied again, in the order of the source. */
function mariadb(label: string): EngineFacts {
  return {
    workers: 'slave_parallel_threads',
    source: ROWS,
    replica: { slave_parallel_mode: 'optimistic' },
    superReadOnly: false,
    label,
  };
}

/** The names of a family. */
export function factsOf(engine: string): EngineFacts {
  return FACTS[engine];
}

/** The parameters of a source. */
export function sourceParameters(engine: string): Record<string, string> {
  return { ...factsOf(engine).source };
}

/**
 * The parameters of a replica.
 *
 * A replica that is relaxed writes its logs once a second. After a crash one without a binary log of its own fetches again what
 * it lost; in one that has it, tables and binary log may then have other transactions, and it has to be made anew (MySQL 8.4
 * Reference Manual, sync_binlog and innodb_flush_log_at_trx_commit).
 */
export function replicaParameters(engine: string, workers: number, relaxed: boolean): Record<string, string> {
  const facts = factsOf(engine);
  return {
    ...ROWS,
    ...facts.replica,
    [facts.workers]: String(workers),
    ...(relaxed && { innodb_flush_log_at_trx_commit: '2', sync_binlog: '0' }),
  };
}

/** Parameters that a family no longer has: a server with one does not start, and RDS refuses the group. */
export const REMOVED_PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  'mysql8.4': [
    'binlog_transaction_dependency_tracking',
    'transaction_write_set_extraction',
    'master_info_repository',
    'relay_log_info_repository',
    'relay_log_info_file',
    'master_info_file',
    'expire_logs_days',
    'default_authentication_plugin',
    'log_bin_use_v1_row_events',
    'slave_rows_search_algorithms',
    'old',
    'new',
    'have_openssl',
    'have_ssl',
    'avoid_temporal_upgrade',
    'show_old_temporals',
    'language',
    'group_replication_ip_whitelist',
  ],
};

/**
 * Parameters as an option file has them.
 *
 * @param replicaOf the family, for a replica: it takes no writes but those of its source
 */
export function serverFile(parameters: Readonly<Record<string, string>>, replicaOf?: string): string {
  const readOnly = replicaOf === undefined ? {} : { read_only: 'ON' };
  const superReadOnly = replicaOf !== undefined && factsOf(replicaOf).superReadOnly ? { super_read_only: 'ON' } : {};
  const lines = Object.entries({ ...parameters, ...readOnly, ...superReadOnly }).map(
    ([name, value]) => `${name} = ${value}`,
  );
  return ['[mysqld]', ...lines, ''].join('\n');
}
