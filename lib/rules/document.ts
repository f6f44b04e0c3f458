import { MAX_SECONDS } from './limits';
import { Composite, isMapping, Reference, type Resolved, UNKNOWN } from './resolved';

/** A text embedded in a resource, which something else runs or reads: a script, a configuration file. */
export interface EmbeddedText {
  /** Where it stands. */
  readonly at: Value;
  /** The text. */
  readonly text: string;
  /** What it is called, when it has a name: the key in a ConfigMap. */
  readonly name?: string;
}

/** A document that takes more work than any may; what is found until then stands. */
export class OverLimitError extends Error {
  public readonly name = 'OverLimitError';
}

const OVERTIME = `takes the rules longer than ${MAX_SECONDS} s, which is the limit`;

/** What rules are run on: resources, whoever wrote them. */
export abstract class Document {
  private types?: Map<string, Resource[]>;
  private ticks = 0;
  private deadline = Number.POSITIVE_INFINITY;

  /** Every resource, in the order in which they stand. */
  public abstract readonly resources: readonly Resource[];

  /** Works out one value as far as the document decides it. */
  public abstract resolve(raw: unknown): Resolved;

  /** The scripts and configuration files embedded in its resources. */
  public abstract texts(): readonly EmbeddedText[];

  /** Gives the rules so many seconds from now; then `tick` throws. */
  public allow(seconds: number): void {
    this.deadline = performance.now() + seconds * 1000;
  }

  /**
   * Called for every value that is worked out.
   *
   * @throws OverLimitError when the time is over
   */
  public tick(): void {
    this.ticks += 1;
    if (this.ticks % 1024 === 0 && performance.now() > this.deadline) throw new OverLimitError(OVERTIME);
  }

  /** Every resource of any of these types. */
  public ofType(...types: readonly string[]): readonly Resource[] {
    if (!this.types) {
      this.types = new Map();
      for (const resource of this.resources) {
        const same = this.types.get(resource.type);
        if (same) same.push(resource);
        else this.types.set(resource.type, [resource]);
      }
    }
    const key = types.join(' ');
    let found = this.types.get(key);
    if (!found) {
      found = types.flatMap((type) => this.types!.get(type) ?? []);
      this.types.set(key, found);
    }
    return found;
  }
}

/** One resource of a template, or one manifest. */
export class Resource {
  /** The whole of it; paths begin here. */
  public readonly body: Value;

  constructor(
    /** What it is part of. */
    public readonly document: Document,
    /** Logical id, or kind and name. */
    public readonly name: string,
    /** `AWS::SQS::Queue`; `apps/Deployment`; `v1`'s kinds without a group. */
    public readonly type: string,
    /** The file it came from. */
    public readonly file: string,
    raw: unknown,
    /** Rules that its author has accepted, each with the reason. */
    public readonly acknowledged: ReadonlyMap<string, string>,
    /** The construct path, when the tool that made the file left one. */
    public readonly constructPath?: string,
  ) {
    this.body = new Value(this, raw);
  }

  /** A place in it. */
  public at(...keys: readonly (string | number)[]): Value {
    return this.body.at(...keys);
  }
}

/**
 * One place in a document, there or not, and what the document decides about it.
 *
 * Three answers everywhere: `absent` only when it is decided that nothing is there; a number, text or flag only when it
 * is decided which; `undefined` for everything else, so that a rule that reads it can be silent.
 */
export class Value {
  private memo: Resolved;
  private worked = false;
  private below?: Map<string | number, Value>;

  constructor(
    /** What it is part of. */
    public readonly resource: Resource,
    private readonly raw: unknown,
    private readonly above?: Value,
    private readonly key: string | number = '',
  ) {}

  /** The way to it, as in `Properties.Rules[0].Prefix`. */
  public get path(): string {
    if (!this.above) return '';
    const before = this.above.path;
    if (typeof this.key === 'number') return `${before}[${this.key}]`;
    return before === '' ? this.key : `${before}.${this.key}`;
  }

  /** What is there, worked out as far as the document decides. */
  public get resolved(): Resolved {
    if (!this.worked) {
      this.resource.document.tick();
      this.memo = this.resource.document.resolve(this.raw);
      this.worked = true;
    }
    return this.memo;
  }

  /** Whether it is certain that nothing is there. */
  public get absent(): boolean {
    return this.resolved === undefined || this.resolved === null;
  }

  /** Whether anything is, for certain, there. */
  public get present(): boolean {
    return !this.absent && this.resolved !== UNKNOWN;
  }

  /** Whether the document says what, if anything, is there. */
  public get decided(): boolean {
    return this.resolved !== UNKNOWN;
  }

  /** The place below, by key; of a list, by index. */
  public at(...keys: readonly (string | number)[]): Value {
    let value: Value = this;
    for (const key of keys) {
      value.below ??= new Map();
      let next = value.below.get(key);
      if (!next) {
        next = new Value(value.resource, value.rawBelow(key), value, key);
        value.below.set(key, next);
      }
      value = next;
    }
    return value;
  }

  /** The number there; `fallback` when nothing is there; undefined when that is not decided, or is no number. */
  public number(fallback?: number): number | undefined {
    const { resolved } = this;
    if (resolved === undefined || resolved === null) return fallback;
    if (typeof resolved !== 'number' && (typeof resolved !== 'string' || resolved.trim() === '')) return undefined;
    const number = Number(resolved);
    // YAML has .inf and .nan, and no field of a document has a meaning for them.
    return Number.isFinite(number) ? number : undefined;
  }

  /** The text there; `fallback` when nothing is there; undefined when that is not decided, or is no scalar. */
  public text(fallback?: string): string | undefined {
    const { resolved } = this;
    if (resolved === undefined || resolved === null) return fallback;
    if (typeof resolved === 'number' || typeof resolved === 'boolean') return String(resolved);
    return typeof resolved === 'string' ? resolved : undefined;
  }

  /** The truth there; `fallback` when nothing is there; undefined when that is not decided, or is none. */
  public flag(fallback?: boolean): boolean | undefined {
    const text = this.text(fallback === undefined ? undefined : String(fallback))?.toLowerCase();
    if (text === 'true' || text === 'yes' || text === 'on') return true;
    return text === 'false' || text === 'no' || text === 'off' ? false : undefined;
  }

  /**
   * What the list holds. Empty only when that is decided: of a list that is not, one undecided element stands for all,
   * so that `every(absent)` is false. A single value where a list may stand is a list of one.
   */
  public items(): Value[] {
    const { resolved } = this;
    if (resolved === undefined || resolved === null) return [];
    if (Array.isArray(resolved)) return resolved.map((_, i) => this.at(i));
    return [this];
  }

  /** The keys and what stands under each; none when it is no mapping, or not decided. */
  public entries(): [string, Value][] {
    return isMapping(this.resolved) ? Object.keys(this.resolved).map((key) => [key, this.at(key)]) : [];
  }

  /** Whether it is, or may turn out to be, this text. */
  public mayBe(text: string): boolean {
    const { resolved } = this;
    return resolved === UNKNOWN || resolved instanceof Composite || this.text() === text;
  }

  private rawBelow(key: string | number): unknown {
    const { resolved } = this;
    if (resolved === UNKNOWN || resolved instanceof Reference || resolved instanceof Composite) return UNKNOWN;
    if (Array.isArray(resolved)) return typeof key === 'number' ? resolved[key] : undefined;
    return isMapping(resolved) && Object.hasOwn(resolved, key) ? resolved[key as string] : undefined;
  }
}
