/** What a consumer of a torture run does with a letter: it works on it, and writes its effect to a transaction of the store. */
const { setTimeout: wait } = require('node:timers/promises');
const { effectStore } = require('./effect-store.cjs');
const { workTime } = require('./work-time.cjs');

const { EFFECTS, VERSION = '1', WORK_MILLIS } = process.env;
/** Longer than any run. */
const KEPT_MILLIS = 86_400_000;

const time = workTime(Number(WORK_MILLIS));

/** The store of the run. Consumers whose effects are elsewhere have no folder for it. */
const store = EFFECTS === undefined ? undefined : effectStore(EFFECTS, globalThis.trueNow);

/** Reads a letter. Throws for what is no letter, and for one that can never have its effect. */
function letterIn(body) {
  let letter;
  try {
    letter = JSON.parse(body);
  } catch {
    // What a careless handler says: all that it was given.
    throw new Error(`no letter: ${body.slice(0, 200)}`);
  }
  // Not the body as it came, which a consumer can leave out whole.
  if (letter.never) throw new Error(JSON.stringify({ reason: 'never', ...letter }));
  return letter;
}

/** Works on a letter; gives what it says. */
async function worked(body) {
  const letter = letterIn(body);
  // Not by the clock of this machine, which may jump.
  const overAt = time.overAt(performance.now());
  await wait(Math.max(0, overAt - performance.now()));
  time.ended(overAt);
  return letter;
}

/** Works on a letter, and writes its effect; without a transaction it is committed at once. */
async function effectOf(body, transaction = store.outside) {
  const { id, key, place } = await worked(body);
  transaction.add({ id, key, place, version: Number(VERSION) });
}

/**
 * The effect of a letter once, where the consumer leaves that to its handler.
 *
 * @param key what two deliveries of a letter have in common. Default: the letter's id
 */
async function handle(body, key = letterIn(body).id) {
  await store.once(key, globalThis.trueNow() + KEPT_MILLIS, (transaction) => effectOf(body, transaction));
}

module.exports = { effectOf, handle, store, worked };
