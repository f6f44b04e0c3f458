/**
 * From text to values: JSON, YAML in one or many documents, and the short forms of CloudFormation.
 */

import { renderFirst } from './foreign';
import {
  limited,
  limitedAll,
  MAX_DEPTH,
  MAX_FILE_BYTES,
  MAX_MERGED_KEYS,
  Total,
  tooDeep,
  tooLarge,
  tooManyMerged,
} from './limits';
import { isDeficient, repaired } from './repair';
import { ForeignError, NeitherError, UnreadableError } from './unreadable';
import {
  CORE_SCHEMA,
  defineMappingTag,
  defineScalarTag,
  defineSequenceTag,
  loadAll,
  load as loadOne,
  mergeTag,
  YAMLException,
} from './yaml';

export { UnreadableError } from './unreadable';

/**
 * Every document of a text. CDK's templates are JSON, which JSON.parse reads many times faster than any YAML parser.
 *
 * @param total of the run, to which the values of this file are added. Default: this file alone
 * @param notices collects what was read in another way than a person may expect. Default: nobody reads them
 *
 * @throws UnreadableError with the line, when it is neither JSON nor YAML, and with the limit, when it is over one
 */
export function parse(file: string, given: string, total = new Total(), notices: string[] = []): unknown[] {
  // A character is at least a byte; the bytes of a file are counted when it is read.
  if (given.length > MAX_FILE_BYTES) throw tooLarge(file);
  const text = given.replace(/^\uFEFF/, '');
  const documents = /^\s*[{[]/.test(text) ? (json(file, text) ?? yaml(file, text, notices)) : yaml(file, text, notices);
  total.addValues(file, limitedAll(file, documents));
  return documents;
}

/** The YAML in a text that is embedded in a document; undefined when it is none, or over a limit. */
export function parseEmbedded(text: string): unknown {
  try {
    const parsed = loadOne(text, { schema: CORE_SCHEMA });
    limited('', parsed);
    return parsed;
  } catch {
    // A template, or another language: no rule can check it.
    return undefined;
  }
}

function json(file: string, text: string): unknown[] | undefined {
  try {
    return [JSON.parse(text)];
  } catch (error) {
    // Text that begins like JSON may be YAML in flow style; only a .json file has to be JSON.
    if (!file.endsWith('.json')) return undefined;
    const first = renderFirst(file, text);
    if (first !== undefined) throw new ForeignError(file, first, true);
    const plain = withoutComments(text);
    try {
      return [JSON.parse(plain)];
    } catch {
      throw new UnreadableError(file, `no JSON: ${(error as Error).message}`);
    }
  }
}

/** JSON as compilers and editors take it for their settings: without its comments and last commas. */
function withoutComments(text: string): string {
  const parts = /"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|,(?=\s*[}\]])/g;
  return text.replace(parts, (part) => (part.startsWith('"') ? part : ''));
}

/** Lines that only ytt's annotations have; without it they are comments, and the values are missing. */
const YTT = /^[ \t]*(?:[\w-]+:[ \t]+)?#@(?:[ \t(]|\w+\/|yaml|data|overlay)/m;

function yaml(file: string, text: string, notices: string[]): unknown[] {
  if (YTT.test(text)) throw new ForeignError(file, renderFirst(file, text)!, true);
  try {
    return load(file, text);
  } catch (error) {
    if (isDeficient(error)) {
      const moved = repaired(text);
      if (moved !== undefined) return yaml(file, moved, notices);
    }
    if (!(error instanceof YAMLException)) throw new UnreadableError(file, `no YAML: ${(error as Error).message}`);
    const line = error.mark ? ` in line ${error.mark.line + 1}` : '';
    if (error.reason === 'duplicated mapping key') {
      notices.push(`${file}: a key is given twice${line}; the last one counts`);
      return again(file, text);
    }
    // Tags of another language, as in mkdocs.yml, are in no template and in no manifest.
    if (/unknown \w+ tag !<tag:yaml\.org/.test(error.reason))
      throw new NeitherError(file, `no YAML${line}: ${error.reason}`);
    const first = renderFirst(file, text);
    if (first !== undefined) throw new ForeignError(file, first, true);
    if (error.reason.includes('maxDepth')) throw tooDeep(file, line);
    if (error.reason.includes('maxTotalMergeKeys')) throw tooManyMerged(file, line);
    throw new UnreadableError(file, `no YAML${line}: ${error.reason}`);
  }
}

function load(file: string, text: string, json = false): unknown[] {
  return loadAll(text, {
    schema: SCHEMA,
    filename: file,
    maxDepth: MAX_DEPTH,
    maxTotalMergeKeys: MAX_MERGED_KEYS,
    json,
  });
}

/** The text with the last of equal keys, as JSON and most other parsers read it. */
function again(file: string, text: string): unknown[] {
  try {
    return load(file, text, true);
  } catch (error) {
    throw new UnreadableError(file, `no YAML: ${(error as Error).message}`);
  }
}

/** `!Ref x` is `{ Ref: x }`, `!Sub x` is `{ Fn::Sub: x }`; an unknown tag becomes an unknown function. */
function longForm(tag: string, argument: unknown): Record<string, unknown> {
  const name = tag.replace(/^!/, '');
  return { [name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`]: argument };
}

/** Name of a key; empty for a mapping or a list as a key. */
function keyText(key: unknown): string {
  return typeof key === 'object' ? '' : String(key);
}

const SCHEMA = CORE_SCHEMA.withTags(
  mergeTag,
  defineScalarTag<unknown>('!', {
    matchByTagPrefix: true,
    resolve: (source, _, tag) => longForm(tag, source),
    identify: () => false,
  }),
  defineSequenceTag<{ tag: string; items: unknown[] }, unknown>('!', {
    matchByTagPrefix: true,
    create: (tag) => ({ tag, items: [] }),
    addItem: ({ items }, item) => void items.push(item),
    finalize: ({ tag, items }) => longForm(tag, items),
    identify: () => false,
  }),
  defineMappingTag<{ tag: string; pairs: Map<unknown, unknown> }, unknown>('!', {
    matchByTagPrefix: true,
    create: (tag) => ({ tag, pairs: new Map() }),
    addPair: ({ pairs }, key, value) => {
      pairs.set(key, value);
      return '';
    },
    has: ({ pairs }, key) => pairs.has(key),
    keys: () => [],
    get: () => undefined,
    finalize: ({ tag, pairs }) =>
      longForm(tag, Object.fromEntries([...pairs].map(([key, value]) => [keyText(key), value]))),
    identify: () => false,
  }),
);
