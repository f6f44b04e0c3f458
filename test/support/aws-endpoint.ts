/** A server in the place of AWS, for handlers that make their clients when they are loaded. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// biome-ignore lint/suspicious/noExplicitAny: the wire is JSON
export type Wire = any;

/** One call: of services with a JSON protocol the target, of the others method and path. */
export interface AwsCall {
  /** `DynamoDB_20120810`, say; absent where the service is told by its path. */
  readonly service?: string;
  readonly action: string;
  readonly input: Wire;
}

/** What it is answered. */
export interface AwsAnswer {
  /** Default: 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text: string;
}

/** The server, with an environment in which clients find it. */
export interface AwsEndpoint {
  readonly url: string;
  /** Ends it and puts the environment back. */
  close(): Promise<void>;
}

/** Starts one; `settings` are further variables of the environment, from its URL. */
export async function awsEndpoint(
  answer: (call: AwsCall) => AwsAnswer,
  settings: (url: string) => Readonly<Record<string, string>>,
): Promise<AwsEndpoint> {
  const environment = { ...process.env };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const [service, target] = request.headers['x-amz-target']?.toString().split('.') ?? [];
      const action = target ?? `${request.method} ${request.url}`;
      const { status = 200, headers, text } = answer({ service, action, input: body === '' ? {} : JSON.parse(body) });
      response.writeHead(status, headers).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    ...settings(url),
  });
  return {
    url,
    close: async () => {
      process.env = environment;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
