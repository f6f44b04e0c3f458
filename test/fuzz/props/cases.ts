/** Runs cases in a process that can be ended, and goes on behind a case that never ends. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../../support/reference';
import type { Begun, Over } from './protocol';
import { caseOf, givenIn } from './table';

/** A case that is not over by then never ends. */
const ENDLESS_MILLIS = 10_000;

/** What became of the cases from `first` to before `end`. */
export async function runCases(seed: number, first: number, end: number): Promise<Over[]> {
  const all: Over[] = [];
  let stuckBefore: number | undefined;
  for (let next = first; next < end; ) {
    const { over, stuck } = await runUntilStuck(seed, next, end);
    all.push(...over);
    if (!stuck) return all;
    const { begun: number, subject } = stuck;
    // Once more from there: another process may have had the machine.
    next = number;
    if (stuckBefore !== number) {
      stuckBefore = number;
      continue;
    }
    const given = givenIn(caseOf(seed, number).drawn);
    all.push({ over: number, subject, millis: ENDLESS_MILLIS, refused: false, fault: 'it does not end', given });
    next = number + 1;
  }
  return all;
}

interface Part {
  readonly over: Over[];
  readonly stuck?: Begun;
}

function runUntilStuck(seed: number, first: number, end: number): Promise<Part> {
  const program = join(ROOT, 'test', 'fuzz', 'props', 'run.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...[seed, first, end].map(String)], {
    cwd: ROOT,
    env: { ...process.env, CDK_VALIDATION: 'false' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    const over: Over[] = [];
    let begun: Begun | undefined;
    let ended = false;
    let said = '';
    let timer: NodeJS.Timeout | undefined;
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
    createInterface(child.stdout).on('line', (text) => {
      const line = JSON.parse(text) as Begun | Over;
      clearTimeout(timer);
      if ('over' in line) over.push(line);
      else {
        begun = line;
        timer = setTimeout(() => {
          ended = true;
          child.kill('SIGKILL');
        }, ENDLESS_MILLIS);
      }
    });
    child.once('error', reject);
    child.once('close', (status) => {
      clearTimeout(timer);
      if (status === 0) resolve({ over });
      else if (begun && (ended || begun.begun !== over.at(-1)?.over)) resolve({ over, stuck: begun });
      else reject(new Error(`the cases from ${first} on were not run: ${said}`));
    });
  });
}
