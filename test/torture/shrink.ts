/** The shortest part of a failing list that still fails. Source: Zeller and Hildebrandt, "Simplifying and Isolating
 * Failure-Inducing Input" (2002): ddmin. */

/**
 * @param items what fails as a whole
 * @param fails whether a part, in its order, still does
 */
export async function shrink<T>(
  items: readonly T[],
  fails: (part: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  // It may fail whatever is in the list.
  if (items.length > 0 && (await fails([]))) return [];
  let left = items;
  let parts = 2;
  while (left.length >= 2) {
    const size = Math.ceil(left.length / parts);
    let smaller: readonly T[] | undefined;
    for (let from = 0; from < left.length && smaller === undefined; from += size) {
      const without = [...left.slice(0, from), ...left.slice(from + size)];
      if (await fails(without)) smaller = without;
    }
    if (smaller !== undefined) {
      left = smaller;
      parts = Math.max(2, parts - 1);
    } else if (parts >= left.length) return left;
    else parts = Math.min(left.length, 2 * parts);
  }
  return left;
}
