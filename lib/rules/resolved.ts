/**
 * The value of one place in a document, evaluated as far as the document decides.
 */

/** A value that a document alone does not decide: a parameter, an import, a condition with two outcomes. */
export const UNKNOWN: unique symbol = Symbol('unknown');

/** What an expression of the document was evaluated to, where that is no plain value. */
abstract class Evaluated {}

/** The identifier or an attribute of another resource of the same document. */
export class Reference extends Evaluated {
  constructor(
    /** Name of the resource referred to. */
    public readonly name: string,
    /** The attribute; undefined for the identifier. */
    public readonly attribute?: string,
    /** Whether the value is only made of it: which attribute, and what is done with it, is not decided. */
    public readonly made = false,
  ) {
    super();
  }
}

/** A text made of parts, not all of them literal. */
export class Composite extends Evaluated {
  constructor(public readonly parts: readonly (string | Reference | typeof UNKNOWN)[]) {
    super();
  }

  /** The text after the last colon, if it is literal: the name at the end of an ARN. */
  public get tail(): string | undefined {
    const last = this.parts[this.parts.length - 1];
    if (typeof last !== 'string' || !last.includes(':')) return undefined;
    return last.slice(last.lastIndexOf(':') + 1);
  }
}

/** A value of a document, evaluated as far as the document decides. */
export type Resolved =
  | undefined
  | null
  | string
  | number
  | boolean
  | Reference
  | Composite
  | typeof UNKNOWN
  | readonly unknown[]
  | { readonly [key: string]: unknown };

/** Whether it is a mapping of keys to values, not an evaluated reference or text. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Evaluated);
}

/**
 * A scalar as text, and nothing for anything else: in a document that nobody deploys a name may be a mapping, and one
 * with a key `toString` cannot be turned into a text.
 */
export function scalarText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
