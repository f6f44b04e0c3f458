/**
 * For mongosh, before backfill.js or report.js: what differs on Amazon DocumentDB.
 *
 * A secret there holds user and password, not a connection string. A query that sorts and leaves out what has a date
 * could read the whole collection for its first document, and a cursor of days would keep old versions of documents alive, so the
 * collection is read in short pages by `_id`. `$collStats` answers in another form than the shell expects. Metrics go to CloudWatch
 * in its embedded format.
 *
 * Environment: DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASSWORD, DB_TLS_CA_FILE (empty: no TLS, for tests), TTL_COLLECTION (the
 * dimension of all metrics), and for a report REPORT_DEADLINE_SECONDS.
 */
const METRIC_UNITS = { Bytes: /Bytes$/, Seconds: /Seconds$/ };
/** Documents of a page. Only three fields of each are sent. */
const PAGE_DOCUMENTS = 1000;
/**
 * The least value of each type that ids have, in the order in which they are sorted: a comparison finds only values of its
 * own type.
 */
const LEAST_IDS = [
  Number.NEGATIVE_INFINITY,
  '',
  {},
  BinData(0, ''),
  ObjectId('000000000000000000000000'),
  false,
  new Date('0001-01-01T00:00:00Z'),
  Timestamp({ t: 0, i: 0 }),
];
/** The server's names of types that have another one in JavaScript. */
const BSON_TYPES = {
  ObjectID: 'objectId',
  Binary: 'binData',
  Decimal128: 'decimal',
  BSONRegExp: 'regex',
  Code: 'javascript',
};

/** Users of a cluster are in `admin`; retryable writes are not there (DocumentDB, Functional differences). */
function documentDbUri({ DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASSWORD, DB_TLS_CA_FILE }) {
  const who = DB_USER ? `${encodeURIComponent(DB_USER)}:${encodeURIComponent(DB_PASSWORD)}@` : '';
  const options = [
    ...(who ? ['authSource=admin'] : []),
    ...(DB_TLS_CA_FILE ? ['tls=true', `tlsCAFile=${encodeURIComponent(DB_TLS_CA_FILE)}`, 'replicaSet=rs0'] : []),
    'retryWrites=false',
    'readPreference=primary',
  ];
  return `mongodb://${who}${DB_HOST}:${DB_PORT}/${DB_NAME}?${options.join('&')}`;
}

/** What `$type` of the server says, as far as JavaScript can tell: it has one kind of number for two. */
function typeName(value) {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag === 'Date') return 'date';
  if (tag === 'Array') return 'array';
  if (tag === 'RegExp') return 'regex';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value !== 'object') return typeof value;
  const name = value._bsontype;
  return name === undefined ? 'object' : (BSON_TYPES[name] ?? name[0].toLowerCase() + name.slice(1));
}

/** The value of a path; a list where the path goes through one, as on the server. */
function valueAt(document, path) {
  return path
    .split('.')
    .reduce(
      (value, name) => (Array.isArray(value) || value === undefined || value === null ? value : value[name]),
      document,
    );
}

/** A document as the backfill reads it from MongoDB. */
function readDocument(document, createdField) {
  const created = createdField === '' ? document._id : valueAt(document, createdField);
  const [type, expiryType] = [typeName(created), typeName(document.expireAt)];
  return {
    _id: document._id,
    type,
    created: type === 'date' ? created : null,
    expiryType,
    expireAt: expiryType === 'date' ? document.expireAt : null,
  };
}

/** Whether a document that was read says how old it is, as the backfill takes it. */
function saysItsAge({ _id, type, created }, createdField) {
  if (type !== (createdField === '' ? 'objectId' : 'date')) return false;
  return (createdField === '' ? _id.getTimestamp() : created).getTime() >= Date.UTC(1971, 0, 1);
}

/** What of a document is read. */
function projectionOf(createdField) {
  return { expireAt: 1, ...(createdField === '' ? {} : { [createdField]: 1 }) };
}

/**
 * Documents in the order of their ids, a short query for each page; it is used like a cursor. Most pages of a second pass have
 * no document that is wanted, so `beforePage` may stop it at each.
 */
function pagedDocuments(documents, createdField, isWanted, from, beforePage) {
  const projection = projectionOf(createdField);
  const types = LEAST_IDS.map(typeName);
  let place = from === undefined ? 0 : Math.max(0, types.indexOf(typeName(from)));
  let after = from === undefined ? { $gte: LEAST_IDS[0] } : { $gte: from };
  let waiting = [];
  const fetch = () => {
    beforePage();
    const page = documents
      .find({ _id: after }, projection)
      .sort({ _id: 1 })
      .hint({ _id: 1 })
      .limit(PAGE_DOCUMENTS)
      .toArray();
    if (page.length < PAGE_DOCUMENTS) {
      place += 1;
      after = { $gte: LEAST_IDS[place] };
    } else {
      after = { $gt: page[page.length - 1]._id };
    }
    waiting = page.map((document) => readDocument(document, createdField)).filter(isWanted);
  };
  return {
    hasNext() {
      while (waiting.length === 0 && place < LEAST_IDS.length) fetch();
      return waiting.length > 0;
    },
    next: () => waiting.shift(),
  };
}

function metricUnit(name) {
  const found = Object.entries(METRIC_UNITS).find(([, ending]) => ending.test(name));
  return found === undefined ? 'Count' : found[0];
}

/** What backfill.js and report.js take from here. */
globalThis.platform = {
  /** A build in the foreground locks the collection until it is done (DocumentDB, Troubleshooting indexes). */
  indexOptions: { background: true },

  scan: pagedDocuments,

  /** Of the newest documents, those without a usable date: for all of them the whole collection would be read. */
  undated(documents, createdField) {
    const never = documents
      .find({}, projectionOf(createdField))
      .sort({ _id: -1 })
      .limit(Number(process.env.NEWEST_DOCUMENTS))
      .toArray()
      .map((document) => readDocument(document, createdField))
      .filter(({ expiryType }) => expiryType !== 'date');
    const unknownAge = never.filter(
      (document) => document.expiryType === 'missing' && !saysItsAge(document, createdField),
    ).length;
    return { unexpiring: never.length - unknownAge, unknownAge };
  },

  /** As `lib/runtime/embedded-metrics.ts` has it; a script has no imports. */
  metrics(values) {
    const dimensions = { TtlCollection: process.env.TTL_COLLECTION };
    const Metrics = Object.keys(values).map((name) => ({ Name: name, Unit: metricUnit(name) }));
    const CloudWatchMetrics = [{ Namespace: 'Backpressure', Dimensions: [Object.keys(dimensions)], Metrics }];
    print(JSON.stringify({ _aws: { Timestamp: Date.now(), CloudWatchMetrics }, ...dimensions, ...values }));
  },
};

process.env.MONGODB_URI = documentDbUri(process.env);

// Nothing else ends a task that waits for a database which does not answer. A backfill has no such time: it may take days.
if (process.env.REPORT_DEADLINE_SECONDS) {
  const seconds = Number(process.env.REPORT_DEADLINE_SECONDS);
  setTimeout(() => {
    // Not print(), which the shell would still have to write.
    process.stderr.write(`the report is ended: it took longer than ${seconds} s\n`);
    process.exit(1);
  }, 1000 * seconds).unref();
}
