/** SECURITY.md names every way to connect without TLS. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/reference';

const page = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8');
const LAYERS = ['aws', 'k8s', 'gcp'].map((layer) => join(ROOT, 'lib', layer));

/** Each interface with a choice about TLS, and the choice. */
const choices = LAYERS.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const parts = readFileSync(join(folder, name), 'utf8')
        .split(/^export interface (\w+)/m)
        .slice(1);
      return parts.flatMap((body, index) =>
        index % 2 === 0
          ? []
          : [...body.matchAll(/^ {2}readonly (tls|requireTls|ssl|insecure\w*|plain\w*)\?: boolean;/gim)].map(
              ([, prop]) => [parts[index - 1], prop] as const,
            ),
      );
    }),
);

test('there are such choices', () => expect(choices.length).toBeGreaterThan(3));

test.each(choices)('%s.%s is named', (name, prop) => {
  expect(page).toContain(`\`${name}\``);
  expect(page).toContain(`\`${prop}\``);
});
