/** What a table looks like from outside: its size, how late DynamoDB deletes, and which items never expire. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { Expiry, stateOf } from './expiry';
import type { Overview } from './progress';

/** The table as DynamoDB describes it. */
export interface Described {
  readonly items: number;
  readonly bytes: number;
  /** Whether time to live is on, by the attribute of this construct. */
  readonly expires: boolean;
}

/** What the report measures by. */
export interface ReportSettings {
  readonly drainSeconds: number;
  readonly lagSeconds: number;
}

/** The metrics of a report. One that says nothing yet is absent. */
export interface Report {
  readonly TableBytes: number;
  /** The size once all that was too old should be gone. */
  readonly SettledTableBytes?: number;
  readonly TtlDisabled: number;
  /** How long the oldest of the sample has waited for its deletion. */
  readonly TtlLagSeconds: number;
  readonly OverdueItems: number;
  /** Items that are never deleted, once the backfill is done. */
  readonly UnexpiringItems?: number;
  /** Seconds since the backfill began; 0 when it is done. */
  readonly BackfillSeconds: number;
  readonly DatedItems: number;
}

/** The report from a sample of expiries. */
export function reportOf(
  { items, bytes, expires }: Described,
  sample: readonly (AttributeValue | undefined)[],
  { startedAt, doneAt, dated }: Overview,
  { drainSeconds, lagSeconds }: ReportSettings,
  now: number,
): Report {
  const states = sample.map((value) => stateOf(value, now));
  // DynamoDB counts items about every six hours: what was found is there at least.
  const estimate = (state: Expiry) => {
    const found = states.filter((one) => one.state === state).length;
    return found === 0 ? 0 : Math.max(found, Math.round((found / states.length) * items));
  };
  const settled = doneAt !== undefined && now > doneAt + drainSeconds + lagSeconds;
  return {
    TableBytes: bytes,
    ...(settled && { SettledTableBytes: bytes }),
    TtlDisabled: expires ? 0 : 1,
    TtlLagSeconds: states.reduce((most, { overdueSeconds }) => Math.max(most, overdueSeconds), 0),
    OverdueItems: estimate(Expiry.OVERDUE),
    ...(doneAt !== undefined && { UnexpiringItems: estimate(Expiry.NEVER) }),
    BackfillSeconds: doneAt === undefined && startedAt !== undefined ? now - startedAt : 0,
    DatedItems: dated,
  };
}

/** So many different whole numbers below `all`, in no order; all of them when there are no more. */
export function chosen(count: number, all: number, dice: () => number): number[] {
  if (count >= all) return Array.from({ length: all }, (_, index) => index);
  const found = new Set<number>();
  while (found.size < count) found.add(Math.floor(dice() * all));
  return [...found];
}
