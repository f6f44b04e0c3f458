import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CredentialsRefused } from '../../../lib/runtime/replica-guard/guard';
import { type Credentials, newestOf, Replica, Source } from '../../../lib/runtime/replica-guard/servers';
import { selfSigned } from '../../support/certificate';
import { type Answer, type FakeMysql, fakeMysql, fakeMysqlWithTls } from '../../support/mysql-server';

const BEAT = Date.parse('2026-11-29T12:00:00.250Z');
const credentials: Credentials = {
  user: 'guard',
  password: 'secret',
  schema: 'backpressure',
  verifyIdentity: true,
  timeoutMillis: 5000,
};
const RUNNING: Answer = [{ Replica_IO_Running: 'Yes', Replica_SQL_Running: 'Yes' }];
const DENIED = { code: 1045, message: 'Access denied for user' };

/** What a replica answers that runs; `changed` has other answers, by the statement. */
function answers(changed: Readonly<Record<string, () => Answer>> = {}) {
  return (sql: string): Answer => {
    for (const [part, answer] of Object.entries(changed)) if (sql.includes(part)) return answer();
    return sql.startsWith('SHOW') ? RUNNING : [{ ts: '2026-11-29T12:00:00.250000' }];
  };
}

// The half of the driver that is a server does not number its packets, of which the other half complains.
beforeAll(() => jest.spyOn(console, 'error').mockImplementation(() => {}));
afterAll(() => jest.restoreAllMocks());

let server: FakeMysql | undefined;
const opened: (Replica | Source)[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  await server?.close();
});

function replicaAt({ port }: FakeMysql, changed: Partial<Credentials> = {}, host = '127.0.0.1'): Replica {
  const replica = new Replica({ name: 'a', host, port }, { ...credentials, ...changed });
  opened.push(replica);
  return replica;
}

describe('a server that refuses a connection', () => {
  test('with "too many connections" is tried again, and read when it has one', async () => {
    server = await fakeMysql(answers(), {
      hello: (nth) => (nth < 2 ? { code: 1040, message: 'Too many connections' } : undefined),
    });
    const replica = replicaAt(server);
    await expect(replica.read()).rejects.toMatchObject({ code: 'ER_CON_COUNT_ERROR' });
    await expect(replica.read()).rejects.toMatchObject({ code: 'ER_CON_COUNT_ERROR' });
    expect(await replica.read()).toEqual({ beatMillis: BEAT, isRunning: true });
    await replica.read();
    expect(server.connections()).toBe(3);
  });

  test('because of the password is tried again, as one is in the middle of a rotation', async () => {
    server = await fakeMysql(answers(), { accept: (nth) => (nth === 0 ? DENIED : undefined) });
    const replica = replicaAt(server);
    await expect(replica.read()).rejects.toMatchObject({ code: 'ER_ACCESS_DENIED_ERROR' });
    expect(await replica.read()).toMatchObject({ beatMillis: BEAT });
  });

  test('because of the password ten times in a row ends the guard, so that the secret is read again', async () => {
    server = await fakeMysql(answers(), { accept: () => DENIED });
    const replica = replicaAt(server);
    for (let refused = 0; refused < 9; refused += 1)
      await expect(replica.read()).rejects.toMatchObject({ code: 'ER_ACCESS_DENIED_ERROR' });
    await expect(replica.read()).rejects.toThrow(CredentialsRefused);
  });

  test('ten times, but not in a row, ends nothing', async () => {
    const full = { code: 1040, message: 'Too many connections' };
    server = await fakeMysql(answers(), { accept: (nth) => (nth % 2 === 0 ? DENIED : full) });
    const source = new Source({ name: 'source', host: '127.0.0.1', port: server.port }, credentials);
    opened.push(source);
    for (let refused = 0; refused < 30; refused += 1)
      await expect(source.beat(0)).rejects.not.toBeInstanceOf(CredentialsRefused);
  });
});

describe('whether a replica applies', () => {
  test.each([
    ['may not be asked', { code: 1227, message: 'Access denied; you need the REPLICATION CLIENT privilege' }],
    ['cannot be asked by that statement', { code: 1064, message: 'You have an error in your SQL syntax' }],
  ])('%s: its heartbeat alone counts, and it is not asked again', async (_, error) => {
    let asked = 0;
    server = await fakeMysql(
      answers({
        SHOW: () => {
          asked += 1;
          return error;
        },
      }),
    );
    const replica = replicaAt(server);
    expect(await replica.read()).toEqual({ beatMillis: BEAT });
    expect(await replica.read()).toEqual({ beatMillis: BEAT });
    expect(asked).toBe(1);
  });

  test('is asked again after a shutdown, which is answered with an error as well', async () => {
    const statuses: Answer[] = [
      { code: 1053, message: 'Server shutdown in progress' },
      [{ Replica_IO_Running: 'Yes', Replica_SQL_Running: 'No' }],
    ];
    server = await fakeMysql(answers({ SHOW: () => statuses.shift() as Answer }));
    const replica = replicaAt(server);
    await expect(replica.read()).rejects.toMatchObject({ code: 'ER_SERVER_SHUTDOWN' });
    expect(await replica.read()).toMatchObject({ isRunning: false });
  });
});

describe('the newest heartbeat', () => {
  test('is that of the latest moment: a row of pt-heartbeat with a T hides none that is written with a space', async () => {
    const rows = [{ ts: '2026-11-29T08:00:00.000000' }, { ts: '2026-11-29 12:00:00.250000' }];
    server = await fakeMysql(answers({ 'SELECT ts': () => rows, MAX: () => [rows[0]] }));
    expect(await replicaAt(server).read()).toMatchObject({ beatMillis: BEAT });
  });

  test('is none where no row has a moment', () => {
    expect(newestOf([])).toBeUndefined();
    expect(newestOf(['yesterday'])).toBeUndefined();
  });
});

describe('TLS', () => {
  let key: string;
  let cert: string;
  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), 'backpressure-replica-guard-'));
    const { keyFile, certificateFile } = selfSigned(folder, 'DNS:orders.example.net');
    [key, cert] = [keyFile, certificateFile].map((file) => readFileSync(file, 'utf8'));
    rmSync(folder, { recursive: true, force: true });
  });

  test('a certificate for another host, signed by an authority that is trusted, gets no user and no password', async () => {
    const heard: string[] = [];
    server = await fakeMysqlWithTls({ key, cert }, heard);
    await expect(replicaAt(server, { trust: cert }, 'localhost').read()).rejects.toThrow(/does not match.*altnames/);
    expect(heard).toEqual([]);
  });

  test('without verifyIdentity it does', async () => {
    const heard: string[] = [];
    server = await fakeMysqlWithTls({ key, cert }, heard);
    const replica = replicaAt(server, { trust: cert, verifyIdentity: false }, 'localhost');
    await expect(replica.read()).rejects.toMatchObject({ code: 'ER_ACCESS_DENIED_ERROR' });
    expect(heard.join()).toContain('guard');
  });

  test.each(['system', 'rds'])('a certificate that %s does not know gets nothing either', async (trust) => {
    const heard: string[] = [];
    server = await fakeMysqlWithTls({ key, cert }, heard);
    await expect(replicaAt(server, { trust }, 'localhost').read()).rejects.toThrow(/self-signed/);
    expect(heard).toEqual([]);
  });
});
