/**
 * The widest ranges of realistic numbers, with room to spare. Beyond them products overflow and searches do not end;
 * such a value is a typing error or means "no limit", and is refused by name.
 */

/** Items or bytes a second at least: one in 30 years. */
export const LEAST_RATE = 1e-9;
/** Items a second at most; the largest brokers take some 10⁷. */
export const MOST_ITEMS_PER_SECOND = 1e9;
/** Bytes a second at most: a million network cards of 8 Gbit/s. */
export const MOST_BYTES_PER_SECOND = 1e15;
/** Seconds at least that anything takes: a nanosecond. */
export const LEAST_SECONDS = 1e-9;
/** Seconds of a day. */
export const DAY_SECONDS = 86_400;
/** Seconds of a week. */
export const WEEK_SECONDS = 604_800;
/** Seconds at most that a service, a wait or a peak takes: a year. */
export const YEAR_SECONDS = 31_536_000;
/** Seconds at least that a peak takes: less is no peak, but one item. */
export const SHORTEST_PEAK_SECONDS = 1e-3;
/** Seconds at most that anything is kept: a hundred years. */
export const CENTURY_SECONDS = 3_153_600_000;
/** Bytes, items or documents at most in one place: an exabyte. */
export const MOST_HELD = 1e18;
/** US dollars at most. */
export const MOST_DOLLARS = 1e12;
/** Attempts at one item at most (SQS API reference, `maxReceiveCount`: 1 to 1,000). */
export const MOST_ATTEMPTS = 1000;
