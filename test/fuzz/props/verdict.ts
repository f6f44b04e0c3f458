/** What became of a case: a document without a hole, a named error, or a fault. */
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';

/** What a document must not hold in a text: what was never a value, and what only a deployment would know. */
const HOLE = /\bNaN\b|\bInfinity\b|\bundefined\b|\[object |\$\{Token\[|#\{Token\[|1\.88\d+e\+289/;

/** Undefined when nothing is wrong with the document; else the place and what is there. */
export function hole(document: unknown, path = ''): string | undefined {
  if (document === null) return `${path}: null`;
  if (typeof document === 'number')
    return Number.isFinite(document) && document > -1e288 ? undefined : `${path}: ${document}`;
  if (typeof document === 'string') {
    const found = HOLE.exec(document);
    return found ? `${path}: …${document.slice(Math.max(0, found.index - 40), found.index + 40)}…` : undefined;
  }
  if (document === undefined || typeof document !== 'object') return undefined;
  for (const [key, value] of Object.entries(document)) {
    const found = HOLE.test(key) ? `${path}: key ${key}` : hole(value, `${path}/${key}`);
    if (found) return found;
  }
  return undefined;
}

/** Whether it is one of the two errors that constructs throw, with a sentence that can be read. */
export function named(error: unknown): boolean {
  const ours = error instanceof CapacityError || error instanceof InvalidInputError;
  return ours && !/\[object |\bundefined\b/.test(error.message);
}
