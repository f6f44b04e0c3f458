/**
 * How long work lasts: as long as planned, with reading and keeping its effect in it, as the plan counts them. What a consumer did
 * since its work before is taken off the next; then it is never quicker than planned, nor slower for what the plan has counted.
 */

/** Of the time since the work before, at most this share of a work is taken off the next one. */
const MOST_BETWEEN = 0.5;
/** Longer since the work before the consumer waited for letters, or its machine was too slow: neither is work. */
const MOST_PAUSE = 1;

/** @param workMillis of each letter; what a consumer works on at a time is a lane of its own */
function workTime(workMillis) {
  /** When the last work of each lane was over that is free. */
  const free = [];

  return {
    /** When work that begins now is over. */
    overAt(now) {
      const before = free.pop();
      const goesOn = before !== undefined && now - before <= MOST_PAUSE * workMillis;
      return workMillis + (goesOn ? Math.max(before, now - MOST_BETWEEN * workMillis) : now);
    },
    /** The lane is free. */
    ended(overAt) {
      free.push(overAt);
    },
  };
}

module.exports = { workTime };
