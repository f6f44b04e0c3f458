/** Files that a command writes: whole or not at all, and as they were but for their text. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../bin/cli/io';
import { writeText } from '../../bin/cli/write-file';

let folder: string;
const before = process.umask();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'backpressure-write-'));
});
afterEach(() => {
  process.umask(before);
  rmSync(folder, { recursive: true, force: true });
});

test.each(['600', '640', '666', '755'])('a file of mode %s keeps it, whatever the mask of new files', (text) => {
  const mode = Number.parseInt(text, 8);
  const file = join(folder, 'template.yaml');
  writeFileSync(file, 'old');
  chmodSync(file, mode);
  process.umask(0o077);
  writeText(file, 'new');
  expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual(['new', mode]);
  expect(readdirSync(folder)).toEqual(['template.yaml']);
});

test('a symbolic link stays one, and what it names has the text', () => {
  const [file, link] = [join(folder, 'file'), join(folder, 'link')];
  writeFileSync(file, 'old');
  symlinkSync(file, link);
  writeText(link, 'new');
  expect([readFileSync(file, 'utf8'), lstatSync(link).isSymbolicLink()]).toEqual(['new', true]);
});

test('a pipe or a device gets the text, and is not replaced by a file', () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const end = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    writeText(pipe, 'page');
    expect(lstatSync(pipe).isFIFO()).toBe(true);
    const read = Buffer.alloc(10);
    expect(read.subarray(0, readSync(end, read)).toString()).toBe('page');
  } finally {
    closeSync(end);
  }
});

test('a folder that is not there is named, and so is a folder in the place of the file', () => {
  for (const place of [join(folder, 'none', 'page.html'), folder]) {
    expect(() => writeText(place, 'page')).toThrow(UsageError);
    expect(() => writeText(place, 'page')).toThrow('cannot be written');
  }
});
