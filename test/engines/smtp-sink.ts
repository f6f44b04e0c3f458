/** An SMTP server that answers as a test tells it, by the recipient. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

export class SmtpSink {
  /** Recipients of the mails that it has taken. */
  public readonly taken: string[] = [];
  #server?: Server;

  /**
   * @param answer for a mail at the end of its data; nothing closes the connection
   * @param toRecipient at RCPT, before there is any data. Default: every recipient is known
   */
  constructor(
    private readonly answer: (recipient: string, times: number) => string | undefined,
    private readonly toRecipient: (recipient: string) => string = () => '250 ok',
  ) {}

  /** Its address. */
  public async start(): Promise<string> {
    const seen = new Map<string, number>();
    this.#server = createServer((socket) => {
      let [recipient, isData, rest] = ['', false, ''];
      socket.on('error', () => {});
      socket.write('220 sink\r\n');
      socket.on('data', (chunk) => {
        rest += chunk.toString();
        for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
          const line = rest.slice(0, end);
          rest = rest.slice(end + 2);
          if (isData) {
            if (line !== '.') continue;
            isData = false;
            const times = (seen.get(recipient) ?? 0) + 1;
            seen.set(recipient, times);
            const said = this.answer(recipient, times);
            if (said === undefined) {
              // It has the mail, and nobody hears of it.
              this.taken.push(recipient);
              socket.destroy();
              return;
            }
            if (said.startsWith('250')) this.taken.push(recipient);
            socket.write(`${said}\r\n`);
          } else if (/^(EHLO|HELO)/.test(line)) socket.write('250 sink\r\n');
          else if (line.startsWith('RCPT')) {
            recipient = /<(.*?)@/.exec(line)?.[1] ?? '';
            socket.write(`${this.toRecipient(recipient)}\r\n`);
          } else if (line === 'DATA') {
            isData = true;
            socket.write('354 go on\r\n');
          } else if (line === 'QUIT') socket.end('221 bye\r\n');
          else socket.write('250 ok\r\n');
        }
      });
    }).listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `smtp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  public stop(): void {
    this.#server?.close();
  }
}
