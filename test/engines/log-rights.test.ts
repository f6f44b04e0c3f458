/**
 * Who may read what on a node: the shipped script that makes the folders, run as root with the one capability that it is
 * given, and the kernel's answer to each user afterwards. Needs root, for users to be changed.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogOutput } from '../../lib/k8s/logs/log-output';
import { LogShipping } from '../../lib/k8s/logs/log-shipping';
import { ended } from '../support/ended';
import { emptyChart, type Manifest, one, written } from '../support/manifest';
import { freePorts } from '../support/ports';
import { ROOT } from '../support/reference';
import { until } from '../support/until';

const WRITER = 10_001;
const SHIPPER = 20_479;
const PASSWORD = 'password-5Jwq';

const able =
  process.getuid?.() === 0 && spawnSync('setpriv', ['--version']).status === 0 && process.platform === 'linux';
const suite = able ? describe : describe.skip;

/** The shipped script, with the folders of the pod where they are here. */
function foldersScript(logs: string, data: string): string {
  const chart = emptyChart();
  const secret = (key: string) => ({ secretName: 'kafka', key });
  new LogShipping(chart, 'Logs', {
    workload: { steadyBytesPerSecond: 1000 },
    objective: { diskBudgetBytes: 1e9, outageSeconds: 60 },
    logFolder: '/var/log/app',
    fileUser: WRITER,
    rotatorImage: 'example/logrotate:1',
    output: LogOutput.kafka({
      bootstrapServers: ['kafka:9093'],
      topic: 'logs',
      username: secret('username'),
      password: secret('password'),
    }),
  });
  const { initContainers } = one(written(chart), 'DaemonSet').spec.template.spec;
  const [{ args }]: Manifest[] = initContainers;
  return args[0].replaceAll('/data', data).replaceAll('/logs', logs);
}

suite('rights on a node with a LogShipping', () => {
  const root = mkdtempSync(join(tmpdir(), 'backpressure-rights-'));
  const [logs, data, outside] = ['app', 'data', 'outside'].map((name) => join(root, name));
  const queue = join(data, 'filebeat');
  let shipper: ChildProcess;

  /** Root as the container has it: CHOWN and nothing else. */
  const makeFolders = () => {
    const only = ['--bounding-set', '-all,+chown', '--inh-caps', '-all', '--no-new-privs'];
    return spawnSync('setpriv', [...only, 'sh', '-c', foldersScript(logs, data)], { encoding: 'utf8' });
  };
  const as = (user: number, command: string, groups: readonly number[] = []) => {
    const who = ['--reuid', String(user), '--regid', String(user)];
    const group = groups.length > 0 ? ['--groups', groups.join(',')] : ['--clear-groups'];
    const ran = spawnSync('setpriv', [...who, ...group, '--no-new-privs', 'sh', '-c', command], { encoding: 'utf8' });
    return { ok: ran.status === 0, said: ran.stdout };
  };

  beforeAll(async () => {
    for (const path of [root, logs, data]) {
      mkdirSync(path, { recursive: true });
      chmodSync(path, 0o755);
    }
    // What an earlier version left: the writer's, with a folder that only it could enter and a link that it planted.
    mkdirSync(join(queue, 'diskqueue'), { recursive: true, mode: 0o700 });
    writeFileSync(join(queue, 'diskqueue', 'state.dat'), 'position', { mode: 0o600 });
    writeFileSync(outside, 'root only', { mode: 0o600 });
    symlinkSync(outside, join(queue, 'planted'));
    for (const path of [queue, join(queue, 'diskqueue'), join(queue, 'diskqueue', 'state.dat')])
      chownSync(path, WRITER, WRITER);
    expect(makeFolders()).toMatchObject({ status: 0, stderr: '' });
    const environment = { PATH: process.env.PATH, LOG_OUTPUT_PASSWORD: PASSWORD };
    const who = ['--reuid', String(SHIPPER), '--regid', String(SHIPPER), '--groups', String(WRITER)];
    shipper = spawn('setpriv', [...who, '--no-new-privs', 'sleep', '600'], { env: environment, stdio: 'ignore' });
    await until('the shipper to run', () => readFileSync(`/proc/${shipper.pid}/comm`, 'utf8').trim() === 'sleep', 10);
  });

  afterAll(() => {
    shipper?.kill('SIGKILL');
    rmSync(root, { recursive: true, force: true });
  });

  test("registry and queue, those of an earlier version too, are the shipper's alone; a planted link leads nowhere", () => {
    for (const path of [queue, join(queue, 'diskqueue'), join(queue, 'diskqueue', 'state.dat')])
      expect([path, statSync(path).uid]).toEqual([path, SHIPPER]);
    expect(statSync(queue).mode & 0o777).toBe(0o700);
    expect(lstatSync(join(queue, 'planted')).uid).toBe(SHIPPER);
    expect(statSync(outside).uid).toBe(0);
    expect(as(SHIPPER, `cat ${queue}/diskqueue/state.dat`).said).toBe('position');
  });

  test('the user that logs reads neither the credentials nor the queue, and alters none of it', () => {
    // That the credentials are there for one user shows that the other is really refused.
    expect(as(SHIPPER, `cat /proc/${shipper.pid}/environ`).said).toContain(PASSWORD);
    for (const command of [
      `cat /proc/${shipper.pid}/environ`,
      `ls ${queue}`,
      `cat ${queue}/diskqueue/state.dat`,
      `touch ${queue}/new`,
      `mv ${queue} ${data}/gone`,
      `kill -0 ${shipper.pid}`,
    ])
      expect([command, as(WRITER, command).ok]).toEqual([command, false]);
  });

  test('the shipper reads files of mode 0640 by their group, alters none, and does not get at 0600', () => {
    const [shared, own] = ['shared.log', 'own.log'].map((name) => join(logs, name));
    expect(as(WRITER, `umask 027; echo line > ${shared}; umask 077; echo line > ${own}`).ok).toBe(true);
    expect(as(SHIPPER, `cat ${shared}`, [WRITER]).said).toBe('line\n');
    expect(as(SHIPPER, `cat ${own}`, [WRITER]).ok).toBe(false);
    expect(as(SHIPPER, `echo more >> ${shared}`, [WRITER]).ok).toBe(false);
    expect(as(SHIPPER, `touch ${logs}/new.log`, [WRITER]).ok).toBe(false);
  });

  test('the exporter, as the shipper, tells of each file that it cannot read', async () => {
    const [port] = await freePorts(1);
    const who = ['--reuid', String(SHIPPER), '--regid', String(SHIPPER), '--groups', String(WRITER)];
    // Where the shipper may read it: a checkout may lie in a home.
    const program = join(root, 'exporter.js');
    copyFileSync(join(ROOT, 'dist', 'runtime', 'log-exporter', 'index.js'), program);
    const environment = {
      LOG_FOLDER: logs,
      QUEUE_FOLDER: join(queue, 'diskqueue'),
      STATS_URL: 'http://127.0.0.1:1/stats',
      METRICS_PORT: String(port),
      METRICS_HOST: '127.0.0.1',
      SHIPPER: 'logs',
      NODE_NAME: 'n1',
    };
    const exporter = spawn('setpriv', [...who, process.execPath, program], { env: environment, stdio: 'ignore' });
    try {
      let text = '';
      await until(
        'the exporter to answer',
        async () => {
          text = await fetch(`http://127.0.0.1:${port}/metrics`).then(
            (answer) => answer.text(),
            () => '',
          );
          return text !== '';
        },
        20,
      );
      expect(text).toMatch(/^log_shipping_unreadable_files\{.*\} 1$/m);
    } finally {
      exporter.kill('SIGKILL');
      await ended(exporter);
    }
  }, 40_000);

  test('run again it finds nothing to do', () => {
    const before = statSync(join(queue, 'diskqueue', 'state.dat')).ctimeMs;
    expect(makeFolders()).toMatchObject({ status: 0, stderr: '' });
    expect(statSync(join(queue, 'diskqueue', 'state.dat')).ctimeMs).toBe(before);
  });
});
