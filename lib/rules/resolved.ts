/**
 * What a document says in one place, once everything it decides has been worked out.
 */

/** What a document alone does not decide: a parameter, an import, a condition with two answers. */
export const UNKNOWN: unique symbol = Symbol('unknown');

/** The identifier or an attribute of another resource of the same document. */
export class Reference {
  constructor(
    /** Name of the resource referred to. */
    public readonly name: string,
    /** The attribute; undefined for the identifier. */
    public readonly attribute?: string,
  ) {}
}

/** A text put together of parts, not all of which are literal. */
export class Composite {
  constructor(public readonly parts: readonly (string | Reference | typeof UNKNOWN)[]) {}

  /** What follows the last colon, when all of it is literal: the name at the end of an ARN. */
  public get tail(): string | undefined {
    const last = this.parts[this.parts.length - 1];
    if (typeof last !== 'string' || !last.includes(':')) return undefined;
    return last.slice(last.lastIndexOf(':') + 1);
  }
}

/** Something a document says, after everything it decides has been worked out. */
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

/** Whether it is a mapping of keys to values, and nothing that was worked out. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Reference) &&
    !(value instanceof Composite)
  );
}
