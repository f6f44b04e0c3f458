// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation's Fn::Sub is written so
/** Documents with something changed in them: findings, or a sentence that names the file. Nothing else, and soon. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template as Synthesized } from 'aws-cdk-lib/assertions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import fc from 'fast-check';
import { failureText, judgeEach } from '../../lib/rules/check';
import { describe as sentence } from '../../lib/rules/describe';
import { parse } from '../../lib/rules/parse';
import { type Reading, readEach, readingOf } from '../../lib/rules/read';
import { FAULTS, HOSTILE_NUMBERS, HOSTILE_TEXTS, rounds, withinBound } from './support';

const EXAMPLES = join(__dirname, '..', '..', 'docs', 'rules');
const CORPUS = join(__dirname, '..', 'rules', 'corpus');

function synthesized(): string {
  const stack = new Stack(new App({ analyticsReporting: false }), 'Shop');
  const parked = new Queue(stack, 'Parked');
  new Queue(stack, 'Orders', { deadLetterQueue: { queue: parked, maxReceiveCount: 5 } });
  return JSON.stringify(Synthesized.fromStack(stack).toJSON());
}

const TEXTS: readonly string[] = [
  ...readdirSync(EXAMPLES).flatMap((id) =>
    ['wrong.yaml', 'right.yaml'].map((name) => readFileSync(join(EXAMPLES, id, name), 'utf8')),
  ),
  ...readdirSync(CORPUS).map((name) => readFileSync(join(CORPUS, name), 'utf8')),
  synthesized(),
];

const PARSED: readonly unknown[] = TEXTS.map((text) => parse('example.yaml', text)[0]);

type Node = Record<string, unknown> | unknown[];

/** Every mapping and list of a document, each once: a change may have put one into itself. */
function nodesOf(document: unknown): Node[] {
  const found = new Set<Node>();
  const open: unknown[] = [document];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null || found.has(value as Node)) continue;
    found.add(value as Node);
    for (const below of Object.values(value)) open.push(below);
  }
  return [...found];
}

const nested = (levels: number): unknown => {
  let value: unknown = 'deep';
  for (let level = 0; level < levels; level += 1) value = level % 2 ? [value] : { a: value };
  return value;
};

/** What stands in place of a value: of another type, at an edge, or a function where none belongs. */
const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(...HOSTILE_TEXTS),
  fc.constantFrom<unknown>(...HOSTILE_NUMBERS),
  fc.constantFrom<unknown>(null, true, false, [], {}, [[]], [null], { constructor: 1 }, { toString: 1, valueOf: 2 }),
  fc.constantFrom(
    { Ref: 'constructor' },
    { Ref: 'AWS::NoValue' },
    { Ref: { Ref: 'x' } },
    { 'Fn::Select': [{ Ref: 'Queue' }, ['a', 'b']] },
    { 'Fn::Select': ['0', { 'Fn::Split': [',', { Ref: 'x' }] }] },
    { 'Fn::GetAtt': ['__proto__', {}] },
    { 'Fn::GetAtt': { a: 1 } },
    { 'Fn::Sub': ['${a}${a}', { a: { 'Fn::Sub': ['${b}', { b: [] }] } }] },
    { 'Fn::Sub': { a: 1 } },
    { 'Fn::If': ['toString', { a: 1 }, { a: 1 }] },
    { 'Fn::FindInMap': ['__proto__', 'toString', 'call'] },
    { 'Fn::Join': ['', { Ref: 'x' }] },
    { 'Fn::constructor': 1 },
  ),
  fc.integer({ min: 1, max: 400 }).map(nested),
  fc.constantFrom('x'.repeat(100_000), '('.repeat(3000), 'shuf '.repeat(5000), '1'.repeat(50_000), '${'.repeat(20_000)),
  fc.constant(Array.from({ length: 3000 }, (_, i) => ({ Name: `n${i}` }))),
);

type Change = (document: unknown, pick: (below: number) => number, value: unknown) => void;

function somewhere(document: unknown, pick: (below: number) => number): { node: Node; key: string } | undefined {
  const nodes = nodesOf(document).filter((node) => Object.keys(node).length > 0);
  if (nodes.length === 0) return undefined;
  const node = nodes[pick(nodes.length)];
  const keys = Object.keys(node);
  return { node, key: keys[pick(keys.length)] };
}

function put(node: Node, key: string, value: unknown): void {
  Object.defineProperty(node, key, { value, enumerable: true, configurable: true, writable: true });
}

const CHANGES: readonly Change[] = [
  (document, pick, value) => {
    const at = somewhere(document, pick);
    if (at) put(at.node, at.key, value);
  },
  (document, pick) => {
    const at = somewhere(document, pick);
    if (Array.isArray(at?.node)) at.node.splice(Number(at.key), 1);
    else if (at) delete at.node[at.key];
  },
  (document, pick) => {
    const [one, other] = [somewhere(document, pick), somewhere(document, pick)];
    if (!one || !other) return;
    const kept = (one.node as Record<string, unknown>)[one.key];
    put(one.node, one.key, structuredClone((other.node as Record<string, unknown>)[other.key]));
    put(other.node, other.key, structuredClone(kept));
  },
  (document, pick) => {
    const at = somewhere(document, pick);
    const name = HOSTILE_TEXTS[pick(HOSTILE_TEXTS.length)];
    if (at && !Array.isArray(at.node)) put(at.node, name, at.node[at.key]);
    else if (at) (at.node as unknown[]).push(structuredClone((at.node as unknown[])[Number(at.key)]));
  },
  // The same value in several places, as an alias puts it there; now and then one of those around it.
  (document, pick) => {
    const [one, other] = [somewhere(document, pick), somewhere(document, pick)];
    if (one && other) put(one.node, one.key, (other.node as Record<string, unknown>)[other.key]);
  },
];

const structural = fc
  .record({
    example: fc.nat({ max: PARSED.length - 1 }),
    steps: fc.array(
      fc.record({
        change: fc.nat({ max: CHANGES.length - 1 }),
        picks: fc.array(fc.nat(), { minLength: 5, maxLength: 5 }),
        value: odd,
      }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
  })
  .map(({ example, steps }) => {
    const document = structuredClone(PARSED[example]);
    for (const { change, picks, value } of steps) {
      let next = 0;
      CHANGES[change](document, (below) => picks[next++ % picks.length] % below, value);
    }
    return document;
  });

const PIECES = [
  '&a ',
  '*a',
  '<<: *a\n',
  '- ',
  ': ',
  '{',
  '}',
  '[',
  ']',
  '"',
  '\n',
  '\t',
  '!Ref ',
  '!Sub ',
  '? ',
  '---\n',
  '\u0000',
  '\ufeff',
  '#',
  '|\n',
  '>\n',
  '!!binary ',
  '.inf',
  '&a [*a]',
];

const textual = fc
  .record({
    example: fc.nat({ max: TEXTS.length - 1 }),
    edits: fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 }),
  })
  .map(({ example, edits }) =>
    edits.reduce((text, [kind, place, value]) => {
      const at = place % Math.max(1, text.length);
      if (kind === 0) return text.slice(0, at) + String.fromCharCode(value) + text.slice(at + 1);
      if (kind === 1) return text.slice(0, at) + PIECES[value % PIECES.length] + text.slice(at);
      if (kind === 2) return text.slice(0, at) + text.slice(at + value);
      return value < 40 ? text.slice(0, at) : text.slice(0, at) + text.slice(at, at + value) + text.slice(at);
    }, TEXTS[example]),
  );

/** Findings in sentences, or failures that name the file. */
function answered(reading: Reading): void {
  const { findings, failures } = judgeEach(reading);
  for (const finding of findings) expect(sentence(finding)).not.toMatch(FAULTS_OF_RULES);
  for (const failure of failures) {
    expect(failure.ours).toBe(false);
    expect(failureText(failure)).toMatch(/^example/);
    expect(failureText(failure)).not.toMatch(FAULTS);
  }
}

/** A finding may quote a document, which may say `NaN` or `undefined` itself. */
const FAULTS_OF_RULES = /TypeError|RangeError|call stack|Cannot read|is not (a function|iterable)|\[object/;

test('a changed structure: findings or a named failure, within a second', () => {
  fc.assert(
    fc.property(structural, (document) => {
      withinBound(() => answered(readingOf([{ file: 'example', parsed: document }])));
    }),
    { numRuns: rounds(10_000) },
  );
});

test('a changed text: findings or a named failure, within a second', () => {
  fc.assert(
    fc.property(textual, (text) => {
      withinBound(() => answered(readEach([{ file: 'example.yaml', text }])));
    }),
    { numRuns: rounds(10_000) },
  );
});
