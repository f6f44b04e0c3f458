/**
 * Findings as other programs read them: test reports, annotations of a code host, a comment on a pull request.
 */
import type { Failure } from '../../lib/rules/check';
import { printable } from '../../lib/rules/limits';
import { loadRules } from '../../lib/rules/load';
import type { NotRead } from '../../lib/rules/not-read';
import type { Located } from '../../lib/rules/sarif';

/** What a format is made of. */
export interface Reported {
  readonly findings: readonly Located[];
  readonly failures: readonly Failure[];
  readonly notRead: readonly NotRead[];
}

/** An array of findings, files that could not be checked, and what was not read. */
export function json({ findings, failures, notRead }: Reported): string {
  const rows = [
    ...findings,
    ...failures.map(({ file, ruleId, message }) => ({ file, ...(ruleId ? { ruleId } : {}), failure: message })),
    ...notRead.map(({ what, ...rest }) => ({ ...rest, notRead: what })),
  ];
  return `${JSON.stringify(rows, undefined, 2)}\n`;
}

/** JUnit: a test for each finding, which fails at level error and is skipped, with its text, at level warning. */
export function junit({ findings, failures, notRead }: Reported): string {
  const cases = [
    ...findings.map((finding) => {
      const text = `${place(finding)}: ${finding.message}. Fix: ${finding.fix}.`;
      const inner =
        finding.severity === 'error'
          ? `<failure message="${xml(finding.message)}">${xml(text)}</failure>`
          : `<skipped message="${xml(text)}"/>`;
      return `    <testcase classname="${xml(finding.file)}" name="${xml(`${finding.ruleId} ${finding.resource} ${finding.path}`)}">${inner}</testcase>`;
    }),
    ...failures.map(
      ({ file, message }) =>
        `    <testcase classname="${xml(file)}" name="read"><error message="${xml(message)}"/></testcase>`,
    ),
    ...notRead.map(
      ({ file, what, count }) =>
        `    <testcase classname="${xml(file)}" name="not read"><skipped message="${xml(`${count} × ${what}`)}"/></testcase>`,
    ),
  ];
  const failed = findings.filter(({ severity }) => severity === 'error').length;
  const skipped = findings.length - failed + notRead.length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite name="backpressure check" tests="${cases.length}" failures="${failed}" errors="${failures.length}" skipped="${skipped}">`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

/** Annotations that GitHub Actions shows beside the changed lines. */
export function github({ findings, failures, notRead }: Reported): string {
  const lines = [
    ...findings.map(({ severity, file, line, ruleId, resource, message, fix }) => {
      const at = line === undefined ? '' : `,line=${line}`;
      return `::${severity} file=${property(file)}${at},title=${property(`${ruleId} ${titleOf(ruleId)}`)}::${data(`${resource}: ${message}. Fix: ${fix}.`)}`;
    }),
    ...failures.map(({ file, message }) => `::error file=${property(file)},title=not checked::${data(message)}`),
    ...notRead.map(
      ({ file, what, count }) => `::notice file=${property(file)},title=not read::${data(`${count} × ${what}`)}`,
    ),
  ];
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** A comment on a pull request. */
export function markdown({ findings, failures, notRead }: Reported): string {
  const count = (level: string) => findings.filter(({ severity }) => severity === level).length;
  const rows = findings.map(
    ({ severity, ruleId, resource, file, line, message, fix }) =>
      `| ${severity} | [${ruleId}](${loadRules().linkOf(ruleId)}) ${cell(titleOf(ruleId))} | ${cell(place({ file, line }))}<br>${cell(resource)} | ${cell(message)} | ${cell(fix)} |`,
  );
  return [
    `### Backpressure: ${count('error')} errors, ${count('warning')} warnings`,
    '',
    ...(rows.length > 0 ? ['| level | rule | where | what | fix |', '|---|---|---|---|---|', ...rows, ''] : []),
    ...failures.map(({ file, message }) => `- **not checked**: ${cell(file)}: ${cell(message)}`),
    ...(notRead.length > 0 ? [`- not read: ${cell(loadRules().notReadText(notRead))}`] : []),
    '',
  ].join('\n');
}

/** The number of findings of each rule, for a run with many. */
export function summary(findings: readonly Located[]): string {
  const counts = new Map<string, number>();
  for (const { severity, ruleId } of findings) {
    const key = `${severity === 'error' ? 'error  ' : 'warning'} ${ruleId}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const rows = [...counts].sort(([, a], [, b]) => b - a);
  return rows
    .map(([key, count]) => `${String(count).padStart(6)}  ${key}  ${titleOf(key.slice(key.indexOf('BP-')))}\n`)
    .join('');
}

function titleOf(ruleId: string): string {
  return loadRules().RULES.find(({ id }) => id === ruleId)?.title ?? '';
}

function place({ file, line }: Pick<Located, 'file' | 'line'>): string {
  return line === undefined ? printable(file) : `${printable(file)}:${line}`;
}

function xml(text: string): string {
  const marks: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return printable(text).replace(/[&<>"]/g, (mark) => marks[mark]);
}

/** A message of a workflow command. */
function data(text: string): string {
  return printable(text).replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

function property(text: string): string {
  return data(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
}

function cell(text: string): string {
  return printable(text)
    .replace(/[\\|`*_<>[\]]/g, '\\$&')
    .replace(/\n/g, ' ');
}
