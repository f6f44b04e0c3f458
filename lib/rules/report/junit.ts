/** A report as JUnit XML, which GitLab, Jenkins and others show as tests. */
import { grouped } from '../../flow/grouped';
import { printable } from '../limits';
import { fails, type Report, type Reported, resourceOf } from './report';

/** A suite a file, a case a finding. What does not fail the run is a case that passes and says so in its output. */
export function asJUnit(report: Report): string {
  const { findings, failures, notRead, files } = report;
  const [found, failed, unread] = [findings, failures, notRead].map((rows) =>
    grouped(rows.map((row) => [row.file, row] as const)),
  ) as [
    ReadonlyMap<string, Reported[]>,
    ReadonlyMap<string, Report['failures']>,
    ReadonlyMap<string, Report['notRead']>,
  ];
  const names = new Set([...files, ...failures.map(({ file }) => file), ...notRead.map(({ file }) => file)]);
  const suites = [...names].map((file) => {
    const cases = [
      ...(found.get(file) ?? []).map((finding) => findingCase(finding, report)),
      ...(failed.get(file) ?? []).map(({ ruleId, message }) =>
        testCase(file, ruleId ?? 'can be checked', element('error', { message, type: 'unreadable' })),
      ),
      ...(unread.get(file) ?? []).map(({ what, count }) =>
        testCase(file, `reads ${what}`, element('skipped', { message: `${count} × ${what}: no rule reads it` })),
      ),
    ];
    return suite(file, cases.length > 0 ? cases : [testCase(file, 'no findings', '')]);
  });
  const notices =
    report.notices.length === 0
      ? []
      : [suite('configuration', [testCase('configuration', 'notices', output(report.notices.join('\n')))])];
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="backpressure">\n${[...suites, ...notices].join('\n')}\n</testsuites>\n`;
}

function findingCase(finding: Reported, { failOn }: Report): string {
  const { ruleId, severity, file, line, path, constructPath, message, fix, title, link } = finding;
  const place = `${resourceOf(finding)}${path === '' ? '' : ` ${path}`}`;
  const text = [
    `${title}.`,
    `${file}${line === undefined ? '' : `:${line}`} ${constructPath ?? ''}`.trimEnd(),
    `Fix: ${fix}`,
    link,
  ].join('\n');
  const body = fails(failOn, severity)
    ? element('failure', { message, type: severity }, text)
    : output(`${severity}: ${message}\n${text}`);
  return testCase(file, `${ruleId} ${place}`, body);
}

function suite(name: string, cases: readonly string[]): string {
  const count = (tag: string) => cases.filter((one) => one.includes(`<${tag} `)).length;
  const attributes = {
    name,
    tests: cases.length,
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
  };
  return element('testsuite', attributes, undefined, cases);
}

function testCase(file: string, name: string, body: string): string {
  return element('testcase', { classname: file, name, file }, undefined, body === '' ? [] : [body]);
}

function output(text: string): string {
  return element('system-out', {}, text);
}

function element(
  tag: string,
  attributes: Readonly<Record<string, string | number>>,
  text = '',
  children: readonly string[] = [],
): string {
  const head = [
    tag,
    ...Object.entries(attributes).map(([key, value]) => `${key}="${xml(printable(String(value)))}"`),
  ].join(' ');
  const lines = text
    .split('\n')
    .map((line) => xml(printable(line)))
    .join('\n');
  const inside = children.length > 0 ? `\n${children.join('\n')}\n` : lines;
  return inside === '' ? `<${head}/>` : `<${head}>${inside}</${tag}>`;
}

/** Text in XML 1.0, which has no half surrogate pairs and neither U+FFFE nor U+FFFF; `printable` removed the controls. */
function xml(text: string): string {
  return Buffer.from(text)
    .toString()
    .replace(/[\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
