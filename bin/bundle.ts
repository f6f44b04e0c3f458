/**
 * Bundles the command line into one file, `npm run bundle`: `dist/bundle/backpressure.cjs` needs Node and nothing else,
 * where a pipeline may not install packages.
 */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { noticesOf } from '../lib/runtime/notices';

const ROOT = join(__dirname, '..');

/** Writes the bundle and the licences of the code of others in it into a folder; returns the bundle's path. */
export async function bundle(folder: string): Promise<string> {
  const outfile = join(folder, 'backpressure.cjs');
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const { metafile } = await build({
    entryPoints: [join(ROOT, 'bin', 'backpressure.ts')],
    outfile,
    absWorkingDir: ROOT,
    bundle: true,
    minify: true,
    // Errors are told apart by their classes and named in messages.
    keepNames: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    define: { BUNDLED_VERSION: JSON.stringify(version) },
    legalComments: 'eof',
    logLevel: 'warning',
    metafile: true,
  });
  const notices = noticesOf(ROOT, metafile)?.replace('The file index.js', 'The file backpressure.cjs');
  if (notices !== undefined) writeFileSync(join(folder, 'THIRD-PARTY-NOTICES.txt'), notices);
  return outfile;
}

async function main(): Promise<void> {
  const folder = join(ROOT, 'dist', 'bundle');
  mkdirSync(folder, { recursive: true });
  const file = await bundle(folder);
  console.log(`bundle: ${Math.ceil(statSync(file).size / 1024)} KB`);
}

if (require.main === module) {
  main().catch((error) => {
    console.error(error);
    process.exit(1);
  });
}
