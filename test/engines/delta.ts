/** delta-rs as the image of ContinuousCompaction has it, in a virtual environment that stays in a cache. */
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPython } from '../../bin/local/python';

const run = promisify(execFile);

const ROOT = join(__dirname, '..', '..');
const REQUIREMENTS = join(ROOT, 'requirements', 'compaction.txt');
const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'backpressure');
const VENV = join(CACHE, 'compaction', 'venv');
const STAMP = join(VENV, '.engines');
const INSTALL_TIMEOUT_MILLIS = 15 * 60_000;

/** Why delta-rs cannot be had on this machine; undefined when it can. */
export function deltaMissing(): string | undefined {
  const python = ['python3', 'python'].some((name) => spawnSync(name, ['-m', 'venv', '--help']).status === 0);
  return python ? undefined : 'no Python with venv';
}

/** The interpreter that has delta-rs; installed on the first call, every package by its hash. */
export async function deltaPython(): Promise<string> {
  const python = join(VENV, 'bin', 'python');
  const wanted = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return python;
  mkdirSync(VENV, { recursive: true });
  await run(await findPython(), ['-m', 'venv', VENV], { timeout: INSTALL_TIMEOUT_MILLIS });
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--require-hashes',
    '-r',
    REQUIREMENTS,
  ];
  await run(python, pip, { timeout: INSTALL_TIMEOUT_MILLIS });
  writeFileSync(STAMP, wanted);
  return python;
}
