/**
 * A real Kafka broker on loopback: KRaft mode, SCRAM users, one listener in the clear for load, one with TLS, as Amazon MSK
 * has it, and one that asks clients for a certificate, as Strimzi has it. The jars come from Maven once and stay in a cache; data and ports last as long as the broker.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Certificate, selfSigned } from '../support/certificate';
import { ended } from '../support/ended';
import { freePorts } from '../support/ports';

const run = promisify(execFile);

const VERSION = '3.9.1';
const JARS = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'backpressure', 'kafka', VERSION);
const START_TIMEOUT_MILLIS = 90_000;

/** Why no broker can be had on this machine; undefined when one can. */
export function kafkaMissing(): string | undefined {
  if (spawnSync('java', ['-version']).status !== 0) return 'no java';
  if (existsSync(join(JARS, `kafka_2.13-${VERSION}.jar`))) return undefined;
  return spawnSync('mvn', ['-v']).status === 0 ? undefined : 'no Kafka in the cache, and no mvn to bring it';
}

/** A running broker. */
export interface Kafka {
  /** `host:port` of the listener with TLS and SCRAM. */
  readonly tlsBroker: string;
  /** `host:port` of the listener in the clear, with SCRAM. */
  readonly plainBroker: string;
  /** The certificate that the listeners with TLS show, for `NODE_EXTRA_CA_CERTS`. */
  readonly certificateFile: string;
  /** `host:port` of the listener that takes clients by their certificate. */
  readonly certificateBroker: string;
  /** Certificate and key of a client that it takes, as a `KafkaUser` has them in its Secret. */
  readonly client: Certificate;
  /** Runs a class of Kafka's own tools as that user, against the listener in the clear, and gives back its output. */
  tool(mainClass: string, user: string, args: readonly string[]): Promise<string>;
  /** Starts a class of Kafka's own tools that goes on until it is ended. */
  startTool(mainClass: string, user: string, args: readonly string[], configOption: string): ChildProcess;
  /** Reads a topic from its beginning, and goes on until it is ended. */
  read(topic: string, user: string, onMessage: (value: string) => void): ChildProcess;
  /** Writes lines to a topic as they are given, one record each, until its stdin is closed. */
  writer(topic: string, user: string): ChildProcess;
  /** Bytes that the log of a topic has taken in so far. */
  logBytes(topic: string): number;
  /** Stops the broker where it stands: connections stay open and nobody answers, as after a long pause or a lost host. */
  halt(): void;
  /** Lets a halted broker go on. */
  resume(): void;
  /** Ends the broker, with SIGTERM in order or with SIGKILL not, and starts it on the same data and ports. */
  restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a broker that knows these users by their passwords, with its data on the disk of that folder.
 *
 * @param advertised ports that clients of the listeners with TLS are told, of what stands in front of the broker. Default: its own
 */
export async function startKafka(
  passwords: Readonly<Record<string, string>>,
  on = tmpdir(),
  advertised?: { readonly tls: number; readonly mutual: number },
): Promise<Kafka> {
  await installJars();
  const folder = mkdtempSync(join(on, 'backpressure-kafka-'));
  const children = new Set<ChildProcess>();
  const endAll = () => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  const onSignal = () => {
    endAll();
    process.exit(130);
  };
  process.once('exit', endAll);
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const stop = async () => {
    const exits = [...children].map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of children) {
      // Whoever is halted does not hear that it is to end.
      child.kill('SIGCONT');
      child.kill('SIGTERM');
    }
    await Promise.race([Promise.all(exits), wait(15_000, undefined, { ref: false })]);
    endAll();
    process.removeListener('exit', endAll);
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
  };
  const keep = (child: ChildProcess) => {
    children.add(child);
    child.once('exit', () => children.delete(child));
    return child;
  };

  try {
    const [plain, tls, mutual, controller] = await freePorts(4);
    const certificateFile = await makeCertificate(folder);
    const clientFolder = join(folder, 'client');
    mkdirSync(clientFolder);
    // It signs itself; the broker trusts it and nobody else.
    const client = selfSigned(clientFolder, 'DNS:readers');
    const config = join(folder, 'server.properties');
    writeFileSync(
      config,
      serverProperties(folder, client.certificateFile, { plain, tls, mutual, controller }, advertised),
    );
    writeFileSync(join(folder, 'log4j.properties'), LOGGING);
    const scram = Object.entries(passwords).flatMap(([name, password]) => [
      '--add-scram',
      `SCRAM-SHA-512=[name=${name},password=${password}]`,
    ]);
    await run('java', [
      ...java(folder),
      'kafka.tools.StorageTool',
      'format',
      '-t',
      clusterId(),
      '-c',
      config,
      ...scram,
    ]);
    for (const [name, password] of Object.entries(passwords)) {
      writeFileSync(clientConfig(folder, name), clientProperties(plain, name, password), { mode: 0o600 });
    }
    const logFile = join(folder, 'broker.log');
    const log = openSync(logFile, 'w');
    const start = async () => {
      const from = readFileSync(logFile).length;
      const child = keep(
        spawn('java', ['-Xms256m', '-Xmx512m', ...java(folder), 'kafka.Kafka', config], {
          stdio: ['ignore', log, log],
        }),
      );
      await started(child, logFile, from);
      return child;
    };
    let broker = await start();
    return {
      tlsBroker: `localhost:${tls}`,
      plainBroker: `127.0.0.1:${plain}`,
      certificateFile,
      certificateBroker: `localhost:${mutual}`,
      client,
      async tool(mainClass, user, args) {
        const options = ['--bootstrap-server', `127.0.0.1:${plain}`, '--command-config', clientConfig(folder, user)];
        const { stdout } = await run('java', ['-Xmx192m', ...java(folder), mainClass, ...options, ...args]);
        return stdout;
      },
      startTool: (mainClass, user, args, configOption) =>
        keep(
          spawn('java', ['-Xmx192m', ...java(folder), mainClass, configOption, clientConfig(folder, user), ...args], {
            stdio: 'ignore',
          }),
        ),
      read(topic, user, onMessage) {
        const config = ['--bootstrap-server', `127.0.0.1:${plain}`, '--consumer.config', clientConfig(folder, user)];
        const reader = [...java(folder), 'org.apache.kafka.tools.consumer.ConsoleConsumer', ...config];
        const child = keep(
          spawn('java', ['-Xmx192m', ...reader, '--topic', topic, '--from-beginning'], {
            stdio: ['ignore', 'pipe', 'ignore'],
          }),
        );
        createInterface({ input: child.stdout as Readable }).on('line', onMessage);
        return child;
      },
      writer(topic, user) {
        const config = ['--bootstrap-server', `127.0.0.1:${plain}`, '--producer.config', clientConfig(folder, user)];
        const tool = [...java(folder), 'kafka.tools.ConsoleProducer', ...config, '--topic', topic];
        return keep(spawn('java', ['-Xmx192m', ...tool], { stdio: ['pipe', 'ignore', 'ignore'] }));
      },
      logBytes: (topic) => logBytes(join(folder, 'data'), topic),
      halt: () => broker.kill('SIGSTOP'),
      resume: () => broker.kill('SIGCONT'),
      async restart(signal) {
        broker.kill(signal);
        // It may have ended by itself.
        await ended(broker);
        broker = await start();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const LOGGING = `log4j.rootLogger=WARN, out
log4j.logger.kafka.server.KafkaRaftServer=INFO
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %m (%c)%n
`;

const KEYSTORE_PASSWORD = 'loopback-only';

/** Quotas are nowhere in here: they are dynamic, and a broker takes none from its properties. */
function serverProperties(
  folder: string,
  clientFile: string,
  port: { plain: number; tls: number; mutual: number; controller: number },
  advertised: { readonly tls: number; readonly mutual: number } = port,
): string {
  const jaas = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${port.controller}
listeners=SASL_PLAINTEXT://127.0.0.1:${port.plain},SASL_SSL://localhost:${port.tls},SSL://localhost:${port.mutual},CONTROLLER://127.0.0.1:${port.controller}
advertised.listeners=SASL_PLAINTEXT://127.0.0.1:${port.plain},SASL_SSL://localhost:${advertised.tls},SSL://localhost:${advertised.mutual}
listener.security.protocol.map=SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=SASL_PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config=${jaas}
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=${jaas}
ssl.keystore.type=PKCS12
ssl.keystore.location=${join(folder, 'broker.p12')}
ssl.keystore.password=${KEYSTORE_PASSWORD}
listener.name.ssl.ssl.client.auth=required
listener.name.ssl.ssl.truststore.type=PEM
listener.name.ssl.ssl.truststore.location=${clientFile}
log.dirs=${join(folder, 'data')}
offsets.topic.replication.factor=1
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=2
`;
}

function clientProperties(port: number, user: string, password: string): string {
  return `bootstrap.servers=127.0.0.1:${port}
security.protocol=SASL_PLAINTEXT
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="${user}" password="${password}";
acks=1
batch.size=65536
linger.ms=5
`;
}

function clientConfig(folder: string, user: string): string {
  return join(folder, `${user}.properties`);
}

function java(folder: string): string[] {
  return [`-Dlog4j.configuration=file:${join(folder, 'log4j.properties')}`, '-cp', join(JARS, '*')];
}

/** One that does not begin with a hyphen, as Kafka's own tool makes them: it would be taken for an option. */
function clusterId(): string {
  const bytes = randomBytes(16);
  bytes[0] &= 0x7f;
  return bytes.toString('base64url');
}

async function installJars(): Promise<void> {
  if (existsSync(join(JARS, `kafka_2.13-${VERSION}.jar`))) return;
  mkdirSync(JARS, { recursive: true });
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${JARS}`];
  await run('mvn', ['-q', '-B', '-f', join(__dirname, 'kafka', 'pom.xml'), ...goal], { timeout: 10 * 60_000 });
}

/** A certificate for localhost that signs itself. */
async function makeCertificate(folder: string): Promise<string> {
  const store = ['-keystore', join(folder, 'broker.p12'), '-storetype', 'PKCS12', '-storepass', KEYSTORE_PASSWORD];
  const subject = ['-dname', 'CN=localhost', '-ext', 'san=dns:localhost,ip:127.0.0.1', '-validity', '2'];
  await run('keytool', [
    '-genkeypair',
    '-alias',
    'broker',
    '-keyalg',
    'EC',
    '-groupname',
    'secp256r1',
    ...subject,
    ...store,
  ]);
  const file = join(folder, 'certificate.pem');
  await run('keytool', ['-exportcert', '-rfc', '-alias', 'broker', '-file', file, ...store]);
  return file;
}

/** @param from length of the log before it was started */
async function started(broker: ChildProcess, logFile: string, from: number): Promise<void> {
  const until = Date.now() + START_TIMEOUT_MILLIS;
  while (Date.now() < until && broker.exitCode === null) {
    if (readFileSync(logFile).subarray(from).includes('Kafka Server started')) return;
    await wait(200);
  }
  throw new Error(`Kafka did not start:\n${readFileSync(logFile, 'utf8').slice(-4000)}`);
}

function logBytes(data: string, topic: string): number {
  return readdirSync(data)
    .filter((name) => name.replace(/-\d+$/, '') === topic)
    .flatMap((partition) => readdirSync(join(data, partition)).map((file) => join(data, partition, file)))
    .filter((file) => file.endsWith('.log'))
    .reduce((sum, file) => sum + statSync(file).size, 0);
}
