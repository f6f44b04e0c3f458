import type { Resource, Value } from '../document';
import { Composite, Reference } from '../resolved';
import type { Rule } from '../rule';
import { lifecycleRules } from './read/lifecycle';
import type { Template } from './read/template';

const BUCKET = 'AWS::S3::Bucket';
const EXPIRIES = ['ExpirationInDays', 'ExpirationDate'];
/** What limits a rule to some objects beside a prefix: which ones, a checkpoint does not say. */
const LIMITS = ['TagFilters', 'ObjectSizeGreaterThan', 'ObjectSizeLessThan'];
const ARGUMENT = /^--[\w-]*checkpoint[\w-]*/i;

/** Rules about the checkpoints of streams. */
export const CHECKPOINT_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-EMR-001',
    title: 'The checkpoint of a stream expires',
    why: 'A checkpoint keeps files that are written once: the id of the query, and state that has not changed. When they expire, the next start fails, or begins anew and counts again what is in the table.',
    source:
      'Apache Spark, Structured Streaming Programming Guide, recovering from failures with checkpointing; Amazon S3 User Guide, Expiring objects',
    severity: 'error',
    cases: [3],
    *check(template) {
      for (const { job, place, bucket, key } of checkpoints(template)) {
        for (const rule of lifecycleRules(bucket)) {
          if (rule.at('Status').text() !== 'Enabled' || LIMITS.some((limit) => !rule.at(limit).absent)) continue;
          const expiry = EXPIRIES.map((name) => rule.at(name)).find((one) => one.present);
          const prefix = rule.at('Prefix').text('');
          if (expiry === undefined || prefix === undefined || !`${key}/`.startsWith(prefix)) continue;
          const days = expiry.number();
          yield {
            at: expiry,
            message: `the checkpoint of ${job.name} (${place}) is under this rule: its files are deleted ${days === undefined ? 'on a date' : `after ${days} days`}`,
            fix: 'give the rule a Prefix that the checkpoint is not under, or keep checkpoints in a bucket without a rule that expires objects',
          };
        }
      }
    },
  },
];

interface Checkpoint {
  readonly job: Resource;
  /** The argument that names it. */
  readonly place: string;
  readonly bucket: Resource;
  readonly key: string;
}

/** The checkpoints that jobs are given in buckets of the template. */
function* checkpoints(template: Template): Iterable<Checkpoint> {
  for (const job of template.ofType('AWS::Glue::Job')) {
    for (const [place, value] of job.at('Properties', 'DefaultArguments').entries()) {
      if (ARGUMENT.test(place)) yield* inBuckets(template, job, place, value);
    }
  }
  for (const job of template.ofType('AWS::EMR::Step')) {
    const all = job.at('Properties', 'HadoopJarStep', 'Args').items();
    for (const [index, argument] of all.entries()) {
      const place = ARGUMENT.exec(beginning(argument))?.[0];
      if (place === undefined) continue;
      const joined = beginning(argument).startsWith(`${place}=`);
      yield* inBuckets(template, job, place, joined ? argument : (all[index + 1] ?? argument));
    }
  }
}

function* inBuckets(template: Template, job: Resource, place: string, value: Value): Iterable<Checkpoint> {
  const { resolved } = value;
  if (!(resolved instanceof Composite)) {
    const [, name, key = ''] = /s3[an]?:\/\/([^/]+)\/?(.*)$/.exec(value.text() ?? '') ?? [];
    for (const bucket of name === undefined ? [] : template.called(name, BUCKET, 'BucketName')) {
      yield { job, place, bucket, key: withoutSlash(key) };
    }
    return;
  }
  // s3://, the bucket, and a path that is literal.
  const [scheme, name, key = ''] = resolved.parts;
  if (typeof scheme !== 'string' || !/s3[an]?:\/\/$/.test(scheme) || typeof key !== 'string') return;
  if (!(name instanceof Reference) || name.attribute !== undefined || resolved.parts.length > 3) return;
  const bucket = template.ofType(BUCKET).find((one) => one.name === name.name);
  if (bucket !== undefined) yield { job, place, bucket, key: withoutSlash(key) };
}

/** The literal beginning of a text. */
function beginning({ resolved }: Value): string {
  const first = resolved instanceof Composite ? resolved.parts[0] : resolved;
  return typeof first === 'string' ? first : '';
}

function withoutSlash(key: string): string {
  return key.replace(/^\/+|\/+$/g, '');
}
