/** A report as text for a person. */
import { describe } from '../describe';
import { printable } from '../limits';
import { notReadText } from '../not-read';
import { byRule, leftOut, levelCounts, over, type Report, type Reported, type RuleCount } from './report';

/** With more findings than this a summary by rule comes first. */
const SUMMARY_ABOVE = 20;

/** Writes a text in a colour, or as it is. */
type Paint = (style: keyof typeof STYLES, text: string) => string;

const STYLES = { error: '31', warning: '33', dim: '2', bold: '1' };

/** The text; empty when nothing could be checked. */
export function asText(report: Report, colour: boolean): string {
  const { findings, notRead, files } = report;
  if (files.length === 0) return '';
  const paint: Paint = (style, text) => (colour ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text);
  const unread = notRead.length === 0 ? '' : `not read, no rule knows it: ${printable(notReadText(notRead))}\n`;
  const what = report.known === undefined ? 'findings' : 'new findings';
  if (findings.length === 0) return `no ${what} in ${over(report)}${leftOut(report)}\n${unread}`;
  const summary = findings.length > SUMMARY_ABOVE ? [`${summaryOf(byRule(findings), paint)}\n`] : [];
  const told = new Set<string>();
  const blocks = findings.map((finding) => {
    const first = !told.has(finding.ruleId);
    told.add(finding.ruleId);
    return block(finding, first, paint);
  });
  const counts = levelCounts(findings) + (report.known === undefined ? '' : ', all new,');
  return `${[...summary, ...blocks].join('\n')}\n${counts} in ${over(report)}${leftOut(report)}\n${unread}`;
}

function summaryOf(rows: readonly RuleCount[], paint: Paint): string {
  const width = Math.max(...rows.map(({ count }) => String(count).length));
  const ids = Math.max(...rows.map(({ ruleId }) => ruleId.length));
  const lines = rows.map(({ count, severity, ruleId, title, link }) => {
    const level = paint(severity, severity.padEnd('warning'.length));
    return `${String(count).padStart(width)}  ${level}  ${ruleId.padEnd(ids)}  ${title}\n${' '.repeat(width + 2)}${paint('dim', link)}`;
  });
  return lines.join('\n');
}

/** Title and link stand at the first finding of a rule. */
function block(finding: Reported, first: boolean, paint: Paint): string {
  const { file, line, constructPath, severity, title, link } = finding;
  const place = line === undefined ? printable(file) : `${printable(file)}:${line}`;
  const path = constructPath ? `  ${printable(constructPath)}` : '';
  const [head, ...rest] = describe(finding).split('\n');
  const heading = paint(severity, severity) + head.slice(severity.length);
  const rule = first ? [paint('dim', `  rule: ${title}, ${link}`)] : [];
  return [`${paint('bold', place)}${path}`, heading, ...rest, ...rule, ''].join('\n');
}
