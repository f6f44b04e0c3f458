/** The bundles of functions take credentials from the environment alone, as Lambda sets them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { functionBundles, SETTINGS } from '../../bench/bundles';

const bundle = (name: string) => join(__dirname, '../../dist/runtime', name, 'index.js');

/** What the merger prints when it invokes a function of an AWS at this address. */
async function invoked(environment: Readonly<Record<string, string>>): Promise<string> {
  const event = { Records: [{ messageId: '1', body: '{"key":"a"}', attributes: { SentTimestamp: '1' } }] };
  const script = `require(${JSON.stringify(bundle('coalescer'))})
    .handler(${JSON.stringify(event)}, { getRemainingTimeInMillis: () => 30000 })
    .then((answer) => console.log(JSON.stringify(answer)));`;
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, ...settings } = SETTINGS;
  const child = spawn(process.execPath, ['-e', script], {
    env: { PATH: process.env.PATH, ...settings, AWS_EC2_METADATA_DISABLED: 'true', ...environment },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (printed += text));
  await once(child, 'close');
  return printed;
}

test('a call is signed with the credentials of the environment', async () => {
  const signatures: string[] = [];
  const server = createServer((request, response) => {
    signatures.push(request.headers.authorization ?? '');
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const credentials = { AWS_ACCESS_KEY_ID: 'OF-LAMBDA', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'token' };
  try {
    await invoked({ ...credentials, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` });
  } finally {
    server.close();
  }
  expect(signatures[0]).toContain('Credential=OF-LAMBDA/');
});

test('without them the chain comes to its end, and the client says that it has none', async () => {
  expect(await invoked({ ATTEMPTS: '1' })).toContain('CredentialsProviderError');
});

test.each(functionBundles().filter((name) => readFileSync(bundle(name), 'utf8').includes('AWS_ACCESS_KEY_ID')))(
  '%s',
  (name) => {
    const isConsumer = ['scheduled-run', 'webhook', 'pubsub-webhook'].includes(name);
    // The service of single sign-on, and the file of profiles.
    expect(readFileSync(bundle(name), 'utf8').includes('CreateTokenCommand')).toBe(isConsumer);
  },
);
