/**
 * What people have in their repositories, each kind as the smallest document that has its imbalance. A file or a folder
 * in `field/` is given to the command line whole; what it has to say stands in the file's first lines, or in the folder's
 * `expected.txt`:
 *
 *     # finds: BP-SQS-001 BP-KEDA-*     each of them; `error:BP-SQS-006` at that level, `a|b` one of the two
 *     # never: BP-CW-001 *              none of them
 *     # exit: 2
 *     # says: not started               in what is printed
 *     # silent about: retries an hour
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Answer, answer } from '../bin/harness';

const FIELD = join(__dirname, 'field');

interface Finding {
  readonly ruleId?: string;
  readonly severity?: string;
}

/** Reads expectations from comments. */
function expected(path: string): readonly (readonly [string, string])[] {
  const text = readFileSync(statSync(path).isDirectory() ? join(path, 'expected.txt') : path, 'utf8');
  const lines = text.split('\n');
  return lines.flatMap((line) => {
    const found = /^\W*(finds|never|exit|says|silent about): (.*)$/.exec(line);
    return found ? [[found[1], found[2]] as const] : [];
  });
}

function matches({ ruleId = '', severity }: Finding, wanted: string): boolean {
  return wanted.split('|').some((one) => {
    const [level, pattern] = one.includes(':') ? one.split(':') : [undefined, one];
    if (severity === undefined || (level !== undefined && level !== severity)) return false;
    return pattern.endsWith('*') ? ruleId.startsWith(pattern.slice(0, -1)) : ruleId === pattern;
  });
}

/** What is wrong with an answer, in words. */
function faults(
  [kind, value]: readonly [string, string],
  { code, out, err }: Answer,
  found: readonly Finding[],
): string[] {
  const words = value.split(' ');
  if (kind === 'exit') return code === Number(value) ? [] : [`exit code ${code} and not ${value}`];
  if (kind === 'says') return `${out}${err}`.includes(value) ? [] : [`does not say "${value}"`];
  if (kind === 'silent about') return `${out}${err}`.includes(value) ? [`says "${value}"`] : [];
  const met = (wanted: string) => found.some((finding) => matches(finding, wanted));
  return kind === 'finds'
    ? words.filter((wanted) => !met(wanted)).map((wanted) => `does not find ${wanted}`)
    : words.filter(met).map((wanted) => `finds ${wanted}`);
}

describe.each(readdirSync(FIELD).sort())('%s', (group) => {
  test.each(readdirSync(join(FIELD, group)).sort())('%s', async (name) => {
    const path = join(FIELD, group, name);
    const wanted = expected(path);
    expect(wanted.length).toBeGreaterThan(0);
    const run = await answer(['check', path, '--json']);
    const found = JSON.parse(run.out) as Finding[];
    // No case may pass because nothing was read.
    const unread = wanted.some(([kind]) => kind === 'exit') || !run.err.includes('neither');
    expect({ unread, faults: wanted.flatMap((one) => faults(one, run, found)), err: run.err }).toEqual({
      unread: true,
      faults: [],
      err: run.err,
    });
  });
});
