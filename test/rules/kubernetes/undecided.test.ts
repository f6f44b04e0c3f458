/**
 * A manifest with placeholders is one that somebody has yet to fill in: no rule says anything about what stands there.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check } from '../../../lib/rules/check';
import { Manifests } from '../../../lib/rules/kubernetes/read/manifests';
import { parseDocuments } from '../../../lib/rules/read';
import { isMapping } from '../../../lib/rules/resolved';

type Way = readonly (string | number)[];

const EXAMPLES = join(__dirname, '..', '..', '..', 'docs', 'rules');
const PLACEHOLDER = '{{ .Values.somebody }}';

const examples = readdirSync(EXAMPLES).flatMap((id) =>
  (['wrong', 'right'] as const).flatMap((which) => {
    const bodies = parseDocuments('example.yaml', readFileSync(join(EXAMPLES, id, `${which}.yaml`), 'utf8'));
    return isMapping(bodies[0].Resources) ? [] : [[`${id} ${which}`, bodies] as const];
  }),
);

/** Every place of a manifest but what says which kind of object it is. */
function* places(value: unknown, way: Way = []): Iterable<Way> {
  if (way.length > 0) yield way;
  if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* places(item, [...way, i]);
  else if (isMapping(value)) {
    for (const key of Object.keys(value)) {
      if (way.length > 0 || !['apiVersion', 'kind', 'metadata'].includes(key)) yield* places(value[key], [...way, key]);
    }
  }
}

function replaced(value: unknown, way: Way, by: unknown): unknown {
  if (way.length === 0) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>;
  copy[way[0]] = replaced(copy[way[0]], way.slice(1), by);
  return copy;
}

function findings(bodies: readonly Record<string, unknown>[]) {
  return check([new Manifests(bodies.map((body) => ({ file: 'example.yaml', body })))]);
}

test.each(examples)('%s: whatever a placeholder stands for, nothing more is found', (_, bodies) => {
  const key = ({ ruleId, resource }: { ruleId: string; resource: string }) => `${ruleId} ${resource}`;
  const before = new Set(findings(bodies).map(key));
  for (const [i, body] of bodies.entries()) {
    for (const way of places(body)) {
      const filled = bodies.map((each, j) => (i === j ? replaced(each, way, PLACEHOLDER) : each));
      const more = findings(filled as Record<string, unknown>[])
        .map(key)
        .filter((found) => !before.has(found));
      expect({ way: way.join('.'), more }).toEqual({ way: way.join('.'), more: [] });
    }
  }
});

test.each(examples.filter(([name]) => name.endsWith('wrong')))(
  '%s: when a placeholder stands in the place that is wrong, it is not found',
  (_, bodies) => {
    for (const { ruleId, resource, path } of findings(bodies)) {
      const i = bodies.findIndex((body) => resource === `${body.kind}/${(body.metadata as { name?: string }).name}`);
      // An object without a name cannot be given one by a placeholder: it is then another object.
      if (i < 0) continue;
      const filled = bodies.map((each, j) => (i === j ? replaced(each, wayIn(each, path), PLACEHOLDER) : each));
      const after = findings(filled as Record<string, unknown>[]);
      expect(after.filter((finding) => finding.ruleId === ruleId && finding.path === path)).toEqual([]);
    }
  },
);

/** A path as keys; keys may hold dots, so that it is looked up in the body as far as that goes. */
function wayIn(body: unknown, path: string): Way {
  if (path === '') return [];
  const index = /^\[(\d+)\]\.?/.exec(path);
  if (index) return [Number(index[1]), ...wayIn((body as unknown[])?.[Number(index[1])], path.slice(index[0].length))];
  const known = isMapping(body)
    ? Object.keys(body)
        .filter((key) => path === key || path.startsWith(`${key}.`) || path.startsWith(`${key}[`))
        .sort((a, b) => b.length - a.length)[0]
    : undefined;
  const key = known ?? /^[^.[]+/.exec(path)![0];
  const rest = path.slice(key.length).replace(/^\./, '');
  return [key, ...wayIn(isMapping(body) ? body[key] : undefined, rest)];
}
