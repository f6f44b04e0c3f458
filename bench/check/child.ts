/**
 * Reads and checks a file and finds the lines of the findings, as the command does, `times` times, in a process that
 * has done nothing else; prints milliseconds.
 */
import { readFileSync } from 'node:fs';
import { check } from '../../lib/rules/check';
import { linesOf } from '../../lib/rules/lines';
import { readDocuments } from '../../lib/rules/read';

const [file, times] = process.argv.slice(2);
const start = performance.now();
for (let i = 0; i < Number(times); i++) {
  const text = readFileSync(file, 'utf8');
  const findings = check(readDocuments([{ file, text }]));
  const lineOf = linesOf(text);
  for (const finding of findings) lineOf(finding);
}
console.log(performance.now() - start);
