/** Lines in JSON are found by a scanner of its own; it sees what the parser of YAML sees, or gives way to it. */
import fc from 'fast-check';
import { jsonPlaces } from '../../lib/rules/json-places';
import { linesOf } from '../../lib/rules/lines';
import type { Place } from '../../lib/rules/place';
import { yamlPlaces } from '../../lib/rules/yaml-places';
import { runs } from '../support/property';

/** Line, text and what is below of every place. */
function outline(text: string, place: Place): unknown {
  const line = text.slice(0, place.start).split('\n').length;
  return [line, place.text?.(), [...place.below].map(([key, below]) => [key, outline(text, below)])];
}

test('every document of JSON has the places that the parser of YAML finds', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(0, 1, 2), (value, indent) => {
      const text = JSON.stringify({ top: value }, null, indent);
      const [expected] = yamlPlaces(text);
      expect(outline(text, jsonPlaces(text) as Place)).toEqual(outline(text, expected));
    }),
    { numRuns: runs },
  );
});

test.each([
  ['a flow mapping of YAML', '{a: 1}'],
  ['a text over two lines', '{"a": "one\n two"}'],
  ['an escape that JSON does not have', '{"a": "\\x41"}'],
  ['a date', '{"a": 2026-01-01}'],
  ['a comma too many', '{"a": [1,]}'],
  ['a comment', '{"a": 1} # one'],
  ['two documents', '{"a": 1}\n---\n{"b": 2}'],
  ['a text that ends early', '{"a": {"b": "c'],
  ['brackets beyond every depth', `${'['.repeat(100_000)}`],
])('%s is left to the parser of YAML', (_, text) => {
  expect(jsonPlaces(text)).toBeUndefined();
});

test('the line of a finding in JSON is that of its key', () => {
  const text = JSON.stringify({ Resources: { Orders: { Properties: { VisibilityTimeout: 3 } } } }, null, 2);
  const lineOf = linesOf(text);
  expect(lineOf({ resource: 'Orders', path: 'Properties.VisibilityTimeout' })).toBe(5);
  expect(lineOf({ resource: 'Orders', path: 'Properties.Nothing' })).toBe(4);
});
