/**
 * For mongosh: gives every document of a collection its date of expiry, so many at a time, and creates the TTL index
 * when the last one has it. Run again it goes on where it stopped; run once more it changes nothing.
 *
 * A document expires when it is as old as the retention. Those that are older already would all expire at once, so
 * they are spread at random over the time that the database needs to delete them.
 *
 * Environment: MONGODB_URI, COLLECTION, RETENTION_SECONDS, BATCH_SIZE, BATCH_SECONDS, BACKFILL_SECONDS (predicted),
 * DRAIN_SECONDS, and CREATED_FIELD, which is empty when the time is in the ObjectId.
 */
const COLLECTION = process.env.COLLECTION;
const BATCH_SIZE = number('BATCH_SIZE');
const BATCH_MILLIS = 1000 * number('BATCH_SECONDS');
const RETENTION_MILLIS = 1000 * number('RETENTION_SECONDS');
const BACKFILL_MILLIS = 1000 * number('BACKFILL_SECONDS');
const DRAIN_MILLIS = 1000 * number('DRAIN_SECONDS');
const STATE = 'ttl_backfill';
/** The slowest member that counts says how fast it goes. */
const MAJORITY = { writeConcern: { w: 'majority' } };

db = connect(process.env.MONGODB_URI);
const documents = db.getCollection(COLLECTION);
const states = db.getCollection(STATE);

function number(name) {
  const value = Number(process.env[name]);
  if (!process.env[name] || !Number.isFinite(value)) throw new Error(`${name} must be a number`);
  return value;
}

function say(line) {
  print(JSON.stringify({ time: new Date().toISOString(), collection: COLLECTION, ...line }));
}

/** What is remembered between runs: since when, and how far. */
function begin() {
  const now = Date.now();
  const first = { begunAt: new Date(now), drainFrom: new Date(now + BACKFILL_MILLIS), batches: 0 };
  states.updateOne({ _id: COLLECTION }, { $setOnInsert: first }, { upsert: true, ...MAJORITY });
  return states.findOne({ _id: COLLECTION });
}

/** The date of expiry as the server reckons it; a document without a date counts as made now, never as old. */
function expiry(now, drainFrom) {
  const created = {
    $convert: {
      input: process.env.CREATED_FIELD ? `$${process.env.CREATED_FIELD}` : '$_id',
      to: 'date',
      onError: now,
      onNull: now,
    },
  };
  const due = { $add: [created, RETENTION_MILLIS] };
  const spread = { $add: [drainFrom, { $toLong: { $multiply: [{ $rand: {} }, DRAIN_MILLIS] } }] };
  return [{ $set: { expireAt: { $cond: [{ $lt: [due, drainFrom] }, spread, due] } } }];
}

/** Documents without a date, in the order of their ids, from where the last batch ended. */
function nextBatch(after) {
  const rest = { expireAt: { $exists: false }, ...(after === undefined ? {} : { _id: { $gt: after } }) };
  return documents
    .find(rest, { _id: 1 })
    .sort({ _id: 1 })
    .limit(BATCH_SIZE)
    .toArray()
    .map(({ _id }) => _id);
}

function backfill() {
  const { drainFrom, lastId } = begin();
  let after = lastId;
  let [batches, changed, found] = [0, 0, 0];
  for (;;) {
    const began = Date.now();
    const ids = nextBatch(after);
    if (ids.length === 0) {
      // A whole pass that finds nothing ends it: ids need not grow, and writers may not know of the date yet.
      if (found === 0 && after === undefined) break;
      after = undefined;
      found = 0;
      continue;
    }
    found += ids.length;
    const { modifiedCount } = documents.updateMany(
      { _id: { $in: ids }, expireAt: { $exists: false } },
      expiry(new Date(), drainFrom),
      MAJORITY,
    );
    after = ids[ids.length - 1];
    batches += 1;
    changed += modifiedCount;
    states.updateOne({ _id: COLLECTION }, { $set: { lastId: after }, $inc: { batches: 1 } });
    if (batches % 100 === 0) say({ batches, changed });
    // From the beginning of a batch to that of the next, so that a slow server is not asked for more.
    sleep(Math.max(0, BATCH_MILLIS - (Date.now() - began)));
  }
  say({ batches, changed, done: true });
}

/** Last, because from here on the server deletes. */
function createIndex() {
  const existing = documents.getIndexes().find(({ key }) => JSON.stringify(key) === '{"expireAt":1}');
  if (existing && existing.expireAfterSeconds !== 0) {
    throw new Error(
      `index ${existing.name} on expireAt is there without expireAfterSeconds 0; drop it, then run again`,
    );
  }
  if (existing) return;
  documents.createIndex({ expireAt: 1 }, { expireAfterSeconds: 0 });
  say({ index: 'created' });
}

backfill();
createIndex();
states.updateOne({ _id: COLLECTION }, { $unset: { lastId: 1 } });
