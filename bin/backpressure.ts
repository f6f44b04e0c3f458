#!/usr/bin/env node
import { writeSync } from 'node:fs';
import { ExitCode, processIo } from './cli/io';
import { run } from './cli/program';

// A reader that has seen enough (`| head`) closes the pipe; that is no failure of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(ExitCode.OK);
    // A full disk must not end like a finding, with 1. Where even this cannot be said, the exit code says it.
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
