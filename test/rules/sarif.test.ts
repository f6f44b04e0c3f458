import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import type { Located } from '../../lib/rules/sarif';
import { sarif } from '../../lib/rules/sarif';
import { RULES } from '../../lib/rules/table';

const schema = JSON.parse(readFileSync(join(__dirname, 'fixtures', 'sarif-2.1.0.json'), 'utf8'));
// The schema's pattern for languages has a bracket too many, which only the unicode mode of regular expressions minds.
const valid = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(schema);

const FINDING: Located = {
  ruleId: 'BP-SQS-002',
  severity: 'error',
  file: 'my shop/template.json',
  resource: 'Parked',
  path: 'Properties.MessageRetentionPeriod',
  message: 'kept too short',
  fix: 'keep it longer',
  line: 7,
};

interface Log {
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly results: readonly {
      readonly ruleIndex: number;
      readonly level: string;
      readonly locations: readonly {
        readonly physicalLocation: { readonly artifactLocation: { readonly uri: string }; readonly region?: object };
      }[];
    }[];
  }[];
}

test.each<[string, Located[]]>([
  ['no finding', []],
  ['a finding with a line', [FINDING]],
  ['one without', [{ ...FINDING, line: undefined, path: '' }]],
  [
    'one that --fix mends',
    [{ ...FINDING, replacement: { from: { line: 7, column: 3 }, until: { line: 7, column: 5 }, text: '180' } }],
  ],
  ['an absolute path', [{ ...FINDING, file: '/tmp/a b.yaml' }]],
])('%s: the log is valid against the schema of SARIF 2.1.0', (_, findings) => {
  valid(sarif(findings, '1.2.3'));
  expect(valid.errors ?? []).toEqual([]);
});

test('with a baseline every result is new, and without one none has a state', () => {
  const states = (known?: number) => {
    const log = sarif([FINDING, FINDING], '1.2.3', { failures: [], exitCode: 1, known });
    valid(log);
    expect(valid.errors ?? []).toEqual([]);
    return (log as { runs: [{ results: { baselineState?: string }[] }] }).runs[0].results.map(
      ({ baselineState }) => baselineState,
    );
  };
  expect(states(0)).toEqual(['new', 'new']);
  expect(states()).toEqual([undefined, undefined]);
});

test('the schema refuses what is none', () => {
  expect(valid({ version: '2.1.0', runs: [{}] })).toBe(false);
});

test('every rule is described, and a result points at its own', () => {
  const [{ tool, results }] = (sarif([FINDING], '1.2.3') as Log).runs;
  expect(tool.driver.rules.map(({ id }) => id)).toEqual(RULES.map(({ id }) => id));
  expect(tool.driver.rules[results[0].ruleIndex].id).toBe('BP-SQS-002');
  expect(results[0].level).toBe('error');
});

test('a file is a URI, and its line is where the finding stands', () => {
  const [{ results }] = (sarif([FINDING, { ...FINDING, file: '/tmp/a b.yaml', line: undefined }], '1') as Log).runs;
  expect(results.map(({ locations: [{ physicalLocation }] }) => physicalLocation)).toEqual([
    { artifactLocation: { uri: 'my%20shop/template.json' }, region: { startLine: 7 } },
    { artifactLocation: { uri: 'file:///tmp/a%20b.yaml' } },
  ]);
});
