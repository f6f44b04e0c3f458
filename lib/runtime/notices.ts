/** The licences of the packages whose code is in a bundle. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

const MODULES = 'node_modules/';
const LICENCE_FILE = /^(licen[cs]e|copying|notice)([.-].*)?$/i;
const LINE = '-'.repeat(80);

/** A package as it lies in `node_modules`. */
interface Bundled {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly author: string;
  readonly text: string;
}

/** One text for all packages of a bundle; undefined when all its code is this project's own. */
export function noticesOf(root: string, metafile: Metafile, where = 'The file index.js'): string | undefined {
  const packages = packageFolders(metafile).map((folder) => read(join(root, folder)));
  if (packages.length === 0) return undefined;
  // Dozens of packages of one publisher have the same text.
  const byText = new Map<string, Set<string>>();
  for (const one of packages) {
    const line = [`${one.name} ${one.version}`, one.licence, one.author].filter(Boolean).join(', ');
    byText.set(one.text, (byText.get(one.text) ?? new Set()).add(line));
  }
  const parts = [...byText].map(([text, lines]) => `${LINE}\n${[...lines].sort().join('\n')}\n\n${text}\n`);
  return `${where} beside this one holds code of these packages. Their licences follow.\n\n${parts.sort().join('\n')}`;
}

/** Folders of the packages of which something is left in the bundle, relative to the root. */
export function packageFolders({ outputs }: Metafile): string[] {
  const files = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([file]) => file),
  );
  return [...new Set(files.filter((file) => file.includes(MODULES)).map(packageFolder))].sort();
}

function packageFolder(file: string): string {
  // A package may lie in the node_modules of another.
  const start = file.lastIndexOf(MODULES) + MODULES.length;
  const [first, second] = file.slice(start).split('/');
  return file.slice(0, start) + (first.startsWith('@') ? `${first}/${second}` : first);
}

function read(folder: string): Bundled {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).filter((file) => LICENCE_FILE.test(file));
  if (files.length === 0 && !license) throw new Error(`${name} ${version} has neither a licence nor names one`);
  return {
    name,
    version,
    licence: typeof license === 'string' ? license : (license?.type ?? 'see below'),
    author: typeof author === 'string' ? author : (author?.name ?? ''),
    text: files.length > 0 ? textOf(folder, files) : 'The package has no file with the text of its licence.',
  };
}

function textOf(folder: string, files: readonly string[]): string {
  const texts = [...files].sort().map((file) => readFileSync(join(folder, file), 'utf8').replace(/\r\n/g, '\n').trim());
  return texts.join('\n\n');
}
