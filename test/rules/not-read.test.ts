/** What no rule reads is named; the lists of what they read are those of the rules. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Template } from '../../lib/rules/cloudformation/read/template';
import { TYPES_READ } from '../../lib/rules/cloudformation/read/types';
import { KINDS_READ } from '../../lib/rules/kubernetes/read/kinds';
import { notRead, notReadText } from '../../lib/rules/not-read';
import { readDocuments } from '../../lib/rules/read';
import { answer } from '../bin/harness';

const RULES = join(__dirname, '..', '..', 'lib', 'rules');

function literals(folder: string, pattern: RegExp): string[] {
  const files = readdirSync(join(RULES, folder), { recursive: true, encoding: 'utf8' });
  const texts = files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(RULES, folder, file), 'utf8'));
  const found = texts.flatMap((text) => [...text.matchAll(pattern)].map(([, name]) => name));
  return [...new Set(found)].sort();
}

test('types that rules name are types that are read, in both directions', () => {
  const named = literals('cloudformation', /'(AWS::(?!Serverless)[A-Za-z0-9]+::[A-Za-z0-9]+)'/g);
  // A nested stack whose template is at hand is replaced by it; any other one is not read.
  expect(named.filter((type) => type !== 'AWS::CloudFormation::Stack')).toEqual([...TYPES_READ]);
});

test('kinds that rules name are kinds that are read, in both directions', () => {
  const named = [...literals('kubernetes', KIND), ...literals('embedded', KIND)];
  expect([...new Set(named)].sort()).toEqual(KINDS_READ.filter((kind) => kind.includes('/')));
});

const KIND = /'([a-z0-9.-]+\/[A-Z][A-Za-z0-9]+)'/g;

test('a type that no rule knows is named with its number, a permission or a name is not', () => {
  const Resources = {
    Users: { Type: 'AWS::Cognito::UserPool' },
    Others: { Type: 'AWS::Cognito::UserPool' },
    Role: { Type: 'AWS::IAM::Role' },
    Key: { Type: 'AWS::KMS::Key' },
    Queue: { Type: 'AWS::SQS::Queue' },
  };
  const all = notRead([new Template({ Resources }, 'template.yaml')]);
  expect(all).toEqual([{ file: 'template.yaml', what: 'AWS::Cognito::UserPool', count: 2 }]);
  expect(notReadText(all)).toBe('2 AWS::Cognito::UserPool');
});

test('of many kinds the most frequent are told, and how many more there are', () => {
  const rows = Array.from({ length: 30 }, (_, i) => ({ file: 'a.yaml', what: `acme.io/Kind${i}`, count: i + 1 }));
  const text = notReadText(rows);
  expect(text).toMatch(/^30 acme\.io\/Kind29, 29 acme\.io\/Kind28, /);
  expect(text).toMatch(/, and 253 of 22 more kinds; --format json lists them$/);
});

test('so are macros, and parts of serverless templates that are not read', () => {
  const text = `
    Transform: [AWS::Serverless-2016-10-31, Acme]
    Resources:
      Way: { Type: AWS::Serverless::Connector }
      Worker: { Type: AWS::Serverless::Function, Properties: { Events: { Odd: { Type: Odd } } } }`;
  const what = notRead(readDocuments([{ file: 'template.yaml', text }])).map((one) => one.what);
  expect(what).toEqual([
    'the macro Acme',
    'Way, of type AWS::Serverless::Connector',
    'the event Odd of Worker, of type Odd',
  ]);
});

test('a kind that no rule knows is named', () => {
  const text = 'apiVersion: acme.io/v1\nkind: Widget\nmetadata: { name: a }\n---\napiVersion: v1\nkind: Service\n';
  const all = notRead(readDocuments([{ file: 'a.yaml', text }]));
  expect(notReadText(all)).toBe('1 acme.io/Widget');
});

describe('on the command line', () => {
  const file = join(__dirname, 'field', 'sam', 'connector.yaml');

  test('every format names it', async () => {
    for (const format of ['text', 'json', 'sarif'])
      expect((await answer(['check', file, '--format', format])).out).toContain('AWS::Serverless::Connector');
  });

  test('--strict makes it exit 2, also where something is found; without it the findings decide', async () => {
    expect((await answer(['check', file])).code).toBe(0);
    expect((await answer(['check', file, '--strict'])).code).toBe(2);
    const read = join(__dirname, 'field', 'sam', 'queue-without-anything.yaml');
    expect((await answer(['check', read, '--strict'])).code).toBe(1);
  });
});
