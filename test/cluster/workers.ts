/**
 * The pods of a Deployment as local processes: the control plane starts none, so as many run here as it has ready
 * replicas, each some seconds after it was ordered, which stands for scheduling, pulling the image and starting.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ended } from '../support/ended';
import { get } from './kubernetes';

/** One line of a worker's log. */
export interface LogLine {
  readonly at: number;
  readonly booked?: string;
  readonly waitedMillis?: number;
  /** Of a queue that it is; of a stream, which record. */
  readonly setAside?: boolean | string;
  readonly ready?: boolean;
}

const LOOK_MILLIS = 250;

/** Follows a Deployment with worker processes. */
export class Workers {
  /** What the workers said, in order. */
  public readonly log: LogLine[] = [];
  /** Replicas over time. */
  public readonly replicas: { at: number; count: number }[] = [];
  private readonly running: ChildProcess[] = [];
  /** When each replica there is was ordered. */
  private readonly orderedAt: number[] = [];
  private following: Promise<void> | undefined;
  private ended = false;

  constructor(
    private readonly deployment: { name: string; namespace: string },
    private readonly script: string,
    private readonly env: Readonly<Record<string, string>>,
    private readonly startSeconds: number,
  ) {}

  /** Worker processes there are. */
  public get count(): number {
    return this.running.length;
  }

  /** Begins to follow. */
  public follow(): void {
    this.following = this.loop();
  }

  /** Ends every process and waits for it. */
  public async end(): Promise<void> {
    this.ended = true;
    await this.following;
    await Promise.all(this.running.splice(0).map((child) => this.stop(child)));
  }

  private async loop(): Promise<void> {
    while (!this.ended) {
      const { spec, status } = await get('deployment', this.deployment.name, this.deployment.namespace);
      const ready: number = status.readyReplicas ?? 0;
      while (this.orderedAt.length < Math.max(spec.replicas, ready)) this.orderedAt.push(Date.now());
      this.orderedAt.length = Math.max(spec.replicas, ready);
      if (this.replicas.at(-1)?.count !== ready) this.replicas.push({ at: Date.now(), count: ready });
      while (this.running.length < ready) this.start(this.orderedAt[this.running.length]);
      while (this.running.length > ready) {
        // As the kubelet does it: SIGTERM, and the grace period to end what is in hand.
        void this.stop(this.running.pop() as ChildProcess);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MILLIS));
    }
  }

  /**
   * From the order to the first item it takes `startSeconds`, as the plan means it: what scheduling and the start of the
   * process took of it is past when the worker is loaded.
   */
  private start(orderedAt: number): void {
    const begins = Math.max(0, orderedAt + this.startSeconds * 1000 - Date.now());
    const held = `setTimeout(() => require(${JSON.stringify(this.script)}), ${begins})`;
    const child = spawn(process.execPath, ['-e', held], {
      env: { ...this.env, HEALTH_PORT: '0', PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.running.push(child);
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.log.push({ at: Date.now(), ...(JSON.parse(line) as object) });
    });
  }

  private async stop(child: ChildProcess): Promise<void> {
    child.kill('SIGTERM');
    await ended(child);
  }
}
