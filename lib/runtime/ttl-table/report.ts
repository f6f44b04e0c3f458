/** What a table looks like from outside: its size, how late DynamoDB deletes, and which items never expire. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { createdSeconds, Expiry, stateOf } from './expiry';
import type { Overview } from './progress';

/** The table as DynamoDB describes it. */
export interface Described {
  readonly items: number;
  readonly bytes: number;
  /** Whether time to live is on, by the attribute of this construct. */
  readonly expires: boolean;
}

/** What the report reads of an item. */
export interface SampledItem {
  readonly expiry: AttributeValue | undefined;
  readonly created: AttributeValue | undefined;
}

/** Items of the table. */
export interface Sample {
  readonly items: readonly SampledItem[];
  /** False when nothing could be read: then nothing is known of the items. */
  readonly isRead: boolean;
}

/** What the report measures by. */
export interface ReportSettings {
  /** Whether items that do not say when they were created are to expire. */
  readonly expireUnknownAge: boolean;
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
  readonly TtlLagSeconds?: number;
  readonly OverdueItems?: number;
  /** Items that are never deleted although they should be, once the backfill is done. */
  readonly UnexpiringItems?: number;
  /** Items without an expiry that do not say when they were created, where they are left as they are. */
  readonly UnknownAgeItems?: number;
  /** Seconds since the backfill began; 0 when it is done. */
  readonly BackfillSeconds: number;
  readonly DatedItems: number;
}

/** The report from a sample of items. */
export function reportOf(
  table: Described,
  sample: Sample,
  { startedAt, doneAt, dated }: Overview,
  settings: ReportSettings,
  now: number,
): Report {
  const { bytes, expires } = table;
  const settled = doneAt !== undefined && now > doneAt + settings.drainSeconds + settings.lagSeconds;
  const { UnexpiringItems, ...found } = sample.isRead ? foundIn(sample.items, table.items, settings, now) : {};
  return {
    TableBytes: bytes,
    ...(settled && { SettledTableBytes: bytes }),
    TtlDisabled: expires ? 0 : 1,
    ...found,
    ...(doneAt !== undefined && UnexpiringItems !== undefined && { UnexpiringItems }),
    BackfillSeconds: doneAt === undefined && startedAt !== undefined ? now - startedAt : 0,
    DatedItems: dated,
  };
}

/** What the items of a sample say of all. */
function foundIn(
  sample: readonly SampledItem[],
  all: number,
  { expireUnknownAge }: ReportSettings,
  now: number,
): Partial<Report> {
  const isKept = ({ expiry, created }: SampledItem) =>
    !expireUnknownAge && expiry === undefined && createdSeconds(created) === undefined;
  const states = sample.map((item) => ({ isKept: isKept(item), ...stateOf(item.expiry, now) }));
  // DynamoDB counts items about every six hours: what was found is there at least.
  const estimate = (is: (one: (typeof states)[number]) => boolean) => {
    const found = states.filter(is).length;
    return found === 0 ? 0 : Math.max(found, Math.round((found / states.length) * all));
  };
  return {
    TtlLagSeconds: states.reduce((most, { overdueSeconds }) => Math.max(most, overdueSeconds), 0),
    OverdueItems: estimate(({ state }) => state === Expiry.OVERDUE),
    UnexpiringItems: estimate((one) => one.state === Expiry.NEVER && !one.isKept),
    ...(!expireUnknownAge && { UnknownAgeItems: estimate((one) => one.isKept) }),
  };
}

/** So many different whole numbers below `all`, in no order; all of them when there are no more. */
export function chosen(count: number, all: number, dice: () => number): number[] {
  if (count >= all) return Array.from({ length: all }, (_, index) => index);
  const found = new Set<number>();
  while (found.size < count) found.add(Math.floor(dice() * all));
  return [...found];
}
