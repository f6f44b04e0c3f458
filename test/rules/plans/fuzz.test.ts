/** Plans with anything in the place of anything: findings or none, never a fault of ours. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { judgeEach } from '../../../lib/rules/check';
import { readingOf } from '../../../lib/rules/read';
import { runs } from '../../support/property';

const FILES = ['same', 'right'].flatMap((folder) =>
  readdirSync(join(__dirname, folder)).flatMap((name) =>
    ['plan.json', 'state.json'].map((file) => readFileSync(join(__dirname, folder, name, file), 'utf8')),
  ),
);

const JUNK = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1e308, '', 'x', [], {}, [null], { Ref: 'x' }, { 'Fn::Sub': 1 }, [
    'a',
    'a',
  ]),
  fc.constantFrom<unknown>({ references: ['var.x', 'local.x', 'module.a.b', 'each.value', 'aws_sqs_queue'] }),
  fc.constantFrom<unknown>(JSON.parse('{"__proto__": {"a": 1}, "constructor": []}')),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Every place of a value: what holds it, and its key. */
function placesIn(
  value: unknown,
  found: [Record<string, unknown>, string][] = [],
): [Record<string, unknown>, string][] {
  if (typeof value !== 'object' || value === null) return found;
  for (const key of Object.keys(value)) {
    found.push([value as Record<string, unknown>, key]);
    placesIn((value as Record<string, unknown>)[key], found);
  }
  return found;
}

test('some values of a plan are others', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: FILES.length - 1 }),
      fc.array(fc.tuple(fc.nat(), JUNK), { minLength: 1, maxLength: 8 }),
      (file, changes) => {
        const parsed = JSON.parse(FILES[file]);
        for (const [at, junk] of changes) {
          const places = placesIn(parsed);
          const [holder, key] = places[at % places.length];
          holder[key] = structuredClone(junk);
        }
        const { failures } = judgeEach(readingOf([{ file: 'plan.json', parsed }]));
        return failures.every(({ ours }) => !ours);
      },
    ),
    { numRuns: runs },
  );
  expect(({} as { a?: number }).a).toBeUndefined();
});
