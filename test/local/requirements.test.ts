/** What pip installs for this project: every package pinned, with the hashes of its files. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/reference';

const FOLDER = join(ROOT, 'requirements');
const files = (extension: string) =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith(extension))
    .map((name) => name.slice(0, -extension.length));

interface Pin {
  readonly name: string;
  readonly version: string;
  readonly marker: string;
  readonly hashes: number;
}

/** The requirements of a file; a line that is none of the expected kinds is an error. */
function pinsOf(name: string): Pin[] {
  const text = readFileSync(join(FOLDER, `${name}.txt`), 'utf8').replace(/ \\\n\s+/g, ' ');
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));
  return lines.map((line) => {
    const parsed = /^([a-z0-9.-]+)==([^ ]+)(?: ; ([^-]+?))?((?: --hash=sha256:[0-9a-f]{64})+)$/.exec(line);
    if (!parsed) throw new Error(`${name}.txt: ${line}`);
    return {
      name: parsed[1],
      version: parsed[2],
      marker: parsed[3] ?? '',
      hashes: parsed[4].split('--hash').length - 1,
    };
  });
}

test.each(files('.in'))('every package of %s.txt is pinned with the hashes of its files', (name) => {
  const pins = pinsOf(name);
  expect(pins.length).toBeGreaterThan(0);
  const asked = readFileSync(join(FOLDER, `${name}.in`), 'utf8').matchAll(/^([\w-]+)==(\S+)$/gm);
  for (const [, asks, version] of asked) expect(pins).toContainEqual(expect.objectContaining({ name: asks, version }));
});

test('every file is written from another: none was added by hand', () => {
  expect(files('.txt')).toEqual(files('.in'));
});

test('files that share an environment agree on the version of every package that they share', () => {
  // The engines have an environment of their own, and each Java has one.
  const pins = files('.in')
    .filter((name) => name !== 'engines' && !name.startsWith('jdk'))
    .flatMap(pinsOf);
  const versions = new Map<string, Set<string>>();
  for (const { name, version, marker } of pins) {
    // A package that is needed on old versions of Python alone stands behind a marker in one file and not in another.
    const key = pins.filter((pin) => pin.name === name).every((pin) => pin.marker !== '') ? `${name} ${marker}` : name;
    versions.set(key, (versions.get(key) ?? new Set()).add(version));
  }
  expect([...versions].filter(([, found]) => found.size > 1).map(([name]) => name)).toEqual([]);
});

test('no file names the index that it was pinned from', () => {
  for (const name of files('.txt')) expect(readFileSync(join(FOLDER, `${name}.txt`), 'utf8')).not.toMatch(/https?:/);
});
