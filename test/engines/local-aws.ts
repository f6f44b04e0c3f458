/** The local AWS of `npm start` (ministack) on loopback, with nothing in it. Its data last as long as it does, also when it is restarted in order. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ended } from '../support/ended';
import { freePorts } from '../support/ports';
import { ROOT } from '../support/reference';
import { until } from '../support/until';

const PYTHON = join(ROOT, '.venv', 'bin', 'python');
/** The threads of one process take turns: shorter ones than Python's 5 ms make calls short, as in bin/local/emulator.ts. */
const LAUNCHER = 'import sys; sys.setswitchinterval(0.0002); from ministack.app import main; main()';
const START_SECONDS = 60;
/** It waits for calls that wait for a message, before it writes what it has. */
const STOP_SECONDS = 60;

/** The region and the keys of its clients; it takes any. */
export const LOCAL_AWS = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };

/** Why there is none on this machine; undefined when there is one. */
export function localAwsMissing(): string | undefined {
  return existsSync(join(ROOT, '.venv', '.local')) ? undefined : 'requirements/local.txt is not installed in .venv';
}

/** A running local AWS. */
export interface LocalAws {
  /** What its clients are made with. */
  readonly client: typeof LOCAL_AWS & { readonly endpoint: string };
  /**
   * Ends it in order and starts it again on the same port, with what it had. It writes that only at an end in order.
   *
   * @param awaySeconds from its end to its start; connections are refused meanwhile. Default: 0
   */
  restart(awaySeconds?: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one, and waits until it answers. */
export async function startLocalAws(): Promise<LocalAws> {
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-local-aws-'));
  mkdirSync(join(folder, 'state'));
  const [port] = await freePorts(1);
  const endpoint = `http://127.0.0.1:${port}`;
  let emulator: ChildProcess;
  const end = () => {
    emulator.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  const start = async () => {
    emulator = spawn(PYTHON, ['-c', LAUNCHER], { cwd: folder, stdio: 'ignore', env: environment(folder, port) });
    await until('the local AWS answers', () => answers(emulator, endpoint), START_SECONDS);
  };
  process.once('exit', end);
  const stop = async () => {
    emulator.kill('SIGKILL');
    await ended(emulator);
    process.removeListener('exit', end);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    client: { ...LOCAL_AWS, endpoint },
    async restart(awaySeconds = 0) {
      const over = ended(emulator);
      emulator.kill('SIGTERM');
      const late = setTimeout(() => emulator.kill('SIGKILL'), 1000 * STOP_SECONDS);
      await over;
      clearTimeout(late);
      if (emulator.signalCode === 'SIGKILL') throw new Error(`the local AWS did not end within ${STOP_SECONDS} s`);
      await wait(1000 * awaySeconds);
      await start();
    },
    stop,
  };
}

function environment(folder: string, port: number): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: folder,
    TMPDIR: folder,
    GATEWAY_PORT: String(port),
    BIND_HOST: '127.0.0.1',
    IOT_MTLS_ENABLED: '0',
    LOG_LEVEL: 'ERROR',
    PERSIST_STATE: '1',
    STATE_DIR: join(folder, 'state'),
  };
}

async function answers(emulator: ChildProcess, endpoint: string): Promise<boolean> {
  if (emulator.exitCode !== null || emulator.signalCode !== null) throw new Error('the local AWS ended at its start');
  return fetch(`${endpoint}/_ministack/health`, { signal: AbortSignal.timeout(2000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}
