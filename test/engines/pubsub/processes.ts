/** Starts and ends the processes of the Pub/Sub run: emulator, receiver, consumer. Each ends by its own pid. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ended } from '../../support/ended';

export const ROOT = join(__dirname, '..', '..', '..');
export const EMULATOR = join(homedir(), '.cache', 'backpressure', 'pubsub', 'pubsub-emulator');
export const RECEIVER = join(ROOT, 'dist', 'runtime', 'webhook-receiver', 'index.js');

/** A process that has said where it listens. */
export interface Running {
  readonly child: ChildProcess;
  readonly port: number;
  /** Every line that it wrote so far. */
  readonly lines: string[];
}

const running = new Set<ChildProcess>();

/** Starts a process and waits for the line that tells its port. */
export async function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const child = spawn(command, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const lines: string[] = [];
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  return new Promise((resolve, reject) => {
    child.once('exit', (status) => reject(new Error(`${command} ended with ${status}: ${errors.join('\n')}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      // The emulator prints its address, our own processes a JSON line.
      const port = /^127\.0\.0\.1:(\d+)$/.exec(line)?.[1] ?? /"listening","port":(\d+)/.exec(line)?.[1];
      if (port !== undefined) resolve({ child, port: Number(port), lines });
    });
  });
}

/** Ends a process at once, as a lost machine would, and waits until it is gone. */
export async function kill({ child }: Running): Promise<void> {
  child.kill('SIGKILL');
  await ended(child);
}

/** Ends whatever still runs. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** Why the run cannot be made here, or nothing. */
export function missing(): string | undefined {
  if (!existsSync(EMULATOR)) return `${EMULATOR}: cd test/engines/pubsub && go build -o ${EMULATOR} .`;
  if (!existsSync(RECEIVER)) return `${RECEIVER}: npm run prepare`;
  return undefined;
}
