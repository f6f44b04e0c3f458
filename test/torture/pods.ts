/** Consumers as processes of their own, which a supervisor starts again, as a kubelet does with containers. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { ended } from '../support/ended';

const RESTART_MILLIS = 1000;
/** Of what is logged so much is kept: more says nothing new. */
const MOST_LOG = 64 * 2 ** 20;

/** As many processes of one script as are asked for. */
export class Pods {
  /** Everything that they said. */
  public said = '';
  /** How often one of them was started again. */
  public restarts = 0;
  private readonly running = new Map<number, ChildProcess>();
  private over = false;

  constructor(
    private readonly script: string,
    private readonly env: Readonly<Record<string, string>>,
    private readonly count: number,
  ) {
    for (let number = 0; number < count; number += 1) this.start(number);
  }

  /** Ends one with SIGKILL. */
  public kill(victim: number): void {
    this.running.get(victim % this.count)?.kill('SIGKILL');
  }

  /** Ends all in order, and waits for them. */
  public async end(): Promise<void> {
    this.over = true;
    const children = [...this.running.values()];
    for (const child of children) child.kill('SIGTERM');
    const late = wait(30_000, undefined, { ref: false }).then(() => {
      for (const child of children) child.kill('SIGKILL');
    });
    await Promise.race([Promise.all(children.map(ended)), late]);
  }

  /** Ends all at once: the run itself was ended. */
  public killAll(): void {
    this.over = true;
    for (const child of this.running.values()) child.kill('SIGKILL');
  }

  private start(number: number): void {
    const child = spawn(process.execPath, [this.script], {
      env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', ...this.env, HOSTNAME: `pod-${number}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.running.set(number, child);
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (text) => {
        if (this.said.length < MOST_LOG) this.said += String(text);
      });
    child.once('exit', () => {
      this.running.delete(number);
      if (this.over) return;
      this.restarts += 1;
      setTimeout(() => {
        if (!this.over) this.start(number);
      }, RESTART_MILLIS).unref();
    });
  }
}
