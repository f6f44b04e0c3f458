/**
 * From text to values: JSON, YAML in one or many documents, and the short forms of CloudFormation.
 */
import {
  CORE_SCHEMA,
  defineMappingTag,
  defineScalarTag,
  defineSequenceTag,
  loadAll,
  mergeTag,
  YAMLException,
} from 'js-yaml';

/** A file that is no document that rules could be run on. */
export class UnreadableError extends Error {
  public readonly name = 'UnreadableError';

  constructor(
    public readonly file: string,
    /** What is wrong with it, without the file's name. */
    public readonly reason: string,
  ) {
    super(`${file}: ${reason}`);
  }
}

/**
 * Every document of a text. CDK's templates are JSON, which JSON.parse reads many times faster than any YAML parser.
 *
 * @throws UnreadableError with the line, when it is neither JSON nor YAML
 */
export function parse(file: string, text: string): unknown[] {
  const json = /^\s*[{[]/.test(text);
  if (json) {
    try {
      return [JSON.parse(text)];
    } catch (error) {
      // What begins like JSON may be YAML in flow style, or have comments; only a .json file has to be JSON.
      if (file.endsWith('.json')) throw new UnreadableError(file, `no JSON: ${(error as Error).message}`);
    }
  }
  try {
    return loadAll(text, { schema: SCHEMA, filename: file });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const line = error.mark ? ` in line ${error.mark.line + 1}` : '';
    throw new UnreadableError(file, `no YAML${line}: ${error.reason}`);
  }
}

/** `!Ref x` is `{ Ref: x }`, `!Sub x` is `{ Fn::Sub: x }`; a tag that nobody knows becomes a function nobody knows. */
function longForm(tag: string, argument: unknown): Record<string, unknown> {
  const name = tag.replace(/^!/, '');
  return { [name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`]: argument };
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
    finalize: ({ tag, pairs }) => longForm(tag, Object.fromEntries(pairs as Map<string, unknown>)),
    identify: () => false,
  }),
);
