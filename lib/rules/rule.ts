import type { Document, Value } from './document';

/** How bad a finding is: an error loses work or cannot do what it says, a warning wastes, delays or hides it. */
export type Severity = 'error' | 'warning';

/** What a rule saw in a document. */
export interface Found {
  /** The value that is wrong; one that is absent, for something that is missing. */
  readonly at: Value;
  /** One sentence: the value found and the limit it passes, with their units. */
  readonly message: string;
  /** What to write instead, with numbers where the document decides them. */
  readonly fix: string;
}

/** One numbered check on a finished document. docs/rules/ holds, by its id, what it finds (`wrong.yaml`) and the same mended. */
export interface Rule<D extends Document = Document> {
  /** `BP-`, the subject, a number; never reused. */
  readonly id: string;
  /** What is wrong, in a few words. */
  readonly title: string;
  /** What happens to whoever leaves it so. One or two sentences. */
  readonly why: string;
  /** Where the number or the behaviour is written down. */
  readonly source: string;
  /** How bad it is, unless the user says otherwise. */
  readonly severity: Severity;
  /** Numbers of the cases whose trap it names; empty for none. */
  readonly cases: readonly number[];
  /** Everything in the document that is wrong. Silent about what the document alone does not decide. */
  check(document: D): Iterable<Found>;
}

/** What `check` reports about one place of one document. */
export interface Finding {
  readonly ruleId: string;
  readonly severity: Severity;
  /** The file, as it was named. */
  readonly file: string;
  /** Logical id of a CloudFormation resource, or kind and name of a manifest. */
  readonly resource: string;
  /** Where in the resource, as in `Properties.RedrivePolicy.maxReceiveCount`. */
  readonly path: string;
  readonly message: string;
  readonly fix: string;
}
