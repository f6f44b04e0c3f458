/** docs/dependencies.md has a line for every dependency and no line for anything else. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const page = readFileSync(join(ROOT, 'docs', 'dependencies.md'), 'utf8');

function declared(): string[] {
  const npm = [manifest.dependencies, manifest.peerDependencies, manifest.devDependencies].flatMap(Object.keys);
  // What we ask for; the .txt beside it holds what that asks for in turn.
  const asked = readdirSync(join(ROOT, 'requirements')).filter((file) => file.endsWith('.in'));
  const python = asked.flatMap((file) => readFileSync(join(ROOT, 'requirements', file), 'utf8').split('\n'));
  const names = python.flatMap((line) => /^([A-Za-z0-9._-]+)\s*[=<>~!]/.exec(line)?.[1] ?? []);
  return [...new Set([...npm, ...names])].sort();
}

/** First cell of every row; a row has the purpose, the upkeep and the size beside it. */
function described(): string[] {
  return [...page.matchAll(/^\| `([^`]+)` \|[^|]{5,}\|[^|]{5,}\| [\d.]+ MB \|$/gm)].map((match) => match[1]);
}

test('every dependency is explained, and every explanation is of a dependency', () => {
  expect(described().sort()).toEqual(declared());
});

test('nothing is explained twice', () => {
  expect(new Set(described()).size).toBe(described().length);
});
