import { MAX_SECONDS } from './limits';
import { Composite, isMapping, Reference, type Resolved, UNKNOWN } from './resolved';

/** A text embedded in a resource: a script, a configuration file. */
export interface EmbeddedText {
  /** Where it stands. */
  readonly at: Value;
  /** The text. */
  readonly text: string;
  /** Its name, if it has one: the key in a ConfigMap. */
  readonly name?: string;
}

/** A document over a work limit; findings made before that are kept. */
export class OverLimitError extends Error {
  public readonly name = 'OverLimitError';
}

const OVERTIME = `takes the rules longer than ${MAX_SECONDS} s, which is the limit`;

/** A document to check: a list of resources. */
export abstract class Document {
  private types?: Map<string, Resource[]>;
  private ticks = 0;
  private deadline = Number.POSITIVE_INFINITY;

  /** Every resource, in the order in which they stand. */
  public abstract readonly resources: readonly Resource[];

  /** What could not be read, in words: a macro, a part of a resource. */
  public abstract readonly unread: readonly string[];

  /** Evaluates one value as far as the document decides it. */
  public abstract resolve(raw: unknown): Resolved;

  /** The scripts and configuration files embedded in its resources. */
  public abstract texts(): readonly EmbeddedText[];

  /** Gives the rules this many seconds from now; then `tick` throws. */
  public allow(seconds: number): void {
    this.deadline = performance.now() + seconds * 1000;
  }

  /**
   * Called for every value that is evaluated.
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

/** The place in a file of a resource that the file does not declare, but that a macro makes of what it declares. */
export interface Origin {
  /** The name of the resource that is declared. */
  readonly resource: string;
  /** The way in it, for a way in what is made of it. */
  wayTo(path: string): string;
  /** The name of the resource that declares this place, where a part of it is a resource of its own. */
  owner?(path: string): string;
  /** What is declared; of a part of a template, its name stands for it. */
  readonly source?: unknown;
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
    /** Where it stands in the file, when that does not declare it. */
    private readonly origin?: Origin,
  ) {
    this.body = new Value(this, raw);
  }

  /** The name of the resource in the file that it is, or is made of. */
  public get declaredAs(): string {
    return this.origin?.resource ?? this.name;
  }

  /** What is declared in the file: one object for all that is made of it. */
  public get source(): unknown {
    if (this.origin === undefined) return this.body;
    return this.origin.source ?? `${this.file}\n${this.origin.resource}`;
  }

  /** The name of the resource in the file that declares a place in it. */
  public ownerOf(path: string): string {
    return this.origin?.owner?.(path) ?? this.declaredAs;
  }

  /** The way in the file to a place in it. */
  public declaredPath(path: string): string {
    return this.origin?.wayTo(path) ?? path;
  }

  /** A place in it. */
  public at(...keys: readonly (string | number)[]): Value {
    return this.body.along(keys);
  }
}

/**
 * One place in a document, present or absent, and what the document decides about it.
 *
 * Three answers everywhere: `absent` only when the document decides that the place is empty; a number, text or flag
 * only when it decides the value; `undefined` for everything else, so that a rule can stay silent.
 */
export class Value {
  private memo: Resolved;
  private worked = false;
  private known?: Map<string | number, Value>;

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
    // What a text holds, once it is parsed.
    if (this.key === '') return before;
    return before === '' ? this.key : `${before}.${this.key}`;
  }

  /** The value, evaluated as far as the document decides. */
  public get resolved(): Resolved {
    if (!this.worked) {
      this.resource.document.tick();
      this.memo = this.resource.document.resolve(this.raw);
      this.worked = true;
    }
    return this.memo;
  }

  /** Whether the place is certainly empty. */
  public get absent(): boolean {
    return this.resolved === undefined || this.resolved === null;
  }

  /** Whether the place certainly has a value. */
  public get present(): boolean {
    return !this.absent && this.resolved !== UNKNOWN;
  }

  /** Whether the document decides the place: its value, or that it is empty. */
  public get decided(): boolean {
    return this.resolved !== UNKNOWN;
  }

  /** The place below, by key; of a list, by index. */
  public at(...keys: readonly (string | number)[]): Value {
    return this.along(keys);
  }

  /** The same, for keys in a list. */
  public along(keys: readonly (string | number)[]): Value {
    let value: Value = this;
    for (let i = 0; i < keys.length; i += 1) value = value.below(keys[i]);
    return value;
  }

  /** The place below, by one key. */
  public below(key: string | number): Value {
    this.known ??= new Map();
    let value = this.known.get(key);
    if (!value) {
      value = new Value(this.resource, this.rawBelow(key), this, key);
      this.known.set(key, value);
    }
    return value;
  }

  /** The number; `fallback` when absent; undefined when not decided, or not a number. */
  public number(fallback?: number): number | undefined {
    const { resolved } = this;
    if (resolved === undefined || resolved === null) return fallback;
    if (typeof resolved !== 'number' && (typeof resolved !== 'string' || resolved.trim() === '')) return undefined;
    const number = Number(resolved);
    // YAML has .inf and .nan, and no field of a document has a meaning for them.
    return Number.isFinite(number) ? number : undefined;
  }

  /** The text; `fallback` when absent; undefined when not decided, or not a scalar. */
  public text(fallback?: string): string | undefined {
    const { resolved } = this;
    if (resolved === undefined || resolved === null) return fallback;
    if (typeof resolved === 'number' || typeof resolved === 'boolean') return String(resolved);
    return typeof resolved === 'string' ? resolved : undefined;
  }

  /** The boolean; `fallback` when absent; undefined when not decided, or not a boolean. */
  public flag(fallback?: boolean): boolean | undefined {
    const text = this.text(fallback === undefined ? undefined : String(fallback))?.toLowerCase();
    if (text === 'true' || text === 'yes' || text === 'on') return true;
    return text === 'false' || text === 'no' || text === 'off' ? false : undefined;
  }

  /**
   * The elements of the list. Empty only when that is decided: an undecided list has one undecided element, so that
   * `every(absent)` is false. A single value in place of a list is a list of one.
   */
  public items(): Value[] {
    const { resolved } = this;
    if (resolved === undefined || resolved === null) return [];
    if (Array.isArray(resolved)) return resolved.map((_, i) => this.below(i));
    return [this];
  }

  /** The keys and their values; none when it is not a mapping, or not decided. */
  public entries(): [string, Value][] {
    return isMapping(this.resolved) ? Object.keys(this.resolved).map((key) => [key, this.below(key)]) : [];
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
