/**
 * The store of a torture run: `EffectStore` (lib/runtime/effect-store.ts) in a folder, for all consumers of the run. A commit is
 * one file, made by a link: the key of a delivery and the writes of its effect are there together, or neither is, and of two
 * commits of one key one is made, whatever is killed. The commits are the journal: an effect that was committed twice is in it twice.
 */
const { createHash, randomUUID } = require('node:crypto');
const { appendFileSync, linkSync, readFileSync, unlinkSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

/**
 * @param folder of the commits
 * @param now the clock of the store in milliseconds; a key is forgotten when it has expired by it
 */
function effectStore(folder, now) {
  /** The file for the next commit of a key, and whether the key is there. A commit whose key has expired stays in the journal. */
  function placeOf(key) {
    // A key is any text, the name of a file is not.
    const digest = createHash('sha256').update(key).digest('hex');
    for (let turn = 0; ; turn += 1) {
      const file = join(folder, `${digest}.${turn}`);
      const commit = read(file);
      if (commit === undefined || commit.expiresAtMillis > now()) return { file, isThere: commit !== undefined };
    }
  }

  /** False when the file is there already. */
  function commit(file, content) {
    const draft = join(folder, `.${randomUUID()}`);
    writeFileSync(draft, JSON.stringify({ ...content, at: now(), order: String(process.hrtime.bigint()) }));
    try {
      linkSync(draft, file);
      return true;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      return false;
    } finally {
      unlinkSync(draft);
    }
  }

  function recognized(key) {
    appendFileSync(join(folder, '.repeated'), `${key}\n`);
    return 'duplicate';
  }

  return {
    async once(key, expiresAtMillis, effect) {
      if (!Number.isFinite(expiresAtMillis))
        throw new Error(`a key has a time at which it expires, got ${expiresAtMillis}`);
      if (placeOf(key).isThere) return recognized(key);
      const effects = [];
      let isOver = false;
      const add = (write) => {
        if (isOver) throw new Error('the transaction is over');
        effects.push(write);
      };
      try {
        await effect({ add });
      } finally {
        isOver = true;
      }
      for (;;) {
        const { file, isThere } = placeOf(key);
        if (isThere) return recognized(key);
        if (commit(file, { key, expiresAtMillis, effects })) return 'committed';
      }
    },

    /** What a handler writes to when it has no transaction: each write is committed at once, without a key, as a database does. */
    outside: { add: (write) => void commit(join(folder, `outside-${randomUUID()}`), { effects: [write] }) },
  };
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  }
}

module.exports = { effectStore };
