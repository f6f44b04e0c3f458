/**
 * For mongosh, before backfill.js: one run at a time. Two runs do no harm to documents, but each has the whole budget of the
 * database, and a build of the index fails when another one of the collection begins.
 *
 * The lease is a document beside the progress, by the clock of the server. It is renewed by a timer, also while an index is
 * built; a run that dies stops renewing it.
 *
 * Environment: LEASE_SECONDS, LEASE_RENEWAL_SECONDS.
 */
const DUPLICATE_KEY = 11000;

/** Takes the lease; undefined while another run has it. */
globalThis.takeLease = function takeLease(states, collection, serverMillis, majority) {
  // No collection has such a name.
  const _id = `lease:${collection}`;
  const holder = String(new ObjectId());
  const leaseMillis = 1000 * Number(process.env.LEASE_SECONDS);
  let renewed = performance.now();
  const setUntil = (filter, options) => {
    const asked = performance.now();
    const until = new Date(serverMillis() + leaseMillis);
    const { matchedCount, upsertedCount } = states.updateOne(
      filter,
      { $set: { holder, until } },
      { ...options, ...majority },
    );
    if (matchedCount + upsertedCount === 0) return false;
    renewed = asked;
    return true;
  };
  try {
    // With a lease that lasts, the filter finds no document, and the insertion meets its id.
    setUntil({ _id, until: { $lt: new Date(serverMillis()) } }, { upsert: true });
  } catch (error) {
    if (error.code === DUPLICATE_KEY) return undefined;
    throw error;
  }
  let isLost = false;
  const timer = setInterval(() => {
    try {
      if (!setUntil({ _id, holder }, {})) isLost = true;
    } catch {
      // The next renewal may reach the server; until then the time of the last one counts.
    }
  }, 1000 * Number(process.env.LEASE_RENEWAL_SECONDS));
  return {
    /** Whether a batch may still be written: three quarters of the lease, so that one which began in time ends in time. */
    isHeld: () => !isLost && performance.now() - renewed < 0.75 * leaseMillis,
    release() {
      clearInterval(timer);
      states.deleteOne({ _id, holder });
    },
  };
};
