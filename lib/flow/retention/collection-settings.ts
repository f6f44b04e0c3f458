/** What the scripts of a collection are given, and the names that they can work with: `lib/runtime/ttl-collection`. */
import type { Plan } from '../plan';

/** A form of a text, and what it is called in messages. */
export interface TextForm {
  readonly has: (text: string) => boolean;
  readonly form: string;
}

/** Collection with the progress; with dates of expiry in it, booked slots would be deleted. */
const STATE_COLLECTION = 'ttl_backfill';

/** Name of a collection. */
export const COLLECTION_NAME: TextForm = {
  has: (text) => /^[A-Za-z_][\w.-]{0,119}$/.test(text) && !text.startsWith('system.') && text !== STATE_COLLECTION,
  form: "1 to 120 letters, digits, '_', '-' and '.', not begin with a digit or 'system.', and not be ttl_backfill, which holds the progress",
};

/** Name of a field, or its path. */
export const FIELD_PATH: TextForm = {
  has: (text) => /^[A-Za-z_]\w*(\.\w+)*$/.test(text) && text.length <= 120,
  form: "1 to 120 letters, digits, '_' and '.'",
};

/** Name of a database (MongoDB, Naming Restrictions: fewer than 64 bytes). */
export const DATABASE_NAME: TextForm = {
  has: (text) => /^[A-Za-z_][\w-]{0,62}$/.test(text),
  form: "1 to 63 letters, digits, '_' and '-', and not begin with a digit or '-'",
};

/** Variables of the backfill that are knobs of the plan. */
export function backfillSettings(plan: Plan): Record<string, string> {
  return named(plan, {
    RETENTION_SECONDS: 'retentionSeconds',
    BATCH_SIZE: 'batchSize',
    BATCH_SECONDS: 'batchSeconds',
    BACKFILL_SECONDS: 'backfillSeconds',
    DRAIN_SECONDS: 'drainSeconds',
    DRAIN_PER_SECOND: 'drainPerSecond',
    ...UNKNOWN_AGE,
  });
}

/** Variables of the report that are knobs of the plan. */
export function collectionReportSettings(plan: Plan): Record<string, string> {
  return named(plan, UNKNOWN_AGE);
}

const UNKNOWN_AGE = { EXPIRE_UNKNOWN_AGE: 'expireUnknownAge' };

/** Variables as text, each the value of a knob. */
export function named(plan: Plan, knobs: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(knobs).map(([name, knob]) => [name, String(plan.value(knob))]));
}
