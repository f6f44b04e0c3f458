import { REMOVED_PARAMETERS } from '../../flow/replication/parameters';
import type { Resource, Value } from '../document';
import type { Rule } from '../rule';
import { alarms, metricsOf } from './read/metrics';
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
                ? `write ${name}: ON, which keeps the order`
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
  {
    id: 'BP-RDS-003',
    title: 'An alarm on the lag of a replica is silent when replication stops',
    why: 'A replica that does not replicate reports a lag of -1, or nothing. An alarm above a bound sees neither: the data of its readers gets older, and nobody is called.',
    source: 'Amazon RDS User Guide, Monitoring read replication: ReplicaLag is -1 when replication is not active',
    severity: 'error',
    cases: [8],
    *check(template) {
      // Another stack may hold the alarm below 0.
      if (!template.closed) return;
      const comparison = (alarm: Resource) => alarm.at('Properties', 'ComparisonOperator').text() ?? '';
      const [rising, others] = [true, false].map((rises) =>
        alarms(template).filter((alarm) => RISING.includes(comparison(alarm)) === rises),
      );
      if (others.some(mayBeOnReplicaLag)) return;
      const onLag = rising.filter(isOnReplicaLag);
      for (const alarm of onLag) {
        const missing = alarm.at('Properties', 'TreatMissingData');
        if (missing.text() === 'breaching' || (!missing.absent && missing.text() === undefined)) continue;
        yield {
          at: alarm.at('Properties', 'ComparisonOperator'),
          message: `it fires above ${alarm.at('Properties', 'Threshold').number() ?? 'a bound'} s of ReplicaLag, which is -1 while replication stands still, and no alarm fires below 0`,
          fix: 'add an alarm on the Minimum of ReplicaLag below 0 with TreatMissingData: breaching',
        };
      }
    },
  },
  {
    id: 'BP-RDS-004',
    title: 'A parameter that the version of MySQL no longer has',
    why: 'RDS refuses a parameter group with a name that the family does not have, and the stack rolls back; a server of your own does not start.',
    source: 'MySQL 8.4 Reference Manual, "What Is New in MySQL 8.4 since MySQL 8.0", options and variables removed',
    severity: 'error',
    cases: [8],
    *check(template) {
      for (const group of mysqlGroups(template)) {
        for (const name of REMOVED_PARAMETERS[family(group) ?? ''] ?? []) {
          const at = parameter(group, name);
          if (at.text() === undefined) continue;
          yield {
            at,
            message: `${name} is not a parameter of ${family(group)}: it was removed in MySQL 8.4.0 or before`,
            fix: `leave ${name} out`,
          };
        }
      }
    },
  },
  {
    id: 'BP-RDS-005',
    title: 'A replica that is smaller than its source',
    why: 'A replica applies every write of its source, and serves its readers beside them. With fewer processors and less memory it keeps up only as long as the source is idle; in a peak it lags.',
    source: 'Amazon RDS User Guide, Working with read replicas: the replica should have as much compute and storage',
    severity: 'warning',
    cases: [8],
    *check(template) {
      for (const replica of template.ofType('AWS::RDS::DBInstance')) {
        const source = template.target(replica.at('Properties', 'SourceDBInstanceIdentifier'));
        if (source?.type !== 'AWS::RDS::DBInstance') continue;
        const at = replica.at('Properties', 'DBInstanceClass');
        const [own, of] = [at.text(), source.at('Properties', 'DBInstanceClass').text()];
        const [size, needed] = [sizeOf(own), sizeOf(of)];
        if (size === undefined || needed === undefined || size >= needed) continue;
        yield {
          at,
          message: `${own}, and its source ${source.name} is ${of}: it applies all writes of it with less`,
          fix: `set DBInstanceClass to ${of} or larger`,
        };
      }
    },
  },
  {
    id: 'BP-RDS-006',
    title: 'A replica that may be written to',
    why: 'A write on a replica is on no other server. It stops replication at the next write of the source to the same row, or readers of the replica see what the source never had.',
    source: 'Amazon RDS User Guide, read_only: {TrueIfReplica} by default; MySQL Reference Manual, super_read_only',
    severity: 'warning',
    cases: [8],
    *check(template) {
      for (const group of mysqlGroups(template)) {
        const users = template
          .ofType('AWS::RDS::DBInstance')
          .filter((instance) => template.target(instance.at('Properties', 'DBParameterGroupName')) === group);
        const isReplica = (instance: Resource) => instance.at('Properties', 'SourceDBInstanceIdentifier').present;
        if (users.length === 0 || !users.every(isReplica)) continue;
        for (const name of ['read_only', 'super_read_only']) {
          const at = parameter(group, name);
          if (!isOff(at)) continue;
          yield {
            at,
            message: `${name} is off in a group that only replicas use: ${users.map((user) => user.name).join(', ')}`,
            fix: `leave ${name} out: by default a replica is read-only, and is no longer when it is promoted`,
          };
        }
      }
    },
  },
];

/** Sizes of instance classes, the smallest first. */
const SIZES = ['micro', 'small', 'medium', 'large', 'xlarge'];

/** A number that rises with the size of a class; undefined where the class does not say. */
function sizeOf(instanceClass: string | undefined): number | undefined {
  const [, times, size] = /^db\.[a-z0-9-]+\.(\d*)(micro|small|medium|large|xlarge)$/.exec(instanceClass ?? '') ?? [];
  if (size === undefined) return undefined;
  return SIZES.indexOf(size) + (times ? Number(times) - 1 : 0);
}

/** Comparisons that a rising lag meets. */
const RISING = ['GreaterThanThreshold', 'GreaterThanOrEqualToThreshold'];

function isOnReplicaLag(alarm: Resource): boolean {
  return metricsOf(alarm).some(({ namespace, name }) => namespace.text() === 'AWS/RDS' && name.text() === 'ReplicaLag');
}

/** What a parameter decides may be that metric. */
function mayBeOnReplicaLag(alarm: Resource): boolean {
  const metrics = metricsOf(alarm);
  const may = (value: Value, text: string) => !value.decided || value.text() === undefined || value.text() === text;
  return (
    metrics.length === 0 || metrics.some(({ namespace, name }) => may(namespace, 'AWS/RDS') && may(name, 'ReplicaLag'))
  );
}

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
