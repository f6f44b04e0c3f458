import type { Resource } from '../document';
import type { Rule } from '../rule';
import type { Template } from './read/template';

const OPTIMIZER = 'AWS::Glue::TableOptimizer';

/** Rules about the optimizers of Iceberg tables. */
export const COMPACTION_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-ICEBERG-001',
    title: 'Compaction of an Iceberg table whose snapshots never expire',
    why: 'Compaction writes new files and frees none: each old file stays while a snapshot names it. Without the retention optimizer every snapshot stays, and the table takes twice its size, and then more.',
    source: 'AWS Glue Developer Guide, Optimizing Iceberg tables: compaction, snapshot retention, orphan file deletion',
    severity: 'warning',
    cases: [17],
    *check(template) {
      const all = template.ofType(OPTIMIZER);
      for (const compaction of all.filter((one) => typeOf(one) === 'compaction')) {
        if (all.some((one) => one !== compaction && mayRetain(one, compaction))) continue;
        yield {
          at: compaction.at('Properties', 'Type'),
          message: 'compacts the table, and no optimizer of this template expires its snapshots: nothing is ever freed',
          fix: 'add an AWS::Glue::TableOptimizer of Type retention for the same table, with CleanExpiredFiles',
        };
      }
    },
  },
  {
    id: 'BP-ICEBERG-002',
    title: 'Snapshots expire and their files stay',
    why: 'Without CleanExpiredFiles the retention optimizer removes snapshots from the metadata only. Files that no snapshot names are orphans, which another optimizer finds later, or none does.',
    source: 'AWS Glue API Reference, IcebergRetentionConfiguration: cleanExpiredFiles',
    severity: 'warning',
    cases: [17],
    *check(template) {
      for (const optimizer of template.ofType(OPTIMIZER)) {
        if (typeOf(optimizer) !== 'retention') continue;
        const clean = optimizer.at(
          'Properties',
          'TableOptimizerConfiguration',
          'RetentionConfiguration',
          'IcebergConfiguration',
          'CleanExpiredFiles',
        );
        if (!clean.absent && clean.flag() !== false) continue;
        yield {
          at: clean,
          message: 'expires snapshots and leaves their files in the bucket',
          fix: 'set CleanExpiredFiles to true',
        };
      }
    },
  },
];

function typeOf(optimizer: Resource): string | undefined {
  return optimizer.at('Properties', 'Type').text();
}

/** Whether it may be the retention of the table that the other one compacts: what is not known may be anything. */
function mayRetain(optimizer: Resource, compaction: Resource): boolean {
  const type = typeOf(optimizer);
  if (type !== undefined && type !== 'retention') return false;
  return ['DatabaseName', 'TableName'].every((name) => {
    const [ours, theirs] = [optimizer, compaction].map((one) => one.at('Properties', name).text());
    return ours === undefined || theirs === undefined || ours === theirs;
  });
}
