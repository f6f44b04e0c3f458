/**
 * Seconds since the epoch (TESTS_END) after which no test file begins. Default: never. CI ends what runs too long with
 * nothing to show for it; a machine half as quick as another says what it did not get to.
 */
export function testsEnd(env: Readonly<Record<string, string | undefined>> = process.env): number {
  const seconds = Number(env.TESTS_END || Number.POSITIVE_INFINITY);
  if (Number.isNaN(seconds)) throw new Error(`TESTS_END must be seconds since the epoch, got '${env.TESTS_END}'`);
  return seconds;
}

/** Whether no test file begins any more. */
export function isPast(): boolean {
  return Date.now() / 1000 > testsEnd();
}
