/** Why there is no queue that merges on Google Pub/Sub: each figure of the pages, computed again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { STORM } from '../../../lib/cases/case-09-invalidation-storm';
import { caseOf } from '../../../lib/cases/catalogue';
import { figure } from '../../../lib/flow/figures';
import { cycleOf, keyGroups } from '../../../lib/flow/merging/occupancy';
import { planCoalescing, ratioWithReaders } from '../../../lib/flow/merging/plan';

const WINDOW_SECONDS = 5;
/** Google Cloud, Pub/Sub quotas and limits: publish throughput of an ordering key. */
const KEY_BYTES_PER_SECOND = 1e6;
/** The size that a plan takes for an event of which nothing was said. */
const EVENT_BYTES = 256;

const root = join(__dirname, '../../..');
const { peakPerSecond = 0, distinctKeys, keySeconds } = STORM.workload;
const alone = cycleOf(
  { perSecond: peakPerSecond, groups: keyGroups(distinctKeys, 0), keyRatio: 1 },
  WINDOW_SECONDS,
  0,
  keySeconds,
);
/** Messages without ordering keys are dealt out among readers, as those of Amazon SQS are. */
const shared = (readers: number) =>
  ratioWithReaders({ ...STORM, transport: 'sqs' }, { windowSeconds: WINDOW_SECONDS, shards: 1, workers: 1 }, readers);

const [absence] = caseOf(9).absent!;
const page = (path: string) => readFileSync(join(root, path), 'utf8').replace(/\s+/g, ' ');
const constructPage = page('docs/constructs/coalescing-queue.md');
const [one, two, five] = [(alone.events / alone.keys).toFixed(1), shared(2).toFixed(1), shared(5).toFixed(1)];
const work = `${(peakPerSecond * keySeconds).toFixed(1)} s of work in each second`;
const ofOrderingKey = `${figure(Math.floor(KEY_BYTES_PER_SECOND / EVENT_BYTES))} events a second of ${EVENT_BYTES} bytes, and the mean key has ${(peakPerSecond / distinctKeys).toFixed(1)}`;

test.each([
  [`one reader merges ${one} in a window of ${WINDOW_SECONDS} s`],
  [`${figure(peakPerSecond)} events a second of ${1000 * keySeconds} ms stay ${work}`],
  [`two merge ${two} events a key, five ${five}`],
  [ofOrderingKey],
])('the case says: %s', (said) => {
  expect(absence.reason).toContain(said);
});

test.each([
  [`pull without ordering keys, one reader | ${one} |`],
  [`two readers, five readers | ${two}, ${five} |`],
  [work],
  [ofOrderingKey],
])('the page of the construct says: %s', (said) => {
  expect(constructPage).toContain(said);
});

test('the page says what a sorted set of the producers would save and what it would not', () => {
  const { objective, workload } = STORM;
  const stream = planCoalescing('Stream', { workload, objective, transport: 'redis-stream' });
  expect(constructPage).toContain(`the set has ${figure(distinctKeys)} entries`);
  expect(constructPage).toContain(`may take ${Math.round(stream.value('memoryBytes') / 1e6)} MB`);
  expect(constructPage).toContain(`one reader a shard does, ${one} events a key in a window of ${WINDOW_SECONDS} s`);
});

test('no construct of the case is on an engine that the case says it is absent from', () => {
  const on = caseOf(9).constructs.flatMap(({ engines }) => engines);
  expect(absence.engine).toBe('gcp');
  expect(on).not.toContain(absence.engine);
  expect(page('docs/cases/invalidation-storm.md')).toContain(`**None on gcp.** ${absence.reason} ${absence.instead}`);
});
