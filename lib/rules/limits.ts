/**
 * Size limits of documents. The author of a checked file may not be trusted, in a pull request for instance, so every
 * file is bounded in time and memory. A file over a limit is reported, not checked.
 */
import { UnreadableError } from './unreadable';

/**
 * Bytes of one file. CloudFormation takes 1 MB (S3 object); a dump of all objects of a large cluster has tens of MB.
 */
export const MAX_FILE_BYTES = 32 * 1024 ** 2;

/**
 * Values in one file, every use of a YAML alias counted; a text counts once more for every 64 characters. 32 MiB of
 * manifests have about as many; 700 bytes of nested aliases have 10^9.
 */
export const MAX_VALUES = 2_000_000;

/** Characters of all files of one run together: they are in memory at once. */
export const MAX_TOTAL_CHARACTERS = 256 * 1024 ** 2;

/** Values of all files of one run together; without aliases each takes some 60 bytes, of the 2 to 4 GB that Node has. */
export const MAX_TOTAL_VALUES = 10_000_000;

/** Levels of mappings and lists within each other. The schemas of the largest CRDs have about 50. */
export const MAX_DEPTH = 200;

/** Keys that the merge keys (`<<`) of one file may copy; js-yaml's own default. */
export const MAX_MERGED_KEYS = 10_000;

/** Characters of a text that intrinsic functions compose. CloudFormation takes a template of 1 MB in all. */
export const MAX_COMPOSED = 1024 ** 2;

/** Parts, literals or references, of such a text. */
export const MAX_PARTS = 10_000;

/**
 * Calls of intrinsic functions that one template may take, and one for every 64 characters that they copy. The 1 MB that
 * CloudFormation takes has hardly as many characters.
 */
export const MAX_STEPS = 1_000_000;

/** Characters of a scalar that a rule parses: a name, a schedule, an expression. CloudWatch's longest has 2,048. */
export const MAX_SCALAR = 4096;

/** Seconds that all rules together may take for one document: a document within the other limits has to end too. */
export const MAX_SECONDS = 60;

/** Characters of a message; a name in it may be as long as the file. */
export const MAX_MESSAGE = 4000;

const TEXT_UNIT = 64;

/** What a mapping or a list holds, itself included. */
interface Size {
  readonly values: number;
  readonly depth: number;
}

/** Totals over the files of one run. */
export class Total {
  private characters = 0;
  private values = 0;

  constructor(private readonly limit = { characters: MAX_TOTAL_CHARACTERS, values: MAX_TOTAL_VALUES }) {}

  /** @throws UnreadableError when the text does not fit; a smaller one may */
  public addText(file: string, { length }: string): void {
    if (this.characters + length > this.limit.characters) throw notFitting(file, `${this.limit.characters} characters`);
    this.characters += length;
  }

  /** @throws UnreadableError when the values do not fit; fewer may */
  public addValues(file: string, count: number): void {
    if (this.values + count > this.limit.values) throw notFitting(file, `${this.limit.values} values`);
    this.values += count;
  }
}

/**
 * Refuses values that are too large, too deep or contain themselves. Measures what several places share only once.
 *
 * @returns how many values there are
 * @throws UnreadableError that names the limit
 */
export function limited(file: string, parsed: unknown): number {
  const measured = new Map<object, Size | undefined>();
  const measure = (value: object, around: number): Size => {
    if (around >= MAX_DEPTH) throw tooDeep(file);
    measured.set(value, undefined);
    let [values, depth] = [1, 1];
    const isList = Array.isArray(value);
    if (!isList) for (const key of Object.keys(value)) values += 1 + Math.floor(key.length / TEXT_UNIT);
    for (const member of isList ? value : Object.values(value)) {
      if (typeof member === 'string') values += 1 + Math.floor(member.length / TEXT_UNIT);
      else if (typeof member !== 'object' || member === null) values += 1;
      else {
        const known = measured.get(member);
        if (known === undefined && measured.has(member)) throw inItself(file);
        const size = known ?? measure(member, around + 1);
        values += size.values;
        depth = Math.max(depth, size.depth + 1);
        if (around + depth > MAX_DEPTH) throw tooDeep(file);
      }
      if (values > MAX_VALUES) throw tooMany(file);
    }
    const size = { values, depth };
    measured.set(value, size);
    return size;
  };
  return typeof parsed === 'object' && parsed !== null ? measure(parsed, 0).values : 1;
}

/**
 * The same for all documents of a file: its limit of values is that of all of them.
 *
 * @throws UnreadableError that names the limit
 */
export function limitedAll(file: string, documents: readonly unknown[]): number {
  return documents.reduce((sum: number, document) => {
    const values = sum + limited(file, document);
    if (values > MAX_VALUES) throw tooMany(file);
    return values;
  }, 0);
}

/** The refusal of a file that has too many bytes. */
export function tooLarge(file: string): UnreadableError {
  return new UnreadableError(file, `is larger than ${MAX_FILE_BYTES / 1024 ** 2} MiB, which is the limit`, true);
}

/** The refusal of a file that is nested too deeply. */
export function tooDeep(file: string, line = ''): UnreadableError {
  return new UnreadableError(
    file,
    `nests mappings and lists more than ${MAX_DEPTH} levels deep${line}, which is the limit`,
    true,
  );
}

/** It is over no limit, but it was parsed: it may be a document, so it must not count as one without findings. */
function inItself(file: string): UnreadableError {
  return new UnreadableError(file, 'a value contains itself, through an alias to a value around it', true);
}

/** The refusal of a file whose merge keys copy too much. */
export function tooManyMerged(file: string, line = ''): UnreadableError {
  return new UnreadableError(
    file,
    `copies more than ${MAX_MERGED_KEYS} keys by merge keys (<<)${line}, which is the limit`,
    true,
  );
}

function notFitting(file: string, limit: string): UnreadableError {
  return new UnreadableError(
    file,
    `does not fit: all files together have more than ${limit}, which is the limit; check fewer at a time`,
    true,
  );
}

function tooMany(file: string): UnreadableError {
  return new UnreadableError(
    file,
    `has more than ${MAX_VALUES} values, with every use of an alias counted, which is the limit`,
    true,
  );
}

/** The text for a terminal or a log: no control characters that would move the cursor or begin a new line. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to replace
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
