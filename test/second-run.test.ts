/** A failed file may be run a second time, and only that run of it counts; the others keep what they found. */
import { failedFiles, type JestResult, withSecondRun } from './second-run';

const file = (name: string, ...statuses: string[]) => ({
  name,
  startTime: 0,
  endTime: 0,
  status: statuses.includes('failed') || statuses.length === 0 ? 'failed' : 'passed',
  assertionResults: statuses.map((status, i) => ({ status, fullName: `${name} ${i}` })),
});

const run = (...testResults: ReturnType<typeof file>[]): JestResult => ({
  numPassedTests: -1,
  numFailedTests: -1,
  numRuntimeErrorTestSuites: -1,
  testResults,
});

const FIRST = run(file('a', 'passed', 'passed'), file('b', 'passed', 'failed', 'pending'), file('c'));

test('files with a failed test and files that do not load are run again, and no others', () => {
  expect(failedFiles(FIRST)).toEqual(['b', 'c']);
});

test.each<[string, JestResult, object]>([
  [
    'all are green now',
    run(file('b', 'passed', 'passed', 'pending'), file('c', 'passed')),
    { numPassedTests: 5, numFailedTests: 0, numRuntimeErrorTestSuites: 0 },
  ],
  [
    'one is red again',
    run(file('b', 'failed', 'passed', 'pending'), file('c', 'passed')),
    { numPassedTests: 4, numFailedTests: 1, numRuntimeErrorTestSuites: 0 },
  ],
  [
    'one still does not load',
    run(file('b', 'passed', 'passed', 'pending'), file('c')),
    { numPassedTests: 4, numFailedTests: 0, numRuntimeErrorTestSuites: 1 },
  ],
  [
    'the second run never came to a file: its first result counts',
    run(file('c', 'passed')),
    { numPassedTests: 4, numFailedTests: 1, numRuntimeErrorTestSuites: 0 },
  ],
  [
    'there was no time for a second run: what was red stays red',
    run(file('b', 'pending', 'pending', 'pending'), file('c', 'pending')),
    { numPassedTests: 3, numFailedTests: 1, numRuntimeErrorTestSuites: 1 },
  ],
])('%s', (_, second, counted) => {
  expect(withSecondRun(FIRST, second)).toMatchObject(counted);
});
