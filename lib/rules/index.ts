/** The rules, for tests and tools. For users only: inside the library files are imported by name. */
export { type CheckOptions, check, LEVELS, type Level } from './check';
export { describe } from './describe';
export { expectNoFindings } from './expect-no-findings';
export { linesOf } from './lines';
export { UnreadableError } from './parse';
export { documentsFrom, type ParsedSource, readDocuments, type Source } from './read';
export type { Finding, Rule, Severity } from './rule';
export { type Located, sarif } from './sarif';
export { RULES } from './table';
