/** A report as Markdown, for the comment on a pull request. */
import { printable } from '../limits';
import { notReadText } from '../not-read';
import { byRule, leftOut, levelCounts, over, type Report, type Reported, resourceOf } from './report';

/** A comment on GitHub has 65,536 characters, one on GitLab more. */
const MOST_CHARACTERS = 60_000;

/** By which a workflow finds its comment again, to replace it. */
const MARKER = '<!-- backpressure check -->';

/** The comment: counts, a table by rule, and the findings, as many as fit. */
export function asMarkdown(report: Report): string {
  const { findings, failures, notRead, notices } = report;
  const fresh = report.known === undefined ? '' : 'new ';
  const heading =
    findings.length === 0
      ? `### backpressure: no ${fresh}findings`
      : `### backpressure: ${levelCounts(findings)}${fresh === '' ? '' : ', all new'}`;
  const head = [MARKER, heading, '', `In ${over(report)}${leftOut(report)}.`, ''];
  const foot = [
    ...list(
      'Not checked',
      failures.map(({ file, message }) => `${code(file)}: ${escaped(message)}`),
    ),
    ...list('Notes', notices.map(escaped)),
    ...(notRead.length === 0 ? [] : [`Not read, no rule knows it: ${escaped(notReadText(notRead))}.`, '']),
  ];
  const body = findings.length === 0 ? [] : fitting(findings, [...head, ...table(findings), ...foot].join('\n').length);
  return `${[...head, ...(findings.length === 0 ? [] : table(findings)), ...body, ...foot].join('\n').trimEnd()}\n`;
}

function table(findings: readonly Reported[]): string[] {
  const rows = byRule(findings).map(
    ({ ruleId, severity, title, link, count }) =>
      `| [${ruleId}](${link}) | ${severity} | ${count} | ${escaped(title)} |`,
  );
  return ['| rule | severity | findings | finds |', '|---|---|---:|---|', ...rows, ''];
}

/** As many findings as a comment has room for. */
function fitting(findings: readonly Reported[], used: number): string[] {
  const blocks: string[] = [];
  let room = MOST_CHARACTERS - used;
  for (const finding of findings) {
    const text = block(finding);
    room -= text.length + 1;
    if (room < 0) break;
    blocks.push(text);
  }
  const more = findings.length - blocks.length;
  return [...blocks, ...(more > 0 ? [`… and ${more} more; \`backpressure check\` prints them all.`] : []), ''];
}

function block(finding: Reported): string {
  const { ruleId, link, severity, file, line, path, constructPath, message, fix } = finding;
  const resource = resourceOf(finding);
  const place = `${code(line === undefined ? file : `${file}:${line}`)} ${code(path === '' ? resource : `${resource} ${path}`)}`;
  const construct = constructPath ? ` (${code(constructPath)})` : '';
  return `- ${severity} [${ruleId}](${link}) ${place}${construct}\n  ${escaped(message)}\n  **Fix:** ${escaped(fix)}`;
}

function list(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`**${title}**`, '', ...items.map((item) => `- ${item}`), ''];
}

/** A name as it is: in a fence longer than any run of backticks in it. A bar would end a cell of a table. */
function code(text: string): string {
  const shown = printable(text);
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const space = longest > 0 ? ' ' : '';
  return `${fence}${space}${shown}${space}${fence}`;
}

/** Text that is neither Markdown nor HTML, and mentions nobody: the author of the request chose the names in it. */
function escaped(text: string): string {
  return printable(text)
    .replace(/[\\`*_{}[\]<>#|~&!]/g, '\\$&')
    .replaceAll('@', '&#64;');
}
