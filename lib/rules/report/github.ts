/** A report as workflow commands of GitHub Actions, which annotate the lines of a pull request. */
import { printable } from '../limits';
import { leftOut, levelCounts, over, type Report, resourceOf } from './report';

/** One command a line; after them a line with the counts. */
export function asGitHub(report: Report): string {
  const { findings, failures, notRead, notices } = report;
  const lines = [
    ...findings.map((finding) => {
      const { severity, file, line, ruleId, title, message, fix, link } = finding;
      const text = `${resourceOf(finding)}: ${message}\nFix: ${fix}\n${link}`;
      return command(severity, { file, line, title: `${ruleId} ${title}` }, text);
    }),
    ...failures.map(({ file, ruleId, message }) => command('error', { file, title: ruleId ?? 'not checked' }, message)),
    ...notices.map((notice) => command('warning', { title: 'backpressure' }, notice)),
    ...notRead.map(({ file, what, count }) => command('notice', { file, title: 'not read' }, `${count} × ${what}`)),
    `${levelCounts(findings)} in ${over(report)}${leftOut(report)}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** Where an annotation stands, and what is above it. */
export interface Properties {
  readonly file?: string;
  readonly line?: number;
  readonly title: string;
}

/** A workflow command: `::error file=a.yaml,line=3,title=t::message`. */
export function command(name: string, { file, line, title }: Properties, message: string): string {
  const properties = Object.entries({ file, line, title }).flatMap(([key, value]) =>
    value === undefined
      ? []
      : [
          `${key}=${escaped(printable(String(value)))
            .replaceAll(':', '%3A')
            .replaceAll(',', '%2C')}`,
        ],
  );
  // Only the line breaks that stand here on purpose remain, each escaped.
  return `::${name} ${properties.join(',')}::${escaped(message.split('\n').map(printable).join('\n'))}`;
}

/** As `@actions/core` escapes: a line break would end the command, and what follows could be another. */
function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
