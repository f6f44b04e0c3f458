import type { Document, Resource, Value } from '../document';
import type { Rule } from '../rule';

/** The names that arguments with the path of a table have: what is only read is called source or input. */
const TABLE = /^--(?:table|output|target|sink)(?:[-_]?(?:path|table|location))?(?:=(.*))?$/i;
const PATH = /^s3[an]?:\/\/([^\s$]+?)\/*$/;
const LOG_STORE = /spark\.delta\.logStore\.\w+\.impl/;

/** Rules about tables of a lake that several jobs write. */
export const EMBEDDED_LAKE_RULES: readonly Rule[] = [
  {
    id: 'BP-DELTA-001',
    title: 'Two jobs write one Delta table on S3',
    why: 'Delta on S3 keeps its log safe for one driver alone: two that commit at once write the same entry, and the data of one is lost without an error.',
    source: 'Delta Lake, Storage configuration, Amazon S3: single-cluster and multi-cluster setup',
    severity: 'error',
    cases: [3, 17],
    *check(document) {
      const seen = new Map<string, Writer>();
      for (const writer of writers(document)) {
        const first = seen.get(writer.path);
        if (first === undefined) seen.set(writer.path, writer);
        else if (!first.hasLogStore && !writer.hasLogStore && first.job !== writer.job) {
          yield {
            at: writer.at,
            message: `${first.job.name} and ${writer.job.name} write the Delta table s3://${writer.path}, and neither has a log store for several drivers: commits of one are lost`,
            fix: 'let one job write the table, and compact it in the same driver; or set spark.delta.logStore.s3a.impl to io.delta.storage.S3DynamoDBLogStore in both',
          };
        }
      }
    },
  },
];

interface Writer {
  readonly job: Resource;
  readonly at: Value;
  /** Bucket and key, whatever the scheme. */
  readonly path: string;
  readonly hasLogStore: boolean;
}

function* writers(document: Document): Iterable<Writer> {
  for (const job of document.ofType('sparkoperator.k8s.io/SparkApplication')) {
    const settings = job.at('spec', 'sparkConf').entries();
    if (!settings.some(([, value]) => value.text()?.includes('DeltaSparkSessionExtension'))) continue;
    const hasLogStore = settings.some(([name]) => LOG_STORE.test(name));
    yield* named(job, job.at('spec', 'arguments').items(), hasLogStore);
  }
  for (const job of document.ofType('AWS::Glue::Job')) {
    const all = job.at('Properties', 'DefaultArguments');
    // Not decided: it may have the log store.
    if (!all.at('--datalake-formats').text()?.includes('delta') || !all.at('--conf').decided) continue;
    const hasLogStore = LOG_STORE.test(all.at('--conf').text('') ?? '');
    for (const [name, at] of all.entries()) {
      if (TABLE.test(name)) yield* written(job, at, at.text(), hasLogStore);
    }
  }
}

/** Of a list of arguments: `--table=path`, or `--table` and the path after it. */
function* named(job: Resource, items: readonly Value[], hasLogStore: boolean): Iterable<Writer> {
  for (const [index, item] of items.entries()) {
    const match = TABLE.exec(item.text() ?? '');
    if (match === null) continue;
    const at = match[1] === undefined ? items[index + 1] : item;
    if (at !== undefined) yield* written(job, at, match[1] ?? at.text(), hasLogStore);
  }
}

function* written(job: Resource, at: Value, text: string | undefined, hasLogStore: boolean): Iterable<Writer> {
  const path = PATH.exec(text ?? '')?.[1];
  if (path !== undefined) yield { job, at, path, hasLogStore };
}
