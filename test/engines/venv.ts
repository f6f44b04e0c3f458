/** Virtual environments of engine tests, which stay in a cache: every package of a file of `requirements/`, by its hash. */
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPython } from '../../bin/local/python';

const run = promisify(execFile);

const ROOT = join(__dirname, '..', '..');
const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'backpressure');
const INSTALL_TIMEOUT_MILLIS = 15 * 60_000;

/** Why no environment can be made on this machine; undefined when one can. */
export function pythonMissing(): string | undefined {
  const python = ['python3', 'python'].some((name) => spawnSync(name, ['-m', 'venv', '--help']).status === 0);
  return python ? undefined : 'no Python with venv';
}

/** The interpreter that has the packages of `requirements/<name>.txt`; installed on the first call. */
export async function pythonWith(name: string): Promise<string> {
  const requirements = join(ROOT, 'requirements', `${name}.txt`);
  const venv = join(CACHE, name, 'venv');
  const stamp = join(venv, '.engines');
  const python = join(venv, 'bin', 'python');
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  mkdirSync(venv, { recursive: true });
  const limit = { timeout: INSTALL_TIMEOUT_MILLIS };
  await run(await findPython(), ['-m', 'venv', venv], limit);
  const quiet = ['--quiet', '--disable-pip-version-check'];
  await run(python, ['-m', 'pip', 'install', ...quiet, '--require-hashes', '-r', requirements], limit);
  writeFileSync(stamp, wanted);
  return python;
}
