/** A source and a replica of MariaDB on loopback, with the option files of a plan. They last as long as the test. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, createConnection } from 'mysql2/promise';
import { freePorts } from '../support/ports';
import { until } from '../support/until';

const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;
const env = { ...process.env, PATH };
/** The user of the guard and of the test. */
export const USER = 'guard';
export const PASSWORD = 'guard-of-the-test';

/** Why no server can be had on this machine; undefined when one can. */
export function mariadbMissing(): string | undefined {
  const has = (command: string) => spawnSync(command, ['--version'], { env }).status === 0;
  return has('mariadbd') && spawnSync('sh', ['-c', 'command -v mariadb-install-db'], { env }).status === 0
    ? undefined
    : 'no mariadbd';
}

/** One server. */
export interface MariadbServer {
  readonly port: number;
  readonly connection: Connection;
  /** Another connection to it. */
  connect(): Promise<Connection>;
}

/** Both. */
export interface MariadbPair {
  readonly source: MariadbServer;
  readonly replica: MariadbServer;
  /** Version, as the server gives it. */
  readonly version: string;
  stop(): Promise<void>;
}

/**
 * Starts both, and the replica begins to replicate.
 *
 * @param options the option files of source and replica
 */
export async function startPair(options: { readonly source: string; readonly replica: string }): Promise<MariadbPair> {
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-mariadb-'));
  const [sourcePort, replicaPort] = await freePorts(2);
  const processes: ChildProcess[] = [];
  const stop = async () => {
    await Promise.all(
      processes.map(async (server) => {
        if (server.exitCode !== null) return;
        server.kill('SIGKILL');
        await once(server, 'close');
      }),
    );
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [source, replica] = await Promise.all([
      startServer(join(folder, 'source'), sourcePort, 1, options.source, processes),
      startServer(join(folder, 'replica'), replicaPort, 2, options.replica, processes),
    ]);
    await replica.connection.query(
      `CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=${sourcePort}, MASTER_USER='${USER}', MASTER_PASSWORD='${PASSWORD}', MASTER_USE_GTID=slave_pos`,
    );
    await replica.connection.query('START SLAVE');
    await source.connection.query('CREATE DATABASE backpressure');
    await until('the replica replicates', async () => {
      const [rows] = await replica.connection.query("SHOW DATABASES LIKE 'backpressure'");
      return (rows as unknown[]).length === 1;
    });
    const { version } = await firstRow<{ version: string }>(source.connection, 'SELECT VERSION() AS version');
    return {
      source,
      replica,
      version,
      stop: async () => {
        for (const { connection } of [source, replica]) connection.destroy();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Both servers have the same users from the start: nothing of them is replicated. */
const USERS = [
  `CREATE USER '${USER}'@'127.0.0.1' IDENTIFIED BY '${PASSWORD}';`,
  `GRANT ALL ON *.* TO '${USER}'@'127.0.0.1' WITH GRANT OPTION;`,
].join('\n');

async function startServer(
  folder: string,
  port: number,
  id: number,
  options: string,
  processes: ChildProcess[],
): Promise<MariadbServer> {
  const data = join(folder, 'data');
  mkdirSync(folder);
  const made = spawnSync(
    'mariadb-install-db',
    ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db', ...asRoot()],
    { env, encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`mariadb-install-db: ${made.stderr}`);
  const [init, file] = [join(folder, 'init.sql'), join(folder, 'my.cnf')];
  writeFileSync(init, `SET sql_log_bin = 0;\n${USERS}\n`);
  writeFileSync(file, options);
  const server = spawn(
    'mariadbd',
    [
      `--defaults-file=${file}`,
      ...asRoot(),
      `--datadir=${data}`,
      `--socket=${join(folder, 's')}`,
      `--pid-file=${join(folder, 'pid')}`,
      `--log-error=${join(folder, 'error.log')}`,
      `--init-file=${init}`,
      `--port=${port}`,
      `--server-id=${id}`,
      '--bind-address=127.0.0.1',
      '--log-bin=bin',
      '--innodb-buffer-pool-size=64M',
      // The disk of the machine that runs the tests is not what is measured.
      '--innodb-flush-log-at-trx-commit=2',
      '--sync-binlog=0',
    ],
    { env, stdio: 'ignore' },
  );
  processes.push(server);
  const connect = () => createConnection({ host: '127.0.0.1', port, user: USER, password: PASSWORD });
  let connection: Connection | undefined;
  await until('the server answers', async () => {
    connection = await connect().catch(() => undefined);
    return connection !== undefined;
  });
  return { port, connection: connection as Connection, connect };
}

/** The first row of an answer. */
export async function firstRow<Row>(connection: Connection, sql: string): Promise<Row> {
  const [rows] = await connection.query(sql);
  return (rows as Row[])[0];
}

/** A server refuses to run as root unless it is told to. */
function asRoot(): string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}
