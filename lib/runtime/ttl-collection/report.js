/**
 * For mongosh: tells how large a collection is and how far the server is behind with deleting, to the log and to the
 * Pushgateway of Prometheus, or, after documentdb.js, to CloudWatch, with how far the backfill is.
 *
 * Environment: MONGODB_URI, COLLECTION, CREATED_FIELD and EXPIRE_UNKNOWN_AGE as the backfill has them, PUSHGATEWAY (address), JOB and
 * NAMESPACE (of the group there); in place of the last three RUN, the name of the backfill's settings.
 */
const COLLECTION = process.env.COLLECTION;
const CREATED_FIELD = process.env.CREATED_FIELD ?? '';
const EXPIRE_UNKNOWN_AGE = process.env.EXPIRE_UNKNOWN_AGE === '1';
/** As in the backfill: what is earlier says nothing about age. */
const FIRST_SECONDS = Date.UTC(1971, 0, 1) / 1000;
const here = typeof platform === 'undefined' ? {} : platform;
/** Counting more than that helps nobody and takes the server's time. */
const COUNT_LIMIT = 100000;
/** In a field that should hold a date, the server deletes by none of them. One by one, because the index finds each. */
const OTHER_TYPES = [
  'double',
  'string',
  'object',
  'binData',
  'objectId',
  'bool',
  'regex',
  'javascript',
  'int',
  'timestamp',
  'long',
  'decimal',
  'minKey',
  'maxKey',
];

db = connect(process.env.MONGODB_URI);
const documents = db.getCollection(COLLECTION);

function indexed() {
  return documents
    .getIndexes()
    .some(
      ({ key, expireAfterSeconds }) => JSON.stringify(key) === '{"expireAt":1}' && Number(expireAfterSeconds) === 0,
    );
}

/** Seconds since the oldest date of expiry that is still there; 0 when none is past. */
function deletionLag(now) {
  const [oldest] = documents
    .find({ expireAt: { $lt: new Date(now) } }, { expireAt: 1 })
    .sort({ expireAt: 1 })
    .limit(1)
    .toArray();
  return oldest === undefined ? 0 : Math.max(0, (now - oldest.expireAt.getTime()) / 1000);
}

/** Documents without a usable date: those that should have one, and those that stay because they do not say how old they are. */
function undated() {
  const { unexpiring, unknownAge } = here.undated ? here.undated(documents, CREATED_FIELD) : countUndated();
  return EXPIRE_UNKNOWN_AGE ? { unexpiring: unexpiring + unknownAge, unknownAge: 0 } : { unexpiring, unknownAge };
}

/** The index finds them, and of so many the creation time is read. */
function countUndated() {
  const never = { $or: [{ expireAt: null }, { expireAt: { $type: OTHER_TYPES } }] };
  const [created, type, first] = CREATED_FIELD
    ? [`$${CREATED_FIELD}`, 'date', new Date(1000 * FIRST_SECONDS)]
    : ['$_id', 'objectId', ObjectId.createFromTime(FIRST_SECONDS)];
  const saysItsAge = { $and: [{ $eq: [{ $type: created }, type] }, { $gte: [created, first] }] };
  const stays = { $cond: [{ $eq: [{ $type: '$expireAt' }, 'missing'] }, { $cond: [saysItsAge, 0, 1] }, 0] };
  const groups = documents
    .aggregate([
      { $match: never },
      { $limit: COUNT_LIMIT },
      { $project: { stays } },
      { $group: { _id: '$stays', count: { $sum: 1 } } },
    ])
    .toArray();
  const of = (wanted) => Number(groups.find(({ _id }) => Number(_id) === wanted)?.count ?? 0);
  return { unexpiring: of(0), unknownAge: of(1) };
}

/**
 * Bytes on the disk that hold something. Files do not shrink when documents are deleted, so their size would say for ever how large
 * a collection once was. MongoDB tells what is free of the collection and of each index; Amazon DocumentDB estimates it of the
 * collection alone. What a server does not tell counts as used.
 */
function usedBytes({ storageSize = 0, totalIndexSize = 0, freeStorageSize, unusedStorageSize, indexDetails = {} }) {
  const free = Number(freeStorageSize ?? unusedStorageSize?.unusedBytes ?? 0);
  const freeOfIndexes = Object.values(indexDetails)
    .map((index) => Number(index['block-manager']?.['file bytes available for reuse'] ?? 0))
    .reduce((sum, bytes) => sum + bytes, 0);
  return Math.max(0, Number(storageSize) - free) + Math.max(0, Number(totalIndexSize) - freeOfIndexes);
}

function figures() {
  // The server deletes by its own clock.
  const now = db.hello().localTime.getTime();
  const isIndexed = indexed();
  // Not the shell's stats(), which reads what not every server answers.
  const stats = db.runCommand({ collStats: COLLECTION });
  const { storageSize = 0, totalIndexSize = 0, size = 0, count = 0 } = stats;
  // Without the index this and the lag would read the whole collection.
  const { unexpiring, unknownAge } = isIndexed ? undated() : {};
  return {
    ttl_collection_data_bytes: Number(size),
    ttl_collection_disk_bytes: Number(storageSize) + Number(totalIndexSize),
    ttl_collection_used_bytes: usedBytes(stats),
    ttl_collection_documents: Number(count),
    ...(isIndexed
      ? {
          ttl_collection_deletion_lag_seconds: deletionLag(now),
          ttl_collection_unexpiring_documents: unexpiring,
          ttl_collection_unknown_age_documents: unknownAge,
        }
      : {}),
    ttl_collection_index: isIndexed ? 1 : 0,
    ttl_collection_reported_timestamp_seconds: Math.floor(Date.now() / 1000),
  };
}

async function push(values) {
  const body = Object.entries(values)
    .map(([name, value]) => `# TYPE ${name} gauge\n${name} ${value}\n`)
    .join('');
  // Two installations have jobs of one name; without the namespace each would overwrite what the other said.
  const group = ['job', process.env.JOB, 'namespace', process.env.NAMESPACE, 'collection', COLLECTION];
  const url = `${process.env.PUSHGATEWAY}/metrics/${group.map(encodeURIComponent).join('/')}`;
  // PUT: what is not reported this time is not to be seen any more.
  const response = await fetch(url, { method: 'PUT', body, signal: AbortSignal.timeout(10000) });
  if (!response.ok) throw new Error(`the Pushgateway answered ${response.status}`);
}

/** How far the backfill is that RUN names. A size counts once old documents are gone. */
function progress(values) {
  const state = db.getCollection('ttl_backfill').findOne({ _id: COLLECTION });
  const now = db.hello().localTime.getTime();
  const isFinished = state?.finishedRun === process.env.RUN;
  const isBegun = state?.run === process.env.RUN;
  return {
    DiskBytes: values.ttl_collection_disk_bytes,
    DataBytes: values.ttl_collection_data_bytes,
    BackfillSeconds: isFinished || !isBegun ? 0 : (now - state.runBegunAt.getTime()) / 1000,
    IndexMissing: isFinished ? 1 - values.ttl_collection_index : 0,
    ...(values.ttl_collection_index === 1 && {
      DeletionLagSeconds: values.ttl_collection_deletion_lag_seconds,
      UnexpiringDocuments: values.ttl_collection_unexpiring_documents,
    }),
    ...(isFinished && state.drainUntil.getTime() < now && { SettledBytes: values.ttl_collection_used_bytes }),
  };
}

const values = figures();
print(JSON.stringify({ collection: COLLECTION, ...values }));
if (here.metrics) here.metrics(progress(values));
else push(values);
