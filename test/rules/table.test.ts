/**
 * What every rule of the table owes: an example that it finds, the same mended, and silence about what a template does
 * not decide. docs/rules/ holds the examples, by id.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rulesPage } from '../../docs/rules-page';
import { check } from '../../lib/rules/check';
import { Template } from '../../lib/rules/cloudformation/read/template';
import { SERVICE_SECONDS } from '../../lib/rules/kubernetes/read/service-time';
import { parseDocuments, readDocuments } from '../../lib/rules/read';
import { isMapping } from '../../lib/rules/resolved';
import type { Finding } from '../../lib/rules/rule';
import { RULES } from '../../lib/rules/table';

const EXAMPLES = join(__dirname, '..', '..', 'docs', 'rules');
const example = (id: string, which: 'wrong' | 'right') => readFileSync(join(EXAMPLES, id, `${which}.yaml`), 'utf8');
const findings = (text: string) => check(readDocuments([{ file: 'example.yaml', text }]));

test('ids are unique, and every one has its examples', () => {
  const ids = RULES.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(readdirSync(EXAMPLES).sort()).toEqual([...ids].sort());
});

test('each rule that goes by the time of an item is in the table of those that need its annotation', () => {
  const page = rulesPage();
  const users = RULES.map(({ id }) => id).filter((id) => example(id, 'wrong').includes(SERVICE_SECONDS));
  expect(users.length).toBeGreaterThan(2);
  for (const id of users) expect(page).toMatch(new RegExp(`^\\| ${id}, `, 'm'));
});

describe.each(RULES.map((rule) => [rule.id, rule] as const))('%s', (id, rule) => {
  test('says what, why and from where', () => {
    expect(id).toMatch(/^BP-[A-Z0-9]+-\d{3}$/);
    for (const text of [rule.title, rule.why, rule.source]) expect(text).toMatch(/^[A-Z`].{9,}/);
    expect(rule.title).not.toMatch(/\.$/);
    expect(rule.why).toMatch(/\.$/);
    for (const number of rule.cases) expect(number).toBeGreaterThanOrEqual(1);
  });

  test('finds its example, and nothing else does', () => {
    const found = findings(example(id, 'wrong'));
    expect(found.map(({ ruleId }) => ruleId)).toContain(id);
    expect(new Set(found.map(({ ruleId }) => ruleId))).toEqual(new Set([id]));
    for (const { message, fix, severity } of found) {
      expect(severity).toBe(rule.severity);
      expect(message).not.toMatch(/undefined|NaN|\[object|\.$/);
      expect(fix).not.toMatch(/undefined|NaN|\[object|\.$/);
    }
  });

  test('nothing is found in the example mended', () => {
    expect(findings(example(id, 'right'))).toEqual([]);
  });
});

/** Every place in a template's resources at which a parameter may stand instead. */
function* leaves(value: unknown, way: readonly (string | number)[] = []): Iterable<readonly (string | number)[]> {
  if (way.length > 2) yield way;
  if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* leaves(item, [...way, i]);
  else if (isMapping(value)) {
    for (const key of Object.keys(value)) {
      // A parameter stands only among the properties, and never inside of a function that wants a literal.
      if (way.length === 1 && key !== 'Properties') continue;
      if (!key.startsWith('Fn::') && key !== 'Ref') yield* leaves(value[key], [...way, key]);
    }
  }
}

function replaced(value: unknown, way: readonly (string | number)[], by: unknown): unknown {
  if (way.length === 0) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>;
  copy[way[0]] = replaced(copy[way[0]], way.slice(1), by);
  return copy;
}

const places = (found: readonly Finding[]) => new Set(found.map(({ ruleId, resource }) => `${ruleId} ${resource}`));
const templates = RULES.flatMap(({ id }) =>
  (['wrong', 'right'] as const).flatMap((which) =>
    parseDocuments('example.yaml', example(id, which))
      .filter((body) => isMapping(body.Resources))
      .map((body) => [`${id} ${which}`, body] as const),
  ),
);

test.each(templates)('%s: whatever a parameter decides instead, nothing more is found', (_, body) => {
  const before = places(check([new Template(body, 'example.yaml')]));
  for (const way of leaves(body.Resources)) {
    const Resources = replaced(body.Resources, way, { Ref: 'Somebody' }) as Record<string, unknown>;
    const after = places(check([new Template({ ...body, Resources }, 'example.yaml')]));
    expect({ way: way.join('.'), more: [...after].filter((place) => !before.has(place)) }).toEqual({
      way: way.join('.'),
      more: [],
    });
  }
});

test.each(templates.filter(([name]) => name.endsWith('wrong')))(
  '%s: when a parameter decides the place that is wrong, it is not found',
  (_, body) => {
    for (const { ruleId, resource, path } of check([new Template(body, 'example.yaml')])) {
      const way = [resource, ...path.split(/[.[\]]+/).filter((key) => key !== '')];
      const Resources = replaced(body.Resources, way, { Ref: 'Somebody' }) as Record<string, unknown>;
      const after = check([new Template({ ...body, Resources }, 'example.yaml')]);
      expect(after.filter((finding) => finding.ruleId === ruleId && finding.resource === resource)).toEqual([]);
    }
  },
);
