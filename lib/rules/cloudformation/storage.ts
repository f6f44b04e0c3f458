import { figure, sizeText } from '../../flow/figures';
import { storageClassPrices } from '../../flow/prices';
import { breakEvenObjectBytes, lifetimeCost } from '../../flow/storage/cost';
import type { Resource, Value } from '../document';
import type { Found, Rule } from '../rule';
import { isVersioned, type Lifecycle, lifecycleRules, lifecycles } from './read/lifecycle';
import type { Template } from './read/template';

/** Days after which a move that has not paid never will: what is kept for ever is reckoned with a century. */
const FOR_EVER_DAYS = 36_500;

const EXPIRIES = ['ExpirationInDays', 'ExpirationDate'];
const NONCURRENT = ['NoncurrentVersionExpiration', 'NoncurrentVersionExpirationInDays'];

/** Rules about what S3 buckets keep, and where. */
export const STORAGE_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-S3-001',
    title: 'A versioned bucket keeps replaced versions for ever',
    why: 'What is overwritten or deleted stays and is paid for, unseen in every listing. A bucket that is written over every day grows by its whole size each time.',
    source: 'Amazon S3 User Guide, "Lifecycle configuration elements": NoncurrentVersionExpiration',
    severity: 'warning',
    cases: [11],
    *check(template) {
      for (const bucket of template.ofType('AWS::S3::Bucket')) {
        const rules = lifecycleRules(bucket);
        if (isVersioned(bucket) !== true || rules.some((rule) => mayHave(rule, NONCURRENT))) continue;
        // Under an object lock it may be the law that keeps them.
        if (!bucket.at('Properties', 'ObjectLockEnabled').absent) continue;
        yield {
          at: bucket.at('Properties', 'LifecycleConfiguration'),
          message: 'versioning is on, and no lifecycle rule expires noncurrent versions',
          fix: 'add a rule with NoncurrentVersionExpiration, NoncurrentDays 30 say',
        };
      }
    },
  },
  {
    id: 'BP-S3-002',
    title: 'Uploads that were never finished are kept for ever',
    why: 'The parts of a multipart upload that broke off are no object: no expiry applies to them, no listing shows them, and they are paid for.',
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
    why: 'A move is charged by the object, and storage by the byte. Below a size that the two prices give, the rule makes the bucket dearer.',
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
    why: 'A colder class bills a least number of days. Who deletes earlier pays for the rest all the same.',
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
    title: 'A log group keeps everything for ever',
    why: 'A log grows at the rate it is written and nothing takes away from it; after a few years the bill is for lines that nobody will read.',
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
          message: 'no RetentionInDays: what is logged is never deleted',
          fix: 'set RetentionInDays to as long as somebody looks back, 30 say',
        };
      }
    },
  },
];

function* costlier({ rule, transitions, smallestBytes, expiryDays }: Lifecycle): Iterable<Found> {
  const kept = expiryDays ?? FOR_EVER_DAYS;
  const million = (moves: Lifecycle['transitions']) => 1e6 * lifetimeCost(smallestBytes, kept, moves);
  const [moved, stayed] = [million(transitions), million([])];
  if (moved <= stayed) return;
  const from = breakEvenObjectBytes(kept, transitions);
  const until = expiryDays === undefined ? 'kept for ever' : `kept ${expiryDays} days`;
  const amounts =
    expiryDays === undefined ? 'the moves never pay' : `$${figure(moved)} a million, $${figure(stayed)} in S3 Standard`;
  const pays = Number.isFinite(from)
    ? `it pays from ${sizeText(from)} (${figure(from)} bytes) on`
    : 'it pays at no size';
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

/** Whether any of these keys is there, or may be. */
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
