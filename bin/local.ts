/** `npm start`: a local AWS, the reference environment order intake on it, a flood, and the books. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { hanging } from './cli/text';
import { endGroups } from './local/children';
import { requireRoom, watchDisks, withFullDisks } from './local/disk';
import { startLocalAws } from './local/emulator';
import { type RunReport, runIntake } from './local/intake';
import { takeLock } from './local/lock';
import { MachineError } from './local/machine-error';
import { Progress } from './local/progress';
import { renderReport } from './local/report';
import { summary } from './local/summary';

const ROOT = join(__dirname, '..');
const EXIT = { ok: 0, booksOpen: 1, badInput: 2, machine: 3 };
/** Signals that end the run, and the exit statuses that a shell gives to them. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
/** Time for interrupted programs to remove their temporary files. */
const TIDY_MILLIS = 2000;

/** Enough for a backlog of hundreds, and few enough that the whole run takes less than three minutes. */
const DELIVERIES = 1800;
const FULL_DELIVERIES = 21_600;
/** Twice what the local stack is sized for, and less than half of what the emulator takes beside its workers. */
const PER_SECOND = 50;

// The SDK's remark on its own support of Node 20 tells nobody who runs this anything.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

interface Options {
  readonly deliveries: number;
  readonly full?: boolean;
  readonly rate: number;
  readonly seed: number;
  readonly keep: boolean;
  readonly json: boolean;
}

const program = new Command('npm start --')
  .description(
    'Deploys the reference environment to a local AWS, floods it with signed webhooks and looks for every delivery at the end.',
  )
  .option('--deliveries <count>', 'deliveries to send, 1,000 to 1,000,000', wholeNumber(1000, 1_000_000), DELIVERIES)
  .addOption(
    new Option('--full', `${FULL_DELIVERIES.toLocaleString('en-US')} deliveries, 20,000 of them valid`).conflicts(
      'deliveries',
    ),
  )
  .option('--rate <per second>', 'deliveries a second, 10 to 5,000', wholeNumber(10, 5000), PER_SECOND)
  .option('--seed <number>', 'seed of the deliveries, 0 to 2,147,483,647', wholeNumber(0, 2_147_483_647), 1)
  .option('--keep', 'leave the local AWS running afterwards', false)
  .option('--json', 'print run.json to stdout', false)
  .addHelpText(
    'after',
    '\nWrites dist/report/run.json and dist/report/index.html. Exit status 1 when a delivery is not accounted for.',
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.badInput));

/** Returns a function for the exit status: a signal may still arrive during clean-up. */
async function main(): Promise<() => number> {
  program.parse();
  const options = program.opts<Options>();
  requireRoom(ROOT);
  const progress = new Progress();
  const interruption = watchSignals(progress);
  const { signal } = interruption;
  const giveBack = takeCheckout();
  const disks = watchDisks(ROOT, interruption.end);
  const work = runAll(options, progress, signal);
  try {
    // Some waits cannot be interrupted, so the rest of the run is not awaited.
    const status = await Promise.race([work, aborted(signal)]);
    return () => interruption.status() ?? status;
  } catch (error) {
    if (interruption.status() === undefined) throw error;
    return () => interruption.status() ?? EXIT.machine;
  } finally {
    clearInterval(disks);
    progress.endFlood();
    await endGroups();
    await Promise.race([work.catch(() => {}), wait(TIDY_MILLIS)]);
    giveBack();
  }
}

async function runAll(options: Options, progress: Progress, signal: AbortSignal): Promise<number> {
  const { rate, seed, keep } = options;
  const deliveries = options.full ? FULL_DELIVERIES : options.deliveries;
  const say = (line: string) => progress.note(`  ${line}`);
  progress.note(`${deliveries.toLocaleString('en-US')} deliveries will be sent, ${rate} a second`);
  const aws = await progress.stage('local AWS', () => startLocalAws({ root: ROOT, say, signal, keep }));
  try {
    const report = await runIntake({ root: ROOT, deliveries, perSecond: rate, seed, progress, signal }, aws);
    try {
      write(report);
    } finally {
      progress.say(hanging(summary(report), process.stderr.columns));
    }
    if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return report.ok ? EXIT.ok : EXIT.booksOpen;
  } finally {
    if (keep && !signal.aborted) {
      aws.keep();
      progress.say(`the local AWS stays up at ${aws.endpoint} (process ${aws.pid})`);
    } else await aws.stop();
  }
}

/** Signals abort the run. The first one gives the exit status; a second one must not end this process before the rest. */
function watchSignals(progress: Progress): {
  readonly signal: AbortSignal;
  status(): number | undefined;
  /** Ends the run for this error. */
  end(error: Error): void;
} {
  const controller = new AbortController();
  let status: number | undefined;
  for (const [name, exitStatus] of Object.entries(SIGNALS)) {
    process.on(name, () => {
      if (status !== undefined) return;
      status = exitStatus;
      progress.say(`\n${name}: stopping the local AWS …`);
      controller.abort(new Error('interrupted'));
    });
  }
  // A closed terminal or pipe takes no more lines; the run still has processes to end.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  return { signal: controller.signal, status: () => status, end: (error) => controller.abort(error) };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** One run at a time writes into `dist`. */
function takeCheckout(): () => void {
  const taken = takeLock(join(ROOT, 'dist', 'start.lock'));
  if (typeof taken === 'function') return taken;
  throw new MachineError(
    `Another \`npm start\`, process ${taken}, runs in this checkout.`,
    'Ways out: wait until it ends, or stop it with Ctrl-C; another checkout can run at the same time.',
  );
}

function write(report: RunReport): void {
  const folder = join(ROOT, 'dist', 'report');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'run.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(folder, 'index.html'), renderReport(report));
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

main().then(
  (status) => process.exit(status()),
  (failure: Error) => {
    const error = withFullDisks(ROOT, failure);
    process.stderr.write(`${error.message}\n`);
    process.exit(error instanceof MachineError ? EXIT.machine : EXIT.booksOpen);
  },
);
