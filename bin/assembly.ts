/**
 * Compiles with jsii, `npm run build`. jsii looks modules up by names in which the compiler has escaped every character
 * beyond ASCII, so it finds none in a folder called `Entwürfe`. There the sources are compiled in a copy under the
 * system's temporary folder, and the result is copied back. What TypeScript cannot say is put into the compiled files at
 * the end, by `finish`.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finish } from './assembly/finish';

const ROOT = join(__dirname, '..');
/** What jsii reads, and what it writes. */
const SOURCES = ['package.json', 'tsconfig.json', 'README.md', 'LICENSE', 'NOTICE', 'lib', 'stacks', 'charts', 'bin'];
const WRITTEN = ['.jsii', 'dist/lib', 'dist/stacks', 'dist/charts', 'dist/bin'];

function main(): number {
  if (isAscii(realpathSync(ROOT))) return finished(jsii(ROOT));
  const temporary = realpathSync(tmpdir());
  if (!isAscii(temporary)) {
    console.error(
      `jsii compiles in folders with ASCII names alone, and ${temporary} is none: set TMPDIR to one that is`,
    );
    return 1;
  }
  const stage = mkdtempSync(join(temporary, 'backpressure-build-'));
  try {
    for (const name of SOURCES) cpSync(join(ROOT, name), join(stage, name), { recursive: true });
    copyModules(realpathSync(join(ROOT, 'node_modules')), join(stage, 'node_modules'));
    const status = jsii(stage);
    for (const name of WRITTEN.filter((one) => existsSync(join(stage, one)))) {
      rmSync(join(ROOT, name), { recursive: true, force: true });
      cpSync(join(stage, name), join(ROOT, name), { recursive: true });
    }
    return finished(status);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

function finished(status: number): number {
  if (status === 0) finish(ROOT);
  return status;
}

function jsii(folder: string): number {
  const program = join(folder, 'node_modules', 'jsii', 'bin', 'jsii');
  return spawnSync(process.execPath, [program], { cwd: folder, stdio: 'inherit' }).status ?? 1;
}

/** Hard links where both are on one file system: they have hundreds of megabytes and are only read. */
function copyModules(from: string, to: string): void {
  if (spawnSync('cp', ['-al', from, to], { stdio: 'ignore' }).status === 0) return;
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

process.exit(main());
