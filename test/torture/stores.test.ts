/** The engines of stores: their numbers, and how they tell a letter that was sent twice or got a wrong effect. */
import { measuredBy, sizingOf as mongo } from './engines/mongo';
import { type Collection, DatedDocuments } from './engines/mongo-documents';
import { sizingOf as pubsub } from './engines/pubsub';
import { sizingOf as sqs } from './engines/sqs';
import { type Letter, lettersOf } from './letters';

const WHOLE = 100_000;
const RETENTION_SECONDS = 3600;

test.each([
  // The local AWS carries no more.
  ['SQS', sqs, 15],
  ['Pub/Sub', pubsub, 7],
  ['MongoDB', mongo, 7],
] as const)(
  '%s takes a whole run in its minutes, and works off what waits while more comes',
  (_, sizingOf, minutes) => {
    const { perSecond, clearedPerSecond, peakBacklog } = sizingOf(WHOLE).sizing;
    expect(WHOLE / perSecond).toBeLessThan(60 * minutes);
    expect(clearedPerSecond / perSecond).toBeGreaterThanOrEqual(1.4);
    // Otherwise a cut of 30 s would leave nothing to recover from.
    expect(peakBacklog).toBeLessThan(15 * perSecond);
  },
);

test('a changed plan has other numbers', () => {
  const hidden = (seconds?: number) => sqs(WHOLE, seconds).plan.value('visibilityTimeoutSeconds');
  expect([hidden(), hidden(8)]).toEqual([30, 48]);
  const lease = (seconds?: number) => pubsub(WHOLE, seconds).plan.value('ackDeadlineSeconds');
  expect([lease(), lease(20)]).toEqual([10, 20]);
});

describe('documents that wait for their date', () => {
  interface Document {
    readonly _id: string;
    readonly createdAt: Date;
    expireAt?: unknown;
  }
  const documents = new Map<string, Document>();
  const collection: Collection = {
    async insertMany(all) {
      const writeErrors = (all as readonly Document[]).flatMap((document) => {
        if (documents.has(document._id)) return [{ code: 11_000 }];
        documents.set(document._id, document);
        return [];
      });
      if (writeErrors.length > 0) throw Object.assign(new Error('E11000'), { writeErrors });
    },
    find: (filter) => ({
      toArray: async () =>
        (filter as { _id: { $in: readonly string[] } })._id.$in
          .map((id) => documents.get(id) as never)
          .filter(({ expireAt }) => expireAt !== undefined),
    }),
    countDocuments: async () => documents.size,
  };
  let said = '';
  const options = { retentionSeconds: RETENTION_SECONDS, version: () => 1, said: () => said };
  const effects = () => new DatedDocuments({ collection, ...options });
  const letters = lettersOf(50, 5, 1).filter(({ fate }) => fate === 'effect');
  const date = ({ id }: Letter, moreMillis = 0) => {
    const document = documents.get(`letter-${id.replace('letter-', '').padStart(9, '0')}`)!;
    document.expireAt = new Date(document.createdAt.getTime() + 1000 * RETENTION_SECONDS + moreMillis);
  };
  beforeEach(() => {
    documents.clear();
    said = '';
  });

  test('have an effect each when it is there, and one that is sent twice is counted', async () => {
    const dated = effects();
    await dated.insert(letters);
    await dated.insert(letters.slice(0, 3));
    expect([await dated.count(), await dated.repeated()]).toEqual([0, 3]);
    date(letters[4]);
    expect(await dated.count()).toBe(1);
    for (const letter of letters) date(letter);
    // Two looks at once see each once.
    await Promise.all([dated.count(), dated.count()]);
    expect((await dated.all()).map(({ id }) => id).sort()).toEqual(letters.map(({ id }) => id).sort());
  });

  test('have none when it is a millisecond off', async () => {
    const dated = effects();
    await dated.insert(letters);
    date(letters[0], 1);
    expect((await dated.all()).map(({ id }) => id)).toEqual([`${letters[0].id}, whose date is wrong`]);
  });

  test('have none when their date was changed after it was seen', async () => {
    const dated = effects();
    await dated.insert(letters);
    date(letters[0]);
    expect(await dated.count()).toBe(1);
    date(letters[0], 1);
    expect((await dated.all()).map(({ id }) => id)).toEqual([`${letters[0].id}, whose date is wrong`]);
  });

  test('had their effect twice when runs have set more dates than there are', async () => {
    const dated = effects();
    await dated.insert(letters);
    for (const letter of letters.slice(0, 5)) date(letter);
    await dated.all();
    const run = (changed: number, more: object) => `${JSON.stringify({ batches: 1, changed, redated: 0, ...more })}\n`;
    // What a run says on its way is in what it says at its end.
    said = run(3, {}) + run(5, { done: true }) + run(0, { done: true });
    expect(await dated.surplus()).toBe(0);
    said += run(2, { done: true });
    expect(await dated.surplus()).toBe(2);
  });

  test('are sent again when it is not known whether they are there', async () => {
    const lost = { ...collection, insertMany: () => Promise.reject(new Error('connection closed')) };
    const dated = new DatedDocuments({ collection: lost, ...options });
    await expect(dated.insert(letters)).rejects.toThrow('connection closed');
  });
});

describe('the time between two runs of the backfill', () => {
  const BEGAN = 1_000_000;
  const pauses = [5, 20, 40, 60].map((at, index) => ({ from: BEGAN + 1000 * at, to: BEGAN + 1000 * (at + 6 + index) }));

  test('is the mean of what was measured while the engine was there, and the backlog and the takeover follow from it', () => {
    // The one from 40 s has a cut in it; a consumer that is killed pauses as one that ends.
    const away = [
      { from: 45, to: 55, over: 50 },
      { from: 61, to: 71, consumer: 0 },
    ];
    const mean = (6 + 7 + 9) / 3;
    expect(measuredBy(pauses, 100, away, BEGAN)).toEqual({
      takeoverSeconds: mean,
      pauseSeconds: mean,
      resumeSeconds: mean / 2,
      peakBacklog: 100 * mean,
    });
  });

  test('is assumed where there were too few', () => {
    expect(measuredBy(pauses.slice(0, 2), 100, [], BEGAN)).toEqual({});
  });
});
