/** The process of the gate, told to drain as its preStop hook does, and started again as the kubelet does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, get, type RequestListener } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { boundsOf } from '../../../lib/flow/services/bounds';
import { planService } from '../../../lib/flow/services/plan';
import { freePorts } from '../../support/ports';
import { until } from '../../support/until';
import { opened } from './opened';

const MAIN = join(__dirname, '..', '..', '..', 'lib', 'runtime', 'gate-proxy', 'main.ts');

afterAll(() => {
  for (const close of opened.splice(0)) close();
});

/** The status and the text of an answer; 0 where none came. */
function ask(port: number, path = '/'): Promise<[status: number, text: string]> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve([response.statusCode!, text]));
    });
    request.on('error', () => resolve([0, '']));
  });
}

/** A program, and a pod's gate before it: it can be started again, with the same variables. */
async function pod(program: RequestListener) {
  const server = createServer(program);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const plan = planService('Api', {
    platform: 'kubernetes',
    workload: { peakPerSecond: 543, serviceSeconds: 0.1, serviceVariation: 0.5 },
    objective: { latencySeconds: 0.4 },
  });
  const [port, metrics, drain] = await freePorts(3);
  const variables = {
    ...boundsOf(plan, 'api'),
    SERVER_DEADLINE_SECONDS: '60',
    IDLE_TIMEOUT_SECONDS: '60',
    LEAVING_SECONDS: '0',
    PORT: String(port),
    TARGET_PORT: String((server.address() as AddressInfo).port),
    METRICS_PORT: String(metrics),
    DRAIN_PORT: String(drain),
  };
  const start = async (): Promise<ChildProcess> => {
    const env = { ...process.env, ...variables };
    const gate = spawn(process.execPath, ['--import', 'tsx', MAIN], { env, stdio: 'inherit' });
    opened.push(() => gate.kill('SIGKILL'));
    await until('the gate is ready', async () => (await ask(metrics, '/readyz'))[0] === 200);
    return gate;
  };
  return { port, metrics, drain, start };
}

test('a gate that was drained is neither ready nor alive, and serves again once it was started again', async () => {
  const answers: (() => void)[] = [];
  const { port, metrics, drain, start } = await pod((_, response) => {
    answers.push(() => response.end('done'));
  });
  const gate = await start();
  const accepted = ask(port);
  await until('the program works', async () => answers.length === 1);
  const drained = ask(drain);
  await until('nothing new should come', async () => (await ask(metrics, '/readyz'))[0] === 503);
  // What it works on is no reason to restart it.
  expect(await ask(metrics, '/healthz')).toEqual([200, 'ok\n']);
  answers.shift()!();
  expect(await accepted).toEqual([200, 'done']);
  expect(await drained).toEqual([200, 'drained\n']);
  expect((await ask(port))[0]).toBe(0);
  expect((await ask(metrics, '/healthz'))[0]).toBe(503);

  gate.kill('SIGTERM');
  expect(await once(gate, 'exit')).toEqual([0, null]);
  await start();
  const again = ask(port);
  await until('the program works again', async () => answers.length === 1);
  answers.shift()!();
  expect(await again).toEqual([200, 'done']);
  expect((await ask(metrics, '/healthz'))[0]).toBe(200);
}, 60_000);

test('from another host nobody drains it', async () => {
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((one) => one !== undefined && one.family === 'IPv4' && !one.internal)?.address;
  const { port, metrics, drain, start } = await pod((_, response) => response.end('done'));
  await start();
  // The whole of 127.0.0.0/8 leads here; a server on every address would take this one as well.
  for (const host of ['127.0.0.2', ...(outside === undefined ? [] : [outside])]) {
    const socket = connect(drain, host);
    const [error] = await once(socket, 'error');
    expect((error as NodeJS.ErrnoException).code).toBe('ECONNREFUSED');
  }
  expect((await ask(metrics, '/readyz'))[0]).toBe(200);
  expect(await ask(port)).toEqual([200, 'done']);
}, 60_000);
