/** How a test of the gate asks a server, and a server whose answers it holds. */
import { type Agent, type IncomingHttpHeaders, type RequestListener, request } from 'node:http';

/** An answer. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What is sent. */
export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | string[];
  readonly agent?: Agent;
}

/** Asks a server of this machine. */
export function ask(
  port: number,
  { method = 'GET', path = '/', headers, body = [], agent }: Sent = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    for (const part of [body].flat()) sent.write(part);
    sent.end();
  });
}

/** Waits until it holds. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

/** A server whose answers wait until they are let go. */
export function held() {
  const waiting: (() => void)[] = [];
  const seen: string[] = [];
  const handler: RequestListener = (incoming, response) => {
    seen.push(incoming.url!);
    waiting.push(() => response.end('done'));
  };
  return { waiting, seen, handler };
}
