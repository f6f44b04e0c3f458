/** The rules, for tests and tools. For users only: inside the library files are imported by name. */
export {
  type CheckOptions,
  check,
  type Failure,
  judge,
  LEVELS,
  type Level,
  UnjudgedError,
  type Verdict,
} from './check';
export { describe } from './describe';
export { expectNoFindings } from './expect-no-findings';
export { linesOf } from './lines';
export { UnreadableError } from './parse';
export { documentsFrom, type ParsedSource, type Reading, readDocuments, readEach, type Source } from './read';
export type { Finding, Rule, Severity } from './rule';
export { type Located, type Outcome, sarif } from './sarif';
export type { Acknowledgement, CheckConfig } from './settings/config';
export { RULES } from './table';
