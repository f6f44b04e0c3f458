/**
 * `node --import tsx test/slowest.ts [results.json]`: the ten slowest test files, and the share that their slowest tests
 * have of all. The results are what `npm test` leaves in `dist/test/unit.json`, or what `npx jest <folder> --json
 * --outputFile=<file>` writes.
 */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type JestResult, longestFirst } from './second-run';

const ROOT = join(__dirname, '..');
const MOST = 10;

const [path = join(ROOT, 'dist', 'test', 'unit.json')] = process.argv.slice(2);
const result = JSON.parse(readFileSync(path, 'utf8')) as JestResult;
const files = longestFirst(result).map(({ seconds, file: { name, assertionResults } }) => {
  const durations = assertionResults.map(({ fullName, duration }) => ({ fullName, seconds: (duration ?? 0) / 1000 }));
  const [slowest] = durations.sort((a, b) => b.seconds - a.seconds);
  return { file: relative(ROOT, name), seconds, slowest };
});
const total = files.reduce((sum, { seconds }) => sum + seconds, 0);
const rows = files.slice(0, MOST);

console.log(`| file | s | of all ${files.length} files | its slowest test | s |\n|---|---:|---:|---|---:|`);
for (const { file, seconds, slowest } of rows) {
  const share = `${Math.round((100 * seconds) / total)} %`;
  console.log(
    `| \`${file}\` | ${Math.round(seconds)} | ${share} | ${slowest?.fullName ?? ''} | ${Math.round(slowest?.seconds ?? 0)} |`,
  );
}
