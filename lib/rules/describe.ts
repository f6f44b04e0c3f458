import type { Finding } from './rule';

/** A finding in three lines: which rule and where, what was found against which limit, what to do. */
export function describe({ ruleId, severity, resource, path, message, fix }: Finding): string {
  return `${severity} ${ruleId} ${resource}${path === '' ? '' : ` ${path}`}\n  ${message}\n  fix: ${fix}`;
}
