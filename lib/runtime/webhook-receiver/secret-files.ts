/**
 * Signing secrets from mounted files, one secret a line. During a rotation the file has two lines: the sender may still
 * sign with the old one.
 */
import { readFile } from 'node:fs/promises';

/** How long what was read is trusted, in milliseconds. Short enough that a revoked secret dies within minutes. */
const CACHE_MILLIS = 5 * 60 * 1000;

/** Reads a file anew every five minutes; a mounted `latest` version is fetched whenever it is read. */
export class SecretFiles {
  readonly #cache = new Map<string, { readonly until: number; readonly values: Promise<readonly string[]> }>();

  constructor(private readonly now: () => number = Date.now) {}

  /** The secrets that a signature may be made with. Never logs them. */
  public async of(path: string): Promise<readonly string[]> {
    const cached = this.#cache.get(path);
    if (cached && cached.until > this.now()) return cached.values;
    const values = this.#read(path);
    this.#cache.set(path, { until: this.now() + CACHE_MILLIS, values });
    // A failed read must not be remembered for five minutes.
    values.catch(() => this.#cache.delete(path));
    return values;
  }

  async #read(path: string): Promise<readonly string[]> {
    const lines = (await readFile(path, 'utf8')).split('\n').map((line) => line.trim());
    const secrets = lines.filter((line) => line !== '');
    // An empty key is one that everybody knows.
    if (secrets.length === 0) throw new Error(`${path} holds no secret; add a version before sending deliveries`);
    return secrets;
  }
}
