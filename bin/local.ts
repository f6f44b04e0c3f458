/** `npm start`: a local AWS, the reference environment order intake on it, a flood, and the books. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { MachineError, startLocalAws } from './local/emulator';
import { type RunReport, runIntake } from './local/intake';
import { Progress } from './local/progress';
import { renderReport } from './local/report';
import { recordPage, summary } from './local/summary';

const ROOT = join(__dirname, '..');
const EXIT = { ok: 0, booksOpen: 1, badInput: 2, machine: 3, interrupted: 130 };

interface Options {
  readonly deliveries: number;
  readonly rate: number;
  readonly seed: number;
  readonly keep: boolean;
  readonly json: boolean;
  readonly record: boolean;
}

const program = new Command('npm start --')
  .description('Deploys the reference environment to a local AWS, floods it with signed webhooks and closes the books.')
  .option('--deliveries <count>', 'deliveries to send, 1,000 to 1,000,000', wholeNumber(1000, 1_000_000), 21_600)
  .option('--rate <per second>', 'deliveries a second, 10 to 5,000', wholeNumber(10, 5000), 120)
  .option('--seed <number>', 'seed of the deliveries, 0 to 2,147,483,647', wholeNumber(0, 2_147_483_647), 1)
  .option('--keep', 'leave the local AWS running afterwards', false)
  .option('--record', 'write the figures to docs/measured/order-intake.md', false)
  .option('--json', 'print run.json to stdout', false)
  .addHelpText(
    'after',
    '\nWrites dist/report/run.json and dist/report/index.html. Exit status 1 when the books do not close.',
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.badInput));

async function main(): Promise<number> {
  program.parse();
  const options = program.opts<Options>();
  const progress = new Progress();
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    // Not once: an impatient second Ctrl-C must not end this process before it has ended the local AWS.
    process.on(name, () => {
      if (!interrupted.signal.aborted) progress.say(`\n${name}: stopping the local AWS …`);
      interrupted.abort(new Error('interrupted'));
    });
  }
  const aws = await progress.stage('local AWS', () => startLocalAws(ROOT, (line) => progress.say(`  ${line}`)));
  try {
    const { deliveries, rate, seed } = options;
    const report = await runIntake(
      { root: ROOT, deliveries, perSecond: rate, seed, progress, signal: interrupted.signal },
      aws,
    );
    write(report);
    if (options.record) record(report);
    progress.say(summary(report));
    if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return report.ok ? EXIT.ok : EXIT.booksOpen;
  } catch (error) {
    if (interrupted.signal.aborted) return EXIT.interrupted;
    throw error;
  } finally {
    if (options.keep && !interrupted.signal.aborted)
      progress.say(`the local AWS stays up at ${aws.endpoint} (process ${aws.pid})`);
    else await aws.stop();
  }
}

function write(report: RunReport): void {
  const folder = join(ROOT, 'dist', 'report');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'run.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(folder, 'index.html'), renderReport(report));
}

function record(report: RunReport): void {
  const folder = join(ROOT, 'docs', 'measured');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'order-intake.md'), recordPage(report, new Date().toISOString().slice(0, 10)));
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

main().then(
  (status) => process.exit(status),
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(error instanceof MachineError ? EXIT.machine : EXIT.booksOpen);
  },
);
