/** What jest's JSON says of a run, and of one whose failed files were run a second time. */

/** The parts of jest's JSON that are read. */
export interface JestResult {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly JestFile[];
}

export interface JestFile {
  /** Its path. */
  readonly name: string;
  readonly status: string;
  /** Milliseconds since the epoch. */
  readonly startTime: number;
  readonly endTime: number;
  readonly assertionResults: readonly {
    readonly status: string;
    readonly fullName: string;
    /** Milliseconds; of one that was skipped there are none. */
    readonly duration?: number | null;
  }[];
}

/** Paths of the files that have a failed test or do not load. */
export function failedFiles({ testResults }: JestResult): string[] {
  return testResults.filter(({ status }) => status === 'failed').map(({ name }) => name);
}

/** The first run, with the files that ran a second time in their place; counted anew. What was skipped then stays red. */
export function withSecondRun(first: JestResult, second: JestResult): JestResult {
  const ran = second.testResults.filter(({ assertionResults: all }) => all.some(({ status }) => status !== 'pending'));
  const again = new Map(ran.map((file) => [file.name, file]));
  const testResults = first.testResults.map((file) => again.get(file.name) ?? file);
  const count = (wanted: string) =>
    testResults.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => status === wanted).length;
  return {
    ...first,
    testResults,
    numPassedTests: count('passed'),
    numFailedTests: count('failed'),
    numRuntimeErrorTestSuites: testResults.filter(
      ({ status, assertionResults }) => status === 'failed' && assertionResults.every((one) => one.status !== 'failed'),
    ).length,
  };
}

/** Seconds that each file took, the longest first. */
export function longestFirst({ testResults }: Pick<JestResult, 'testResults'>): { seconds: number; file: JestFile }[] {
  return testResults
    .map((file) => ({ seconds: (file.endTime - file.startTime) / 1000, file }))
    .sort((a, b) => b.seconds - a.seconds);
}
