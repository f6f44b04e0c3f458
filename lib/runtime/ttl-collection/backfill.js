/**
 * For mongosh: gives every document of a collection its date of expiry, so many at a time, and creates the TTL index
 * last. Run again it goes on where it stopped; run once more it changes nothing; two runs at once do no harm.
 *
 * A document expires when it is as old as the retention. What would be due before the index is there would all be
 * deleted at once, so each such document gets a slot of its own after that, as many a second as the database deletes
 * beside its load. Slots are booked in the state, so that no run gives one away twice.
 *
 * How old a document is, only a date says (or an ObjectId, without CREATED_FIELD): a number may be seconds or milliseconds,
 * and the wrong guess deletes. Documents that do not say it are often not of the kind that expires, settings for instance: they
 * get no date and are counted, unless EXPIRE_UNKNOWN_AGE is 1. Then they count as made now.
 *
 * Environment: MONGODB_URI, COLLECTION, RETENTION_SECONDS, BATCH_SIZE, BATCH_SECONDS, BACKFILL_SECONDS (predicted),
 * DRAIN_PER_SECOND, DRAIN_SECONDS (predicted), EXPIRE_UNKNOWN_AGE, and CREATED_FIELD, which is empty when the time is in the ObjectId. RUN names
 * the settings where runs are started again and again: one that was finished is not repeated. What lease.js and documentdb.js
 * have is used where they were loaded before.
 */
const COLLECTION = process.env.COLLECTION;
const CREATED_FIELD = process.env.CREATED_FIELD;
const BATCH_SIZE = aboveZero('BATCH_SIZE');
const BATCH_MILLIS = 1000 * notNegative('BATCH_SECONDS');
const RETENTION_MILLIS = 1000 * aboveZero('RETENTION_SECONDS');
const BACKFILL_MILLIS = 1000 * notNegative('BACKFILL_SECONDS');
const DRAIN_MILLIS = 1000 * notNegative('DRAIN_SECONDS');
const EXPIRE_UNKNOWN_AGE = process.env.EXPIRE_UNKNOWN_AGE === '1';
const SLOT_MILLIS = 1000 / aboveZero('DRAIN_PER_SECOND');
const STATE = 'ttl_backfill';
/** The prediction counts updates; the last scan and the build of the index come on top. An assumption. */
const SLACK = 0.25;
/** The server looks once a minute. */
const LEAST_SLACK_MILLIS = 60000;
/** Before it lie the zero dates of programming languages, and seconds that were taken for milliseconds. */
const FIRST_MILLIS = Date.UTC(1971, 0, 1);
/** The last day that every driver can read. */
const LAST_MILLIS = Date.UTC(9999, 11, 31);
/** The slowest member that counts says how fast it goes. */
const MAJORITY = { writeConcern: { w: 'majority' } };
const UNAUTHORIZED = 13;
const RUN = process.env.RUN ?? '';
const here = typeof platform === 'undefined' ? {} : platform;
const CURSOR_NOT_FOUND = 43;

db = connect(process.env.MONGODB_URI);
const documents = db.getCollection(COLLECTION);
const states = db.getCollection(STATE);

function setting(name, isTaken, range) {
  const value = Number(process.env[name]);
  if (!process.env[name] || !Number.isFinite(value) || !isTaken(value)) {
    throw new Error(`${name} must be a number ${range}`);
  }
  return value;
}

/** A retention of 0 would make every document due, a batch of 0 would date none. */
function aboveZero(name) {
  return setting(name, (value) => value > 0, 'above 0');
}

function notNegative(name) {
  return setting(name, (value) => value >= 0, 'of at least 0');
}

/** Counts and types only: ids and values may be personal data. */
function say(line) {
  print(JSON.stringify({ time: new Date().toISOString(), collection: COLLECTION, ...line }));
}

/** Metrics, where there is somebody to read them. */
function measure(values) {
  if (here.metrics) here.metrics(values);
}

/** A run that goes on without its lease has the budget of the database a second time. */
function holdLease() {
  if (lease && !lease.isHeld()) throw new Error('the lease is lost: another run goes on');
}

/** The server deletes by its own clock, and that of a node may be wrong. */
function serverMillis() {
  return db.hello().localTime.getTime();
}

/** Whether the index is there; one that deletes nothing is named before anything is changed. */
function indexed() {
  const existing = documents.getIndexes().find(({ key }) => JSON.stringify(key) === '{"expireAt":1}');
  if (existing && Number(existing.expireAfterSeconds) !== 0) {
    throw new Error(
      `index ${existing.name} on expireAt is there without expireAfterSeconds 0; drop it, then run again`,
    );
  }
  return existing !== undefined;
}

/** A run of its own: nothing is due before its end. Of earlier runs, where they stopped and what they booked is kept. */
function begin() {
  const begunMillis = serverMillis();
  const drainFrom = new Date(
    begunMillis + Math.max((1 + SLACK) * BACKFILL_MILLIS, BACKFILL_MILLIS + LEAST_SLACK_MILLIS),
  );
  const before = states.findOne({ _id: COLLECTION });
  // Version 0.1.0 spread every run over one and the same time.
  const booked =
    before?.drainUntil ?? (before?.drainFrom ? new Date(before.drainFrom.getTime() + DRAIN_MILLIS) : drainFrom);
  states.updateOne(
    { _id: COLLECTION },
    {
      $set: {
        begunAt: new Date(begunMillis),
        drainFrom,
        ...(RUN !== '' && before?.run !== RUN && { run: RUN, runBegunAt: new Date(begunMillis) }),
      },
      $max: { drainUntil: booked },
    },
    { upsert: true, ...MAJORITY },
  );
  return {
    begunMillis,
    drainFrom,
    indexed: false,
    lastId: before?.lastId,
    moved: false,
    batches: 0,
    changed: 0,
    counted: 0,
    redated: 0,
    spread: 0,
    future: 0,
    unknownAge: {},
    refused: {},
  };
}

/** Books so many slots; gives the first one's time. Without a pipeline, which not every server takes in an update. */
function book(slots, drainFrom) {
  const millis = Math.ceil(slots * SLOT_MILLIS);
  for (;;) {
    const { drainUntil } = states.findOne({ _id: COLLECTION });
    const first = Math.max(drainUntil.getTime(), drainFrom.getTime());
    const { matchedCount } = states.updateOne(
      { _id: COLLECTION, drainUntil },
      { $set: { drainUntil: new Date(first + millis) } },
      MAJORITY,
    );
    // Otherwise another run booked meanwhile.
    if (matchedCount === 1) return first;
  }
}

/** A run that is slower than predicted has what would come due before its end moved behind it, in another pass. */
function keepAhead(run, now, marginMillis) {
  if (run.indexed || now + marginMillis < run.drainFrom.getTime()) return;
  const slack = Math.max(LEAST_SLACK_MILLIS, SLACK * (now - run.begunMillis), 2 * marginMillis);
  run.drainFrom = new Date(now + slack);
  run.moved = true;
}

/** What needs a date: documents without one, and until the index is there those that would be due when it comes. */
function undated(run, from) {
  const none = { expireAt: { $exists: false } };
  const filter = run.indexed ? none : { $or: [none, { expireAt: { $lt: run.drainFrom } }] };
  return from === undefined ? filter : { $and: [{ _id: { $gte: from } }, filter] };
}

/** The same of a document that was read. */
function isUndated(run, { expiryType, expireAt }) {
  return expiryType === 'missing' || (!run.indexed && expireAt !== null && expireAt < run.drainFrom);
}

/** By type as the server sees it. Nothing but dates travels. */
function scan(run, from) {
  if (here.scan) {
    return here.scan(documents, CREATED_FIELD ?? '', (document) => isUndated(run, document), from, holdLease);
  }
  const created = CREATED_FIELD ? `$${CREATED_FIELD}` : '$_id';
  const date = (field) => ({ $cond: [{ $eq: [{ $type: field }, 'date'] }, field, null] });
  return documents.aggregate(
    [
      { $match: undated(run, from) },
      { $sort: { _id: 1 } },
      {
        $project: {
          type: { $type: created },
          created: date(created),
          expiryType: { $type: '$expireAt' },
          expireAt: date('$expireAt'),
        },
      },
    ],
    { batchSize: BATCH_SIZE, hint: { _id: 1 } },
  );
}

function take(cursor) {
  const batch = [];
  while (batch.length < BATCH_SIZE && cursor.hasNext()) batch.push(cursor.next());
  return batch;
}

function count(counts, name) {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** When a document was made, in milliseconds; undefined when nothing says so. */
function madeMillis({ _id, type, created }, run, now) {
  const usable = CREATED_FIELD ? type === 'date' : type === 'objectId';
  const millis = usable ? (CREATED_FIELD ? created : _id.getTimestamp()).getTime() : Number.NaN;
  // JavaScript has no number for a date beyond its own range.
  if (!(millis >= FIRST_MILLIS)) {
    count(run.unknownAge, usable ? `${type} before 1971 or out of range` : type);
    return undefined;
  }
  if (millis > now) run.future += 1;
  return millis;
}

function isReadable(date) {
  return date !== null && Math.abs(date.getTime()) <= LAST_MILLIS;
}

/**
 * The update of a document; without a date when it needs a slot, and undefined when it is to stay. Whoever changed the document
 * meanwhile has precedence.
 */
function planned(document, run, now) {
  const _id = { $eq: document._id };
  if (document.expiryType !== 'missing') {
    return { redates: true, filter: { _id, expireAt: { $eq: document.expireAt } } };
  }
  const made = madeMillis(document, run, now);
  if (made === undefined && !EXPIRE_UNKNOWN_AGE) return undefined;
  const due = (made ?? now) + RETENTION_MILLIS;
  const filter = { _id, expireAt: { $exists: false } };
  // Where ids are told apart by more than a driver can say, the date that was read must be that of the document.
  if (CREATED_FIELD && isReadable(document.created)) filter[CREATED_FIELD] = document.created;
  return { filter, due: due < run.drainFrom.getTime() ? undefined : Math.min(due, LAST_MILLIS) };
}

function updates(batch, run, now) {
  const plans = batch
    .filter(({ expiryType }) => expiryType === 'missing' || expiryType === 'date')
    .map((document) => planned(document, run, now))
    .filter((plan) => plan !== undefined);
  const slots = plans.filter(({ due }) => due === undefined);
  if (slots.length > 0) {
    const first = book(slots.length, run.drainFrom);
    slots.forEach((slot, index) => {
      slot.due = Math.min(first + (index + Math.random()) * SLOT_MILLIS, LAST_MILLIS);
    });
    run.spread += slots.length;
  }
  return plans;
}

/** Whether an error says something of the documents rather than of the connection or the user. */
function aboutDocuments(error) {
  const labels = error.errorLabels ?? [];
  return typeof error.code === 'number' && error.code !== UNAUTHORIZED && !labels.includes('RetryableWriteError');
}

/** Writes what can be written; a document that the server refuses stays without a date and is counted. */
function write(plans, run) {
  const operations = plans.map(({ filter, due }) => ({
    updateOne: { filter, update: { $set: { expireAt: new Date(Math.round(due)) } } },
  }));
  try {
    return documents.bulkWrite(operations, { ordered: false, ...MAJORITY }).modifiedCount;
  } catch (error) {
    const refusals = [error.writeErrors ?? []].flat();
    if (refusals.length > 0) {
      // Written, but perhaps not on the majority: another try finds out.
      if (error.result.getWriteConcernError()) throw error;
      for (const { code } of refusals) count(run.refused, String(code));
      return error.result.modifiedCount;
    }
    if (!aboutDocuments(error)) throw error;
    if (plans.length === 1) {
      count(run.refused, String(error.code));
      return 0;
    }
    // The server could not even read the request: one document of it is at fault.
    const middle = Math.floor(plans.length / 2);
    const [left, right] = [write(plans.slice(0, middle), run), write(plans.slice(middle), run)];
    return left + right;
  }
}

function summary({ batches, changed, redated, spread, future, unknownAge, refused }) {
  return { batches, changed, redated, spread, future, unknownAge, refused };
}

/** What was dated since the last line. */
function countDated(run) {
  measure({ DatedDocuments: run.changed - run.counted });
  run.counted = run.changed;
}

/** One way through the collection in the order of the ids; gives how many documents it changed. */
function pass(run, from) {
  let changed = 0;
  const cursor = scan(run, from);
  for (;;) {
    const began = performance.now();
    const batch = take(cursor);
    holdLease();
    if (batch.length === 0) return changed;
    const now = serverMillis();
    keepAhead(run, now, 0);
    const plans = updates(batch, run, now);
    if (plans.length > 0) {
      const written = write(plans, run);
      changed += written;
      run.changed += written;
      run.redated += plans.filter(({ redates }) => redates).length;
    }
    run.batches += 1;
    const lastId = batch[batch.length - 1]._id;
    states.updateOne({ _id: COLLECTION }, { $set: { lastId, drainFrom: run.drainFrom }, $inc: { batches: 1 } });
    if (run.batches % 100 === 0) {
      say(summary(run));
      countDated(run);
    }
    // From the beginning of a batch to that of the next, so that a slow server is not asked for more.
    sleep(Math.max(0, BATCH_MILLIS - (performance.now() - began)));
  }
}

/** A pass; undefined when the server forgot the cursor, after a failover for instance. */
function passOrBroken(run, from) {
  try {
    return pass(run, from);
  } catch (error) {
    if (error.code !== CURSOR_NOT_FOUND) throw error;
    return undefined;
  }
}

/** From where the last run stopped, to save time; whatever is wrong with that place, a whole pass comes next. */
function resume(run) {
  try {
    pass(run, run.lastId);
  } catch (error) {
    if (!aboutDocuments(error)) throw error;
  }
}

/**
 * Passes until one finds nothing to do, or no less than the one before: then writers that do not know of the date keep
 * the number up, and more passes would not help. What is refused, or stays, is found by every pass and changed by none.
 */
function backfill(run) {
  if (run.lastId !== undefined) resume(run);
  let before = Number.POSITIVE_INFINITY;
  for (;;) {
    run.moved = false;
    run.refused = {};
    if (!EXPIRE_UNKNOWN_AGE) run.unknownAge = {};
    // Another run may have made it.
    run.indexed = indexed();
    const began = performance.now();
    const changed = passOrBroken(run);
    // The build of the index reads the collection as a pass does, and nothing may be due before it is done.
    if (changed === 0) keepAhead(run, serverMillis(), performance.now() - began);
    else keepAhead(run, serverMillis(), 0);
    if (changed !== undefined && !run.moved && (changed === 0 || changed > before / 2)) break;
    before = changed ?? before;
  }
  say({ ...summary(run), done: true });
  countDated(run);
}

/** Last, because from here on the server deletes. */
function createIndex() {
  if (indexed()) return;
  documents.createIndex({ expireAt: 1 }, { expireAfterSeconds: 0, ...here.indexOptions });
  say({ index: 'created' });
}

/** Everything, unless it is done. */
function finish() {
  indexed();
  if (RUN !== '' && states.findOne({ _id: COLLECTION })?.finishedRun === RUN) {
    say({ finished: RUN });
    return;
  }
  const run = begin();
  backfill(run);
  holdLease();
  createIndex();
  holdLease();
  // Without the time at which it began: told to begin again, it would be late at once.
  states.updateOne(
    { _id: COLLECTION },
    { $unset: { lastId: 1, run: 1, runBegunAt: 1 }, ...(RUN !== '' && { $set: { finishedRun: RUN } }) },
  );
}

const leased = typeof takeLease !== 'undefined';
let lease;
measure({ BackfillStarts: 1 });
try {
  // A user who may not write fails here already.
  if (leased) lease = takeLease(states, COLLECTION, serverMillis, MAJORITY);
  if (leased && lease === undefined) say({ held: 'another run has the lease' });
  else finish();
} catch (error) {
  measure({ BackfillErrors: 1 });
  throw error;
} finally {
  // Not lease?.release(), which the shell calls on undefined as well.
  if (lease !== undefined) lease.release();
}
