import type { Io } from '../../bin/cli/io';
import { run } from '../../bin/cli/program';

/** What one command line came to. */
export interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

type Terminal = Partial<Pick<Io, 'columns' | 'errColumns' | 'colour' | 'watched' | 'stdin'>>;

/** Runs a command line inside this process; single words may be quoted with '. */
export async function backpressure(line: string, terminal: Terminal = {}): Promise<Answer> {
  return answer(
    [...line.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word),
    terminal,
  );
}

/** Runs the words of a command line inside this process. */
export async function answer(words: readonly string[], terminal: Terminal = {}): Promise<Answer> {
  let out = '';
  let err = '';
  const io: Io = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    stdin: async () => '',
    watched: false,
    ...terminal,
  };
  return { code: await run([...words], io), out, err };
}
