/** The lines between the fuzz and the processes that run its cases. */

/** A case begins. */
export interface Begun {
  readonly begun: number;
  readonly subject: string;
}

/** A case is over. */
export interface Over {
  readonly over: number;
  readonly subject: string;
  /** Time of the processor that it took. */
  readonly millis: number;
  /** Whether a named error came of it. */
  readonly refused: boolean;
  /** What is wrong; undefined when nothing is. */
  readonly fault?: string;
  /** The id and the props, when something is wrong. */
  readonly given?: string;
}
