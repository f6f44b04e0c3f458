/** The changelog of a version that is not released names every construct, and the README leads to every page of docs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CASES } from '../../lib/cases/catalogue';
import { ROOT } from '../support/reference';

const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');

const list = (engine: 'aws' | 'k8s') => {
  const text = read('CHANGELOG.md');
  const start = text.indexOf({ aws: 'Constructs for AWS:', k8s: 'For Kubernetes:' }[engine]);
  return text.slice(start, text.indexOf('\n- ', start));
};

test.each(['aws', 'k8s'] as const)('the list of constructs for %s is complete', (engine) => {
  const available = CASES.flatMap(({ constructs }) =>
    constructs.flatMap(({ name, engines, available: is }) => (is && engines.includes(engine) ? [name] : [])),
  );
  expect([...new Set(available)].filter((name) => !list(engine).includes(`\`${name}\``))).toEqual([]);
});

test('the README leads to every page that is written by hand for users', () => {
  // Of one construct, and linked from its page.
  const pages = readdirSync(join(ROOT, 'docs')).filter(
    (name) => name.endsWith('.md') && name !== 'webhooks-on-kafka.md',
  );
  expect(pages.filter((name) => !read('README.md').includes(`(docs/${name}`))).toEqual([]);
});
