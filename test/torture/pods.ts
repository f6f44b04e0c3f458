/** Consumers as processes of their own, which a supervisor starts again, as a kubelet does with containers. */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { ended } from '../support/ended';
import { until } from '../support/until';

const RESTART_MILLIS = 1000;
/** A consumer that has not ended by then is killed, as a kubelet does. */
const GRACE_MILLIS = 30_000;
const READY_SECONDS = 120;
const POLL_MILLIS = 200;
/** Of what is logged so much is kept: more says nothing new. */
const MOST_LOG = 64 * 2 ** 20;
/** Seconds by which the clocks of the first two are off. */
const CLOCKS_OFF = [60, -60];

interface Pod {
  readonly child: ChildProcess;
  ready: boolean;
}

/** A consumer that was killed. */
export interface Killed {
  readonly number: number;
  /** Resolves when it takes letters again. */
  readonly back: Promise<unknown>;
}

/** As many processes of one script as are asked for. Each says `"ready":true` when it takes letters. */
export class Pods {
  /** Everything that they said. */
  public said = '';
  /** File for what they say, as they say it. */
  public log: string | undefined;
  /** How often one of them was started again because it had ended. */
  public restarts = 0;
  /** Of what is started now; while all are replaced some are of the one before. */
  public version = 1;
  private readonly pods = new Map<number, Pod>();
  /** Emits the number of each that is ready. */
  private readonly readiness = new EventEmitter().setMaxListeners(0);
  private readonly beganAt = Date.now();
  private readonly listeners: ((number: number, line: string) => void)[] = [];
  private over = false;

  constructor(
    private readonly script: string,
    private env: Readonly<Record<string, string>>,
    private readonly count: number,
  ) {
    for (let number = 0; number < count; number += 1) this.start(number);
    // However this process ends: nothing goes on without it.
    process.once('exit', this.killAll);
  }

  /** How many take letters. */
  public get ready(): number {
    return [...this.pods.values()].filter(({ ready }) => ready).length;
  }

  /** Tells of each line that one of them says while it runs. */
  public onLine(listener: (number: number, line: string) => void): void {
    this.listeners.push(listener);
  }

  /** Ends one with SIGKILL, and waits until it is gone. Undefined when it was down already: then nothing was struck. */
  public async kill(victim: number): Promise<Killed | undefined> {
    const number = victim % this.count;
    const child = this.pods.get(number)?.child;
    if (child === undefined || child.killed || isOver(child)) return undefined;
    const gone = ended(child);
    if (!child.kill('SIGKILL')) return undefined;
    await gone;
    return { number, back: once(this.readiness, String(number)) };
  }

  /**
   * Gives each in turn a new version: ends it in order, starts it with these settings, and goes on when it is ready.
   *
   * @param away called for each when it is back, with when it left
   */
  public async roll(
    settings: Readonly<Record<string, string>>,
    away: (number: number, leftAt: number) => void,
  ): Promise<void> {
    this.version += 1;
    this.env = { ...this.env, ...settings };
    for (const number of Array.from({ length: this.count }, (_, index) => index)) {
      const leftAt = Date.now();
      const old = this.pods.get(number);
      if (old) {
        this.pods.delete(number);
        await endOf(old.child);
      }
      if (this.over) return;
      this.start(number);
      await until(
        `consumer ${number} is ready`,
        async () => this.pods.get(number)?.ready ?? false,
        READY_SECONDS,
        POLL_MILLIS,
      );
      away(number, leftAt);
    }
  }

  /** Ends all in order, and waits for them. */
  public async end(): Promise<void> {
    this.over = true;
    process.off('exit', this.killAll);
    await Promise.all([...this.pods.values()].map(({ child }) => endOf(child)));
  }

  /** Ends all at once: the run itself was ended. */
  public readonly killAll = (): void => {
    this.over = true;
    for (const { child } of this.pods.values()) child.kill('SIGKILL');
  };

  private heard(pod: Pod, number: number, line: string): void {
    if (!pod.ready && line.includes('"ready":true')) {
      pod.ready = true;
      this.readiness.emit(String(number));
    }
    for (const listener of this.listeners) listener(number, line);
  }

  private seconds(): string {
    return ((Date.now() - this.beganAt) / 1000).toFixed(1);
  }

  private start(number: number): void {
    const child = spawn(process.execPath, ['--require', join(__dirname, 'skewed-clock.cjs'), this.script], {
      env: {
        PATH: process.env.PATH,
        NODE_NO_WARNINGS: '1',
        ...this.env,
        HOSTNAME: `pod-${number}`,
        VERSION: String(this.version),
        CLOCK_OFF_SECONDS: String(CLOCKS_OFF[number] ?? 0),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const pod: Pod = { child, ready: false };
    this.pods.set(number, pod);
    for (const input of [child.stdout, child.stderr])
      createInterface({ input }).on('line', (line) => {
        if (!isOver(child)) this.heard(pod, number, line);
        if (this.said.length < MOST_LOG) this.said += `${line}\n`;
        if (this.log !== undefined) appendFileSync(this.log, `${this.seconds()} s, pod-${number}: ${line}\n`);
      });
    child.once('exit', () => {
      // One that was replaced has gone in order.
      if (this.over || this.pods.get(number) !== pod) return;
      pod.ready = false;
      this.restarts += 1;
      setTimeout(() => {
        if (!this.over && this.pods.get(number) === pod) this.start(number);
      }, RESTART_MILLIS).unref();
    });
  }
}

/** What it said last may arrive after its end. */
const isOver = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

/** Ends a process in order; one that does not is killed. */
async function endOf(child: ChildProcess): Promise<void> {
  const over = ended(child);
  child.kill('SIGTERM');
  const late = new AbortController();
  void wait(GRACE_MILLIS, undefined, { ref: false, signal: late.signal }).then(
    () => child.kill('SIGKILL'),
    () => {},
  );
  await over;
  late.abort();
}
