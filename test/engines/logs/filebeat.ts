/**
 * A real Filebeat on the shipped configuration: command, arguments and variables are those of the pod, folders of the
 * node are folders of the test.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CERTIFICATES } from '../../../lib/k8s/logs/log-binding';
import { DISK_QUEUE, FILEBEAT_DATA, FILEBEAT_STATS_PORT } from '../../../lib/k8s/logs/log-config';
import { ended } from '../../support/ended';
import type { Shipped } from './shipped';

const FILEBEAT = join(homedir(), '.cache', 'backpressure', 'filebeat', 'filebeat');
const CONFIG = '/etc/filebeat/filebeat.yml';

/** Why Filebeat cannot be had on this machine; undefined when it can. */
export function filebeatMissing(): string | undefined {
  return existsSync(FILEBEAT) ? undefined : 'no Filebeat: test/engines/install builds it, with Go';
}

/** One Filebeat after the other, on the same folder of the node. */
export class Filebeat {
  /** Where its queue lies. */
  public readonly queueFolder: string;
  /** What it tells of itself. */
  public readonly statsUrl: string;
  private readonly config: string;
  private readonly data: string;
  private readonly log: string;
  private child?: ChildProcess;

  constructor(
    private readonly shipper: Shipped,
    work: string,
    statsPort: number,
    private readonly secrets: Readonly<Record<string, string>>,
  ) {
    this.config = join(work, 'filebeat.yml');
    this.data = join(work, 'filebeat');
    this.log = join(work, 'filebeat.log');
    this.queueFolder = join(this.data, DISK_QUEUE);
    this.statsUrl = `http://127.0.0.1:${statsPort}/stats`;
    mkdirSync(this.data);
    const text = shipper
      .file('filebeat.yml')
      .replaceAll(FILEBEAT_DATA, this.data)
      .replaceAll(CERTIFICATES, work)
      .replace(`http.port: ${FILEBEAT_STATS_PORT}`, `http.port: ${statsPort}`);
    writeFileSync(this.config, text, { mode: 0o644 });
  }

  /** Starts it. */
  public start(): void {
    const { command, args } = this.shipper.container('filebeat');
    if (command.join() !== 'filebeat') throw new Error(`the pod runs ${command}, not Filebeat`);
    const inTest = args.map((arg: string) => ({ [CONFIG]: this.config, [FILEBEAT_DATA]: this.data })[arg] ?? arg);
    const log = openSync(this.log, 'a');
    this.child = spawn(FILEBEAT, inTest, {
      env: { PATH: process.env.PATH, NODE_NAME: 'node-1', ...this.secrets },
      stdio: ['ignore', log, log],
    });
  }

  /** Ends it as a crash would. */
  public async kill(): Promise<void> {
    if (!this.child) return;
    this.child.kill('SIGKILL');
    await ended(this.child);
  }

  /** Everything it said, of every start. */
  public said(): string {
    return readFileSync(this.log, 'utf8');
  }
}
