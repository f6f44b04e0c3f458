import type { Rule } from '../rule';
import { embeddedRule } from './trap';

/** What makes a name that a restart does not keep. */
const PASSING =
  '(?:gethostname\\(|uuid[14]?\\(|randomUUID\\(|os\\.hostname\\(|getpid\\(|process\\.pid|\\bHOSTNAME\\b|platform\\.node\\()';
/** Times of a second or coarser. */
const COARSE =
  '(?:strftime\\(|int\\(\\s*time\\.time\\(\\)|time\\.time\\(\\)\\s*//|Date\\.now\\(\\)\\s*/|getTime\\(\\)\\s*/|\\$\\(date\\s+["\']?\\+%(?![^)\\n]*%N))';
/** What makes a reference unique all the same. */
const UNIQUE = '(?:uuid|sha\\d|hash|random|hexdigest|token)';
/** A list of what a batch brought. */
const RECORDS = '[^\\n]*(?:records|messages|events|items|paths|keys|urls)\\b[^\\n]*';

/** Rules about streams of Redis and about the invalidation of caches. */
export const EMBEDDED_CACHE_RULES: readonly Rule[] = [
  embeddedRule({
    id: 'BP-REDIS-003',
    title: 'A stream is added to and never trimmed',
    why: 'Acknowledging an entry does not delete it. The stream grows until Redis has no memory left, and then refuses writes or evicts keys of others.',
    source: 'Redis, XADD: MAXLEN and MINID; XACK does not delete entries',
    severity: 'warning',
    cases: [9],
    signs: [
      {
        pattern: /\bxadd\(|\bredis-cli\b[^\n]{0,200}\bXADD\b/i,
        excuse: /\bmaxlen\b|\bminid\b|\bxtrim|\bxdel|\bTRIM\b|\.expire\(/i,
        message: () => 'adds to a stream without MAXLEN or MINID, and nothing trims or deletes: it grows without end',
        fix: 'add with MAXLEN ~ and a length that holds an outage, or delete what is acknowledged with XDEL',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-REDIS-004',
    title: 'A consumer of a group under a name that a restart does not keep',
    why: 'Entries that a consumer holds belong to its name. After a restart under another name nobody asks for them: they stay pending, and their work is never done.',
    source: 'Redis, Streams: recovering from permanent failures; XAUTOCLAIM',
    severity: 'error',
    cases: [9],
    signs: [
      {
        pattern: new RegExp(
          `\\bxreadgroup\\([^)\\n]{0,300}${PASSING}|\\bconsumer(?:_?name)?["']?\\s*[:=]\\s*[^\\n]{0,80}${PASSING}`,
          'i',
        ),
        needs: /\bxreadgroup\b/i,
        excuse: /\bx(?:auto)?claim\b/i,
        // The host names of a StatefulSet are kept.
        where: (_, document) => document.ofType('apps/StatefulSet').length === 0,
        message: () =>
          'the consumer is called after a host, a process or a random number: what it held is never read again',
        fix: 'give it a fixed name and read its pending entries (id 0) first, or take over what others left with XAUTOCLAIM',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-REDIS-005',
    title: 'An entry is acknowledged before its work is done',
    why: 'After a crash in between, the entry is no longer pending and nothing repeats the work. NOACK acknowledges every entry as it is read.',
    source: 'Redis, XREADGROUP: NOACK; XACK',
    severity: 'error',
    cases: [9],
    signs: [
      {
        pattern: /\bxreadgroup\b[^;\n]{0,300}\bnoack\b(?!\s*[:=]\s*false)/i,
        message: () => 'reads with NOACK: an entry counts as done before it is worked on',
        fix: 'read without NOACK, and acknowledge after the work',
      },
      {
        pattern:
          /\bfor\b[^\n]{0,200}[:{]\s*\n\s*(?:await\s+)?[\w.]{0,60}\bxack\([^\n]{0,200}\n\s*(?:await\s+)?(?:\w+\.){0,3}(?:handle|process|work|invalidate|rebuild|render|purge)\w*\(/i,
        message: () => 'acknowledges an entry and works on it afterwards: a crash in between loses it',
        fix: 'acknowledge after the work',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-CACHE-001',
    title: 'A CallerReference made of a coarse time',
    why: 'CloudFront answers a second invalidation with the same CallerReference with the first one, or refuses it. Two changes within the same second or minute are one: the later one stays stale, and nobody is told.',
    source: 'Amazon CloudFront API Reference, InvalidationBatch: CallerReference; openstax/openstax-cms#1778',
    severity: 'error',
    cases: [9],
    signs: [
      {
        pattern: new RegExp(`["']?\\bCallerReference["']?\\s*[:=](?![^\\n]*${UNIQUE})[^\\n]{0,80}?${COARSE}`, 'i'),
        message: () => 'CallerReference is a time of a second or coarser: two invalidations in a row are one',
        fix: 'use a hash of the events that are invalidated, so that a retry is the same and a later change is another, or a UUID',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-CACHE-003',
    title: 'An invalidation for each record of a batch',
    why: 'Each path costs and counts towards the 3,000 in progress, the same key again and again, and the API throttles after a few calls in a row.',
    source: 'Amazon CloudFront Developer Guide, Quotas and Pay for file invalidation; aws/aws-sdk-js#3983',
    severity: 'warning',
    cases: [9],
    signs: [
      {
        pattern: new RegExp(
          `\\bfor\\b\\s*\\(?\\s*(?:const|let|var)?\\s*\\w+\\s+(?:in|of)\\s+${RECORDS}[:{]\\s*\\n(?:[^\\n]*\\n){0,8}?[^\\n]*(?:create_invalidation|createInvalidation|CreateInvalidationCommand)\\([\\s\\S]{0,300}?Quantity["']?\\s*:\\s*1\\b`,
          'i',
        ),
        message: () => 'calls CreateInvalidation with one path for each record of a batch',
        fix: 'collect the distinct paths of the batch, and invalidate them in one call',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-SQS-006',
    title: 'A debounce without a longest wait',
    why: 'Each event puts the work off again. Under a steady storm the work never begins, so the busiest key stays stale the longest.',
    source: 'Amazon SQS API Reference, ChangeMessageVisibility; debounce with a maximum wait',
    severity: 'warning',
    cases: [9],
    signs: [
      {
        pattern:
          /\b(?:change_message_visibility|changeMessageVisibility|ChangeMessageVisibilityCommand)\(|["']?\bDelaySeconds["']?\s*[:=]/,
        needs: /\bdebounc/i,
        excuse: /max_?-?(?:wait|age|delay)|deadline|first_?seen|oldest|SentTimestamp|FirstReceiveTimestamp/i,
        message: () => 'puts the work off with each event, and nothing bounds how long: a steady storm starves it',
        fix: 'keep the time of the first event, and begin at the latest when it is as old as may be',
      },
    ],
  }),
];
