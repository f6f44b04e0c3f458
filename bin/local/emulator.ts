/**
 * The local AWS: made in a virtual environment of its own, started on loopback, ended with its whole process group.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const PORT = 4566;
const ENDPOINT = `http://localhost:${PORT}`;
const INSTALL_TIMEOUT_MILLIS = 10 * 60_000;
const START_TIMEOUT_MILLIS = 60_000;

/**
 * The emulator is one Python process with many threads. By default a waiting thread gets its turn after 5 ms, and a
 * request waits for several turns; shorter turns make the calls of the workers short.
 */
const LAUNCHER = 'import sys; sys.setswitchinterval(0.0002); from ministack.app import main; sys.exit(main())';

const WAYS_OUT =
  'Ways out: point AWS_ENDPOINT_URL at an emulator that is already running, or deploy to a real account with `npx cdk deploy`.';

/** Something about the machine, not about the project, stands in the way. One sentence and the ways out. */
export class MachineError extends Error {
  public override readonly name = 'MachineError';
  constructor(sentence: string, waysOut: string = WAYS_OUT) {
    super(`${sentence}\n${waysOut}`);
  }
}

/** A running emulator and how to reach it. */
export interface LocalAws {
  readonly endpoint: string;
  /** Process id of the emulator that was started here; undefined for somebody else's. */
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

/** Environment with which the CDK, the SDK and the functions find the local AWS. */
export function localEnvironment(endpoint: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_SESSION_TOKEN: '',
    AWS_PROFILE: '',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    CDK_DEFAULT_ACCOUNT: '000000000000',
    CDK_DEFAULT_REGION: 'us-east-1',
  };
}

/** Finds Python 3.10 or later. */
export async function findPython(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const candidates = [env.PYTHON, 'python3', 'python'].filter((name): name is string => Boolean(name));
  const found: string[] = [];
  for (const candidate of candidates) {
    try {
      const { stdout } = await run(candidate, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], { env });
      const [major, minor] = stdout.trim().split('.').map(Number);
      if (major > 3 || (major === 3 && minor >= 10)) return candidate;
      found.push(`${candidate} ${stdout.trim()}`);
    } catch {
      // Not there; the next one may be.
    }
  }
  const seen = found.length > 0 ? `found only ${found.join(', ')}` : 'found none';
  throw new MachineError(`The local AWS needs Python 3.10 or later, ${seen}; install python3 or name it in PYTHON.`);
}

/** Installs a requirements file into the project's own virtual environment, once per version of the file. */
export async function installPython(root: string, requirements: string, say: (line: string) => void): Promise<string> {
  const venv = join(root, '.venv');
  const bin = join(venv, process.platform === 'win32' ? 'Scripts' : 'bin');
  const file = join(root, 'requirements', `${requirements}.txt`);
  const stamp = join(venv, `.${requirements}`);
  const wanted = createHash('sha256').update(readFileSync(file)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return bin;
  const python = await findPython();
  if (!existsSync(join(bin, 'python'))) {
    say('making a virtual environment in .venv');
    await run(python, ['-m', 'venv', venv]).catch((error: Error) => {
      throw new MachineError(
        `Python could not make a virtual environment: ${lastLine(error)}; on Debian install python3-venv.`,
      );
    });
  }
  say(`installing requirements/${requirements}.txt`);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', file];
  await run(join(bin, 'python'), pip, { timeout: INSTALL_TIMEOUT_MILLIS }).catch((error: Error) => {
    throw new MachineError(
      `pip could not install requirements/${requirements}.txt: ${lastLine(error)}; is a package index reachable?`,
    );
  });
  writeFileSync(stamp, wanted);
  return bin;
}

/** Starts the emulator, or takes the one that `AWS_ENDPOINT_URL` names. */
export async function startLocalAws(root: string, say: (line: string) => void): Promise<LocalAws> {
  const given = process.env.AWS_ENDPOINT_URL;
  if (given) {
    say(`using the AWS at ${given}`);
    return { endpoint: given, pid: undefined, stop: async () => {} };
  }
  if (await listening(PORT)) {
    throw new MachineError(
      `Port ${PORT} is taken by another process.`,
      `Ways out: stop it, or use it with AWS_ENDPOINT_URL=${ENDPOINT}, or deploy to a real account with \`npx cdk deploy\`.`,
    );
  }
  const bin = await installPython(root, 'local', say);
  const folder = join(root, 'dist', 'local');
  mkdirSync(folder, { recursive: true });
  const log = openSync(join(folder, 'ministack.log'), 'w');
  say(`starting the local AWS on port ${PORT}`);
  const child = spawn(join(bin, 'python'), ['-c', LAUNCHER], {
    // A process group of its own: its Lambda workers end with it.
    detached: true,
    stdio: ['ignore', log, log],
    env: {
      ...localEnvironment(ENDPOINT),
      // The functions inherit this. By number the SDK puts the bucket into the path; by name it would look up
      // <bucket>.localhost, which many machines don't know.
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${PORT}`,
      GATEWAY_PORT: String(PORT),
      BIND_HOST: '127.0.0.1',
      IOT_MTLS_ENABLED: '0',
      MINISTACK_AUTOCREATE_AWS_MANAGED: '1',
      NODE_NO_WARNINGS: '1',
    },
  });
  closeSync(log);
  const stop = () => stopGroup(child);
  try {
    await healthy(child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint: ENDPOINT, pid: child.pid, stop };
}

async function healthy(child: ChildProcess): Promise<void> {
  const until = Date.now() + START_TIMEOUT_MILLIS;
  while (Date.now() < until) {
    if (child.exitCode !== null)
      throw new MachineError('The local AWS ended while starting; see dist/local/ministack.log.');
    try {
      const answer = await fetch(`${ENDPOINT}/_ministack/health`, { signal: AbortSignal.timeout(2000) });
      if (answer.ok) return;
    } catch {
      // Not yet.
    }
    await wait(200);
  }
  throw new MachineError(
    `The local AWS was not healthy within ${START_TIMEOUT_MILLIS / 1000} s; see dist/local/ministack.log.`,
  );
}

async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    try {
      process.kill(-child.pid, signal);
    } catch {
      return;
    }
    // Its SIGTERM may hang on open connections.
    if (await Promise.race([exited.then(() => true), wait(3000, false, { ref: false })])) break;
  }
  try {
    // Workers that the server left behind.
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // None.
  }
}

/** Whether something accepts connections on a loopback port. */
export async function listening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Process ids of the workers that run a Lambda function in the emulator. */
export async function workerPids(emulatorPid: number, functionName: string): Promise<number[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,args=']);
  return stdout
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter(
      (match) =>
        match !== null && Number(match[2]) === emulatorPid && match[3].includes(`ministack-lambda-${functionName}-`),
    )
    .map((match) => Number(match?.[1]));
}

function lastLine(error: Error & { stderr?: string }): string {
  const lines = (error.stderr || error.message).trim().split('\n');
  return lines[lines.length - 1].slice(0, 300);
}
