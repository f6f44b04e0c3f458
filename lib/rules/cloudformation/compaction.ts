import type { Resource, Value } from '../document';
import type { Rule } from '../rule';
import { functionAt } from './read/functions';
import { allowedTo, roleAt } from './read/grants';
import { isEnabled } from './read/invocations';
import { allPass, filterOf, type KeyFilter, keysIn } from './read/objects';
import { mappingsOf, QUEUE } from './read/relations';
import type { Template } from './read/template';

const OPTIMIZER = 'AWS::Glue::TableOptimizer';
const BUCKET = 'AWS::S3::Bucket';

/** Rules about what rewrites the files of a table. */
export const COMPACTION_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-COMPACT-002',
    title: 'What is started by new objects writes objects of the same place',
    why: 'A compaction, a conversion or a thumbnail that writes where it is started from starts itself with its own output, again and again: each run costs as much as the first, and nobody stops it but a quota.',
    source:
      'AWS Lambda Developer Guide, Process Amazon S3 event notifications with Lambda: "your function runs in a loop"; Amazon S3 User Guide, Event notifications',
    severity: 'warning',
    cases: [17],
    *check(template) {
      for (const { bucket, at, filter, started, role } of startedByObjects(template)) {
        const keys = allowedTo(template, 's3:PutObject', role)
          .map((allowed) => keysIn(template, bucket, allowed))
          .find((one) => one !== undefined && allPass(one, filter));
        if (keys === undefined) continue;
        yield {
          at,
          message: `new objects ${placeOf(filter)} of ${bucket.name} start ${started.name}, which may write ${keys} there: its own output starts it again`,
          fix: 'write to another bucket, or give the notification a prefix and the role another one; for a table run by the clock, and read its log for what is new',
        };
      }
    },
  },
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

/** Something that new objects of a bucket start. */
interface Started {
  readonly bucket: Resource;
  readonly at: Value;
  readonly filter: KeyFilter;
  readonly started: Resource;
  readonly role: Resource;
}

/** What new objects start, for certain, with the role that it has. */
function* startedByObjects(template: Template): Iterable<Started> {
  for (const bucket of template.ofType(BUCKET)) {
    const configured = bucket.at('Properties', 'NotificationConfiguration');
    for (const [list, handlers] of [
      ['LambdaConfigurations', (one: Value) => [functionAt(template, one.at('Function'))]],
      ['QueueConfigurations', (one: Value) => readersOf(template, one.at('Queue'))],
    ] as const) {
      for (const one of configured.at(list).items()) {
        const filter = filterOf(one);
        if (filter === undefined || !one.at('Event').text('')?.startsWith('s3:ObjectCreated:')) continue;
        yield* startsOf(template, bucket, one, filter, handlers(one));
      }
    }
  }
  yield* startedByEvents(template);
}

/** The same by way of EventBridge. */
function* startedByEvents(template: Template): Iterable<Started> {
  for (const rule of template.ofType('AWS::Events::Rule')) {
    const pattern = rule.at('Properties', 'EventPattern');
    const [source, type] = ['source', 'detail-type'].map((name) =>
      pattern
        .at(name)
        .items()
        .map((one) => one.text()),
    );
    if (!isEnabled(rule) || !source.includes('aws.s3') || !type.includes('Object Created')) continue;
    // A filter on keys may part what is read from what is written.
    if (!pattern.at('detail', 'object').absent) continue;
    for (const name of pattern.at('detail', 'bucket', 'name').items()) {
      const bucket = template.find(name, BUCKET, 'BucketName');
      if (bucket === undefined) continue;
      for (const target of rule.at('Properties', 'Targets').items()) {
        const arn = target.at('Arn');
        const machine = template.find(arn, 'AWS::StepFunctions::StateMachine', 'StateMachineName');
        const started = [functionAt(template, arn), machine, ...readersOf(template, arn)];
        yield* startsOf(template, bucket, target, { prefix: '', suffix: '' }, started);
      }
    }
  }
}

function* startsOf(
  template: Template,
  bucket: Resource,
  at: Value,
  filter: KeyFilter,
  handlers: readonly (Resource | undefined)[],
): Iterable<Started> {
  for (const started of handlers) {
    const property = started?.type === 'AWS::StepFunctions::StateMachine' ? 'RoleArn' : 'Role';
    const role = started && roleAt(template, started.at('Properties', property));
    if (started && role) yield { bucket, at, filter, started, role };
  }
}

/** The functions that read a queue. */
function readersOf(template: Template, arn: Value): (Resource | undefined)[] {
  const queue = template.find(arn, QUEUE, 'QueueName');
  return queue === undefined ? [] : mappingsOf(template, queue).map(({ handler }) => handler);
}

function placeOf({ prefix, suffix }: KeyFilter): string {
  if (prefix === '' && suffix === '') return 'anywhere';
  return [prefix && `below ${prefix}`, suffix && `with the end ${suffix}`].filter(Boolean).join(' ');
}
