/** Reads and checks a file, `times` times over, in a process that has done nothing else; prints milliseconds. */
import { readFileSync } from 'node:fs';
import { check } from '../../lib/rules/check';
import { readDocuments } from '../../lib/rules/read';

const [file, times] = process.argv.slice(2);
const start = performance.now();
for (let i = 0; i < Number(times); i++) check(readDocuments([{ file, text: readFileSync(file, 'utf8') }]));
console.log(performance.now() - start);
