/** What the worker does with an error of a call. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { promisify } from 'node:util';
import {
  ConditionalCheckFailedException,
  InternalServerError,
  ProvisionedThroughputExceededException,
  ResourceNotFoundException,
} from '@aws-sdk/client-dynamodb';
import { answered } from '../../../lib/runtime/ttl-table/items';
import { ROOT } from '../../support/reference';

const answer = { message: 'no', $metadata: {} };
const failing = (error: unknown) =>
  answered(async () => {
    throw error;
  });
const coded = (code: string) => Object.assign(new Error(code), { code });

test.each<[string, unknown, string]>([
  ['a throttled call', new ProvisionedThroughputExceededException(answer), 'Throttled'],
  ['another one', Object.assign(new Error('slow'), { name: 'ThrottlingException' }), 'Throttled'],
  [
    'an error of the server',
    new InternalServerError({ message: 'no', $metadata: { httpStatusCode: 500 } }),
    'Unanswered',
  ],
  ['a 503 without a body', Object.assign(new Error('?'), { $metadata: { httpStatusCode: 503 } }), 'Unanswered'],
  ['a time-out', Object.assign(new Error('late'), { name: 'TimeoutError' }), 'Unanswered'],
  ...['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'ENOTFOUND'].map(
    (code): [string, unknown, string] => [code, coded(code), 'Unanswered'],
  ),
  ['a table that is gone', new ResourceNotFoundException(answer), 'ResourceNotFoundException'],
  ['a condition that does not hold', new ConditionalCheckFailedException(answer), 'ConditionalCheckFailedException'],
])('%s', async (_, error, name) => {
  await expect(failing(error)).rejects.toMatchObject({ name });
});

/** In a process of its own: in Jest's sandbox the SDK does not know the errors of Node.js as errors. */
const CALL = `
const { DescribeTableCommand, DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { answered } = require('./lib/runtime/ttl-table/items.ts');
const client = new DynamoDBClient({
  region: 'us-east-1',
  endpoint: process.argv[1],
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 50, throwOnRequestTimeout: true },
});
answered(() => client.send(new DescribeTableCommand({ TableName: 'events' }))).catch(({ name, message }) => {
  process.stdout.write(name + ' ' + message);
  process.exit();
});
`;

test.each<['closes' | 'is silent' | 'is away']>([['closes'], ['is silent'], ['is away']])(
  'what the SDK makes of a server that %s is no answer',
  async (behaviour) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      if (behaviour === 'closes') socket.once('data', () => socket.destroy());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => sockets.add(socket));
    if (behaviour === 'is away') {
      server.close();
      await once(server, 'close');
    }
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '-e', CALL, `http://127.0.0.1:${port}`],
      { cwd: ROOT },
    );
    for (const socket of sockets) socket.destroy();
    server.close();
    expect(stdout).toMatch(/^Unanswered /);
  },
);
