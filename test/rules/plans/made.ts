/** Plans of Terraform that tests write by hand, and what the check says of them. */
import { judgeEach } from '../../../lib/rules/check';
import { notRead } from '../../../lib/rules/not-read';
import { readEach } from '../../../lib/rules/read';

type Raw = Record<string, unknown>;

/** A resource of a plan. */
export interface Made {
  readonly address: string;
  readonly values?: Raw;
  readonly unknown?: Raw;
  readonly expressions?: Raw;
  readonly more?: Raw;
  /** More of its configuration. */
  readonly config?: Raw;
}

/** A plan with these resources in its root module. */
export function plan(resources: readonly Made[], more: Raw = {}): Raw {
  const parts = (address: string) => /^(?:data\.)?([^.]+)\.([^[]+)/.exec(address)!.slice(1);
  const mode = (address: string) => (address.startsWith('data.') ? 'data' : 'managed');
  const named = resources.map(({ address, ...rest }) => {
    const [type, name] = parts(address);
    return { address, mode: mode(address), type, name, ...rest };
  });
  return {
    format_version: '1.2',
    planned_values: {
      root_module: {
        resources: named.map(({ address, mode, type, name, values = {}, more }) => ({
          address,
          mode,
          type,
          name,
          values,
          ...more,
        })),
      },
    },
    resource_changes: named.map(({ address, unknown = {} }) => ({
      address,
      change: { actions: ['create'], after_unknown: unknown },
    })),
    configuration: {
      root_module: {
        resources: named.map(({ address, mode, type, name, expressions = {}, config }) => ({
          address,
          mode,
          type,
          name,
          expressions,
          ...config,
        })),
      },
    },
    ...more,
  };
}

/** What the check says of it. */
export function judged(parsed: unknown) {
  const reading = readEach([{ file: 'plan.json', text: JSON.stringify(parsed) }]);
  const { findings, failures } = judgeEach(reading);
  return {
    found: findings.map(({ ruleId, resource }) => `${ruleId} ${resource}`),
    failures: failures.map(({ message }) => message),
    unread: notRead(reading.documents).map(({ what, count }) => `${count} ${what}`),
  };
}

/** An expression with these references. */
export const refers = (...references: string[]) => ({ references });
