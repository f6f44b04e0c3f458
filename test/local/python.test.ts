/** The virtual environment: complete or made anew, and what is said when it cannot be made. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPython, installPython } from '../../bin/local/python';
import { type Behaviour, Checkout, type Stage } from './checkout';

const checkout = new Checkout();
const { root } = checkout;
/** For stages that end by themselves, on a machine that is busy. */
const AMPLE = { answerMillis: 60_000, makeMillis: 60_000, installMillis: 60_000 };
/** For the stage that never ends. */
const SHORT = {
  version: { ...AMPLE, answerMillis: 1000 },
  venv: { ...AMPLE, makeMillis: 1000 },
  pip: { ...AMPLE, installMillis: 1000 },
};

function limitsOf({ stage, failure }: Behaviour): typeof AMPLE {
  const hangs = stage === 'version' || stage === 'venv' || stage === 'pip';
  return hangs && failure === undefined ? SHORT[stage] : AMPLE;
}
/** At no stage of an installation. */
const WORKS: Behaviour = { stage: 'deploy' };

beforeEach(() => rmSync(join(root, '.venv'), { recursive: true, force: true }));
afterAll(() => checkout.remove());

/** Installs, and gives back what was said. */
async function install(behaviour: Behaviour = WORKS, requirements = 'local'): Promise<string[]> {
  const said: string[] = [];
  const env = { ...checkout.environment(behaviour), PATH: '/nonexistent' };
  await installPython(root, requirements, (line) => said.push(line), {
    env,
    limits: limitsOf(behaviour),
  });
  return said;
}

test('an environment is made once and each requirements file installed once', async () => {
  expect(await install()).toEqual(['making a virtual environment in .venv', 'installing requirements/local.txt']);
  expect(await install()).toEqual([]);
  expect(await install(WORKS, 'judges')).toEqual(['installing requirements/judges.txt']);
  expect(await install()).toEqual([]);
});

describe('it is made anew', () => {
  const ANEW = ['making anew the virtual environment in .venv', 'installing requirements/local.txt'];

  test.each<[string, Stage]>([
    ['it was half made', 'venv'],
    ['pip was ended half way', 'pip'],
  ])('when %s', async (_, stage) => {
    await expect(install({ stage })).rejects.toThrow('did not end within 1 s');
    expect(existsSync(join(root, '.venv', 'bin', 'python'))).toBe(true);
    expect(await install()).toEqual(ANEW);
    expect(checkout.left()).toEqual([]);
  });

  test('when its Python no longer runs, as after an update of the machine', async () => {
    await install();
    rmSync(join(root, '.venv', 'bin', 'python'));
    expect(await install()).toEqual(ANEW);
  });

  test('when it was copied from another checkout, whose path is in its programs', async () => {
    await install();
    writeFileSync(join(root, '.venv', '.complete'), '/elsewhere/.venv');
    expect(await install()).toEqual(ANEW);
  });

  test('when an earlier version of this program made it', async () => {
    await install();
    rmSync(join(root, '.venv', '.complete'));
    expect(await install()).toEqual(ANEW);
  });
});

test('other requirements are installed into it', async () => {
  await install();
  const file = join(root, 'requirements', 'local.txt');
  const before = readFileSync(file);
  writeFileSync(file, `${before}\n# changed\n`);
  expect(await install()).toEqual(['installing requirements/local.txt']);
  writeFileSync(file, before);
});

test('what pip refuses by itself spoils nothing that was installed before', async () => {
  await install();
  await expect(install({ stage: 'pip', failure: 'ERROR: no' }, 'judges')).rejects.toThrow('judges.txt: ERROR: no');
  expect(await install()).toEqual([]);
});

describe('why it cannot be made is said in one sentence', () => {
  test.each<[Behaviour, string]>([
    [
      { stage: 'pip', failure: "WARNING: Retrying: NewConnectionError('refused')\nERROR: No matching distribution" },
      'pip could not install requirements/local.txt: ERROR: No matching distribution; is a package index reachable?',
    ],
    [
      { stage: 'pip', failure: 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n  Got 12ab' },
      'Got 12ab; a package is not the one that was pinned, `npm run requirements` pins anew.',
    ],
    [
      { stage: 'pip', failure: 'ERROR: [Errno 28] No space left on device' },
      'pip could not install requirements/local.txt: ERROR: [Errno 28] No space left on device.',
    ],
    [
      { stage: 'venv', failure: 'The virtual environment was not created because ensurepip is not available.' },
      'ensurepip is not available; on Debian install python3-venv.',
    ],
    [
      { stage: 'venv', failure: 'Error: [Errno 13] Permission denied' },
      'Python could not make a virtual environment: Error: [Errno 13] Permission denied.',
    ],
  ])('%j', async (behaviour, sentence) => {
    const error = await install(behaviour).catch((thrown: Error) => thrown as Error);
    expect((error as Error).message.split('\n')[0]).toMatch(new RegExp(`${escaped(sentence)}$`));
    expect((error as Error).message).toContain('npx cdk deploy');
  });

  test('no Python', async () => {
    await expect(findPython({ PATH: '/nonexistent' })).rejects.toThrow(
      /needs Python 3\.10 or later, found none; .*\n.*AWS_ENDPOINT_URL.*npx cdk deploy/,
    );
  });

  test('a Python that hangs', async () => {
    const env = { ...checkout.environment({ stage: 'version', stubborn: true }), PATH: '/nonexistent' };
    await expect(findPython(env, { limits: SHORT.version })).rejects.toThrow(
      /stand-in, which did not answer within 1 s;/,
    );
    expect(checkout.left()).toEqual([]);
  });
});

test('two installations at once wait for each other, and the second finds the work done', async () => {
  const [first, second] = await Promise.all([install(), install()]);
  expect([...first, ...second].filter((line) => line.startsWith('installing'))).toHaveLength(1);
  expect(second).toEqual([`waiting for process ${process.pid}, which installs into .venv`]);
  // And nothing of a lock is left over.
  expect(readdirSync(join(root, 'dist')).filter((name) => name.startsWith('venv.lock'))).toEqual([]);
});

test('an aborted installation says so, and nothing of it goes on', async () => {
  const controller = new AbortController();
  const env = { ...checkout.environment({ stage: 'pip' }), PATH: '/nonexistent' };
  const installing = installPython(root, 'local', (line) => line.startsWith('installing') && controller.abort(), {
    env,
    signal: controller.signal,
  });
  await expect(installing).rejects.toThrow(/abort/i);
  expect(checkout.left()).toEqual([]);
});

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
