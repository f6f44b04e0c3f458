/** A run in every format, with names that would break one. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { linkOf } from '../../lib/rules/link';
import { asGitHub, command } from '../../lib/rules/report/github';
import { asJson } from '../../lib/rules/report/json';
import { asJUnit } from '../../lib/rules/report/junit';
import { asMarkdown } from '../../lib/rules/report/markdown';
import type { Report, Reported } from '../../lib/rules/report/report';
import { asText } from '../../lib/rules/report/text';
import { sarif } from '../../lib/rules/sarif';
import { RULES } from '../../lib/rules/table';

const ROOT = join(__dirname, '..', '..');

// A parser in a process of its own.
jest.setTimeout(60_000);

const FINDING: Reported = {
  ruleId: 'BP-SQS-002',
  severity: 'error',
  file: 'cdk.out/Shop.template.json',
  line: 7,
  resource: 'Parked',
  path: 'Properties.MessageRetentionPeriod',
  constructPath: 'Shop/Parked/Resource',
  message: 'keeps messages 4 days, their source 4 days',
  fix: 'set it to 1209600',
  title: 'A dead-letter queue keeps messages no longer than its source',
  link: linkOf('BP-SQS-002'),
  fingerprint: '0123456789abcdef',
};
const WARNING: Reported = {
  ...FINDING,
  ruleId: 'BP-SQS-003',
  severity: 'warning',
  line: undefined,
  constructPath: undefined,
  link: linkOf('BP-SQS-003'),
};
const REPORT: Report = {
  findings: [FINDING, WARNING],
  failures: [{ file: 'cut.yaml', message: 'no YAML in line 3', ours: false }],
  notRead: [{ file: 'cdk.out/Shop.template.json', what: 'AWS::IoT::TopicRule', count: 2 }],
  notices: ['the acknowledgement of BP-SQS-001 matches no finding'],
  acknowledged: 1,
  failOn: 'error',
  files: ['cdk.out/Shop.template.json', 'clean.yaml'],
  resources: 12,
  exitCode: 2,
};
/** What an author of a pull request may call a file or a resource. */
const HOSTILE = 'a`b%,:|<script>&"\'*_[x](y) @all #1 \u0007\r\n::error::x \ud800 \ufffe ]]>';
const hostile: Reported = {
  ...FINDING,
  file: HOSTILE,
  resource: HOSTILE,
  path: HOSTILE,
  message: HOSTILE,
  fix: HOSTILE,
  constructPath: HOSTILE,
};
const HOSTILE_REPORT: Report = {
  ...REPORT,
  findings: [hostile],
  failures: [{ file: HOSTILE, message: HOSTILE, ours: false }],
  notRead: [{ file: HOSTILE, what: HOSTILE, count: 1 }],
  notices: [HOSTILE],
  files: [HOSTILE],
};
const many = (count: number): Report => ({
  ...REPORT,
  findings: Array.from({ length: count }, (_, i) => (i % 3 === 0 ? FINDING : { ...WARNING, resource: `Orders${i}` })),
});

test('the link of a rule leads to its page in the repository, and so does its anchor in the index', () => {
  const { repository } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const base = `${repository.url.replace(/^git\+|\.git$/g, '')}/blob/main/`;
  const index = readFileSync(join(ROOT, 'docs', 'rules.md'), 'utf8');
  for (const { id } of RULES) {
    const link = linkOf(id);
    expect(link.startsWith(base)).toBe(true);
    const path = link.slice(base.length);
    expect(readFileSync(join(ROOT, path), 'utf8')).toMatch(new RegExp(`^# ${id}$`, 'm'));
    // The address that logs and comments of before have: docs/rules.md#bp-sqs-002.
    expect(index).toContain(`<a id="${id.toLowerCase()}"></a>[${id}](${path.replace(/^docs\//, '')})`);
  }
});

describe('text', () => {
  test('place, construct, finding, fix, and at the first of a rule its title and link', () => {
    const twice = { ...REPORT, findings: [FINDING, FINDING] };
    expect(asText(twice, false)).toBe(`cdk.out/Shop.template.json:7  Shop/Parked/Resource
error BP-SQS-002 Parked Properties.MessageRetentionPeriod
  keeps messages 4 days, their source 4 days
  fix: set it to 1209600
  rule: ${FINDING.title}, ${FINDING.link}

cdk.out/Shop.template.json:7  Shop/Parked/Resource
error BP-SQS-002 Parked Properties.MessageRetentionPeriod
  keeps messages 4 days, their source 4 days
  fix: set it to 1209600

2 errors, 0 warnings in 12 resources in 2 files (not shown: 1 acknowledged)
not read, no rule knows it: 2 AWS::IoT::TopicRule
`);
  });

  test('with 21 findings a summary by rule comes first, errors above warnings; with 20 none', () => {
    const [first, second, third, fourth] = asText(many(21), false).split('\n');
    expect(first).toBe(` 7  error    BP-SQS-002  ${FINDING.title}`);
    expect(second).toBe(`    ${linkOf('BP-SQS-002')}`);
    expect(third).toBe(`14  warning  BP-SQS-003  ${FINDING.title}`);
    expect(fourth).toBe(`    ${linkOf('BP-SQS-003')}`);
    expect(asText(many(20), false)).toMatch(/^cdk\.out/);
  });

  test('colours only where they are wanted, and no control character of a name', () => {
    expect(asText(REPORT, true)).toContain('\u001b[31merror\u001b[0m BP-SQS-002');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape of a colour is one
    expect(asText(REPORT, true).replace(/\u001b\[\d+m/g, '')).toBe(asText(REPORT, false));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may remain
    expect(asText(HOSTILE_REPORT, false)).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(asText(HOSTILE_REPORT, false)).not.toMatch(/^::error/m);
  });

  test('nothing found, nothing new, nothing to check', () => {
    const none = { ...REPORT, findings: [], notRead: [] };
    expect(asText(none, false)).toBe('no findings in 12 resources in 2 files (not shown: 1 acknowledged)\n');
    expect(asText({ ...none, known: 3 }, false)).toBe(
      'no new findings in 12 resources in 2 files (not shown: 3 in the baseline, 1 acknowledged)\n',
    );
    expect(asText({ ...none, files: [] }, false)).toBe('');
  });
});

test('a manifest is named with its namespace in every format', () => {
  const inProd = { ...REPORT, findings: [{ ...FINDING, resource: 'Deployment/web', namespace: 'prod' }] };
  for (const text of [asText(inProd, false), asGitHub(inProd), asJUnit(inProd), asMarkdown(inProd)])
    expect(text).toContain('Deployment/web in prod');
  expect(JSON.parse(asJson(inProd))[0].namespace).toBe('prod');
});

test('JSON: findings, failures, what was not read, notices', () => {
  expect(JSON.parse(asJson(REPORT))).toEqual([
    FINDING,
    JSON.parse(JSON.stringify(WARNING)),
    { file: 'cut.yaml', failure: 'no YAML in line 3' },
    { file: 'cdk.out/Shop.template.json', notRead: 'AWS::IoT::TopicRule', count: 2 },
    { notice: 'the acknowledgement of BP-SQS-001 matches no finding' },
  ]);
  expect(JSON.parse(asJson(HOSTILE_REPORT))[0].message).toBe(HOSTILE);
});

describe('SARIF', () => {
  const schema = JSON.parse(readFileSync(join(__dirname, 'fixtures', 'sarif-2.1.0.json'), 'utf8'));
  const valid = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(schema);

  test.each([
    ['a run', REPORT],
    ['hostile names', HOSTILE_REPORT],
  ])('%s is valid, every rule has its link, and a result its construct', (_, report) => {
    const log = JSON.parse(JSON.stringify(sarif(report.findings, '1.2.3', report)));
    valid(log);
    expect(valid.errors ?? []).toEqual([]);
    const [{ tool, results }] = log.runs;
    for (const { id, helpUri } of tool.driver.rules) expect(helpUri).toBe(linkOf(id));
    expect(results[0].locations[0].logicalLocations[1]).toEqual({
      fullyQualifiedName: report.findings[0].constructPath,
      kind: 'resource',
    });
  });
});

describe('JUnit', () => {
  interface Suite {
    readonly attributes: Record<string, string>;
    readonly cases: { readonly name: string; readonly results: { tag: string; message?: string; text: string }[] }[];
  }

  /** As Python's parser reads it, which refuses what is not well-formed. */
  function parsed(xml: string): Suite[] {
    const program = `
import json, sys, xml.etree.ElementTree as tree
root = tree.fromstring(sys.stdin.buffer.read())
assert root.tag == 'testsuites'
print(json.dumps([{ 'attributes': suite.attrib, 'cases': [
  { 'name': case.attrib['name'], 'results': [
    { 'tag': result.tag, 'message': result.attrib.get('message'), 'text': result.text or '' } for result in case] }
  for case in suite.iter('testcase')] } for suite in root]))`;
    const { stdout, stderr, status } = spawnSync('python3', ['-c', program], { input: xml, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  }
  const attributesOf = (suites: Suite[]) => suites.map(({ attributes }) => attributes);

  test('a suite a file: errors fail, warnings pass and say so, what was not read is skipped, a clean file passes', () => {
    const suites = parsed(asJUnit(REPORT));
    expect(attributesOf(suites)).toEqual([
      { name: 'cdk.out/Shop.template.json', tests: '3', failures: '1', errors: '0', skipped: '1' },
      { name: 'clean.yaml', tests: '1', failures: '0', errors: '0', skipped: '0' },
      { name: 'cut.yaml', tests: '1', failures: '0', errors: '1', skipped: '0' },
      { name: 'configuration', tests: '1', failures: '0', errors: '0', skipped: '0' },
    ]);
    expect(suites[0].cases.map(({ results }) => results.map(({ tag }) => tag))).toEqual([
      ['failure'],
      ['system-out'],
      ['skipped'],
    ]);
    const [{ message, text }] = suites[0].cases[0].results;
    expect(message).toBe(FINDING.message);
    for (const part of [FINDING.fix, FINDING.link, 'cdk.out/Shop.template.json:7 Shop/Parked/Resource'])
      expect(text).toContain(part);
  });

  test('what fails is what --fail-on says', () => {
    const failures = (failOn: Report['failOn']) => attributesOf(parsed(asJUnit({ ...REPORT, failOn })))[0].failures;
    expect([failures('error'), failures('warning'), failures('none')]).toEqual(['1', '2', '0']);
  });

  test('names that are no XML', () => {
    const [suite] = parsed(asJUnit(HOSTILE_REPORT));
    expect(suite.cases).toHaveLength(3);
    expect(suite.cases[0].results[0].message).toContain(
      'a`b%,:|<script>&"\'*_[x](y) @all #1 \\u0007\\u000d\\u000a::error::x',
    );
  });
});

describe('annotations of GitHub', () => {
  /** As the runner reads a line: the command, its properties, its message. */
  function read(line: string) {
    const [, name, properties, message] = /^::(\w+) (.*?)::(.*)$/.exec(line) ?? [];
    const back = (text: string) =>
      text
        .replaceAll('%0D', '\r')
        .replaceAll('%0A', '\n')
        .replaceAll('%3A', ':')
        .replaceAll('%2C', ',')
        .replaceAll('%25', '%');
    const pairs = properties
      .split(',')
      .map((pair) => [pair.slice(0, pair.indexOf('=')), back(pair.slice(pair.indexOf('=') + 1))]);
    return { name, ...Object.fromEntries(pairs), message: back(message) };
  }

  test('a command a finding, with file, line and title, and the counts at the end', () => {
    const lines = asGitHub(REPORT).trimEnd().split('\n');
    expect(lines.slice(0, -1).map(read)).toEqual([
      {
        name: 'error',
        file: 'cdk.out/Shop.template.json',
        line: '7',
        title: `BP-SQS-002 ${FINDING.title}`,
        message: `Parked: ${FINDING.message}\nFix: ${FINDING.fix}\n${FINDING.link}`,
      },
      expect.objectContaining({ name: 'warning', file: 'cdk.out/Shop.template.json' }),
      { name: 'error', file: 'cut.yaml', title: 'not checked', message: 'no YAML in line 3' },
      { name: 'warning', title: 'backpressure', message: REPORT.notices[0] },
      { name: 'notice', file: 'cdk.out/Shop.template.json', title: 'not read', message: '2 × AWS::IoT::TopicRule' },
    ]);
    expect(lines.at(-1)).toBe('1 error, 1 warning in 12 resources in 2 files (not shown: 1 acknowledged)');
  });

  test('percent, line breaks, commas and colons are escaped', () => {
    expect(command('error', { file: 'a,b:c%d.yaml', line: 3, title: 't' }, 'x: 50 %, y\nz')).toBe(
      '::error file=a%2Cb%3Ac%25d.yaml,line=3,title=t::x: 50 %25, y%0Az',
    );
  });

  test('no name begins a command of its own', () => {
    const lines = asGitHub(HOSTILE_REPORT).trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    expect(asGitHub(HOSTILE_REPORT)).not.toContain('\r');
    expect(lines.filter((line) => line.startsWith('::')).map((line) => read(line).name)).toEqual([
      'error',
      'error',
      'warning',
      'notice',
    ]);
  });
});

describe('Markdown', () => {
  test('counts, a table by rule, the findings, and what is beside them', () => {
    const text = asMarkdown({ ...REPORT, known: 5 });
    expect(text).toMatch(/^<!-- backpressure check -->\n### backpressure: 1 error, 1 warning, all new\n/);
    expect(text).toContain('In 12 resources in 2 files (not shown: 5 in the baseline, 1 acknowledged).');
    expect(text).toContain(`| [BP-SQS-002](${FINDING.link}) | error | 1 | ${FINDING.title} |`);
    expect(text).toContain(
      '`cdk.out/Shop.template.json:7` `Parked Properties.MessageRetentionPeriod` (`Shop/Parked/Resource`)',
    );
    expect(text).toContain('- `cut.yaml`: no YAML in line 3');
    expect(text).toContain('Not read, no rule knows it: 2 AWS::IoT::TopicRule.');
  });

  test('nothing new is one line', () => {
    expect(asMarkdown({ ...REPORT, findings: [], failures: [], notRead: [], notices: [], known: 2 })).toBe(
      '<!-- backpressure check -->\n### backpressure: no new findings\n\nIn 12 resources in 2 files (not shown: 2 in the baseline, 1 acknowledged).\n',
    );
  });

  test('a comment stays below the 65,536 characters that GitHub takes, and says what is left out', () => {
    const text = asMarkdown(many(2000));
    expect(text.length).toBeLessThan(65_536);
    const shown = text.split('\n').filter((line) => line.startsWith('- ') && line.includes('[BP-')).length;
    expect(text).toContain(`… and ${2000 - shown} more;`);
  });

  test('names are text: no HTML, no link, no mention, no end of a code span', () => {
    const text = asMarkdown(HOSTILE_REPORT);
    const outsideCode = text
      .replace(/(`+) .*? \1(?!`)/g, '')
      .replace(/<!-- backpressure check -->|\*\*[A-Z][a-z ]+:?\*\*/g, '');
    expect(outsideCode).not.toMatch(/(?<!\\)[<>*`]|@|(?<!\\)\[x/);
    expect(text).not.toContain('\r');
  });
});
