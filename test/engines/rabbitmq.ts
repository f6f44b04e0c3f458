/**
 * A real RabbitMQ broker on loopback: one node with the management API and AMQP over TLS, as Amazon MQ has them. Ports,
 * node name, cookie and data are its own and last as long as the broker.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { selfSigned } from '../support/certificate';
import { ended } from '../support/ended';
import { freePorts } from '../support/ports';
import { until } from '../support/until';

/** Debian's wrapper in the PATH wants the user `rabbitmq`; what it starts does not. */
const SERVERS = ['/usr/lib/rabbitmq/bin/rabbitmq-server', '/usr/sbin/rabbitmq-server'];
const START_SECONDS = 120;

/** Why no broker can be had on this machine; undefined when one can. */
export function rabbitMqMissing(): string | undefined {
  if (server() === undefined) return 'no rabbitmq-server';
  // Without a word it ends at once: it only says which names there are.
  if (spawnSync('epmd', ['-names']).error) return 'no epmd of Erlang';
  return spawnSync('openssl', ['version']).status === 0 ? undefined : 'no openssl';
}

function server(): string | undefined {
  return SERVERS.find(existsSync);
}

/** A running broker. */
export interface RabbitMq {
  /** `https://localhost:port` of the management API. */
  readonly management: string;
  /** `amqps://localhost:port`. */
  readonly endpoint: string;
  /** The certificate that both show, for `NODE_EXTRA_CA_CERTS`. */
  readonly certificateFile: string;
  readonly admin: { readonly username: string; readonly password: string };
  /** Its version, such as 3.10.8. */
  readonly version: string;
  /** Asks the management API, as the administrator, and gives back what it answers; undefined where nothing is. */
  ask<T>(method: string, path: string, body?: object): Promise<T | undefined>;
  /** Ends the broker, with SIGTERM in order or with SIGKILL not, and starts it on the same data and ports. */
  restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a broker with one administrator and no other user. */
export async function startRabbitMq(admin: RabbitMq['admin']): Promise<RabbitMq> {
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-rabbitmq-'));
  const [amqps, management, distribution, epmd] = await freePorts(4);
  const { keyFile, certificateFile } = selfSigned(folder, 'DNS:localhost');
  const config = join(folder, 'rabbitmq.conf');
  writeFileSync(config, configuration({ amqps, management, keyFile, certificateFile, admin }), { mode: 0o600 });
  writeFileSync(join(folder, 'enabled_plugins'), '[rabbitmq_management].');
  const logFile = join(folder, 'server.log');
  // In the foreground: one that Erlang starts by itself outlives the broker.
  const mapper = spawn('epmd', ['-port', String(epmd), '-address', '127.0.0.1'], { stdio: 'ignore' });
  const spawned = () => {
    const log = openSync(logFile, 'a');
    const started = spawn(server()!, [], {
      // A group of its own: the script starts Erlang.
      detached: true,
      stdio: ['ignore', log, log],
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        RABBITMQ_NODENAME: `backpressure-${amqps}@localhost`,
        RABBITMQ_CONFIG_FILE: config,
        RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
        RABBITMQ_MNESIA_BASE: join(folder, 'data'),
        RABBITMQ_LOG_BASE: join(folder, 'log'),
        RABBITMQ_DIST_PORT: String(distribution),
        ERL_EPMD_PORT: String(epmd),
      },
    });
    closeSync(log);
    return started;
  };
  let child = spawned();
  const end = () => {
    endGroup(child);
    mapper.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', end);
  const origin = `https://localhost:${management}`;
  const ask = asking(origin, certificateFile, admin);
  const answering = () =>
    until(
      'RabbitMQ answers',
      async () => {
        if (child.exitCode !== null) throw new Error(`RabbitMQ did not start:\n${readFileSync(logFile, 'utf8')}`);
        return ask('GET', 'overview').then(
          () => true,
          () => false,
        );
      },
      START_SECONDS,
    );
  try {
    await answering();
    const { rabbitmq_version: version } = (await ask<{ rabbitmq_version: string }>('GET', 'overview'))!;
    return {
      management: origin,
      endpoint: `amqps://localhost:${amqps}`,
      certificateFile,
      admin,
      version,
      ask,
      async restart(signal) {
        const over = ended(child);
        // The script hands SIGTERM on to Erlang, and to nothing that Erlang needs to end in order.
        if (signal === 'SIGTERM') child.kill(signal);
        else signalGroup(child, signal);
        await over;
        child = spawned();
        await answering();
      },
      async stop() {
        const closed = new Promise((resolve) => child.once('close', resolve));
        endGroup(child);
        if (child.exitCode === null && child.signalCode === null)
          await Promise.race([closed, wait(20_000, undefined, { ref: false })]);
        end();
        process.removeListener('exit', end);
      },
    };
  } catch (error) {
    end();
    throw error;
  }
}

function endGroup(child: ChildProcess): void {
  signalGroup(child, 'SIGKILL');
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** Requests by a process of its own would be slow; jest's process does not trust the certificate, so it is given one. */
function asking(origin: string, certificateFile: string, admin: RabbitMq['admin']): RabbitMq['ask'] {
  const ca = readFileSync(certificateFile);
  const authorization = `Basic ${Buffer.from(`${admin.username}:${admin.password}`).toString('base64')}`;
  return async <T>(method: string, path: string, body?: object): Promise<T | undefined> => {
    const { request } = await import('node:https');
    return new Promise((resolve, reject) => {
      const call = request(
        `${origin}/api/${path}`,
        { method, ca, headers: { authorization, 'content-type': 'application/json' }, timeout: 10_000 },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8');
          answer.on('data', (chunk) => (text += chunk));
          answer.on('end', () => {
            const status = answer.statusCode ?? 0;
            if (status === 404) resolve(undefined);
            else if (status >= 300) reject(new Error(`${method} ${path}: ${status} ${text}`));
            else resolve(text === '' ? undefined : (JSON.parse(text) as T));
          });
        },
      );
      call.on('error', reject);
      call.on('timeout', () => call.destroy(new Error('no answer within 10 s')));
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  };
}

interface Configured {
  readonly amqps: number;
  readonly management: number;
  readonly keyFile: string;
  readonly certificateFile: string;
  readonly admin: RabbitMq['admin'];
}

function configuration({ amqps, management, keyFile, certificateFile, admin }: Configured): string {
  const tls = (prefix: string) => `${prefix}.cacertfile = ${certificateFile}
${prefix}.certfile = ${certificateFile}
${prefix}.keyfile = ${keyFile}`;
  return `listeners.tcp = none
listeners.ssl.default = 127.0.0.1:${amqps}
${tls('ssl_options')}
management.ssl.ip = 127.0.0.1
management.ssl.port = ${management}
${tls('management.ssl')}
default_user = ${admin.username}
default_pass = ${admin.password}
loopback_users = none
collect_statistics_interval = 1000
vm_memory_high_watermark.absolute = 256MB
disk_free_limit.absolute = 50MB
log.console.level = warning
`;
}
