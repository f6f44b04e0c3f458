/** Completion: sourced by a shell, and made from the commands that there are. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backpressure } from './harness';

const folder = mkdtempSync(join(tmpdir(), 'backpressure-completion-'));
afterAll(() => rmSync(folder, { recursive: true }));
const script = join(folder, 'completion.bash');
beforeAll(async () => {
  writeFileSync(script, (await backpressure('completion bash')).out);
  writeFileSync(join(folder, 'two words.yaml'), '');
});

/** What bash offers after these words, the last of which is begun. */
function offered(...words: string[]): string[] {
  const program = `
    set -eu
    source "$1"; shift
    complete -p backpressure | grep -q -- '-F _backpressure'
    COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=()
    _backpressure
    for reply in \${COMPREPLY[@]+"\${COMPREPLY[@]}"}; do printf '%s\\n' "$reply"; done`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', program, 'bash', script, 'backpressure', ...words], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.split('\n').filter((line) => line !== '');
}

test.each<[string[], string[]]>([
  [['si'], ['size', 'simulate']],
  [['size', '--pla'], ['--platform']],
  [
    ['size', '--platform', 'keda'],
    ['keda', 'keda-job'],
  ],
  [['size', '--steady', ''], []],
  [['size', '--html', 'two'], ['two words.yaml']],
  [['check', 'two'], ['two words.yaml']],
  [['check', '--json', 'two'], ['two words.yaml']],
  [['check', '--format', 'sa'], ['sarif']],
  [['check', '--fail-on', 'w'], ['warning']],
  [['simulate', '--case', '2', '--engine', 'k'], ['k8s']],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
])('bash, after %j: %j', (words, replies) => {
  expect(offered(...words)).toEqual(replies);
});

test('bash offers every command first', async () => {
  const { out } = await backpressure('--help');
  const commands = [...out.matchAll(/^ {2}([a-z]+) (?=.* {2,}|\[)/gm)].map(([, name]) => name);
  expect(commands.length).toBeGreaterThan(4);
  expect(offered('')).toEqual(expect.arrayContaining(commands));
});

describe.each(['bash', 'zsh', 'fish'])('%s', (shell) => {
  test.each(['size', 'simulate', 'cases', 'check', 'rules', 'exercise'])('has every option of %s', async (command) => {
    const { out: help } = await backpressure(`${command} --help`);
    const flags = [...help.matchAll(/^ {2}(?:-\w, )?--([a-z-]+)/gm)].map(([, flag]) => flag);
    const { code, out } = await backpressure(`completion ${shell}`);
    expect(code).toBe(0);
    const ofCommand = out.split('\n').filter((line) => line.includes(command));
    const body = shell === 'zsh' ? out.slice(out.indexOf(`  ${command}) `)).split(';;')[0] : ofCommand.join('\n');
    for (const flag of flags) expect(body).toMatch(new RegExp(`(--|-l )${flag}\\b`));
  });

  // Where the shell is there: it is no dependency of the project.
  test('is understood by the shell', async () => {
    const path = join(folder, `completion.${shell}`);
    writeFileSync(path, (await backpressure(`completion ${shell}`)).out);
    const { error, status, stderr } = spawnSync(shell, ['-n', path], { encoding: 'utf8' });
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return;
    expect([status, stderr]).toEqual([0, '']);
  });
});

test.each([
  ['completion tcsh', "value 'tcsh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish"],
  ['completion', "missing required argument 'shell'"],
  ['completion bash zsh', "too many arguments for 'completion'"],
])('%s is refused in one line', async (line, message) => {
  const { code, out, err } = await backpressure(line);
  expect([code, out]).toEqual([2, '']);
  expect(err.trimEnd()).toMatch(/^backpressure completion: [^\n]*$/);
  expect(err.replace(/[‘’]/g, "'")).toContain(message);
});
