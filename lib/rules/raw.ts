/** Parts of a document whose shape nobody has checked: what is not of the wanted kind is empty. */
import { isMapping } from './resolved';

/** A mapping as it was parsed. */
export type Raw = Record<string, unknown>;

/** The mapping; an empty one for anything else. */
export function mapping(value: unknown): Raw {
  return isMapping(value) ? value : {};
}

/** The list; an empty one for anything else. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The text; an empty one for anything else. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
