/** The engines of stores: their numbers, and how they tell a letter that was sent twice or got a wrong effect. */
import { sizingOf as mongo } from './engines/mongo';
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
  const effects = () => new DatedDocuments({ collection, retentionSeconds: RETENTION_SECONDS, version: () => 1 });
  const letters = lettersOf(50, 5, 1).filter(({ fate }) => fate === 'effect');
  const date = ({ id }: Letter, moreMillis = 0) => {
    const document = documents.get(`letter-${id.replace('letter-', '').padStart(9, '0')}`)!;
    document.expireAt = new Date(document.createdAt.getTime() + 1000 * RETENTION_SECONDS + moreMillis);
  };
  beforeEach(() => documents.clear());

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

  test('are sent again when it is not known whether they are there', async () => {
    const lost = { ...collection, insertMany: () => Promise.reject(new Error('connection closed')) };
    const dated = new DatedDocuments({ collection: lost, retentionSeconds: RETENTION_SECONDS, version: () => 1 });
    await expect(dated.insert(letters)).rejects.toThrow('connection closed');
  });
});
