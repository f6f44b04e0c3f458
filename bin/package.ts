/**
 * Packs for npm and PyPI what `npm run build` compiled, `npm run package`. The checks of the Python package take no folder
 * with a space in its name, so the packages are made in the system's temporary folder and moved to `dist/package`.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');
const TARGETS = ['--targets', 'js', '--targets', 'python'];

function main(): number {
  const made = mkdtempSync(join(tmpdir(), 'backpressure-packages-'));
  try {
    const program = join(ROOT, 'node_modules', 'jsii-pacmak', 'bin', 'jsii-pacmak');
    const pacmak = [program, ...TARGETS, '--outdir', made];
    // `npm pack` in a fresh clone builds first, by `prepack`; here it is built already.
    const env = { ...process.env, npm_config_ignore_scripts: 'true' };
    const { status } = spawnSync(process.execPath, pacmak, { cwd: ROOT, stdio: 'inherit', env });
    if (status !== 0) return status ?? 1;
    const target = join(ROOT, 'dist', 'package');
    rmSync(target, { recursive: true, force: true });
    cpSync(made, target, { recursive: true });
    return 0;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

process.exit(main());
