/** One thing that an exercise asked for. */
export interface Claim {
  /** What has to hold. */
  readonly claim: string;
  readonly holds: boolean;
  /** What was found. */
  readonly found: string;
}
