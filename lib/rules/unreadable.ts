/** Characters of a reason; a parser may quote the file in it. */
const MAX_REASON = 300;

/** A file that is no document that rules could be run on. */
export class UnreadableError extends Error {
  public readonly name = 'UnreadableError';

  /** What is wrong with it, without the file's name. */
  public readonly reason: string;

  constructor(
    public readonly file: string,
    reason: string,
    /** Whether it is over a limit and may well be a document, rather than something else. */
    public readonly limit = false,
  ) {
    const short = reason.length > MAX_REASON ? `${reason.slice(0, MAX_REASON)}…` : reason;
    super(`${file}: ${short}`);
    this.reason = short;
  }
}
