import { printable } from './limits';
import type { Finding } from './rule';

/** A finding in three lines: which rule and where, what was found against which limit, what to do. */
export function describe({ ruleId, severity, resource, namespace, path, message, fix }: Finding): string {
  const inside = namespace === undefined ? '' : ` in ${namespace}`;
  const place = `${resource}${inside}${path === '' ? '' : ` ${path}`}`;
  return `${severity} ${ruleId} ${printable(place)}\n  ${printable(message)}\n  fix: ${printable(fix)}`;
}
