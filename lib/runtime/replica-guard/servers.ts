/**
 * The source and its replicas. The heartbeat is a row in pt-heartbeat's format, with the clock of this program as a value:
 * `NOW()` in a statement would be the clock of the replica.
 */
import { type Connection, type ConnectionOptions, createConnection } from 'mysql2/promise';
import type { HeartbeatSource, Reading, WatchedReplica } from './guard';

/** Where a server is. */
export interface ServerAddress {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** How all of them are reached. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
  /** Schema with the heartbeat. */
  readonly schema: string;
  /** Certificates to trust, `rds` for those of RDS, `system` for those of the image; undefined: no TLS. */
  readonly trust?: string;
  /** A connection or a query that takes longer has failed. */
  readonly timeoutMillis: number;
}

/** Name of the table. */
const TABLE = 'heartbeat';
const NO_SUCH_TABLE = 'ER_NO_SUCH_TABLE';

/** A connection that is made again when it fails. */
abstract class Server {
  #connection: Promise<Connection> | undefined;

  constructor(
    protected readonly address: ServerAddress,
    protected readonly credentials: Credentials,
  ) {}

  public get name(): string {
    return this.address.name;
  }

  /** Ends the connection, as a program does that stops. */
  public async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.then((one) => one.destroy()).catch(() => {});
  }

  protected async query<Row>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    this.#connection ??= this.connect();
    const connection = this.#connection;
    try {
      const open = await connection;
      const [rows] = await open.query({ sql, timeout: this.credentials.timeoutMillis }, [...values]);
      return rows as Row[];
    } catch (error) {
      // A query that was answered with an error leaves the connection as it is; everything else may have broken it.
      if ((error as { sqlState?: unknown }).sqlState === undefined) await this.close();
      throw error;
    }
  }

  private async connect(): Promise<Connection> {
    const { user, password, timeoutMillis, trust } = this.credentials;
    const { host, port } = this.address;
    const connection = await createConnection({
      host,
      port,
      user,
      password,
      connectTimeout: timeoutMillis,
      ssl: tlsOf(trust),
      // The default of the driver is an older form of UTF-8, which needs tables that are not in the bundle.
      charset: 'UTF8MB4_UNICODE_CI',
      // Nothing that this program sends needs more than one statement.
      multipleStatements: false,
    });
    // Without a listener an error of an idle connection ends the program.
    connection.on('error', () => void this.close());
    return connection;
  }
}

function tlsOf(trust: string | undefined): ConnectionOptions['ssl'] {
  if (trust === undefined) return undefined;
  if (trust === 'rds') return 'Amazon RDS';
  return trust === 'system' ? {} : { ca: trust };
}

/** Identifiers are checked where they are given, and quoted here. */
function tableOf(schema: string): string {
  return `\`${schema.replace(/`/g, '``')}\`.\`${TABLE}\``;
}

/** The source. */
export class Source extends Server implements HeartbeatSource {
  #serverId: number | undefined;

  public async beat(nowMillis: number): Promise<void> {
    const table = tableOf(this.credentials.schema);
    this.#serverId ??= (await this.query<{ id: number }>('SELECT @@server_id AS id'))[0].id;
    const text = timestampText(nowMillis);
    const insert = `INSERT INTO ${table} (ts, server_id) VALUES (?, ?) ON DUPLICATE KEY UPDATE ts = ?`;
    const values = [text, this.#serverId, text];
    try {
      await this.query(insert, values);
    } catch (error) {
      if ((error as { code?: unknown }).code !== NO_SUCH_TABLE) throw error;
      await this.query(
        `CREATE TABLE IF NOT EXISTS ${table} (ts varchar(26) NOT NULL, server_id int unsigned NOT NULL PRIMARY KEY, file varchar(255) DEFAULT NULL, position bigint unsigned DEFAULT NULL, relay_master_log_file varchar(255) DEFAULT NULL, exec_master_log_pos bigint unsigned DEFAULT NULL)`,
      );
      await this.query(insert, values);
    }
  }
}

/** A replica. */
export class Replica extends Server implements WatchedReplica {
  #maySeeStatus = true;

  public async read(): Promise<Reading> {
    const beatMillis = await this.newestBeat();
    const isRunning = await this.isRunning();
    return { ...(beatMillis !== undefined && { beatMillis }), ...(isRunning !== undefined && { isRunning }) };
  }

  /** Of several rows, as a change of the source leaves them, the newest one counts. */
  private async newestBeat(): Promise<number | undefined> {
    try {
      const [row] = await this.query<{ ts: string | null }>(
        `SELECT MAX(ts) AS ts FROM ${tableOf(this.credentials.schema)}`,
      );
      return row?.ts ? millisOf(row.ts) : undefined;
    } catch (error) {
      // The replica has not applied the statement that makes the table.
      if ((error as { code?: unknown }).code === NO_SUCH_TABLE) return undefined;
      throw error;
    }
  }

  /** Both threads run. Undefined where the user may not ask, or the server is no replica. */
  private async isRunning(): Promise<boolean | undefined> {
    if (!this.#maySeeStatus) return undefined;
    try {
      const [row] = await this.query<Record<string, unknown>>('SHOW REPLICA STATUS');
      if (row === undefined) return undefined;
      const of = (name: string) => row[`Replica_${name}`] ?? row[`Slave_${name}`];
      // A replica that is connecting again still applies what it has.
      return of('SQL_Running') === 'Yes' && of('IO_Running') !== 'No';
    } catch (error) {
      if ((error as { sqlState?: unknown }).sqlState === undefined) throw error;
      this.#maySeeStatus = false;
      return undefined;
    }
  }
}

/** In UTC with microseconds, as pt-heartbeat writes it with --utc. */
export function timestampText(millis: number): string {
  return new Date(millis).toISOString().replace('T', ' ').replace('Z', '000');
}

/** The moment of such a text; undefined for another one. */
export function millisOf(text: string): number | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?)\d*$/.exec(text);
  const millis = match ? Date.parse(`${match[1]}T${match[2]}Z`) : Number.NaN;
  return Number.isNaN(millis) ? undefined : millis;
}
