/** Objects of a bucket: which of them a notification is about, and which a role may write. */
import type { Resource, Value } from '../../document';
import { Composite, Reference } from '../../resolved';
import type { Template } from './template';

/** The keys that a notification is about: those with this beginning and this end. */
export interface KeyFilter {
  readonly prefix: string;
  readonly suffix: string;
}

/** The filter of a configuration of a bucket's notifications; undefined when not decided. */
export function filterOf(configuration: Value): KeyFilter | undefined {
  const rules = configuration.at('Filter', 'S3Key', 'Rules').items();
  const found = { prefix: '', suffix: '' };
  for (const rule of rules) {
    const name = rule.at('Name').text()?.toLowerCase();
    const value = rule.at('Value').text();
    if ((name !== 'prefix' && name !== 'suffix') || value === undefined) return undefined;
    found[name] = value;
  }
  return found;
}

/** The keys in this bucket that a resource of a policy means, as IAM writes them; undefined when not decided, or none. */
export function keysIn(template: Template, bucket: Resource, allowed: Value): string | undefined {
  const { resolved } = allowed;
  if (typeof resolved === 'string') {
    const [, name, keys] = /^arn:[^:]*:s3:::([^/]+)\/(.+)$/.exec(resolved) ?? [];
    if (resolved === '*') return '*';
    return name !== undefined && bucket.at('Properties', 'BucketName').text() === name ? keys : undefined;
  }
  if (!(resolved instanceof Composite) || template.target(allowed) !== bucket) return undefined;
  const after = resolved.parts.slice(resolved.parts.findIndex((part) => part instanceof Reference) + 1);
  const text = after.map((part) => (typeof part === 'string' ? part : undefined));
  if (text.length === 0 || text.includes(undefined)) return undefined;
  const [, keys] = /^\/(.+)$/.exec(text.join('')) ?? [];
  return keys;
}

/** Whether every key of a pattern, in which a star is any text, passes the filter. */
export function allPass(keys: string, { prefix, suffix }: KeyFilter): boolean {
  const parts = keys.split(/[*?]/);
  return parts[0].startsWith(prefix) && parts[parts.length - 1].endsWith(suffix);
}
