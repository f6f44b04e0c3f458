/** A stream of a real Redis on loopback, with TLS and a password, as the trigger has it. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QueueTrigger } from '../../lib/k8s/queue/queue-trigger';
import { selfSigned } from '../support/certificate';
import { ended } from '../support/ended';
import { freePorts } from '../support/ports';
import { until } from '../support/until';
import { type Queue, secret } from './queue';

const PASSWORD = 'stream-7Kfd';
const STREAM = 'orders';
const GROUP = 'workers';

/** Why no Redis can be had on this machine; undefined when one can. */
export function redisMissing(): string | undefined {
  const { status, stdout } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  if (status !== 0) return 'no redis-server';
  if (Number(/v=(\d+)/.exec(stdout)?.[1]) < 7) return 'redis-server is older than 7';
  return spawnSync('openssl', ['version']).status === 0 ? undefined : 'no openssl';
}

/** A stream with a consumer group. */
export interface RedisStream extends Queue {
  /** Ends and deletes what came last into a consumer's hands; what came before it stays there. */
  finishLast(): Promise<void>;
  /** The trigger of a worker that keeps what is done, on the same stream. */
  readonly keeping: QueueTrigger;
  /** Entries that the group has not been given; null when Redis does not know. */
  lag(): Promise<number | null>;
  /** Removes the group, as a Redis that lost its data has none. */
  dropGroup(): Promise<void>;
  /** Makes the group, at the stream's beginning. */
  makeGroup(): Promise<void>;
}

/** Starts a server with an empty stream and a group that has read nothing; whether what is done is deleted too. */
export async function startRedis(deleteWhenDone: boolean): Promise<RedisStream> {
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-redis-'));
  const [port] = await freePorts(1);
  const { keyFile, certificateFile: certificate } = selfSigned(folder, 'IP:127.0.0.1');
  const server = startServer(folder, port, keyFile, certificate);
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);
  const call = (...lines: string[]) => commands(port, certificate, lines);
  await until('Redis answers', async () => (await call('PING').catch(() => [''])).includes('PONG'), 20);
  const makeGroup = async () => {
    await call(`XGROUP CREATE ${STREAM} ${GROUP} 0 MKSTREAM`);
  };
  await makeGroup();
  const inHand: string[] = [];
  const end = async (ids: readonly string[], deleted: boolean) => {
    await call(`XACK ${STREAM} ${GROUP} ${ids.join(' ')}`, ...(deleted ? [`XDEL ${STREAM} ${ids.join(' ')}`] : []));
  };
  const props = {
    host: '127.0.0.1',
    port,
    stream: STREAM,
    consumerGroup: GROUP,
    password: secret('password'),
    certificateAuthority: secret('ca'),
  };
  return {
    trigger: QueueTrigger.redisStream({ ...props, deleteWhenDone }),
    keeping: QueueTrigger.redisStream(props),
    credentials: { password: PASSWORD, ca: readFileSync(certificate, 'utf8') },
    async put(count) {
      await call(...Array.from({ length: count }, (_, i) => `XADD ${STREAM} * order ${i}`));
    },
    async take(count) {
      const [read] = await call(`XREADGROUP GROUP ${GROUP} one COUNT ${count} STREAMS ${STREAM} >`);
      inHand.push(...(read as Record<string, [string][]>)[STREAM].map(([id]) => id));
    },
    finish: (count) => end(inHand.splice(0, count), deleteWhenDone),
    finishLast: () => end(inHand.splice(-1), true),
    async lag() {
      const [groups] = await call(`XINFO GROUPS ${STREAM}`);
      return (groups as { lag: number | null }[])[0].lag;
    },
    makeGroup,
    async dropGroup() {
      await call(`XGROUP DESTROY ${STREAM} ${GROUP}`);
    },
    async stop() {
      server.kill('SIGTERM');
      await ended(server);
      process.removeListener('exit', kill);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startServer(folder: string, port: number, keyFile: string, certificateFile: string): ChildProcess {
  const settings = {
    bind: '127.0.0.1',
    port: '0',
    'tls-port': String(port),
    'tls-cert-file': certificateFile,
    'tls-key-file': keyFile,
    'tls-auth-clients': 'no',
    requirepass: PASSWORD,
    save: '',
    dir: folder,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  return spawn('redis-server', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Runs commands one after the other and gives back their replies; an error of one is an error. */
function commands(port: number, certificate: string, lines: readonly string[]): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const args = ['-h', '127.0.0.1', '-p', String(port), '--tls', '--cacert', certificate, '--json'];
    const env = { ...process.env, REDISCLI_AUTH: PASSWORD };
    const child = execFile('redis-cli', args, { env, timeout: 10_000 }, (error, stdout) => {
      const refused = /^error:.*/m.exec(stdout);
      if (error || refused) return reject(error ?? new Error(`Redis: ${refused?.[0]}`));
      resolve(stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as unknown])));
    });
    child.stdin?.end(`${lines.join('\n')}\n`);
  });
}
