/**
 * Writes numbered lines of 100 bytes, one call a line, as fast as it may: node writer.cjs FILE LINES_PER_SECOND SECONDS.
 * Every few lines it looks whether its file was renamed, as Python's WatchedFileHandler does, and opens the new one.
 * Prints how many lines it wrote.
 */
const { closeSync, fstatSync, openSync, statSync, writeSync } = require('node:fs');

const [file, perSecond, seconds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const LINE_BYTES = 100;
const LOOK_EVERY = 200;

let fd = openSync(file, 'a');
let written = 0;
const began = Date.now();

function reopenIfRenamed() {
  let inode;
  try {
    inode = statSync(file).ino;
  } catch {
    // Between the rename and the new file: the old one is still good.
    return;
  }
  if (inode === fstatSync(fd).ino) return;
  closeSync(fd);
  fd = openSync(file, 'a');
}

function turn() {
  const elapsed = (Date.now() - began) / 1000;
  const due = Math.floor(Math.min(elapsed, seconds) * perSecond);
  while (written < due) {
    writeSync(fd, `${String(written).padStart(LINE_BYTES - 1, '.')}\n`);
    written += 1;
    if (written % LOOK_EVERY === 0) reopenIfRenamed();
  }
  reopenIfRenamed();
  if (elapsed < seconds) setTimeout(turn, 1);
  else process.stdout.write(`${written}\n`);
}

turn();
