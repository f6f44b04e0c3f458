/** The backfill of the torture run on MongoDB's protocol: MongoDB's shell with the shipped script, as the container of the Job runs it. */
const { MONGOSH_PROGRAM, BACKFILL } = process.env;

console.log(JSON.stringify({ ready: true }));
// This process becomes the shell, so that a kill is its kill.
process.argv.splice(2, process.argv.length, '--nodb', '--quiet', '--norc', '--file', BACKFILL);
require(MONGOSH_PROGRAM);
