/**
 * The store of effects of a torture run, and what a consumer does with a letter. An effect and its key are one file, made by a
 * link: it is there whole or not at all, and only once, whoever is killed.
 */
const { appendFileSync, linkSync, unlinkSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const { EFFECTS, VERSION = '1', WORK_MILLIS } = process.env;

/** Works on a letter; gives what it says. Throws for what is no letter. */
async function worked(body) {
  let letter;
  try {
    letter = JSON.parse(body);
  } catch {
    // What a careless handler says: all that it was given.
    throw new Error(`no letter: ${body.slice(0, 200)}`);
  }
  await new Promise((resolve) => setTimeout(resolve, Number(WORK_MILLIS)));
  return letter;
}

/** Works on a letter, then has its effect, once. */
async function handle(body) {
  const { id, key, place } = await worked(body);
  const draft = join(EFFECTS, `.${process.pid}-${id}`);
  const [at, order] = [globalThis.trueNow(), String(process.hrtime.bigint())];
  writeFileSync(draft, JSON.stringify({ id, key, place, at, order, version: Number(VERSION) }));
  try {
    linkSync(draft, join(EFFECTS, id));
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    appendFileSync(join(EFFECTS, '.repeated'), `${id}\n`);
  } finally {
    unlinkSync(draft);
  }
}

module.exports = { handle, worked };
