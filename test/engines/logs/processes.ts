/** The processes of a log run. Each ends by its own pid; whoever has children of its own ends with its group. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ended } from '../../support/ended';
import { LINE_BYTES, ROTATION_SECONDS } from './shipped';

/** Debian keeps logrotate where only root looks. */
export const PATH = `${process.env.PATH}:/usr/sbin`;

export const HAS_LOGROTATE = spawnSync('logrotate', ['--version'], { env: { ...process.env, PATH } }).status === 0;

/** Somebody who writes numbered lines. */
export interface Writer {
  /** When it has ended: how many lines it wrote. */
  readonly written: Promise<number>;
}

/** Writes lines as fast as it is told, and reopens its file after a rotation. */
export function startWriter(file: string, linesPerSecond: number, seconds: number): Writer {
  const script = join(__dirname, 'writer.cjs');
  const child = spawn(process.execPath, [script, file, String(linesPerSecond), String(seconds)]);
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  return { written: ended(child).then(() => Number(said)) };
}

/** The shipped rotation, in a process group of its own. */
export function startRotator(config: string, script: string, work: string): ChildProcess {
  const conf = join(work, 'logrotate.conf');
  writeFileSync(join(work, 'rotate.sh'), script);
  writeFileSync(conf, config, { mode: 0o644 });
  const env = {
    ...process.env,
    PATH,
    ROTATION_SECONDS: String(ROTATION_SECONDS),
    STATE: join(work, 'status'),
    CONFIG: conf,
  };
  return spawn('sh', [join(work, 'rotate.sh')], { env, stdio: 'ignore', detached: true });
}

/** Ends a process and whatever it started. */
export async function endGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid as number), 'SIGTERM');
  await ended(child);
}

/** The number of a line as the writer wrote it; undefined for anything else. */
export function lineNumber(line: string): number | undefined {
  return line.length === LINE_BYTES - 1 && /^\.*\d+$/.test(line) ? Number(line.replaceAll('.', '')) : undefined;
}
