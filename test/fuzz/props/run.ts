/**
 * Runs cases in a process of its own, so that one that never ends can be ended: a line when a case begins, one when it is
 * over. `node --import tsx run.ts <seed> <first> <end>`
 */
import { createInterface } from 'node:readline';
import type { Begun, Over } from './protocol';
import { caseOf, givenIn, SUBJECTS } from './table';
import { hole, named } from './verdict';

/** A case that takes longer is made once more: another process may have had the machine. */
const SLOW_MILLIS = 1000;

async function main(): Promise<void> {
  const [seed, first, end] = process.argv.slice(2).map(Number);
  for (let index = first; index < end; index += 1) {
    write({ begun: index, subject: SUBJECTS[index % SUBJECTS.length].name });
    write(await judge(index, seed));
  }
}

async function judge(index: number, seed: number): Promise<Over> {
  const { subject, drawn } = caseOf(seed, index);
  const over = async (): Promise<Over> => {
    const began = process.cpuUsage();
    let fault: string | undefined;
    let refused = false;
    try {
      fault = hole(await drawn.make());
      if (fault) fault = `the document holds ${fault}`;
    } catch (error) {
      refused = named(error);
      if (!refused) fault = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    }
    const { user, system } = process.cpuUsage(began);
    const millis = (user + system) / 1000;
    return { over: index, subject: subject.name, millis, refused, fault };
  };
  let last = await over();
  if (last.millis > SLOW_MILLIS) last = await over();
  if (last.millis > SLOW_MILLIS) last = { ...last, fault: last.fault ?? `it took ${Math.round(last.millis)} ms` };
  return last.fault ? { ...last, given: givenIn(drawn) } : last;
}

function write(line: Begun | Over): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

// The parent that is gone wants no more of it.
createInterface(process.stdin).once('close', () => process.exit(1));
main().then(
  () => {
    // A program that is refused half-way leaves promises behind, for which Pulumi's runtime would fail the whole run.
    process.once('exit', () => {
      process.exitCode = 0;
    });
    process.exit(0);
  },
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
