import type { Document, Value } from './document';

/** Severity of a finding: an error loses work or does not do what it says, a warning wastes, delays or hides work. */
export type Severity = 'error' | 'warning';

/** A finding of a rule in a document. */
export interface Found {
  /** The wrong value; an absent place for a missing value. */
  readonly at: Value;
  /** Its severity, where that is not the rule's own. A severity that the user sets counts for both. */
  readonly severity?: Severity;
  /** One sentence: the value found and the limit it passes, with their units. */
  readonly message: string;
  /** What to write instead, with numbers where the document decides them. */
  readonly fix: string;
  /**
   * The value that `--fix` writes at the place, where one is safe: it loses nothing, whatever the rest of the system
   * does. Default: none, a person has to decide.
   */
  readonly instead?: Instead;
}

/** What may be written in place of a value. */
export type Instead = number | readonly string[] | Readonly<Record<string, string | number>>;

/**
 * One numbered check on a finished document. docs/rules/ holds, by its id, an example that it finds (`wrong.yaml`) and
 * the corrected one.
 */
export interface Rule<D extends Document = Document> {
  /** `BP-`, the subject, a number; never reused. */
  readonly id: string;
  /** The problem, in a few words. */
  readonly title: string;
  /** The consequence if it stays. One or two sentences. */
  readonly why: string;
  /** The source of the number or the behaviour. */
  readonly source: string;
  /** Its default severity. */
  readonly severity: Severity;
  /** Numbers of the cases whose trap it finds; empty for none. */
  readonly cases: readonly number[];
  /** All findings in the document. Silent where the document alone does not decide. */
  check(document: D): Iterable<Found>;
}

/** A report of `check` about one place of one document. */
export interface Finding {
  readonly ruleId: string;
  readonly severity: Severity;
  /** The file, as it was named. */
  readonly file: string;
  /** Logical id of a CloudFormation resource, or kind and name of a manifest. */
  readonly resource: string;
  /** The namespace of a manifest that names one. */
  readonly namespace?: string;
  /** Where in the resource, as in `Properties.RedrivePolicy.maxReceiveCount`. */
  readonly path: string;
  readonly message: string;
  readonly fix: string;
  /** The value that `--fix` writes at the place; absent when a person has to decide. */
  readonly instead?: Instead;
}
