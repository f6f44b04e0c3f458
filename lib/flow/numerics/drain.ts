/**
 * Seconds until a backlog is gone: backlog ÷ (capacity − arrivals).
 *
 * `Infinity`, never a negative or missing number, when capacity does not exceed arrivals: that is the moment an alarm
 * on this number must fire. An empty backlog is drained in 0 s at any rates.
 *
 * Source: conservation of items; Little, "A proof for the queuing formula L = λW", Operations Research 9 (1961).
 *
 * @param backlog waiting items, 0 or more
 * @param capacityPerSecond items served per second by all slots together
 * @param arrivalsPerSecond items that keep arriving per second
 */
export function drainSeconds(backlog: number, capacityPerSecond: number, arrivalsPerSecond: number): number {
  if (backlog <= 0) return 0;
  const spare = capacityPerSecond - arrivalsPerSecond;
  return spare > 0 ? backlog / spare : Number.POSITIVE_INFINITY;
}

/**
 * Capacity in items per second that empties a backlog within `seconds` while items keep arriving.
 *
 * @param seconds above 0
 */
export function capacityToDrain(backlog: number, seconds: number, arrivalsPerSecond: number): number {
  return arrivalsPerSecond + backlog / seconds;
}
