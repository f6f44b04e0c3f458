/**
 * A disk that somebody else fills, under the broker of the webhooks, under the queue of the log shipper and under `npm start`:
 * what was promised is kept, and what is printed says what to do.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { planWebhooks } from '../../lib/flow/webhooks/plan';
import { LogOutput } from '../../lib/k8s/logs/log-output';
import { signRequest } from '../../lib/runtime/webhook/signature';
import { freePorts } from '../support/ports';
import { EXACT, prove } from '../support/proof';
import { ROOT } from '../support/reference';
import { type SmallDisk, smallDisk, smallDiskMissing } from '../support/small-disk';
import { until } from '../support/until';
import { type Kafka, kafkaMissing, startKafka } from './kafka';
import { startElasticsearch } from './logs/elasticsearch';
import { Filebeat, filebeatMissing } from './logs/filebeat';
import { lineNumber, startWriter } from './logs/processes';
import { MIB, shipped } from './logs/shipped';
import { killAll, type Running, start } from './pubsub/processes';

const noDisk = smallDiskMissing();
const describedIf = (missing: string | undefined) => (missing === undefined ? describe : describe.skip);
const said = (missing: string | undefined) => (missing === undefined ? '' : ` (${missing})`);

describedIf(noDisk)(`npm start${said(noDisk)}`, () => {
  test('does not begin on a disk that is too small, and says which one, how much it needs and the ways out', () => {
    const disk = smallDisk(1);
    try {
      const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', join('bin', 'local.ts')], {
        cwd: ROOT,
        env: { ...process.env, TMPDIR: disk.folder },
        encoding: 'utf8',
      });
      expect(stderr).toContain(`The disk of ${disk.folder} has 1 MiB free, and a run needs 32 MiB.`);
      expect(stderr).toContain('Ways out: free some, or name another folder with TMPDIR.');
      expect(status).toBe(3);
    } finally {
      disk.unmount();
    }
  }, 60_000);
});

const noBroker = noDisk ?? kafkaMissing();
describedIf(noBroker)(`the receiver of webhooks, whose broker has a disk that fills${said(noBroker)}`, () => {
  const RECEIVER = join(ROOT, 'dist', 'runtime', 'webhook-receiver-kafka', 'index.js');
  const PASSWORDS = { admin: 'admin-4Wq8' };
  const SECRET = 'whsec_c2VzYW1lIHNlc2FtZSBzZXNhbWU=';
  /** Large, so that the disk is full soon. */
  const BODY_BYTES = 100_000;
  /** What the stranger leaves: some deliveries, and what the broker writes for itself. */
  const LEFT_BYTES = 3 * MIB;
  const MOST = 200;
  const plan = planWebhooks('Hooks', {
    workload: { steadyPerSecond: 20, serviceSeconds: 0.02, itemBytes: BODY_BYTES },
    objective: { latencySeconds: 60 },
  });
  let disk: SmallDisk;
  let folder: string;
  let kafka: Kafka;
  let receiver: Running;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'backpressure-full-'));
    disk = smallDisk(192);
    kafka = await startKafka(PASSWORDS, disk.folder);
    await kafka.tool('org.apache.kafka.tools.TopicCommand', 'admin', [
      '--create',
      '--topic',
      'hooks',
      '--partitions',
      '1',
    ]);
    writeFileSync(join(folder, 'shop'), SECRET);
    const source = { scheme: 'standard-webhooks', secretFile: join(folder, 'shop'), deduplicateBy: 'delivery-id' };
    receiver = await start(process.execPath, [RECEIVER], {
      BOOTSTRAP_SERVERS: kafka.tlsBroker,
      KAFKA_CA: readFileSync(kafka.certificateFile, 'utf8'),
      KAFKA_USERNAME: 'admin',
      KAFKA_PASSWORD: PASSWORDS.admin,
      PORT: '0',
      TOPIC: 'hooks',
      WEBHOOK_SOURCES: JSON.stringify({ shop: { ...source, toleranceSeconds: 300 } }),
      MAX_BODY_BYTES: String(plan.value('maxBodyBytes')),
      PUBLISH_TIMEOUT_SECONDS: String(plan.value('publishTimeoutSeconds')),
      CONCURRENCY: String(plan.value('receiverConcurrency')),
    });
  }, 240_000);

  afterAll(async () => {
    killAll();
    await kafka?.stop();
    disk?.unmount();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  async function send(id: string): Promise<Response> {
    const text = JSON.stringify({ id, pad: 'x'.repeat(BODY_BYTES) });
    const headers = signRequest('standard-webhooks', SECRET, text, id, Date.now());
    return fetch(`http://127.0.0.1:${receiver.port}/shop/acme`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: text,
      signal: AbortSignal.timeout(30_000),
    });
  }

  test('no delivery is answered with 2xx that the broker has not kept; with room again it goes on', async () => {
    expect((await send('before')).status).toBe(200);
    disk.fill(LEFT_BYTES);
    const kept = ['before'];
    let refused: Response | undefined;
    for (let number = 0; number < MOST && refused === undefined; number += 1) {
      const answer = await send(`order-${number}`);
      if (answer.status === 200) kept.push(`order-${number}`);
      else refused = answer;
    }
    expect(refused?.status).toBe(503);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(kept.length).toBeGreaterThan(1);
    // What is printed names what failed; the delivery itself is in no line.
    expect(receiver.lines.join('\n')).toMatch(/not stored|publish/);
    expect(receiver.lines.join('\n')).not.toContain('xxxx');

    disk.free();
    await kafka.restart('SIGKILL');
    await until('a delivery is stored again', async () => (await send('after')).status === 200, 120);
    kept.push('after');
    const found = new Set<string>();
    const reader = kafka.read('hooks', 'admin', (line) => found.add((JSON.parse(line) as { id: string }).id));
    await until('all of them are read', () => kept.every((id) => found.has(id)), 60).catch(() => {});
    reader.kill();
    prove({
      case: 15,
      construct: 'k8s.WebhookBuffer',
      engine: 'Apache Kafka 3.9.1',
      how: 'The shipped receiver with the numbers of a plan; the disk of the only broker is filled by somebody else until it ends, then freed.',
      scaledBy: 'a disk of 192 MiB for one of hundreds of gigabytes: what matters is that it is full.',
      metric: 'deliveries answered with 200 while the disk of the broker filled, found afterwards',
      unit: 'deliveries',
      predicted: kept.length,
      measured: kept.filter((id) => found.has(id)).length,
      tolerance: EXACT,
    });
  }, 300_000);
});

const noShipper = noDisk ?? filebeatMissing();
describedIf(noShipper)(`the log shipper, whose queue lies on a disk that fills${said(noShipper)}`, () => {
  const LINES_PER_SECOND = 2000;
  const SECONDS = 20;
  /** Seconds into the run: the disk is full from the first to the second. */
  const [FULL, FREE] = [5, 14];
  const KEY = 'id-5Ycv:key-8Mrt';

  test('no line is lost, and what is printed names the disk', async () => {
    const work = mkdtempSync(join(tmpdir(), 'backpressure-full-logs-'));
    const logs = join(work, 'app');
    mkdirSync(logs);
    const disk = smallDisk(64);
    const started: (() => Promise<unknown>)[] = [];
    try {
      const elasticsearch = await startElasticsearch(disk.folder, KEY, () => false);
      started.push(() => elasticsearch.stop());
      const [port] = await freePorts(1);
      const secret = (key: string) => ({ secretName: 'logs', key });
      const shipper = shipped(logs, {
        linesPerSecond: LINES_PER_SECOND,
        objective: { diskBudgetBytes: 400 * MIB, outageSeconds: 60, shipperAwaySeconds: 10 },
        fileCount: 4,
        fileSizeCapBytes: 4 * MIB,
        output: LogOutput.elasticsearch({
          hosts: [`https://localhost:${elasticsearch.port}`],
          index: 'logs',
          apiKey: secret('key'),
          certificateAuthority: secret('ca.crt'),
        }),
      });
      writeFileSync(join(disk.folder, 'ca.crt'), readFileSync(elasticsearch.certificateFile));
      const filebeat = new Filebeat(shipper, disk.folder, port, { LOG_OUTPUT_API_KEY: KEY });
      started.push(() => filebeat.kill());
      const lines = () =>
        new Set((elasticsearch.indices.get('logs') ?? []).map(({ message }) => lineNumber(String(message)))).size;
      filebeat.start();
      const began = Date.now();
      const writer = startWriter(join(logs, 'app.log'), LINES_PER_SECOND, SECONDS);
      await until('lines arrive', () => lines() > 0, 60);
      await wait(Math.max(0, began + 1000 * FULL - Date.now()));
      disk.fill();
      await wait(Math.max(0, began + 1000 * FREE - Date.now()));
      const whenFull = lines();
      disk.free();
      const written = await writer.written;
      await until('every line is there', () => lines() >= written, 90).catch(() => {});
      // Three seconds for what is on its way when the disk is full: an assumption.
      expect(whenFull).toBeLessThan(LINES_PER_SECOND * (FULL + 3));
      expect(filebeat.said()).toContain('no space left on device');
      prove({
        case: 1,
        construct: 'k8s.LogShipping',
        engine: 'Filebeat 9.0.0',
        how: `The shipped filebeat.yml; the disk of its queue is full from second ${FULL} to ${FREE}.`,
        scaledBy: 'megabytes for gigabytes: what matters is that it is full.',
        metric: 'lines written while the disk of the queue was full and after, shipped',
        unit: 'lines',
        predicted: written,
        measured: lines(),
        tolerance: EXACT,
      });
    } finally {
      for (const end of started.reverse()) await end();
      disk.unmount();
      rmSync(work, { recursive: true, force: true });
    }
  }, 240_000);
});
