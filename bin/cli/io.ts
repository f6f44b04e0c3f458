import { MAX_FILE_BYTES, tooLarge } from '../../lib/rules/limits';
import { decoded } from './read-file';

/** The command as users run it who have installed the package. */
export const COMMAND = 'npx backpressure';

/** Input and output of a command, so that a test can replace the terminal. */
export interface Io {
  /** Writes the answer. */
  out(text: string): void;
  /** Writes errors and progress. */
  err(text: string): void;
  /** Reads all piped input. */
  stdin(): Promise<string>;
  /** Columns of the terminal that shows the answer; undefined without a terminal. */
  readonly columns?: number;
  /** Columns of the terminal that shows errors; undefined without a terminal. */
  readonly errColumns?: number;
  /** Whether the answer is written in colours. Default: false. */
  readonly colour?: boolean;
  /** Whether a person watches `err` right now. */
  readonly watched: boolean;
}

/** The terminal, pipe or file that the process was started with. */
export function processIo(): Io {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    stdin: async () => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of process.stdin) {
        chunks.push(chunk as Buffer);
        bytes += (chunk as Buffer).length;
        // An endless input is not read to its end.
        if (bytes > MAX_FILE_BYTES) throw tooLarge('stdin');
      }
      return decoded('stdin', Buffer.concat(chunks));
    },
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    errColumns: process.stderr.isTTY ? process.stderr.columns : undefined,
    // https://no-color.org: any value that is not empty.
    colour: process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb',
    watched: process.stderr.isTTY === true,
  };
}

/** Input that the command cannot take: one line for the person who typed it, exit code 2. */
export class UsageError extends Error {
  public readonly name = 'UsageError';
}

/** The exit codes. */
export enum ExitCode {
  /** The question was answered. */
  OK = 0,
  /** The answer is no: the workload cannot be served as asked, or the scenario missed its headline. */
  NO = 1,
  /** The question could not be understood. */
  USAGE = 2,
  /** A fault of this program. */
  FAULT = 70,
}
