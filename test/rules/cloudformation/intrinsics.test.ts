// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are CloudFormation's
import { Template } from '../../../lib/rules/cloudformation/read/template';
import { parseDocuments } from '../../../lib/rules/read';
import { Composite, Reference, UNKNOWN } from '../../../lib/rules/resolved';

const SURROUNDINGS = `
Parameters:
  Chosen: { Type: Number }
  Defaulted: { Type: Number, Default: 5 }
  Fixed: { Type: String, AllowedValues: [only] }
Mappings:
  Sizes:
    eu-west-1: { shards: 4, same: 7 }
    us-east-1: { shards: 8, same: 7 }
Conditions:
  Big: !Equals [!Ref Chosen, 1]
Resources:
  Queue: { Type: AWS::SQS::Queue }
  It:
    Type: AWS::SQS::Queue
    Properties:
      Here: `;

const value = (yaml: string) =>
  new Template(parseDocuments('t.yaml', SURROUNDINGS + yaml)[0], 't.yaml').resource('It')!.at('Properties', 'Here');

const QUEUE = new Reference('Queue');
const ARN = new Reference('Queue', 'Arn');

test.each([
  ['!Ref Queue', QUEUE, 'a resource of the template'],
  ['!Ref Chosen', UNKNOWN, "the deployer's choice"],
  ['!Ref Defaulted', UNKNOWN, 'a default is a choice too'],
  ['!Ref Fixed', 'only', 'the one value allowed'],
  ['!Ref AWS::NoValue', undefined, 'nothing'],
  ['!Ref AWS::Region', UNKNOWN, 'where it is deployed'],
  ['!GetAtt Queue.Arn', ARN, 'short form'],
  ['{ Fn::GetAtt: [Queue, Arn] }', ARN, 'long form'],
  ['!GetAtt Nowhere.Arn', UNKNOWN, 'no such resource'],
  ['!ImportValue shared', UNKNOWN, "another stack's"],
  ['!Join ["-", [a, b, 3]]', 'a-b-3', 'all literal'],
  ['!Join ["", ["arn:", !Ref Queue]]', new Composite(['arn:', QUEUE]), 'partly literal'],
  ['!Join ["", [!Ref Queue]]', QUEUE, 'nothing but the reference'],
  ['!Join [",", !Ref Chosen]', UNKNOWN, 'a list that nobody knows'],
  ['!Sub "${Queue.Arn}/x"', new Composite([ARN, '/x']), 'an attribute'],
  ['!Sub "${!Literal}"', '${Literal}', 'an escape'],
  ['!Sub ["${A}-${B}", { A: 1, B: two }]', '1-two', 'variables of its own'],
  ['!Sub "${Chosen}-x"', new Composite([UNKNOWN, '-x']), 'a parameter inside'],
  ['!If [Big, 1, 2]', UNKNOWN, 'two answers'],
  ['!If [Big, 3, 3]', 3, 'one answer either way'],
  ['!If [Big, !Ref Queue, !Ref Queue]', QUEUE, 'one reference either way'],
  ['!FindInMap [Sizes, eu-west-1, shards]', 4, 'keys known'],
  ['!FindInMap [Sizes, !Ref AWS::Region, shards]', UNKNOWN, 'rows that differ'],
  ['!FindInMap [Sizes, !Ref AWS::Region, same]', 7, 'rows that all say the same'],
  ['!FindInMap [Sizes, mars, shards]', UNKNOWN, 'no such row'],
  ['!Select [1, [a, b]]', 'b', 'from a list'],
  ['!Select [2, [a, b]]', UNKNOWN, 'beyond its end'],
  ['!Select [1, !Split [":", "a:b"]]', 'b', 'from a text taken apart'],
  ['!Base64 text', 'text', 'what is embedded'],
  ['!Transform { Name: AWS::Include }', UNKNOWN, 'a macro'],
  ['"{{resolve:ssm:/size}}"', UNKNOWN, 'a dynamic reference'],
])('%s: %s (%s)', (yaml, expected, _) => {
  expect(value(yaml).resolved).toEqual(expected);
});

test.each([
  ['[!Ref Queue, !If [Big, a, b], c]', [QUEUE, UNKNOWN, 'c']],
  ['!If [Big, [a], [b, c]]', [UNKNOWN]],
  ['single', ['single']],
  ['[]', []],
])('items of %s', (yaml, expected) => {
  expect(
    value(yaml)
      .items()
      .map(({ resolved }) => resolved),
  ).toEqual(expected);
});

test('what stands below something undecided is not decided, and not absent', () => {
  for (const yaml of ['!Ref Chosen', '!If [Big, { A: 1 }, { A: 2 }]', '!GetAtt Queue.Arn']) {
    const below = value(yaml).at('A', 'B');
    expect([below.decided, below.absent, below.number(3), below.text('x')]).toEqual([
      false,
      false,
      undefined,
      undefined,
    ]);
  }
});
