import type { Resource } from '../document';
import type { Rule } from '../rule';
import { isActive, mappings, serviceOf } from './read/functions';
import { roleAt, roleMayDo } from './read/grants';
import { QUEUE } from './read/relations';
import type { Template } from './read/template';

/** The tag of a function that merges the events of a batch. `CoalescingQueue` sets it. */
export const MERGES_TAG = 'backpressure:merges';
/** Amazon CloudFront API Reference. */
const INVALIDATE = 'cloudfront:CreateInvalidation';
/** AWS Lambda Developer Guide: a mapping begins with five batches at once. */
const FIRST_POLLERS = 5;
/** Batches above it need a window. */
const SMALL_BATCH = 10;

/** Rules about the invalidation of caches. */
export const CACHE_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-CACHE-002',
    title: 'Invalidations are deduplicated by a FIFO queue',
    why: 'Within five minutes a message with the content of an earlier one is dropped, also when the earlier one was already flushed. The later change of the same key stays in the cache until it expires.',
    source: 'Amazon SQS Developer Guide, Exactly-once processing: the five-minute deduplication interval',
    severity: 'error',
    cases: [9],
    *check(template) {
      for (const { mapping, source, handler } of mappings(template)) {
        const queue = template.find(source, QUEUE, 'QueueName');
        const byContent = queue?.at('Properties', 'ContentBasedDeduplication');
        if (!isActive(mapping) || handler === undefined || byContent?.flag(false) !== true) continue;
        const role = roleAt(template, handler.at('Properties', 'Role'));
        if (role === undefined || !roleMayDo(template, INVALIDATE, role)) continue;
        yield {
          at: byContent,
          message: `${handler.name} invalidates what ${queue!.name} brings, and a second change of the same key within 5 minutes is dropped`,
          fix: 'use a standard queue or a stream and merge events by key within a window, or give each message a MessageDeduplicationId of its own',
        };
      }
    },
  },
  {
    id: 'BP-LAMBDA-008',
    title: 'A function that merges has as many readers as Lambda likes',
    why: 'A merge sees the events of one batch. Lambda begins with five pollers of a queue and adds more under load, so that the same key is in many batches at once, most of all in a storm.',
    source: 'AWS Lambda Developer Guide, Amazon SQS event sources: scaling and MaximumConcurrency',
    severity: 'warning',
    cases: [9],
    *check(template) {
      for (const { mapping, source, handler } of mappings(template)) {
        if (handler === undefined || !merges(handler) || serviceOf(template, source) !== 'sqs') continue;
        const window = mapping.at('Properties', 'MaximumBatchingWindowInSeconds').number(0);
        const batch = mapping.at('Properties', 'BatchSize').number(SMALL_BATCH);
        const most = mapping.at('Properties', 'ScalingConfig', 'MaximumConcurrency');
        if (!window || batch === undefined || batch <= SMALL_BATCH || !most.absent) continue;
        yield {
          at: most,
          message: `${handler.name} merges by key, and its queue is read by ${FIRST_POLLERS} pollers and more: each sees a part of the events of every key`,
          fix: 'set ScalingConfig.MaximumConcurrency to 2, the least, or use Kinesis with the key as partition key',
        };
      }
    },
  },
];

function merges(handler: Resource): boolean {
  return handler
    .at('Properties', 'Tags')
    .items()
    .some((tag) => tag.at('Key').text() === MERGES_TAG && tag.at('Value').text() === 'true');
}
