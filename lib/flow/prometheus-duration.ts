/** Format of Prometheus durations: `30s`, `1m30s`, `2h`. */
const UNIT_SECONDS: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};

/** Characters of a duration: each unit once, with its digits. */
const LONGEST = 128;

/**
 * A duration in seconds; undefined when it is none.
 *
 * Source: Prometheus, Configuration: `<duration>`
 */
export function durationSeconds(text: string | undefined): number | undefined {
  if (text !== undefined && text.length > LONGEST) return undefined;
  const parts = [...(text ?? '').matchAll(/(\d+)(ms|[smhdwy])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text?.trim()) return undefined;
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNIT_SECONDS[unit], 0);
}
