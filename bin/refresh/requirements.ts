/**
 * `npm run requirements`: pins every package of `requirements/*.in`, and their dependencies, with the hashes of every
 * file that the index has of it, into `requirements/*.txt`. Present pins stay unless `--upgrade` is given.
 *
 * One file serves every Python from 3.10 on and every platform: differences have markers.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ProgramError, runProgram } from '../local/children';
import { installPython } from '../local/python';

const ROOT = join(__dirname, '..', '..');
const OLDEST_PYTHON = '3.10';

async function main(): Promise<void> {
  const bin = await installPython(ROOT, 'compile', (line) => console.error(line));
  const names = readdirSync(join(ROOT, 'requirements'))
    .filter((file) => file.endsWith('.in'))
    .map((file) => file.replace(/\.in$/, ''));
  for (const name of names) {
    await compile(bin, name, process.argv.slice(2));
    console.log(`requirements/${name}.txt`);
  }
}

async function compile(bin: string, name: string, options: readonly string[]): Promise<void> {
  const compiled = ['pip', 'compile', '--quiet', '--universal', '--python-version', OLDEST_PYTHON, '--generate-hashes'];
  const plain = ['--no-emit-index-url', '--no-emit-find-links', '--custom-compile-command', 'npm run requirements'];
  const files = [`requirements/${name}.in`, '--output-file', `requirements/${name}.txt`];
  await runProgram(join(bin, 'uv'), [...compiled, ...plain, ...files, ...options], { cwd: ROOT });
}

main().catch((error: Error) => {
  console.error(error instanceof ProgramError ? error.output : error.message);
  process.exit(1);
});
