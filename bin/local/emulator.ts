/**
 * The local AWS: started on loopback from its own virtual environment, ended with its whole process group.
 */
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { endGroup, leaveRunning, runProgram, spawnGroup } from './children';
import { MachineError } from './machine-error';
import { choosePort, listening, USUAL_PORT } from './port';
import { installPython } from './python';

const START_TIMEOUT_MILLIS = 60_000;
const LOOK_MILLIS = 200;
/** Another process may take a free port before the emulator does. */
const ATTEMPTS = 3;
const IN_USE = /address already in use|EADDRINUSE|is already in use/i;

/**
 * The emulator is one Python process with many threads. By default a waiting thread gets its turn after 5 ms, and a
 * request waits for several turns; shorter turns make the calls of the workers short. Its stdin is a pipe from this
 * process: it ends after this process, so a killed run leaves no emulator running.
 */
const LAUNCHER = `
import os, signal, sys, threading
def end_with_parent():
    os.read(0, 1)
    os.killpg(0, signal.SIGKILL)
if os.environ.pop("END_WITH_PARENT", ""):
    threading.Thread(target=end_with_parent, daemon=True).start()
sys.setswitchinterval(0.0002)
from ministack.app import main
sys.exit(main())
`;

/** A running emulator and how to reach it. */
export interface LocalAws {
  readonly endpoint: string;
  /** Process id of the emulator that was started here; undefined for another's. */
  readonly pid: number | undefined;
  stop(): Promise<void>;
  /** Leaves it running when this process ends. */
  keep(): void;
}

/** How to start the local AWS. */
export interface StartOptions {
  readonly root: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  /** Whether it may outlive this process. */
  readonly keep: boolean;
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

/** Starts the emulator, or takes the one that `AWS_ENDPOINT_URL` names. */
export async function startLocalAws(options: StartOptions): Promise<LocalAws> {
  const { root, say, signal } = options;
  const given = process.env.AWS_ENDPOINT_URL;
  if (given) {
    say(`using the AWS at ${given}`);
    return { endpoint: given, pid: undefined, stop: async () => {}, keep: () => {} };
  }
  const bin = await installPython(root, 'local', say, { signal });
  for (let attempt = 1; ; attempt++) {
    const port = await choosePort();
    if (port !== USUAL_PORT) say(`port ${USUAL_PORT} is taken by another process`);
    say(`starting the local AWS on port ${port}`);
    const emulator = new Emulator(options, bin, port);
    try {
      await emulator.healthy(signal);
      return emulator;
    } catch (error) {
      await emulator.stop();
      if (error instanceof PortTakenError && attempt < ATTEMPTS) continue;
      throw error;
    }
  }
}

/** The port was free a moment ago. */
class PortTakenError extends MachineError {}

class Emulator implements LocalAws {
  public readonly endpoint: string;
  readonly #name = `backpressure-${randomUUID()}`;
  /** A separate folder: in a shared one, files of another run or user could have the same names. */
  readonly #temporary = mkdtempSync(join(tmpdir(), 'backpressure-aws-'));
  readonly #port: number;
  readonly #log: string;
  readonly #child: ChildProcess;

  constructor({ root, keep }: StartOptions, bin: string, port: number) {
    this.#port = port;
    this.endpoint = `http://localhost:${port}`;
    this.#log = join(root, 'dist', 'local', 'ministack.log');
    const log = openNew(this.#log);
    try {
      this.#child = spawnGroup(join(bin, 'python'), ['-c', LAUNCHER], {
        stdio: [keep ? 'ignore' : 'pipe', log, log],
        env: this.#environment(keep),
      });
    } finally {
      closeSync(log);
    }
  }

  public get pid(): number | undefined {
    return this.#child.pid;
  }

  public async stop(): Promise<void> {
    await endGroup(this.#child);
    rmSync(this.#temporary, { recursive: true, force: true });
  }

  public keep(): void {
    leaveRunning(this.#child);
  }

  /** Returns when it, and no other server, answers on its port. */
  public async healthy(signal: AbortSignal): Promise<void> {
    const until = Date.now() + START_TIMEOUT_MILLIS;
    while (Date.now() < until) {
      signal.throwIfAborted();
      const answered = await editionAt(this.endpoint);
      if (answered === this.#name) return;
      if (answered !== undefined) throw new PortTakenError(`Another server answers on port ${this.#port}.`);
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw await this.#ended();
      await wait(LOOK_MILLIS, undefined, { signal });
    }
    throw new MachineError(
      `The local AWS was not healthy within ${START_TIMEOUT_MILLIS / 1000} s; see dist/local/ministack.log.`,
    );
  }

  async #ended(): Promise<MachineError> {
    // Another run's search for a free port binds one for a moment: no server listens on it any more.
    if ((await listening(this.#port)) || IN_USE.test(readFileSync(this.#log, 'utf8')))
      return new PortTakenError(`Another process took port ${this.#port}.`);
    return new MachineError('The local AWS ended while starting; see dist/local/ministack.log.');
  }

  #environment(keep: boolean): NodeJS.ProcessEnv {
    return {
      ...localEnvironment(this.endpoint),
      // The functions inherit this. By number the SDK puts the bucket into the path; by name it would look up
      // <bucket>.localhost, which many machines don't know.
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${this.#port}`,
      GATEWAY_PORT: String(this.#port),
      BIND_HOST: '127.0.0.1',
      IOT_MTLS_ENABLED: '0',
      MINISTACK_AUTOCREATE_AWS_MANAGED: '1',
      // The name in its health answer.
      MINISTACK_EDITION: this.#name,
      NODE_NO_WARNINGS: '1',
      TMPDIR: this.#temporary,
      ...(keep ? {} : { END_WITH_PARENT: '1' }),
    };
  }
}

function openNew(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  // An emulator that was kept continues to write to the old one.
  rmSync(file, { force: true });
  return openSync(file, 'w');
}

/** Name of the server on the port; undefined without a server, empty without a name. */
async function editionAt(endpoint: string): Promise<string | undefined> {
  let answer: Response;
  try {
    answer = await fetch(`${endpoint}/_ministack/health`, { signal: AbortSignal.timeout(2000) });
  } catch {
    return undefined;
  }
  const health = (await answer.json().catch(() => undefined)) as { edition?: unknown } | undefined;
  return String(health?.edition ?? '');
}

/** Process ids of the workers that run a Lambda function in the emulator. */
export async function workerPids(emulatorPid: number, functionName: string): Promise<number[]> {
  const listed = await runProgram('ps', ['-A', '-o', 'pid=,ppid=,args=']);
  return listed
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter(
      (match) =>
        match !== null && Number(match[2]) === emulatorPid && match[3].includes(`ministack-lambda-${functionName}-`),
    )
    .map((match) => Number(match?.[1]));
}
