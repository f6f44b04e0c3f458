#!/usr/bin/env node
import { processIo } from './cli/io';
import { run } from './cli/program';

// A reader that has seen enough (`| head`) closes the pipe; that is no failure of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

run(process.argv.slice(2), processIo()).then((code) => {
  process.exitCode = code;
});
