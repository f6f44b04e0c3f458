/** A bundle as Lambda runs it: in a process of its own, with a Secrets Manager on loopback. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ROOT } from '../support/reference';

/** A Secrets Manager with these secrets. */
export interface SecretStore {
  readonly url: string;
  /** Texts by ARN; a test changes them. */
  readonly texts: Map<string, string>;
  stop(): Promise<void>;
}

/** Starts a Secrets Manager that knows `GetSecretValue`. */
export async function startSecrets(texts: Readonly<Record<string, string>>): Promise<SecretStore> {
  const kept = new Map(Object.entries(texts));
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const { SecretId } = JSON.parse(body) as { SecretId: string };
      const text = kept.get(SecretId);
      response.statusCode = text === undefined ? 400 : 200;
      response.setHeader('content-type', 'application/x-amz-json-1.1');
      response.end(
        JSON.stringify(
          text === undefined ? { __type: 'ResourceNotFoundException' } : { ARN: SecretId, SecretString: text },
        ),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    texts: kept,
    stop: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

/** What an invocation answered, and everything that it wrote. */
export interface Invoked<T> {
  readonly answer?: T;
  /** Name and message of what it threw. */
  readonly error?: string;
  readonly output: string;
}

/** Invokes the shipped bundle once. */
export async function invoke<T>(
  bundle: string,
  event: object,
  environment: Readonly<Record<string, string>>,
): Promise<Invoked<T>> {
  const index = join(ROOT, 'dist', 'runtime', bundle, 'index.js');
  const script = `require(${JSON.stringify(index)}).handler(JSON.parse(process.env.EVENT)).then(
      (answer) => console.log('ANSWER ' + JSON.stringify(answer)),
      (error) => console.log('ERROR ' + JSON.stringify(error.name + ': ' + error.message) + error.stack));`;
  const child = spawn(process.execPath, ['-e', script], {
    env: {
      PATH: process.env.PATH,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_LAMBDA_FUNCTION_NAME: bundle,
      ...environment,
      EVENT: JSON.stringify(event),
    },
    timeout: 60_000,
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  await new Promise((resolve) => child.once('close', resolve));
  const line = (word: string) => output.match(new RegExp(`^${word} ("(?:[^"\\\\]|\\\\.)*"|\\{.*\\})`, 'm'))?.[1];
  const [answer, error] = [line('ANSWER'), line('ERROR')].map((text) => text && JSON.parse(text));
  return { answer, error, output };
}
