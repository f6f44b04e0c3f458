/** Servers that speak as much of MySQL's protocol as a test needs, on loopback. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { createServer as mysqlServer } from 'mysql2';

const NATIVE = 'mysql_native_password';
/** CLIENT_PROTOCOL_41, SECURE_CONNECTION and PLUGIN_AUTH. */
const CAPABILITIES = 0x00088200;
const SSL = 0x800;
const UTF8 = 8;

/** An error as a server answers it. */
export interface MysqlError {
  readonly code: number;
  readonly message: string;
}

/** What a server answers to a statement: rows, or an error. */
export type Answer = readonly Readonly<Record<string, string | number>>[] | MysqlError;

/** One that listens. */
export interface FakeMysql {
  readonly port: number;
  /** Connections so far. */
  connections(): number;
  close(): Promise<void>;
}

/**
 * A server without TLS.
 *
 * @param hello the error with which the nth connection is answered before its handshake; undefined for none
 * @param accept the error with which user and password of the nth connection are answered; undefined for none
 */
export async function fakeMysql(
  answer: (sql: string) => Answer,
  {
    hello = () => undefined,
    accept = () => undefined,
  }: {
    readonly hello?: (nth: number) => MysqlError | undefined;
    readonly accept?: (nth: number) => MysqlError | undefined;
  } = {},
): Promise<FakeMysql> {
  let count = 0;
  const open = new Set<Socket>();
  const server = mysqlServer((connection: Untyped) => {
    const nth = count;
    count += 1;
    open.add(connection.stream);
    connection.on('error', () => {});
    const error = hello(nth);
    if (error !== undefined) return void connection.stream.end(errorPacket(0, error));
    connection.serverHandshake({
      protocolVersion: 10,
      serverVersion: '8.4.0',
      connectionId: nth + 1,
      statusFlags: 2,
      characterSet: UTF8,
      capabilityFlags: CAPABILITIES,
      authCallback: (_: unknown, done: (failed: null, error?: MysqlError) => void) => done(null, accept(nth)),
    });
    connection.on('query', (sql: string) => reply(connection, answer(sql)));
  }) as unknown as { _server: Server; listen(port: number, host: string, done: () => void): void };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server._server.address() as AddressInfo).port,
    connections: () => count,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server._server.close(resolve));
    },
  };
}

/** A server with TLS, which refuses every user; `heard` is what clients sent to it after the handshake of TLS. */
export async function fakeMysqlWithTls(
  certificate: { readonly key: string; readonly cert: string },
  heard: string[],
): Promise<FakeMysql> {
  let count = 0;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    count += 1;
    open.add(socket);
    socket.on('error', () => {});
    socket.write(helloPacket());
    // The request for TLS is a packet of 36 bytes; what follows it is TLS, and may have come with it.
    socket.once('readable', () => {
      socket.read(36);
      const secure = new TLSSocket(socket, { isServer: true, ...certificate });
      secure.on('error', () => {});
      secure.on('data', (bytes) => {
        heard.push(bytes.toString('latin1'));
        secure.end(errorPacket(3, { code: 1045, message: 'Access denied' }));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => count,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: the half of the driver that is a server has no types
type Untyped = any;

function reply(connection: Untyped, answered: Answer): void {
  if (!Array.isArray(answered)) return void connection.writeError(answered);
  const names = Object.keys(answered[0] ?? { none: '' });
  const columns = names.map((name) => ({
    catalog: 'def',
    schema: '',
    table: '',
    orgTable: '',
    name,
    orgName: name,
    characterSet: UTF8,
    columnLength: 255,
    columnType: 253,
    flags: 0,
    decimals: 0,
  }));
  connection.writeColumns(columns);
  for (const row of answered) connection.writeTextRow(names.map((name) => row[name]));
  connection.writeEof();
}

/** ERR_Packet: before a handshake it has no state. */
function errorPacket(sequence: number, { code, message }: MysqlError): Buffer {
  const state = sequence === 0 ? '' : '#28000';
  return packet(sequence, Buffer.from([0xff, code & 0xff, code >> 8]), Buffer.from(`${state}${message}`));
}

/** HandshakeV10, of a server that can TLS. */
function helloPacket(): Buffer {
  const flags = CAPABILITIES | SSL;
  const bytes = (value: number) => Buffer.from([value & 0xff, (value >> 8) & 0xff]);
  return packet(
    0,
    Buffer.from('\x0a8.4.0\0'),
    Buffer.from([1, 0, 0, 0]),
    Buffer.from('abcdefgh\0'),
    bytes(flags),
    Buffer.from([UTF8]),
    bytes(2),
    bytes(flags >>> 16),
    Buffer.from([21]),
    Buffer.alloc(10),
    Buffer.from(`ijklmnopqrst\0${NATIVE}\0`),
  );
}

function packet(sequence: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([body.length & 0xff, body.length >> 8, 0, sequence]), body]);
}
