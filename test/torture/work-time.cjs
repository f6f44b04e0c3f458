/**
 * How long work lasts: as long as planned, with reading and keeping its effect in it, as the plan counts them. What a consumer did
 * since its work before is taken off the next; then it is never quicker than planned, nor slower for what the plan has counted.
 */

/** Longer since the work before, in shares of a work, the consumer waited for letters, or its machine was too slow: neither is work. */
const MOST_BETWEEN = 0.5;

/** @param workMillis of each letter; what a consumer works on at a time is a lane of its own */
function workTime(workMillis) {
  /** When the last work of each lane was over that is free. */
  const free = [];

  return {
    /** When work that begins now is over. */
    overAt(now) {
      const before = free.pop();
      const goesOn = before !== undefined && now - before <= MOST_BETWEEN * workMillis;
      return (goesOn ? before : now) + workMillis;
    },
    /** The lane is free. */
    ended(overAt) {
      free.push(overAt);
    },
  };
}

module.exports = { workTime };
