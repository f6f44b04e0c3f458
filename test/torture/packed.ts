/** Runs beside one another, as far as there is room for them. */

/**
 * Each of them as soon as it fits beside those that run, the earlier ones first; one that fits beside none goes alone.
 *
 * @param sizeOf what one takes of the room
 * @param run does not reject
 */
export async function packed(
  names: readonly string[],
  sizeOf: (name: string) => number,
  room: number,
  run: (name: string) => Promise<void>,
): Promise<void> {
  let waiting = [...names];
  const running = new Map<string, Promise<unknown>>();
  while (waiting.length > 0) {
    const taken = [...running.keys()].reduce((sum, name) => sum + sizeOf(name), 0);
    const next = waiting.find((name) => running.size === 0 || taken + sizeOf(name) <= room);
    if (next === undefined) await Promise.race(running.values());
    else {
      waiting = waiting.filter((name) => name !== next);
      running.set(
        next,
        run(next).finally(() => running.delete(next)),
      );
    }
  }
  await Promise.all(running.values());
}
