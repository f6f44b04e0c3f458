/** What is said of predictions, in one wording for the page of reasons and the command line. */

/** Share of the P99 by which the P99 of a bad peak must differ to be printed. */
const NOTICEABLE = 0.1;

/** The P99 of a bad peak where it differs enough from the usual one to be printed. */
export function noticeablyBadPeak({
  badPeakP99Seconds: bad,
  latencyP99Seconds: usual,
}: {
  readonly badPeakP99Seconds?: number;
  readonly latencyP99Seconds: number;
}): number | undefined {
  return bad !== undefined && Math.abs(bad - usual) > NOTICEABLE * usual ? bad : undefined;
}

/** A multiple at which a promise breaks, to be followed by what is multiplied. */
export function breakingMultiple(multiple = Number.POSITIVE_INFINITY): string {
  return Number.isFinite(multiple) ? `${Number(multiple.toPrecision(3))} ×` : 'no multiple of';
}
