/** A report as JSON: docs/check.md has its shape. */
import type { Report } from './report';

/** The findings, then what could not be checked, what was not read, and notices: each row has one of four keys. */
export function asJson({ findings, failures, notRead, notices }: Report): string {
  const rows = [
    ...findings,
    ...failures.map(({ file, ruleId, message }) => ({
      file,
      ...(ruleId === undefined ? {} : { ruleId }),
      failure: message,
    })),
    ...notRead.map(({ what, ...rest }) => ({ ...rest, notRead: what })),
    ...notices.map((notice) => ({ notice })),
  ];
  return `${JSON.stringify(rows, undefined, 2)}\n`;
}
