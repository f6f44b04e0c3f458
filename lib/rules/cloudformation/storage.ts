import { figure, sizeText } from '../../flow/figures';
import { storageClassPrices } from '../../flow/prices';
import { breakEvenObjectBytes, lifetimeCost } from '../../flow/storage/cost';
import type { Resource, Value } from '../document';
import { oncePer } from '../once-per';
import type { Found, Rule } from '../rule';
import { isVersioned, type Lifecycle, lifecycleRules, lifecycles } from './read/lifecycle';
import type { Template } from './read/template';

/** Retention assumed for objects that never expire: a century. A move that has not paid back by then never does. */
const FOR_EVER_DAYS = 36_500;

const EXPIRIES = ['ExpirationInDays', 'ExpirationDate'];
const NONCURRENT = ['NoncurrentVersionExpiration', 'NoncurrentVersionExpirationInDays'];

/** Rules about retention and storage classes of S3 buckets. */
export const STORAGE_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-S3-001',
    title: 'A versioned bucket never deletes replaced versions',
    why: 'Overwritten and deleted objects stay and are billed, but normal listings do not show them. A bucket that is overwritten every day grows by its whole size each time.',
    source: 'Amazon S3 User Guide, "Lifecycle configuration elements": NoncurrentVersionExpiration',
    severity: 'warning',
    cases: [11],
    *check(template) {
      for (const bucket of template.ofType('AWS::S3::Bucket')) {
        const rules = lifecycleRules(bucket);
        if (isVersioned(bucket) !== true || rules.some((rule) => mayHave(rule, NONCURRENT))) continue;
        // Under an object lock the law may require them.
        if (!bucket.at('Properties', 'ObjectLockEnabled').absent || isForLogs(template, bucket)) continue;
        yield {
          at: bucket.at('Properties', 'LifecycleConfiguration'),
          message: 'versioning is on, and no lifecycle rule expires noncurrent versions',
          fix: 'add a rule with NoncurrentVersionExpiration, for example NoncurrentDays 30',
        };
      }
    },
  },
  {
    id: 'BP-S3-002',
    title: 'Unfinished uploads are never deleted',
    why: 'The parts of an unfinished multipart upload are not an object: they do not expire, normal listings do not show them, and they are billed.',
    source:
      'Amazon S3 User Guide, "Configuring a bucket lifecycle configuration to delete incomplete multipart uploads"',
    severity: 'warning',
    cases: [11],
    *check(template) {
      for (const bucket of template.ofType('AWS::S3::Bucket')) {
        const rules = lifecycleRules(bucket);
        if (rules.some((rule) => mayHave(rule, ['AbortIncompleteMultipartUpload']))) continue;
        const expires = rules.find((rule) => EXPIRIES.some((key) => rule.at(key).present));
        if (expires?.at('Status').text() !== 'Enabled') continue;
        yield {
          at: bucket.at('Properties', 'LifecycleConfiguration', 'Rules'),
          message: `objects expire${daysText(expires)}, and no lifecycle rule aborts incomplete multipart uploads`,
          fix: 'add AbortIncompleteMultipartUpload with DaysAfterInitiation 7 to a rule for the whole bucket',
        };
      }
    },
  },
  {
    id: 'BP-S3-003',
    title: 'A lifecycle rule that costs more than it saves on small objects',
    why: 'A move is charged by the object, and storage by the byte. Below the size where the two prices balance, the rule raises the cost.',
    source:
      'Amazon S3 pricing page, lifecycle transition requests and storage; Amazon S3 User Guide, "Transitioning objects using Amazon S3 Lifecycle": 128 KB by default',
    severity: 'warning',
    cases: [11],
    *check(template) {
      for (const bucket of template.ofType('AWS::S3::Bucket')) {
        for (const lifecycle of lifecycles(bucket)) yield* costlier(lifecycle);
      }
    },
  },
  {
    id: 'BP-S3-004',
    title: 'Objects expire before their storage class has been paid for',
    why: 'A colder class bills a minimum number of days. Objects deleted earlier are billed for all of them.',
    source: 'Amazon S3 User Guide, "Understanding and managing Amazon S3 storage classes": minimum storage duration',
    severity: 'warning',
    cases: [11],
    *check(template) {
      for (const bucket of template.ofType('AWS::S3::Bucket')) {
        for (const { rule, transitions, expiryDays } of lifecycles(bucket)) {
          const { storageClass, afterDays } = transitions[transitions.length - 1];
          const { minimumDays } = storageClassPrices(storageClass);
          const kept = (expiryDays ?? FOR_EVER_DAYS) - afterDays;
          if (kept >= minimumDays || kept <= 0) continue;
          yield {
            at: rule.at('ExpirationInDays'),
            message: `moved to ${storageClass} after ${afterDays} days and deleted after ${expiryDays}: ${kept} days there, and ${minimumDays} are billed`,
            fix: `expire ${minimumDays} days after the move, on day ${afterDays + minimumDays}, or leave out the move to ${storageClass}`,
          };
        }
      }
    },
  },
  {
    id: 'BP-LOGS-001',
    title: 'A log group never deletes its logs',
    why: 'A log grows at its write rate and nothing is deleted; after a few years most of the bill is for lines that are never read.',
    source: 'AWS CloudFormation reference, AWS::Logs::LogGroup: without RetentionInDays log events never expire',
    severity: 'warning',
    cases: [1, 11],
    *check(template) {
      for (const group of template.ofType('AWS::Logs::LogGroup')) {
        const retention = group.at('Properties', 'RetentionInDays');
        // The class for vended logs keeps a day by itself.
        if (!retention.absent || !['STANDARD', 'INFREQUENT_ACCESS'].includes(classOf(group) ?? '')) continue;
        yield {
          at: retention,
          message: 'no RetentionInDays: log events are never deleted',
          fix: 'set RetentionInDays to the longest time for which logs are needed, for example 30',
        };
      }
    },
  },
];

/** Whether logs are delivered into a bucket, under a new key each time: no version is ever replaced. */
function isForLogs(template: Template, bucket: Resource): boolean {
  return bucket.at('Properties', 'AccessControl').text() === 'LogDeliveryWrite' || logBuckets(template).has(bucket);
}

const logBuckets = oncePer((template: Template): ReadonlySet<Resource> => {
  const destinations = template
    .ofType('AWS::S3::Bucket')
    .map((bucket) => bucket.at('Properties', 'LoggingConfiguration', 'DestinationBucketName'));
  const delivered = template
    .ofType('AWS::S3::BucketPolicy')
    .filter((policy) =>
      policy
        .at('Properties', 'PolicyDocument', 'Statement')
        .items()
        .flatMap((statement) => statement.at('Principal', 'Service').items())
        .some((service) => LOG_DELIVERY.includes(service.text() ?? '')),
    )
    .map((policy) => policy.at('Properties', 'Bucket'));
  return new Set(
    [...destinations, ...delivered].flatMap((name) => template.findAll(name, 'AWS::S3::Bucket', 'BucketName')),
  );
});

/** The services that deliver logs into buckets. */
const LOG_DELIVERY = [
  'logging.s3.amazonaws.com',
  'delivery.logs.amazonaws.com',
  'cloudtrail.amazonaws.com',
  'logdelivery.elasticloadbalancing.amazonaws.com',
];

function* costlier({ rule, transitions, smallestBytes, expiryDays }: Lifecycle): Iterable<Found> {
  const kept = expiryDays ?? FOR_EVER_DAYS;
  const million = (moves: Lifecycle['transitions']) => 1e6 * lifetimeCost(smallestBytes, kept, moves);
  const [moved, stayed] = [million(transitions), million([])];
  if (moved <= stayed) return;
  const from = breakEvenObjectBytes(kept, transitions);
  const until = expiryDays === undefined ? 'never deleted' : `kept ${expiryDays} days`;
  const amounts =
    expiryDays === undefined ? 'the moves never pay' : `$${figure(moved)} a million, $${figure(stayed)} in S3 Standard`;
  const pays = Number.isFinite(from) ? `it pays from ${sizeText(from)} (${figure(from)} bytes) on` : 'it never pays';
  yield {
    at: transitionsAt(rule),
    message: `objects of ${sizeText(smallestBytes)}, the smallest that it moves, ${until}: ${amounts}; ${pays}`,
    fix: Number.isFinite(from)
      ? `set ObjectSizeGreaterThan to ${from} or more, or merge small objects before they are archived`
      : 'leave out the moves, or keep the objects longer',
  };
}

function transitionsAt(rule: Value): Value {
  return rule.at('Transitions').absent ? rule.at('Transition') : rule.at('Transitions');
}

/** Whether any of these keys exists, or may exist. */
function mayHave(rule: Value, keys: readonly string[]): boolean {
  return keys.some((key) => !rule.at(key).absent);
}

function daysText(rule: Value): string {
  const days = rule.at('ExpirationInDays').number();
  return days === undefined ? '' : ` after ${days} days`;
}

function classOf(group: Resource): string | undefined {
  return group.at('Properties', 'LogGroupClass').text('STANDARD');
}
