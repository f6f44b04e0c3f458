/** Characters of a reason; a parser may quote the file in it. */
const MAX_REASON = 300;

/** A file that is not a document that rules can check. */
export class UnreadableError extends Error {
  public readonly name = 'UnreadableError';

  /** The problem, without the file's name. */
  public readonly reason: string;

  constructor(
    public readonly file: string,
    reason: string,
    /** Whether it is over a limit and may still be a document. */
    public readonly limit = false,
  ) {
    const short = reason.length > MAX_REASON ? `${reason.slice(0, MAX_REASON)}…` : reason;
    super(`${file}: ${short}`);
    this.reason = short;
  }
}

/** A file in the language of another tool, by its marks: what that tool makes of it may be a document. */
export class ForeignError extends UnreadableError {}

/** A file that was read, and is nothing that rules know: of a folder, it is passed over. */
export class NeitherError extends UnreadableError {}
