import type { Resource, Value } from '../document';
import type { Rule } from '../rule';
import type { Template } from './read/template';

/** Parameters that MySQL 8.0.26 renamed, and the version that deprecated the old name. */
const RENAMED: Readonly<Record<string, string>> = {
  slave_parallel_type: 'replica_parallel_type',
  slave_parallel_workers: 'replica_parallel_workers',
  slave_preserve_commit_order: 'replica_preserve_commit_order',
};

/** Rules about the parameters of MySQL on RDS and Aurora. */
export const DATABASE_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-RDS-001',
    title: 'A replication parameter under a name that MySQL has deprecated',
    why: 'MySQL 8.0.26 renamed these. The old names still work and are removed in a later version; with both in a group, it is easy to change the one that has no effect.',
    source: 'MySQL 8.0 Reference Manual, "Replica Server Options and Variables"',
    severity: 'warning',
    cases: [8],
    *check(template) {
      for (const group of mysqlGroups(template)) {
        for (const [old, name] of Object.entries(RENAMED)) {
          const at = parameter(group, old);
          const value = at.text();
          if (value === undefined) continue;
          yield {
            at,
            message: `${old} = ${value} in a group of family ${family(group)}: MySQL calls it ${name} since 8.0.26`,
            // Turned off, it is what BP-RDS-002 finds: one advice for both.
            fix:
              name.endsWith('preserve_commit_order') && isOff(at)
                ? `write ${name}: 1, which keeps the order`
                : `write ${name}: ${value}`,
          };
        }
      }
    },
  },
  {
    id: 'BP-RDS-002',
    title: 'A replica applies transactions in another order than they were committed in',
    why: 'Parallel workers finish when they can. Without the commit order kept, a reader of the replica sees a later change without the earlier one, and a replica that stops has gaps.',
    source: 'MySQL 8.0 Reference Manual, replica_preserve_commit_order: ON by default only from 8.0.27',
    severity: 'warning',
    cases: [8],
    *check(template) {
      for (const group of mysqlGroups(template)) {
        const workers = either(group, 'replica_parallel_workers', 'slave_parallel_workers').number();
        const order = either(group, 'replica_preserve_commit_order', 'slave_preserve_commit_order');
        if (workers === undefined || workers < 2) continue;
        // From 8.4 on every version keeps the order by default.
        const off = order.absent ? family(group)?.endsWith('8.0') : isOff(order);
        if (!off) continue;
        yield {
          at: order,
          message: `${workers} parallel workers, and replica_preserve_commit_order is ${order.absent ? 'not set: OFF up to MySQL 8.0.26, from then on the default of the version' : 'OFF'}`,
          fix: 'set replica_preserve_commit_order to ON',
        };
      }
    },
  },
];

/** Parameter groups of MySQL 8 and later. MariaDB, and MySQL 5.7, know only the old names. */
function mysqlGroups(template: Template): Resource[] {
  return template
    .ofType('AWS::RDS::DBParameterGroup', 'AWS::RDS::DBClusterParameterGroup')
    .filter((group) => /^(aurora-)?mysql([89]|\d\d)\./.test(family(group) ?? ''));
}

function family(group: Resource): string | undefined {
  return group.at('Properties', 'Family').text();
}

function parameter(group: Resource, name: string): Value {
  return group.at('Properties', 'Parameters', name);
}

/** The parameter under its name, or under the old name if only that is set. */
function either(group: Resource, name: string, old: string): Value {
  return parameter(group, name).absent && !parameter(group, old).absent
    ? parameter(group, old)
    : parameter(group, name);
}

function isOff(value: Value): boolean {
  return value.flag() === false || value.number() === 0;
}
