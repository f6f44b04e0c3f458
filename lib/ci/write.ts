/** From values to YAML with comments. */
import { Document, Pair, Scalar, YAMLMap, YAMLSeq } from './yaml';

/** A value with a comment above it. */
class Commented {
  constructor(
    public readonly value: unknown,
    public readonly comment: string | undefined,
  ) {}
}

/** A value with a comment above its key, or above it in a list. */
export function commented(value: unknown, comment: string | undefined): unknown {
  return comment === undefined ? value : new Commented(value, comment);
}

/** A file of YAML. Keys without a value are left out, and empty ones stay. */
export function yamlFile(value: object, comment: string): string {
  const document = new Document();
  document.commentBefore = above(comment);
  document.contents = nodeOf(value) as YAMLMap;
  // Long lines stay: commands and expressions are read as they were written.
  return document.toString({ lineWidth: 0, singleQuote: true, flowCollectionPadding: false, nullStr: '' });
}

function nodeOf(value: unknown): unknown {
  if (value instanceof Commented) return nodeOf(value.value);
  if (Array.isArray(value)) return listOf(value);
  if (typeof value === 'object' && value !== null) return mapOf(value);
  return new Scalar(value);
}

function mapOf(value: object): YAMLMap {
  const map = new YAMLMap();
  for (const [name, one] of Object.entries(value)) {
    if (one === undefined) continue;
    const key = new Scalar(name);
    if (one instanceof Commented) key.commentBefore = above(one.comment!);
    map.items.push(new Pair(key, nodeOf(one)));
  }
  if (map.items.length === 0) map.flow = true;
  return map;
}

function listOf(values: readonly unknown[]): YAMLSeq {
  const list = new YAMLSeq();
  for (const one of values) {
    const node = nodeOf(one) as Scalar | YAMLMap;
    if (one instanceof Commented) node.commentBefore = above(one.comment!);
    list.items.push(node);
  }
  // Short lists of words in one line, as people write them.
  list.flow =
    values.length > 0 && values.every((one) => typeof one === 'string' && !one.includes('\n') && one.length < 30);
  return list;
}

function above(comment: string): string {
  return comment
    .split('\n')
    .map((line) => ` ${line}`)
    .join('\n');
}
