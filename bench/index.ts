/**
 * `npm run -s bench`: one line of JSON for each ratio on stdout, progress on stderr; exit status 1 when one misses its
 * target. Every ratio is taken inside one run, so it does not depend on how fast the machine is.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installPython } from '../bin/local/python';
import { bench as bundles } from './bundles';
import { bench as check } from './check';
import { bench as imports } from './import';
import { type Line, progress } from './line';
import { bench as simulation } from './simulation';
import { bench as synth } from './synth';
import { bench as when } from './when';

const BENCHES: Record<string, () => Line[] | Promise<Line[]>> = {
  bundles,
  check,
  import: imports,
  simulation,
  synth,
  when,
};

const HELP = `Usage: npm run -s bench -- [--only <name>] [--help]

Prints one line of JSON for each benchmark: { name, value, unit, against, ratio }. A line that misses its target
also has { target, ok: false }, and the exit status is then 1.

  --only <name>  one of ${Object.keys(BENCHES).join(', ')}; may be given more than once
  --help         this text
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: 'string', multiple: true }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const unknown = (values.only ?? []).filter((name) => !(name in BENCHES));
  if (unknown.length > 0)
    throw new Error(`no benchmark ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`);
  await installPython(join(__dirname, '..'), 'bench', progress);
  let missed = 0;
  for (const name of values.only ?? Object.keys(BENCHES)) {
    progress(`${name} …`);
    for (const line of await BENCHES[name]()) {
      console.log(JSON.stringify(line));
      if (line.ok === false) missed++;
    }
  }
  return missed > 0 ? 1 : 0;
}

main().then(
  (status) => process.exit(status),
  (error: Error) => {
    console.error(error.message);
    process.exit(2);
  },
);
