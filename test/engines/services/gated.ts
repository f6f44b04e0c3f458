/** The shipped gate in front of a real HTTP server, with the variables of its manifest. */
import { type ChildProcess, spawn } from 'node:child_process';
import { type Agent, get } from 'node:http';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Random } from '../../../lib/flow/numerics/random';
import { freePorts } from '../../support/ports';
import { until } from '../../support/until';

/** A server that works on any number of requests at once: nothing but the gate bounds them. It counts the most. */
const program = (serviceSeconds: number) => `
const { createServer } = require('node:http');
let working = 0, most = 0;
const uniform = () => 1 - Math.random();
// A gamma of shape 4 is the sum of four exponentials.
const millis = () => 1000 * ${serviceSeconds} * -0.25 * Math.log(uniform() * uniform() * uniform() * uniform());
createServer((request, response) => {
  if (request.url === '/most') return response.end(String(most));
  working += 1; most = Math.max(most, working);
  setTimeout(() => { working -= 1; response.end('ok'); }, millis());
}).listen(Number(process.argv[1]), '127.0.0.1');
`;

const children: ChildProcess[] = [];

/** Ends all that was started here. */
export function endGated(): void {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
}

/** An answer to a request. */
export interface Answer {
  /** 0 where there was none. */
  readonly status: number;
  readonly retryAfter?: string;
  readonly text: string;
}

/** Asks a server of this machine. */
export function ask(port: number, path: string, agent?: Agent): Promise<Answer> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode!, retryAfter: response.headers['retry-after'], text }),
      );
    });
    request.on('error', () => resolve({ status: 0, text: '' }));
  });
}

/** A gate and the program behind it; the coefficient of variation of the work is 0.5. */
export interface Gated {
  readonly port: number;
  readonly target: number;
  readonly metrics: number;
  readonly drain: number;
  readonly gate: ChildProcess;
}

/**
 * Starts both, and waits until they answer.
 *
 * @param source the program; it gets its port as its argument, and answers `/most`
 */
export async function startGated(
  variables: Readonly<Record<string, string>>,
  serviceSeconds: number,
  source: string = program(serviceSeconds),
): Promise<Gated> {
  const [port, target, metrics, drain] = await freePorts(4);
  children.push(spawn(process.execPath, ['-e', source, String(target)], { stdio: 'inherit' }));
  const env = {
    ...process.env,
    ...variables,
    PORT: String(port),
    TARGET_PORT: String(target),
    METRICS_PORT: String(metrics),
    DRAIN_PORT: String(drain),
  };
  const bundle = join(__dirname, '..', '..', '..', 'dist', 'runtime', 'gate-proxy', 'index.js');
  const gate = spawn(process.execPath, [bundle], { env, stdio: 'inherit' });
  children.push(gate);
  await until(
    'gate and program answer',
    async () => (await ask(metrics, '/healthz')).status === 200 && (await ask(target, '/most')).status === 200,
  );
  return { port, target, metrics, drain, gate };
}

/** Calls `send` so many times a second, Poisson, whatever becomes of the calls before. */
export async function poisson(
  ratePerSecond: number,
  seconds: number,
  seed: number,
  send: (atSeconds: number) => void,
): Promise<void> {
  const random = new Random(seed);
  const began = performance.now();
  for (let at = random.exponential() / ratePerSecond; at < seconds; at += random.exponential() / ratePerSecond) {
    const wait = began + 1000 * at - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    send(at);
  }
}

const MOST_TRIES = 3;

/** Another program that takes the processors for longer than this is in the latencies: what was measured is measured again. */
export async function undisturbed<T>(stallSeconds: number, measure: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const delay = monitorEventLoopDelay();
    delay.enable();
    const measured = await measure();
    delay.disable();
    if (delay.max / 1e9 <= stallSeconds || tries === MOST_TRIES) return measured;
  }
}
