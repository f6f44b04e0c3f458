#!/usr/bin/env node
import { writeSync } from 'node:fs';
import { ExitCode, processIo } from './cli/io';
import { run } from './cli/program';

// A reader that stops early (`| head`) closes the pipe; that is not an error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(ExitCode.OK);
    // A full disk must not give exit code 1, which means a finding. If even this message cannot be written, the exit
    // code remains.
    try {
      writeSync(process.stderr.fd, `backpressure: the answer cannot be written: ${error.message}\n`);
    } finally {
      process.exit(ExitCode.FAULT);
    }
  });
}

run(process.argv.slice(2), processIo()).then((code) => {
  process.exitCode = code;
});
