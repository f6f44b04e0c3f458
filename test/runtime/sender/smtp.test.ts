/** A provider by SMTP, against a server that answers as it is told. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { SmtpProvider } from '../../../lib/runtime/sender/smtp';

/** What the server says, by command; undefined says nothing. */
type Script = (line: string, socket: Socket) => string | undefined;

const taken: Script = (line) => {
  if (line.startsWith('EHLO')) return '250-sink\r\n250 PIPELINING';
  if (line === 'DATA') return '354 go on';
  return line === 'QUIT' ? '221 bye' : '250 ok';
};

describe('SMTP', () => {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const providers: SmtpProvider[] = [];

  afterEach(async () => {
    for (const provider of providers.splice(0)) provider.close();
    for (const socket of sockets) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  async function world(script: Script = taken, callSeconds = 2, greetings = '220 sink', more = {}) {
    const lines: string[] = [];
    const connections: Socket[] = [];
    const server = createServer((socket) => {
      sockets.add(socket);
      connections.push(socket);
      socket.on('error', () => {});
      let [isData, rest] = [false, ''];
      socket.write(`${greetings}\r\n`);
      socket.on('data', (chunk) => {
        rest += chunk.toString();
        for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
          const line = rest.slice(0, end);
          rest = rest.slice(end + 2);
          if (isData && line !== '.') continue;
          const said = script(line, socket);
          isData = line === 'DATA' && said?.startsWith('354') === true;
          lines.push(line);
          if (said !== undefined) socket.write(`${said}\r\n`);
        }
      });
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const url = `smtp://127.0.0.1:${port}`;
    const provider = new SmtpProvider({ url, from: 'shop@example.com', requireTls: false, ...more }, callSeconds);
    providers.push(provider);
    const mail = (id: string, to: readonly string[] = [`${id}@example.com`]) => ({ id, to, subject: 'Hi', text: 'x' });
    return { provider, lines, connections, mail };
  }

  test('a connection is open before the mail has its slot, one for each that waits, and is used again', async () => {
    const { provider, lines, connections, mail } = await world();
    const done = await Promise.all([provider.ready(), provider.ready(), provider.ready()]);
    expect(connections).toHaveLength(3);
    expect(lines.filter((line) => line.startsWith('EHLO'))).toHaveLength(3);
    lines.length = 0;
    const outcomes = await Promise.all(
      ['a', 'b', 'c'].map((id, at) => {
        const sending = provider.send(mail(id));
        done[at]();
        return sending;
      }),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(['sent', 'sent', 'sent']);
    // No handshake: each begins with its mail.
    expect(lines.filter((line) => /^(EHLO|HELO)/.test(line))).toEqual([]);
    (await provider.ready())();
    expect((await provider.send(mail('d'))).kind).toBe('sent');
    expect(connections).toHaveLength(3);
  });

  test('a mail that misses its slot leaves its connection to the next one', async () => {
    const { provider, connections } = await world();
    for (let times = 0; times < 5; times += 1) (await provider.ready())();
    expect(connections).toHaveLength(1);
  });

  test('a connection that the server closed is not used again', async () => {
    const { provider, connections, mail } = await world();
    (await provider.ready())();
    connections[0].end('421 closing\r\n');
    await wait(100);
    (await provider.ready())();
    expect((await provider.send(mail('a'))).kind).toBe('sent');
    expect(connections).toHaveLength(2);
  });

  test('a server that answers each step late: the call ends in its time, and nobody knows', async () => {
    const { provider, mail } = await world((line, socket) => {
      const said = taken(line, socket);
      if (line.startsWith('EHLO')) return said;
      setTimeout(() => !socket.destroyed && socket.write(`${said}\r\n`), 700);
      return undefined;
    }, 1);
    const began = Date.now();
    expect(await provider.send(mail('a'))).toEqual({ kind: 'unknown', reason: 'no answer in time' });
    expect(Date.now() - began).toBeLessThan(1500);
  });

  test('one of two recipients is refused: the mail was sent, and that is counted', async () => {
    const { provider, mail } = await world((line, socket) =>
      line.startsWith('RCPT TO:<gone') ? '550 no such user' : taken(line, socket),
    );
    expect(await provider.send(mail('a', ['here@example.com', 'gone@example.com']))).toMatchObject({
      kind: 'sent',
      rejected: 1,
    });
  });

  test.each([
    ['RCPT', '450 greylisted', 'not-sent'],
    ['RCPT', '452 mailbox full', 'not-sent'],
    ['RCPT', '550 no such user', 'refused'],
    ['MAIL', '452 too many mails', 'throttled'],
    ['DATA', '451 slow down', 'throttled'],
    ['.', '454 Throttling failure: Maximum sending rate exceeded', 'throttled'],
  ])('at %s %s: %s, and the next mail is sent', async (command, said, kind) => {
    let [times, isRefused] = [0, false];
    const { provider, mail } = await world((line, socket) => {
      if (line.startsWith('MAIL')) isRefused = false;
      if (line.startsWith(command)) times += 1;
      if (line.startsWith(command) && times === 1) {
        isRefused = true;
        return said;
      }
      // Without a sender there are no recipients, and without recipients there is no data.
      return isRefused && /^(RCPT|DATA)/.test(line) ? '503 bad sequence' : taken(line, socket);
    });
    expect((await provider.send(mail('a'))).kind).toBe(kind);
    expect((await provider.send(mail('b'))).kind).toBe('sent');
  });

  test('a connection that breaks after the data: nobody knows', async () => {
    const { provider, mail } = await world((line, socket) => {
      if (line !== '.') return taken(line, socket);
      socket.destroy();
      return undefined;
    });
    expect((await provider.send(mail('a'))).kind).toBe('unknown');
  });

  test('a server that refuses the connection for good refuses no mail: all of a campaign would be set aside', async () => {
    const { provider, mail } = await world(taken, 2, '554 no service here');
    expect((await provider.send(mail('a'))).kind).toBe('not-sent');
  });

  test('no TLS where it is required: nothing is sent, neither password nor mail', async () => {
    const { provider, lines, mail } = await world(
      (line, socket) => (line === 'STARTTLS' ? '502 not implemented' : taken(line, socket)),
      2,
      '220 sink',
      { requireTls: true },
    );
    expect((await provider.send(mail('a'))).kind).toBe('not-sent');
    expect(lines.some((line) => /^(AUTH|MAIL)/.test(line))).toBe(false);
  });
});
