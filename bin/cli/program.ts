import { Command, CommanderError } from 'commander';
import { registerCases } from './cases';
import { registerCheck } from './check';
import { registerCompletion } from './completion';
import { registerExercise } from './exercise';
import { COMMAND, ExitCode, Io, UsageError } from './io';
import { registerRules } from './rules';
import { registerSimulate } from './simulate';
import { registerSize } from './size';
import { hanging, helpText } from './text';
import { packageVersion } from './version';

/**
 * Runs one command line.
 *
 * @returns the exit code: 0 answered, 1 the answer is no, 2 the command line cannot be understood, 70 a fault of ours
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const program = new Command(COMMAND);
  let code: number = ExitCode.OK;
  const answered = (exit: number) => {
    code = exit;
  };
  program
    .description(
      'Backpressure with the arithmetic done: size a queue, simulate it, check a template, look up the case it resembles.',
    )
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .configureHelp({ helpWidth: Math.min(io.columns ?? 100, 110) })
    .configureOutput({
      // A usage, and an option on a narrow terminal, is not broken by the parser.
      writeOut: (text) => io.out(hanging(text, io.columns)),
      writeErr: io.err,
      outputError: () => {},
    })
    .exitOverride()
    .addHelpText(
      'after',
      helpText(
        [
          '',
          'Examples:',
          '  npx backpressure size --steady 40 --peak 400 --peak-seconds 1800 --service 0.05 --latency 90 --platform lambda',
          '  npx backpressure simulate --case 14',
          '  npx backpressure cases --difficulty beginner',
          '  npx backpressure check cdk.out',
          '',
          'Exit codes: 0 answered, 1 the answer is no, 2 the command line cannot be understood.',
        ],
        io.columns,
      ),
    );
  registerSize(program, io, answered);
  registerSimulate(program, io, answered);
  registerCases(program, io, answered);
  registerCheck(program, io, answered);
  registerRules(program, io, answered);
  registerExercise(program, io, answered);
  registerCompletion(program, io, answered);

  const commands = program.commands.map((command) => command.name());
  const asked = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
  const named = asked.find((argument) => !argument.startsWith('-'));
  const command = commands.find((name) => name === named);
  const refuse = (sentence: string) => {
    io.err(
      `${['backpressure', command].filter(Boolean).join(' ')}: ${sentence
        .replace(/\s*\n\s*/g, ' ')
        .replace(/\.(?=;|$)/, '')
        .trim()}\n`,
    );
    return ExitCode.USAGE;
  };

  if (argv.length === 0) {
    program.outputHelp();
    return ExitCode.OK;
  }
  try {
    // A help text would hide the error about the unknown command.
    const known = named === undefined || command !== undefined;
    await program.parseAsync(known ? [...asked] : [named], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof UsageError) return refuse(error.message);
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return ExitCode.OK;
      if (error.code === 'commander.help') return refuse(`a command is missing; there are ${commands.join(', ')}`);
      const sentence = error.message.replace(/^error: /, '');
      if (error.code === 'commander.unknownCommand') return refuse(`${sentence}; there are ${commands.join(', ')}`);
      return refuse(`${sentence}; see ${[COMMAND, command].filter(Boolean).join(' ')} --help`);
    }
    io.err(`backpressure: internal fault, please report it: ${error instanceof Error ? error.message : error}\n`);
    return ExitCode.FAULT;
  }
}
