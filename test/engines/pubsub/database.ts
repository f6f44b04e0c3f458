/**
 * The database of the run: one process that outlives every consumer. It keeps what `EffectStore` demands, key and
 * effect in one step, and can be told to keep a consumer waiting at either side of its commit.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where a consumer is kept waiting. */
export type Moment = 'before-commit' | 'after-commit';

export class Database {
  /** Effects by delivery id: how often each happened. */
  public readonly effects = new Map<string, number>();
  /** Attempts by delivery id. */
  public readonly attempts = new Map<string, number>();
  /** Deliveries at which a consumer waits now. */
  public readonly held = new Set<string>();
  public duplicates = 0;

  readonly #keys = new Map<string, number>();
  readonly #holds = new Map<string, Moment>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const answer = this.#answer(String(request.url), JSON.parse(Buffer.concat(chunks).toString()));
        if (answer !== undefined) response.end(JSON.stringify(answer));
      });
    });
  }

  public static async listen(): Promise<Database> {
    const database = new Database();
    await new Promise<void>((resolve) => database.#server.listen(0, '127.0.0.1', resolve));
    return database;
  }

  public get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Keeps the next consumer of that delivery waiting for ever. */
  public hold(id: string, moment: Moment): void {
    this.#holds.set(id, moment);
  }

  public close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Nothing is the answer that never comes. */
  #answer(path: string, asked: { key: string; id: string; expiresAtMillis: number }): object | undefined {
    if (path === '/attempt') {
      count(this.attempts, asked.id);
      return {};
    }
    if (path === '/seen') return { seen: this.#keys.has(asked.key) };
    if (this.#holds.get(asked.id) === 'before-commit') return this.#keepWaiting(asked.id);
    const duplicate = this.#keys.has(asked.key);
    if (duplicate) this.duplicates += 1;
    else {
      this.#keys.set(asked.key, asked.expiresAtMillis);
      count(this.effects, asked.id);
    }
    if (this.#holds.get(asked.id) === 'after-commit') return this.#keepWaiting(asked.id);
    return { outcome: duplicate ? 'duplicate' : 'committed' };
  }

  #keepWaiting(id: string): undefined {
    this.#holds.delete(id);
    this.held.add(id);
    return undefined;
  }
}

function count(counts: Map<string, number>, id: string): void {
  counts.set(id, (counts.get(id) ?? 0) + 1);
}
